"use strict";
// What all pages do: tables that sort, search and copy; light and dark; links within the page.
// Text from logs and rules reaches the page through textContent alone.
const azfw = (() => {
  const byId = (id) => document.getElementById(id);
  const make = (name, text, attributes) => {
    const element = document.createElement(name);
    if (text !== undefined && text !== null) element.textContent = text;
    for (const key in attributes || {}) element.setAttribute(key, attributes[key]);
    return element;
  };
  const views = [];

  // Long names may be broken behind a `/`.
  const breakable = (element, text) => {
    for (const piece of text.split(/(?<=\/)/)) element.append(piece, ...(piece.endsWith("/") ? [make("wbr")] : []));
    return element;
  };

  // ---- The address: what of the page's state a link holds ----
  // Each part says what it is now ("" as at first), and takes back what an address says.
  const ADDRESS = ["filter", "time", "scale", "off", "hide", "sort", "search"];
  const parts = new Map();
  const part = (name, now, take) => parts.set(name, { now, take });
  const encoded = (text) => { try { return encodeURIComponent(text); } catch { return ""; } };
  const decoded = (text) => { try { return decodeURIComponent(text); } catch { return ""; } };
  let lastAddress = "";
  const remember = () => {
    const now = ADDRESS.filter((name) => parts.has(name)).map((name) => [name, parts.get(name).now()]);
    const text = now.filter(([, value]) => value !== "").map(([name, value]) => `${name}=${value}`).join("&");
    if (text === lastAddress) return;
    lastAddress = text;
    history.replaceState(null, "", text ? "#" + text : location.pathname + location.search);
  };
  const recall = () => {
    const text = location.hash.slice(1);
    const found = new Map();
    for (const piece of text.split("&")) {
      const at = piece.indexOf("=");
      if (at > 0 && parts.has(piece.slice(0, at))) found.set(piece.slice(0, at), piece.slice(at + 1));
    }
    // A place within the page is no state.
    if (text !== "" && found.size === 0) { shared.recalled(); return; }
    lastAddress = text;
    for (const [name, { take }] of parts) take(found.get(name) ?? "");
    views.forEach(dress);
    shared.recalled();
  };
  const perTable = (name, now, take) => part(name,
    () => views.map((view) => [view.name, now(view)]).filter(([, value]) => value !== "")
      .map(([table, value]) => `${encoded(table)}:${value}`).join(";"),
    (text) => {
      const found = new Map(text.split(";").map((one) => [decoded(one.slice(0, one.indexOf(":"))), one.slice(one.indexOf(":") + 1)]));
      for (const view of views) take(view, found.get(view.name) ?? "");
    });
  perTable("hide", (view) => [...view.hidden].map(encoded).join(","),
    (view, text) => { view.hidden = new Set(text.split(",").map(decoded).filter((title) => title !== "")); });
  perTable("sort", (view) => (view.order ? `${encoded(view.order.title)},${view.order.way}` : ""), (view, text) => {
    const match = /^([^,]+),(ascending|descending)$/.exec(text);
    view.order = match ? { title: decoded(match[1]), way: match[2] } : null;
  });
  perTable("search", (view) => encoded(view.search.value.trim()), (view, text) => { view.search.value = decoded(text); });

  // ---- Tables ----
  const headsOf = (view) => [...view.table.tHead.rows[0].cells];
  const sorted = (view) => {
    const heads = headsOf(view);
    const place = view.order ? heads.findIndex((head) => head.textContent === view.order.title) : -1;
    const wasSorted = heads.some((head) => head.hasAttribute("aria-sort"));
    for (const head of heads) head.removeAttribute("aria-sort");
    const body = view.table.tBodies[0];
    if (place < 0) { if (wasSorted) body.append(...view.rows.get(view.table)); return; }
    heads[place].setAttribute("aria-sort", view.order.way);
    const way = view.order.way === "ascending" ? 1 : -1;
    const value = (row) => {
      const cell = row.cells[place];
      return cell === undefined ? "" : cell.dataset.v !== undefined ? Number(cell.dataset.v) : cellText(cell);
    };
    const rows = view.rows.get(view.table).map((row, index) => ({ row, index, value: value(row) }));
    rows.sort((a, b) => {
      const bothNumbers = typeof a.value === "number" && typeof b.value === "number";
      const compared = bothNumbers ? a.value - b.value
        : String(a.value).localeCompare(String(b.value), "en", { numeric: true });
      return way * compared || a.index - b.index;
    });
    body.append(...rows.map((one) => one.row));
  };
  const sortable = (view) => {
    if (view.rows.has(view.table)) return;
    view.rows.set(view.table, [...view.table.tBodies[0].rows]);
    for (const head of headsOf(view)) {
      const button = make("button", head.textContent, { type: "button" });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort") ?? (head.classList.contains("n") ? "ascending" : "descending");
        view.order = { title: head.textContent, way: now === "ascending" ? "descending" : "ascending" };
        sorted(view);
        remember();
      });
    }
  };
  const columned = (view) => {
    const heads = headsOf(view);
    const shown = heads.map((head) => !view.hidden.has(head.textContent));
    // Something has to be there to see.
    if (!shown.includes(true)) shown[0] = true;
    const cut = shown.filter((one) => !one).length;
    const name = cut > 0 ? `Columns (${cut} hidden)` : "Columns";
    if (view.summary.textContent !== name) {
      view.summary.textContent = name;
      view.summary.setAttribute("aria-label", `${name}, ${view.title}`);
    }
    if (cut === 0 && !heads.some((head) => head.hidden)) return;
    for (const row of view.table.rows) {
      [...row.cells].forEach((cell, place) => { cell.hidden = cell.colSpan === 1 && shown[place] === false; });
    }
  };
  const searched = (view) => {
    const wanted = view.search.value.trim().toLowerCase();
    const rows = view.table.tBodies[0].rows;
    const holds = (cell) => !cell.hidden && (cell.textContent.toLowerCase().includes(wanted) || (cell.dataset.c ?? "").toLowerCase().includes(wanted));
    let count = 0;
    for (const row of rows) {
      row.hidden = wanted !== "" && ![...row.cells].some(holds);
      if (!row.hidden) count += 1;
    }
    view.found.hidden = wanted === "";
    if (wanted !== "") view.found.textContent = `${count} of ${rows.length} rows`;
  };
  // What the reader chose, for whichever table stands there now.
  const dress = (view) => {
    sortable(view);
    sorted(view);
    columned(view);
    searched(view);
    if (view.chooser.open) offer(view);
    measure();
  };
  // Which tables are longer than what is shown of them: asked once for all, when they are drawn.
  let isMeasuring = false;
  const measure = () => {
    if (isMeasuring) return;
    isMeasuring = true;
    requestAnimationFrame(() => {
      isMeasuring = false;
      const fits = views.map(({ scroll }) => !scroll.classList.contains("tall") && scroll.scrollHeight <= scroll.clientHeight + 2);
      views.forEach(({ grow }, place) => { grow.hidden = fits[place]; });
    });
  };
  const offer = (view) => {
    const heads = headsOf(view);
    const boxes = heads.map((head) => {
      const label = make("label");
      const box = make("input", null, { type: "checkbox" });
      box.checked = !head.hidden;
      box.addEventListener("change", () => {
        view.hidden = new Set(view.hidden);
        if (box.checked) view.hidden.delete(head.textContent); else view.hidden.add(head.textContent);
        columned(view);
        searched(view);
        guard();
        remember();
      });
      label.append(box, " " + head.textContent);
      view.menu.append(label);
      return box;
    });
    const guard = () => {
      const last = boxes.filter((box) => box.checked).length === 1;
      for (const box of boxes) box.disabled = last && box.checked;
    };
    view.menu.replaceChildren(...boxes.map((box) => box.parentNode));
    guard();
  };
  // The whole text of a cell, one line for each of its parts.
  const cellText = (cell) => {
    if (cell.dataset.c !== undefined) return cell.dataset.c;
    const parts = [...cell.querySelectorAll(".v, .badge, .line")];
    if (parts.length === 0) return cell.textContent.trim();
    return parts.map((part) => part.textContent.trim()).join("\n");
  };
  // A spreadsheet runs what begins like a formula; with an apostrophe before it, it is text.
  const csvCell = (text) => {
    const safe = /^[=+\-@\t\r\n]/.test(text) ? "'" + text : text;
    return /[",\r\n]/.test(safe) ? '"' + safe.replace(/"/g, '""') + '"' : safe;
  };
  const csv = (table) => {
    const line = (row) => [...row.cells].filter((cell) => !cell.hidden).map((cell) =>
      csvCell(cell.classList.contains("n") && cell.dataset.v !== undefined && !cell.textContent.includes("%") ? cell.dataset.v : cellText(cell))).join(",");
    return [...table.rows].filter((row) => !row.hidden).map(line).join("\r\n") + "\r\n";
  };
  const copied = async (text, button) => {
    const before = button.dataset.before || button.textContent;
    button.dataset.before = before;
    let isDone = false;
    try { await navigator.clipboard.writeText(text); isDone = true; } catch {
      const area = make("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      isDone = document.execCommand("copy");
      area.remove();
      button.focus();
    }
    button.textContent = isDone ? "Copied" : "Not allowed";
    setTimeout(() => { button.textContent = before; }, 1500);
  };
  const equip = (holder) => {
    const table = holder.querySelector("table");
    const title = holder.querySelector("h3");
    const head = make("div", null, { class: "head" });
    title.replaceWith(head);
    const tools = make("div", null, { class: "tools" });
    const search = make("input", null, { type: "search", placeholder: "Search", "aria-label": "Search in " + title.textContent });
    const found = make("span", "", { class: "found", role: "status" });
    found.hidden = true;
    const chooser = make("details", null, { class: "columns" });
    const summary = make("summary", "Columns", { "aria-label": "Columns, " + title.textContent });
    const menu = make("div", null, { class: "menu", role: "group", "aria-label": "Columns to show" });
    chooser.append(summary, menu);
    chooser.hidden = table.tHead.rows[0].cells.length < 2;
    const copy = make("button", "Copy CSV", { type: "button" });
    const grow = make("button", "All rows", { type: "button", "aria-pressed": "false", title: "Show the whole table at once" });
    tools.append(found, search, chooser, copy, grow);
    head.append(title, tools);
    const scroll = holder.querySelector(".scroll");
    const view = { name: holder.dataset.sheet, title: title.textContent, holder, table, tools, search, found, chooser, summary, menu, grow, scroll, hidden: new Set(), order: null, rows: new WeakMap() };
    search.addEventListener("input", () => { searched(view); remember(); });
    copy.addEventListener("click", () => { holder.dataset.csv = csv(view.table); copied(holder.dataset.csv, copy); });
    chooser.addEventListener("toggle", () => { if (chooser.open) offer(view); });
    chooser.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !chooser.open) return;
      chooser.open = false;
      summary.focus();
      event.stopPropagation();
    });
    grow.addEventListener("click", () => {
      const isWhole = scroll.classList.toggle("tall");
      grow.setAttribute("aria-pressed", String(isWhole));
      grow.textContent = isWhole ? "Fewer" : "All rows";
    });
    sortable(view);
    views.push(view);
  };

  // ---- Start ----
  for (const element of document.querySelectorAll(".js")) element.hidden = false;
  document.querySelectorAll(".table").forEach(equip);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copied(button.dataset.copy, button);
  });
  // One menu at a time, and none that is in the way.
  document.addEventListener("click", (event) => {
    for (const view of views) if (view.chooser.open && !view.chooser.contains(event.target)) view.chooser.open = false;
  });
  // Links within the page must not drop the filter from its address.
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    const goal = link && byId(link.getAttribute("href").slice(1));
    if (!goal) return;
    event.preventDefault();
    goal.scrollIntoView();
    goal.tabIndex = -1;
    goal.focus({ preventScroll: true });
  });
  const theme = byId("theme");
  const isDark = () => (document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const nameTheme = () => { theme.textContent = isDark() ? "Light" : "Dark"; theme.setAttribute("aria-pressed", String(isDark())); };
  theme.addEventListener("click", () => { document.documentElement.dataset.theme = isDark() ? "light" : "dark"; nameTheme(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", nameTheme);
  nameTheme();
  // On paper nothing can be opened.
  window.addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details.finding")) one.open = true; });
  // The script of a page adds its own parts before the address is read.
  const shared = { byId, make, breakable, views, dress, part, encoded, decoded, remember, recalled: () => {} };
  window.addEventListener("hashchange", recall);
  document.addEventListener("DOMContentLoaded", recall);
  return shared;
})();
