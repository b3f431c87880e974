"use strict";
(() => {
  const { byId, make, breakable, views, dress, part, encoded, decoded, remember } = azfw;
  const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  const data = JSON.parse(byId("cube").textContent);
  const texts = data.texts;
  // Connections, and the cells of each: how many records in which step.
  const count = data.class.length;
  const klass = Uint8Array.from(data.class);
  const source = Int32Array.from(data.source);
  const target = Int32Array.from(data.target);
  const port = Int32Array.from(data.port);
  const protocol = Int32Array.from(data.protocol);
  const rule = Int32Array.from(data.rule);
  const begin = new Int32Array(count + 1);
  const bucket = new Int32Array(data.steps.length);
  const records = Float64Array.from(data.records);
  for (let line = 0, cell = 0; line < count; line++) {
    let place = 0;
    for (let left = data.cells[line]; left > 0; left--, cell++) {
      const added = data.steps[cell];
      if (added > 0) place += added;
      bucket[cell] = added < 0 ? -1 : place;
    }
    begin[line + 1] = cell;
  }
  // Registrable domains and subnets.
  const rolled = (column) => column.map((code) => (code > 0 ? data.roll[code] || -1 : code));
  const domain = rolled(target);
  const subnet = rolled(source);
  const ACTION = ["allow", "deny", "deny", "alert", "deny", "alert", "deny", "dnat"];
  const buckets = data.buckets;

  // ---- The filter language: three answers, 0 no, 1 yes, 2 the records do not say. ----
  class Wrong extends Error {}
  const FIELDS = { action: "action", source: "source", target: "target", destination: "target", fqdn: "target",
    port: "port", destination_port: "port", protocol: "protocol", rule: "rule" };

  const words = (text) => {
    const found = [];
    const pattern = /\s*(?:("(?:[^"\\]|\\.)*"|'[^']*')|(<=|>=|!=|<>|!~|==|[=<>~(),])|([^\s"'=<>!~(),]+))/y;
    let at = 0;
    while (/\S/.test(text.slice(at))) {
      pattern.lastIndex = at;
      const match = pattern.exec(text);
      if (!match) throw new Wrong("not understood: " + text.slice(at).trim().slice(0, 30));
      at = pattern.lastIndex;
      if (match[1]) {
        const inner = match[1].slice(1, -1);
        found.push({ kind: "text", text: match[1][0] === '"' ? inner.replace(/\\(["\\])/g, "$1") : inner });
      } else if (match[2]) found.push({ kind: "sign", text: match[2] });
      else found.push({ kind: "word", text: match[3] });
    }
    return found;
  };

  // An address as a number: IPv4 below 2^32 counts as itself, IPv6 beyond.
  const address = (text) => {
    const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
    if (four) {
      const parts = four.slice(1).map(Number);
      if (parts.some((part) => part > 255)) return null;
      return { bits: 32, value: parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
    }
    if (!text.includes(":") || !/^[0-9a-fA-F:]+$/.test(text)) return null;
    const halves = text.split("::");
    if (halves.length > 2) return null;
    const side = (half) => (half ? half.split(":") : []);
    const left = side(halves[0]);
    const right = halves.length === 2 ? side(halves[1]) : [];
    const missing = 8 - left.length - right.length;
    if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
    const all = left.concat(Array(Math.max(0, missing)).fill("0"), right);
    if (all.some((part) => !/^[0-9a-fA-F]{1,4}$/.test(part))) return null;
    return { bits: 128, value: all.reduce((sum, part) => sum * 65536n + BigInt("0x" + part), 0n) };
  };
  const addressRange = (text) => {
    const slash = text.indexOf("/");
    if (slash > 0) {
      const base = address(text.slice(0, slash));
      const length = Number(text.slice(slash + 1));
      if (!base || !/^\d+$/.test(text.slice(slash + 1)) || length > base.bits) return null;
      const size = 1n << BigInt(base.bits - length);
      const first = base.value - (base.value % size);
      return { bits: base.bits, first, last: first + size - 1n };
    }
    const dash = text.indexOf("-");
    const first = address(dash > 0 ? text.slice(0, dash) : text);
    const last = dash > 0 ? address(text.slice(dash + 1)) : first;
    if (!first || !last || first.bits !== last.bits || first.value > last.value) return null;
    return { bits: first.bits, first: first.value, last: last.value };
  };
  const parsed = texts.map((text) => address(text));

  const portRange = (text) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
    if (!match) return null;
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    return first <= last && last <= 65535 ? [first, last] : null;
  };

  // A test as a table: the answer for each text, port or class.
  const table = (field, answer) => {
    if (field === "action") return { column: klass, answers: Uint8Array.from(ACTION, (name) => (answer(name) ? 1 : 0)), offset: 0 };
    if (field === "port") {
      const answers = new Uint8Array(65538);
      answers[0] = answers[1] = 2;
      for (let number = 0; number < 65536; number++) answers[number + 2] = answer(number) ? 1 : 0;
      return { column: port, answers, offset: 2 };
    }
    const column = { source, target, protocol, rule }[field];
    const answers = new Uint8Array(texts.length + 2);
    answers[0] = answers[1] = answers[2] = 2;
    for (let code = 1; code < texts.length; code++) answers[code + 2] = answer(texts[code], code) ? 1 : 0;
    return { column, answers, offset: 2 };
  };

  const oneValue = (field, text, exact) => {
    if (field === "port") {
      const range = portRange(text);
      if (!range) throw new Wrong("no port: " + text + "; write 443 or 8000-8080");
      return (number) => number >= range[0] && number <= range[1];
    }
    if (field === "source" || field === "target") {
      const range = addressRange(text);
      if (range) {
        return (_, code) => {
          const own = parsed[code];
          return own !== null && own.bits === range.bits && own.value >= range.first && own.value <= range.last;
        };
      }
      if (field === "source" || /^[0-9a-fA-F.:]*[.:][0-9a-fA-F.:]*[/-][0-9a-fA-F.:]*$/.test(text)) throw new Wrong("no address: " + text + "; write 10.0.0.4, 10.0.0.0/8 or 10.0.0.4-10.0.0.9");
    }
    const lower = text.toLowerCase();
    if (field === "action" && exact && !ACTION.includes(lower)) throw new Wrong("no action: " + text + "; write allow, deny, alert or dnat");
    return (name) => name.toLowerCase() === lower;
  };

  const DEPTH_MAX = 64;
  const parse = (text) => {
    const all = words(text);
    let at = 0;
    const peek = (word) => at < all.length && all[at].kind === "word" && all[at].text.toLowerCase() === word;
    const sign = (text) => at < all.length && all[at].kind === "sign" && all[at].text === text;
    const value = () => {
      const next = all[at++];
      if (!next || next.kind === "sign") throw new Wrong("a value is missing" + (next ? " before " + next.text : " at the end"));
      return next.text;
    };
    const anyOf = (depth) => {
      const parts = [allOf(depth)];
      while (peek("or")) { at++; parts.push(allOf(depth)); }
      return parts.length === 1 ? parts[0] : { or: parts };
    };
    const allOf = (depth) => {
      const parts = [unit(depth)];
      while (peek("and")) { at++; parts.push(unit(depth)); }
      return parts.length === 1 ? parts[0] : { and: parts };
    };
    const unit = (depth) => {
      if (depth > DEPTH_MAX) throw new Wrong("too many brackets within one another");
      if (peek("not")) { at++; return { not: unit(depth + 1) }; }
      if (sign("(")) {
        at++;
        const inner = anyOf(depth + 1);
        if (!sign(")")) throw new Wrong("a ) is missing");
        at++;
        return inner;
      }
      return test();
    };
    const test = () => {
      const name = all[at++];
      if (!name) throw new Wrong("a test is missing at the end, such as port = 443");
      const field = name.kind === "word" && Object.hasOwn(FIELDS, name.text.toLowerCase()) ? FIELDS[name.text.toLowerCase()] : null;
      if (!field) throw new Wrong("no field is called " + name.text + "; the fields are action, source, target, port, protocol, rule");
      if (peek("is")) {
        at++;
        let negated = false;
        if (peek("not")) { at++; negated = true; }
        const wanted = peek("known") ? 1 : peek("unknown") ? 0 : null;
        if (wanted === null) throw new Wrong("expected known or unknown behind is");
        at++;
        const known = table(field, () => true);
        // Only cells that add up others do not say.
        const flip = (answer) => (negated ? 1 - answer : answer);
        known.answers = known.answers.map((answer, index) =>
          known.offset && index === 0 ? 2 : flip((known.offset && index === 1 ? 0 : answer ? 1 : 0) === wanted ? 1 : 0));
        return known;
      }
      let negated = false;
      if (peek("not")) { at++; negated = true; if (!peek("in")) throw new Wrong("expected in behind not"); }
      const done = (inner) => (negated ? { not: inner } : inner);
      if (peek("in")) {
        at++;
        const isBracketed = sign("(");
        if (isBracketed) at++;
        const tests = [oneValue(field, value(), true)];
        while (sign(",")) { at++; tests.push(oneValue(field, value(), true)); }
        if (isBracketed && !sign(")")) throw new Wrong("a ) is missing");
        if (isBracketed) at++;
        return done(table(field, (item, code) => tests.some((one) => one(item, code))));
      }
      const operator = all[at] && all[at].kind === "sign" ? all[at++].text : null;
      if (operator === "~" || operator === "!~") {
        let pattern;
        const text = value();
        try { pattern = new RegExp(text.replace(/^\(\?i\)/, ""), text.startsWith("(?i)") ? "iu" : "u"); } catch { throw new Wrong("no pattern: " + text); }
        const found = table(field, (item) => pattern.test(String(item)));
        return operator === "~" ? found : { not: found };
      }
      if (["<", "<=", ">", ">="].includes(operator)) {
        if (field !== "port") throw new Wrong("only ports can be compared by " + operator);
        const text = value();
        if (!/^\d{1,5}$/.test(text)) throw new Wrong("no port: " + text);
        const limit = Number(text);
        return table(field, { "<": (n) => n < limit, "<=": (n) => n <= limit, ">": (n) => n > limit, ">=": (n) => n >= limit }[operator]);
      }
      if (operator === "=" || operator === "==" || operator === "!=" || operator === "<>") {
        const one = table(field, oneValue(field, value(), true));
        return operator[0] === "=" ? one : { not: one };
      }
      throw new Wrong("expected a comparison behind " + name.text + ", such as =, in, ~");
    };
    const tree = anyOf(0);
    if (at < all.length) throw new Wrong("unexpected: " + all[at].text + "; join tests with and, or");
    return tree;
  };

  // Answers of all connections at once.
  const answers = (tree) => {
    const out = new Uint8Array(count);
    if (tree.column) {
      const { column, offset, answers: known } = tree;
      for (let index = 0; index < count; index++) out[index] = known[column[index] + offset];
      return out;
    }
    if (tree.not) {
      const inner = answers(tree.not);
      for (let index = 0; index < count; index++) out[index] = inner[index] === 2 ? 2 : 1 - inner[index];
      return out;
    }
    const decisive = tree.or ? 1 : 0;
    const parts = (tree.or || tree.and).map(answers);
    out.fill(1 - decisive);
    for (const part of parts) {
      for (let index = 0; index < count; index++) {
        if (part[index] === decisive) out[index] = decisive;
        else if (part[index] === 2 && out[index] !== decisive) out[index] = 2;
      }
    }
    return out;
  };

  // ---- State and sums ----
  const state = { query: "", wrong: "", tree: null, mask: null, from: null, to: null };
  const isFiltered = () => state.tree !== null || state.from !== null;
  // Records of each connection that pass the filter, within the chosen time.
  const passing = new Float64Array(count);

  const sums = () => {
    const totals = new Float64Array(8);
    const series = [0, 1, 2, 3].map(() => new Float64Array(buckets));
    let unsettled = 0;
    const { mask } = state;
    const from = state.from === null ? -2 : state.from, to = state.from === null ? buckets : state.to;
    const [allowed, denied, threats, translated] = series;
    const byClass = [allowed, denied, denied, threats, threats, threats, threats, translated];
    for (let line = 0; line < count; line++) {
      passing[line] = 0;
      const answer = mask === null ? 1 : mask[line];
      if (answer === 0) continue;
      const values = byClass[klass[line]];
      let within = 0;
      for (let cell = begin[line]; cell < begin[line + 1]; cell++) {
        const place = bucket[cell];
        if (place >= from && place <= to) within += records[cell];
        // The time line shows all hours of what the filter asks for.
        if (answer === 1 && place >= 0) values[place] += records[cell];
      }
      if (answer === 2) { unsettled += within; continue; }
      passing[line] = within;
      totals[klass[line]] += within;
    }
    return { totals, series, unsettled };
  };

  // ---- Time line ----
  const SVG = "http://www.w3.org/2000/svg";
  const WIDTH = 1000, HEIGHT = 180;
  const chart = byId("chart");
  const hiddenGroups = new Set();
  let isLog = false, isApart = false;
  let shownSeries = null;
  const perBar = Math.max(1, Math.ceil(buckets / 250));
  const barCount = Math.ceil(buckets / perBar);
  const barred = (series) => series.map((values) => {
    const bars = new Float64Array(barCount);
    for (let index = 0; index < buckets; index++) bars[Math.floor(index / perBar)] += values[index];
    return bars;
  });
  const GROUP_NAMES = ["allowed", "denied", "threat"];
  // The part of the height that a value takes; of a logarithmic scale, none for none.
  const height = (value, high) => (high === 0 ? 0 : isLog ? Math.log1p(value) / Math.log1p(high) : value / high);
  const peak = (values) => values.reduce((high, value) => Math.max(high, value), 0);
  // Parts cannot be stacked on a logarithmic scale: they stand before one another, the later ones narrower.
  const NARROWER = [1, 0.62, 0.3];
  const rectangle = (left, width, bottom, tall) => `M${left.toFixed(1)} ${bottom.toFixed(1)}h${width.toFixed(1)}v${(-tall).toFixed(1)}h${(-width).toFixed(1)}z`;
  const draw = (series) => {
    if (!chart) return;
    shownSeries = series;
    const bars = barred(series);
    const groups = [0, 1, 2].filter((group) => !hiddenGroups.has(group));
    const isStacked = !isApart && !isLog;
    const high = isStacked ? peak(bars[0].map((_, bar) => groups.reduce((sum, group) => sum + bars[group][bar], 0)))
      : peak(groups.map((group) => peak(bars[group])));
    const holder = byId("bars");
    holder.replaceChildren();
    const paths = new Map(groups.map((group) => [group, ""]));
    const room = isApart ? HEIGHT / groups.length : HEIGHT;
    for (let bar = 0; bar < barCount; bar++) {
      const left = Math.floor(bar * WIDTH / barCount), right = Math.floor((bar + 1) * WIDTH / barCount);
      const width = Math.max(1, right - left - (right - left > 3 ? 1 : 0));
      let below = 0;
      groups.forEach((group, lane) => {
        const value = bars[group][bar];
        if (value === 0) return;
        const own = height(value, isApart ? peak(bars[group]) : high);
        const wide = isApart || isStacked ? width : width * NARROWER[group];
        const bottom = isApart ? room * (lane + 1) : HEIGHT - below * HEIGHT;
        // What is there is seen.
        const tall = Math.max(1, own * (isApart ? room - 4 : HEIGHT));
        paths.set(group, paths.get(group) + rectangle(left + (width - wide) / 2, wide, bottom, tall));
        if (isStacked) below += own;
      });
    }
    for (const [group, d] of paths) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("class", GROUP_NAMES[group]);
      path.setAttribute("d", d);
      holder.append(path);
    }
    const minutes = perBar * data.bucket_seconds / 60;
    const per = minutes === 1 ? "a minute" : minutes === 60 ? "an hour" : minutes % 60 === 0 ? `in ${minutes / 60} hours` : `in ${minutes} minutes`;
    const kind = isLog ? "logarithmic scale" : "scale";
    byId("scale").textContent = isApart ? `each on a ${kind} of its own` : `${isLog ? kind + ", " : ""}highest: ${grouped(high)} ${per}`;
    drawGrid(high);
    drawBrush();
  };
  // Powers of ten, where they say what the height does not.
  const drawGrid = (high) => {
    const lines = [];
    for (let value = 1; isLog && !isApart && value <= high; value *= 10) {
      const line = make("div");
      line.append(make("span", grouped(value)));
      line.style.bottom = `${(height(value, high) * 100).toFixed(1)}%`;
      lines.push(line);
    }
    byId("grid").replaceChildren(...lines);
  };
  const drawBrush = () => {
    const brush = byId("brush");
    if (!brush) return;
    if (state.from === null) { brush.setAttribute("width", "0"); } else {
      brush.setAttribute("x", String(state.from / buckets * WIDTH));
      brush.setAttribute("width", String((state.to - state.from + 1) / buckets * WIDTH));
    }
    byId("whole").hidden = state.from === null;
    chart.setAttribute("aria-valuetext", state.from === null ? "the whole period" : `${stamp(state.from)} to ${stamp(state.to + 1)} UTC`);
    chart.setAttribute("aria-valuenow", String(state.from === null ? 0 : state.from));
  };
  const second = (place) => data.first_second + place * data.bucket_seconds;
  const stamp = (place) => new Date(second(place) * 1000).toISOString().slice(0, 16).replace("T", " ");

  const setTime = (from, to) => {
    if (from === null || buckets === 0) { state.from = state.to = null; } else {
      const inside = (place) => Math.min(buckets - 1, Math.max(0, place));
      state.from = inside(Math.min(from, to));
      state.to = inside(Math.max(from, to));
    }
  };
  const press = () => {
    byId("log").setAttribute("aria-pressed", String(isLog));
    byId("lanes").setAttribute("aria-pressed", String(isApart));
    for (const key of document.querySelectorAll(".key")) key.setAttribute("aria-pressed", String(!hiddenGroups.has(Number(key.dataset.group))));
  };
  const redraw = () => {
    press();
    draw(shownSeries);
    drawSparks(shownSeries);
    remember();
  };
  const brushing = () => {
    if (!chart || buckets === 0) return;
    const svg = chart.querySelector("svg");
    const tip = byId("tip");
    chart.classList.add("live");
    chart.tabIndex = 0;
    chart.setAttribute("role", "slider");
    chart.setAttribute("aria-label", "Hours that the page shows");
    chart.setAttribute("aria-valuemin", "0");
    chart.setAttribute("aria-valuemax", String(buckets - 1));
    const place = (event) => {
      const box = svg.getBoundingClientRect();
      return Math.min(buckets - 1, Math.max(0, Math.floor((event.clientX - box.left) / box.width * buckets)));
    };
    let start = null, startX = 0;
    chart.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      start = place(event);
      startX = event.clientX;
      chart.setPointerCapture(event.pointerId);
    });
    chart.addEventListener("pointermove", (event) => {
      const now = place(event);
      if (start !== null && Math.abs(event.clientX - startX) > 3) { setTime(start, now); drawBrush(); }
      const [allowed, denied, threats] = shownSeries.map((values) => grouped(values[now]));
      tip.textContent = `${stamp(now)} UTC\nallowed ${allowed}\ndenied  ${denied}\nthreats ${threats}`;
      tip.hidden = false;
      const box = chart.getBoundingClientRect();
      const x = event.clientX - box.left;
      tip.style.left = x < box.width / 2 ? `${x + 14}px` : "auto";
      tip.style.right = x < box.width / 2 ? "auto" : `${box.width - x + 14}px`;
    });
    const end = (event) => {
      if (start === null) return;
      const isClick = Math.abs(event.clientX - startX) <= 3;
      if (isClick && event.type === "pointerup") setTime(state.from === null ? start : null, start);
      start = null;
      update();
    };
    chart.addEventListener("pointerup", end);
    chart.addEventListener("pointercancel", end);
    chart.addEventListener("pointerleave", () => { tip.hidden = true; });
    chart.addEventListener("keydown", (event) => {
      const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (event.key === "Escape" && state.from !== null) { setTime(null); update(); event.stopPropagation(); return; }
      if (event.key === "Home" || event.key === "End") setTime(event.key === "Home" ? 0 : buckets - 1, event.key === "Home" ? 0 : buckets - 1);
      else if (step === 0) return;
      else if (state.from === null) setTime(step > 0 ? 0 : buckets - 1, step > 0 ? 0 : buckets - 1);
      else if (event.shiftKey) setTime(state.from, Math.max(state.from, state.to + step));
      else if (state.from + step >= 0 && state.to + step < buckets) setTime(state.from + step, state.to + step);
      event.preventDefault();
      update();
    });
    for (const key of document.querySelectorAll(".key")) {
      key.addEventListener("click", () => {
        const group = Number(key.dataset.group);
        if (!hiddenGroups.delete(group)) hiddenGroups.add(group);
        if (hiddenGroups.size === 3) hiddenGroups.delete(group);
        redraw();
      });
    }
    byId("lanes").addEventListener("click", () => { isApart = !isApart; redraw(); });
    byId("log").addEventListener("click", () => { isLog = !isLog; redraw(); });
    byId("whole").addEventListener("click", () => { setTime(null); update(); });
  };

  // ---- Tables ----
  const ROWS_MAX = 100;
  const name = (code) => (code > 0 ? texts[code] : "");
  const isAddress = (code) => code > 0 && parsed[code] !== null;
  const is = (...classes) => (index) => classes.includes(klass[index]);
  const decided = is(0, 1, 2);
  // Which cells a filtered table takes, what it groups by, and its columns.
  const TALKERS = (title, field, column, wanted, other, distinct) => ({
    wanted, key: [column], distinct,
    columns: [["allowed"], ["denied"], ["deny share"], ...(other ? [[other]] : []), [title, 0, field]],
  });
  const DISTINCT = ["sources", "destinations", "names"];
  const RULES = { wanted: (index) => (klass[index] < 2 || klass[index] === 7) && rule[index] !== -1, key: [rule, klass], distinct: source,
      columns: [["records"], ["sources"], ["action", 1, "action"], ["rule", 0, "rule"]] };
  const PLANS = {
    denied_destinations: { wanted: is(2), key: [protocol, target, port], distinct: source,
      columns: [["records"], ["sources"], ["protocol", 0, "protocol"], ["destination", 1, "target"], ["port", 2, "port"]] },
    denied_by_default: { wanted: is(2), key: [protocol, source, target, port],
      columns: [["records"], ["protocol", 0, "protocol"], ["source", 1, "source"], ["destination", 2, "target"], ["port", 3, "port"]] },
    policy_rules: RULES,
    rules: RULES,
    idps: { wanted: is(5, 6), key: [klass, rule, source, target, port],
      columns: [["records"], ["action", 0, "action"], ["signature", 1, "rule"], ["source", 2, "source"], ["destination", 3, "target"], ["port", 4, "port"]] },
    threat_intel: { wanted: is(3, 4), key: [klass, rule, source, target, port],
      columns: [["records"], ["action", 0, "action"], ["threat", 1, "rule"], ["source", 2, "source"], ["destination", 3, "target"], ["port", 4, "port"]] },
    sources: TALKERS("source", "source", source, (index) => decided(index) && source[index] !== -1, "destinations", target),
    subnets: TALKERS("subnet", "subnet", subnet, (index) => decided(index) && subnet[index] !== -1, "sources", source),
    domains: TALKERS("domain", "domain", domain, (index) => decided(index) && domain[index] !== -1 && !isAddress(target[index]), "names", target),
    destinations: TALKERS("destination", "target", target, (index) => decided(index) && (isAddress(target[index]) || target[index] === -2)),
    fqdns: TALKERS("name", "target", target, (index) => decided(index) && target[index] !== -1 && !isAddress(target[index])),
    ports: { wanted: decided, key: [protocol, port],
      columns: [["allowed"], ["denied"], ["deny share"], ["protocol", 0, "protocol"], ["port", 1, "port"]] },
    dnat: { wanted: is(7), key: [source, target, port, rule],
      columns: [["records"], ["client", 0, "source"], ["public", 1, "target"], ["port", 2, "port"], ["rule", 3, "rule"]] },
  };
  // What a row is about comes first, as in the tables that are replaced.
  for (const plan of Object.values(PLANS)) {
    const rank = ([title, place]) => (place === undefined ? 2 : title === "action" ? 1 : 0);
    plan.columns.sort((a, b) => rank(a) - rank(b));
  }
  // The group of each connection, found once: −1 where the table does not take it.
  const prepare = (plan) => {
    let ids = new Int32Array(count);
    for (let line = 0; line < count; line++) ids[line] = plan.wanted(line) ? 0 : -1;
    for (const column of plan.key) {
      const numbers = new Map();
      const next = new Int32Array(count).fill(-1);
      let key = -1, id = -1;
      plan.heads = [];
      for (let line = 0; line < count; line++) {
        if (ids[line] < 0) continue;
        const own = ids[line] * 4294967296 + column[line] + 2;
        if (own !== key) {
          key = own;
          id = numbers.get(key);
          if (id === undefined) { id = plan.heads.length; numbers.set(key, id); plan.heads.push(line); }
        }
        next[line] = id;
      }
      ids = next;
    }
    plan.ids = ids;
  };
  const grouping = (plan) => {
    if (!plan.ids) prepare(plan);
    const { ids, heads } = plan;
    const all = new Float64Array(heads.length), allowed = new Float64Array(heads.length);
    for (let line = 0; line < count; line++) {
      const id = ids[line];
      if (id < 0 || passing[line] === 0) continue;
      all[id] += passing[line];
      if (klass[line] === 0) allowed[id] += passing[line];
    }
    const found = [];
    for (let id = 0; id < heads.length; id++) if (all[id] > 0) found.push(id);
    found.sort((a, b) => all[b] - all[a] || a - b);
    const groups = found.slice(0, ROWS_MAX).map((id) => ({
      codes: plan.key.map((column) => column[heads[id]]),
      records: all[id], allowed: allowed[id], denied: all[id] - allowed[id], set: new Set(),
    }));
    if (plan.distinct) {
      const places = new Int32Array(heads.length).fill(-1);
      groups.forEach((_, place) => { places[found[place]] = place; });
      for (let line = 0; line < count; line++) {
        const place = ids[line] < 0 || passing[line] === 0 ? -1 : places[ids[line]];
        if (place >= 0 && plan.distinct[line] !== -1) groups[place].set.add(plan.distinct[line]);
      }
    }
    return { groups, left: found.length - groups.length };
  };
  // What was denied and allowed, below the text of a cell.
  const below = (cell, denied, allowed, most) => {
    const text = make("span", null, { class: "v" });
    text.append(...cell.childNodes);
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["class", "bar"], ["viewBox", "0 0 1000 4"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
    const [first, second] = [denied, allowed].map((count) => Math.floor(count * 1000 / most));
    for (const d of [`M0 0h${first}v4H0z`, `M${first} 0h${second}v4H${first}z`]) {
      const path = document.createElementNS(SVG, "path");
      path.setAttribute("d", d);
      svg.append(path);
    }
    cell.append(text, svg);
  };
  const filteredTable = (plan) => {
    const { groups, left } = grouping(plan);
    const table = make("table");
    const head = table.createTHead().insertRow();
    const isNumber = (place) => place === undefined || plan.key[place] === port;
    for (const [title, place] of plan.columns) head.append(make("th", title, isNumber(place) ? { scope: "col", class: "n" } : { scope: "col" }));
    const body = table.createTBody();
    const hasBars = plan.columns.some(([title]) => title === "denied");
    for (const group of groups) {
      const row = body.insertRow();
      for (const [title, place, field] of plan.columns) {
        const cell = row.insertCell();
        if (place === undefined) {
          const isShare = title === "deny share", isDistinct = DISTINCT.includes(title);
          const number = isShare ? Math.round(group.denied * 1000 / group.records) : isDistinct ? group.set.size : group[title];
          const isLeast = isDistinct && group.set.has(-2);
          cell.textContent = isShare ? percent(group.denied, group.records) : (isLeast ? "≥ " : "") + grouped(number);
          cell.dataset.v = number;
          cell.className = "n";
          continue;
        }
        const code = group.codes[place], column = plan.key[place];
        if (code === -2) { cell.textContent = "(many smaller ones)"; cell.className = "muted"; continue; }
        if (column === klass) {
          cell.append(make("span", ACTION[code], { class: "badge " + GROUP_BADGE[code] }));
        } else {
          breakable(cell, column === port ? (code < 0 ? "" : String(code)) : name(code));
          if (column === port) cell.className = "n";
          if (column === port && code >= 0) cell.dataset.v = code;
          if (cell.textContent && field) cell.dataset.f = field;
        }
      }
      if (hasBars) below(row.cells[0], group.denied, group.allowed, groups[0].records);
    }
    if (groups.length === 0) { const cell = body.insertRow().insertCell(); cell.colSpan = plan.columns.length; cell.textContent = "Nothing passes the filter."; cell.className = "muted"; }
    return { table, left };
  };
  const GROUP_BADGE = ["allowed", "denied", "denied", "threat", "denied", "threat", "denied", "dnat"];

  const clickable = (view) => {
    for (const cell of view.table.querySelectorAll("td[data-f]")) {
      if (cell.querySelector("button:not(.copy)")) continue;
      const holder = cell.querySelector(".v") || cell;
      const button = make("button", null, { type: "button", title: "Filter by this" });
      button.append(...holder.childNodes);
      holder.append(button);
    }
  };
  const adopt = (view) => {
    const { holder, table, tools, scroll } = view;
    view.original = table;
    view.plan = PLANS[holder.dataset.sheet];
    view.mark = make("span", "whole period, unfiltered", { class: "state" });
    view.mark.hidden = true;
    tools.prepend(view.mark);
    view.more = make("p", "", { class: "muted small" });
    scroll.after(view.more);
    holder.addEventListener("click", (event) => {
      const button = event.target.closest("td[data-f] button:not(.copy)");
      const cell = button && button.closest("td");
      if (button) addTest(cell.dataset.f, cell.dataset.c || button.textContent);
    });
    clickable(view);
  };
  const quoted = (text) => (/^[A-Za-z0-9._:\-*]+$/.test(text) ? text : '"' + text.replace(/["\\]/g, "\\$&") + '"');
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const TESTS = {
    rule: (text) => `rule ~ ${quoted(escaped(text.replace(/…$/, "")))}`,
    domain: (text) => `target ~ ${quoted("(^|\\.)" + escaped(text) + "$")}`,
    subnet: (text) => `source in ${text}`,
  };
  const addTest = (field, text) => {
    const test = TESTS[field] ? TESTS[field](text) : `${field} = ${quoted(text)}`;
    const before = byId("query").value.trim();
    if (before.includes(test)) return;
    ask(before ? (/\bor\b/i.test(before) ? `(${before}) and ${test}` : `${before} and ${test}`) : test);
  };

  const refreshTable = (view) => {
    if (!view.plan) return;
    const filtered = isFiltered();
    const before = view.table;
    view.more.textContent = "";
    if (filtered) {
      const { table, left } = filteredTable(view.plan);
      view.table = table;
      if (left > 0) view.more.textContent = `and ${grouped(left)} more`;
      clickable(view);
    } else view.table = view.original;
    for (const note of view.holder.querySelectorAll(".more")) note.hidden = filtered;
    if (before !== view.table) before.replaceWith(view.table);
    dress(view);
  };
  // Tables in sight come first, the others one by one, so that nobody waits for what is not seen.
  let waiting = [], timer = 0;
  const refreshNext = () => {
    const view = waiting.shift();
    if (view) { refreshTable(view); timer = setTimeout(refreshNext, 0); return; }
    document.documentElement.dataset.settled = state.query + "|" + state.from + "|" + state.to;
  };
  const isInSight = (view) => {
    const { top, bottom } = view.holder.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  };
  const refreshTables = () => {
    const filtered = isFiltered();
    for (const view of views) {
      view.mark.hidden = !filtered || Boolean(view.plan);
      view.holder.classList.toggle("whole", filtered && !view.plan);
    }
    const inSight = views.filter(isInSight);
    inSight.forEach(refreshTable);
    waiting = views.filter((view) => view.plan && !inSight.includes(view));
    timer = setTimeout(refreshNext, 0);
  };
  window.addEventListener("beforeprint", () => { waiting.splice(0).forEach(refreshTable); });

  // ---- Cards, answer, address ----
  const cards = {};
  for (const card of document.querySelectorAll("[data-card]")) {
    const value = card.querySelector(".value"), share = card.querySelector(".share"), detail = card.querySelector(".detail");
    cards[card.dataset.card] = { value, share, detail, before: [value.textContent, share.textContent, detail.textContent] };
  }
  const percent = (part, whole) => {
    if (whole === 0 || part === 0) return "0.0 %";
    const share = Math.round(part * 1000 / whole) / 10;
    return share === 0 ? "<0.1 %" : share.toFixed(1) + " %";
  };
  const SPARKS = { allowed: 0, denied: 1, threat: 2, dnat: 3 };
  const spark = (values) => {
    const places = Math.min(50, buckets);
    const sums = new Float64Array(places);
    for (let index = 0; index < buckets; index++) sums[Math.floor(index * places / buckets)] += values[index];
    const high = Math.max(1, peak(sums));
    const points = [...sums].map((value, index) => `${(places > 1 ? index * 100 / (places - 1) : 0).toFixed(1)} ${(23 - height(value, high) * 22).toFixed(1)}`);
    return points.length === 0 ? "" : "M" + points.join("L") + (points.length === 1 ? "h100" : "");
  };
  const drawSparks = (series) => {
    for (const key in SPARKS) {
      const path = document.querySelector(`[data-card="${key}"] .spark path`);
      if (path) path.setAttribute("d", spark(series[SPARKS[key]]));
    }
  };
  const refreshCards = ({ totals, series }) => {
    drawSparks(series);
    const sum = (...classes) => classes.reduce((all, one) => all + totals[one], 0);
    const connections = sum(0, 1, 2);
    const now = {
      allowed: [sum(0), percent(sum(0), connections) + " of connections", ""],
      denied: [sum(1, 2), percent(sum(1, 2), connections) + " of connections", `${grouped(sum(1))} by rule, ${grouped(sum(2))} by default`],
      threat: [sum(3, 4, 5, 6), "", `${grouped(sum(5, 6))} IDPS, ${grouped(sum(3, 4))} threat intelligence`],
      dnat: [sum(7), "", ""],
    };
    for (const key in cards) {
      const { value, share, detail, before } = cards[key];
      const change = isFiltered() ? now[key] : null;
      value.textContent = change ? grouped(change[0]) : before[0];
      if (change) value.dataset.value = change[0];
      share.textContent = change ? change[1] : before[1];
      detail.textContent = change ? change[2] : isFiltered() && !now[key] ? "whole period, unfiltered" : before[2];
    }
  };
  const say = (text, isWrong) => {
    const answer = byId("answer");
    answer.textContent = text;
    answer.classList.toggle("wrong", Boolean(isWrong));
    byId("query").setAttribute("aria-invalid", String(Boolean(isWrong)));
  };
  const report = ({ totals, unsettled }) => {
    if (!isFiltered()) return say("");
    const time = state.from === null ? "" : ` from ${stamp(state.from)} to ${stamp(state.to + 1)} UTC`;
    let text = `${grouped(totals.reduce((sum, one) => sum + one, 0))} records${time}.`;
    if (unsettled > 0) text += ` ${grouped(unsettled)} more lack what the filter asks for or are added up here without it.`;
    say(text);
  };
  part("filter", () => encoded(state.query), (text) => seek(decoded(text)));
  part("time", () => (state.from === null ? "" : `${second(state.from)}-${second(state.to + 1)}`), (text) => {
    const time = /^(-?\d+)-(-?\d+)$/.exec(text);
    const place = (seconds) => (Number(seconds) - data.first_second) / data.bucket_seconds;
    if (time) setTime(Math.floor(place(time[1])), Math.ceil(place(time[2])) - 1); else setTime(null);
  });
  part("scale", () => [isLog ? "log" : "", isApart ? "each" : ""].filter(Boolean).join("-"), (text) => {
    [isLog, isApart] = ["log", "each"].map((word) => text.split("-").includes(word));
  });
  part("off", () => [...hiddenGroups].sort().map((group) => GROUP_NAMES[group]).join(","), (text) => {
    hiddenGroups.clear();
    for (const one of text.split(",")) if (GROUP_NAMES.includes(one) && hiddenGroups.size < 2) hiddenGroups.add(GROUP_NAMES.indexOf(one));
  });
  const update = () => {
    const started = performance.now();
    const result = sums();
    refreshCards(result);
    draw(result.series);
    report(result);
    remember();
    document.documentElement.dataset.filterMs = String(Math.round((performance.now() - started + maskTime) * 10) / 10);
    // Numbers first; the tables follow.
    clearTimeout(timer);
    timer = setTimeout(() => {
      refreshTables();
      document.documentElement.dataset.seenMs = String(Math.round((performance.now() - started + maskTime) * 10) / 10);
    }, 0);
  };
  let maskTime = 0;
  // Whether the filter is understood; if not, the one before stays.
  const seek = (query) => {
    byId("query").value = query;
    const started = performance.now();
    try {
      const tree = query.trim() ? parse(query) : null;
      state.mask = tree ? answers(tree) : null;
      state.tree = tree;
    } catch (error) {
      if (!(error instanceof Wrong)) throw error;
      state.wrong = error.message;
      return false;
    }
    maskTime = performance.now() - started;
    state.wrong = "";
    state.query = query.trim();
    return true;
  };
  const ask = (query) => { if (seek(query)) update(); else say(state.wrong, true); };

  // ---- Start ----
  views.forEach(adopt);
  brushing();
  byId("filter").addEventListener("submit", (event) => { event.preventDefault(); ask(byId("query").value); });
  byId("clear").addEventListener("click", () => { setTime(null); ask(""); byId("query").focus(); });
  for (const button of document.querySelectorAll(".filter-by")) button.addEventListener("click", () => { ask(button.dataset.filter); window.scrollTo(0, 0); });
  document.addEventListener("keydown", (event) => {
    const isTyping = /^(INPUT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !isTyping) { event.preventDefault(); byId("query").focus(); }
    if (event.key === "Escape") { byId("help").open = false; if (isFiltered() && (!isTyping || event.target.id === "query")) { setTime(null); ask(""); } }
  });
  azfw.recalled = () => {
    if (chart) press();
    update();
    if (state.wrong) say(state.wrong, true);
  };
})();
