// Drives a headless Chromium over its debugging pipe: no package is needed.

import { spawn } from "node:child_process";

const STEP_MS = 20_000;

export class Browser {
  static async open(program, profile) {
    const browser = new Browser();
    const switches = [
      "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
      "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--hide-scrollbars", `--user-data-dir=${profile}`,
      "about:blank",
    ];
    browser.process = spawn(program, switches, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    browser.number = 0;
    browser.waiting = new Map();
    browser.listeners = [];
    let rest = "";
    browser.process.stdio[4].on("data", (bytes) => {
      const parts = (rest + bytes).split("\0");
      rest = parts.pop();
      for (const part of parts) browser.take(JSON.parse(part));
    });
    const { targetInfos } = await browser.send("Target.getTargets");
    const page = targetInfos.find((info) => info.type === "page");
    const { sessionId } = await browser.send("Target.attachToTarget", { targetId: page.targetId, flatten: true });
    browser.session = sessionId;
    for (const domain of ["Page", "Runtime", "Log", "Network"]) await browser.send(`${domain}.enable`);
    return browser;
  }

  take(message) {
    if (message.id === undefined) {
      for (const listener of this.listeners) listener(message.method, message.params);
      return;
    }
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if (message.error) waiting.reject(new Error(message.error.message));
    else waiting.resolve(message.result);
  }

  send(method, params = {}) {
    this.number += 1;
    const message = { id: this.number, method, params };
    if (this.session) message.sessionId = this.session;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${method}: no answer`)), STEP_MS);
      const done = (act) => (value) => { clearTimeout(timer); act(value); };
      this.waiting.set(message.id, { resolve: done(resolve), reject: done(reject) });
      this.process.stdio[3].write(JSON.stringify(message) + "\0");
    });
  }

  // The value of an expression in the page.
  async value(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression, returnByValue: true, awaitPromise: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  async until(expression) {
    const end = Date.now() + STEP_MS;
    while (Date.now() < end) {
      const value = await this.value(expression);
      if (value) return value;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    throw new Error(`never true: ${expression}`);
  }

  async goTo(url) {
    // A change of the hash alone would not load the page anew.
    await this.send("Page.navigate", { url: "about:blank" });
    await this.send("Page.navigate", { url });
    await this.until("document.readyState === 'complete' && location.href !== 'about:blank'");
  }

  size(width, height, isPhone) {
    return this.send("Emulation.setDeviceMetricsOverride", {
      width, height, deviceScaleFactor: isPhone ? 2 : 1, mobile: isPhone,
    });
  }

  async close() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    await this.send("Browser.close").catch(() => this.process.kill());
    await ended;
  }
}
