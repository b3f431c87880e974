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

  // ---- Tables ----
  const sortable = (view) => {
    view.table.querySelectorAll("thead th").forEach((head, place) => {
      const button = make("button", head.textContent, { type: "button" });
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const isNumber = head.classList.contains("n");
        const now = head.getAttribute("aria-sort");
        const order = now ? (now === "ascending" ? "descending" : "ascending") : isNumber ? "descending" : "ascending";
        head.parentNode.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order);
        const way = order === "ascending" ? 1 : -1;
        const body = view.table.tBodies[0];
        const value = (row) => {
          const cell = row.cells[place];
          return cell === undefined ? "" : cell.dataset.v !== undefined ? Number(cell.dataset.v) : cellText(cell);
        };
        const rows = [...body.rows].map((row, index) => ({ row, index, value: value(row) }));
        rows.sort((a, b) => {
          const bothNumbers = typeof a.value === "number" && typeof b.value === "number";
          const compared = bothNumbers ? a.value - b.value
            : String(a.value).localeCompare(String(b.value), "en", { numeric: true });
          return way * compared || a.index - b.index;
        });
        body.append(...rows.map((one) => one.row));
      });
    });
  };
  const searched = (view) => {
    const wanted = view.search.value.trim().toLowerCase();
    for (const row of view.table.tBodies[0].rows) row.hidden = wanted !== "" && !row.textContent.toLowerCase().includes(wanted);
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
    const line = (row) => [...row.cells].map((cell) =>
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
    const copy = make("button", "Copy CSV", { type: "button" });
    const grow = make("button", "All rows", { type: "button", "aria-pressed": "false", title: "Show the whole table at once" });
    tools.append(search, copy, grow);
    head.append(title, tools);
    const scroll = holder.querySelector(".scroll");
    const view = { holder, table, tools, search, scroll };
    search.addEventListener("input", () => searched(view));
    copy.addEventListener("click", () => { holder.dataset.csv = csv(view.table); copied(holder.dataset.csv, copy); });
    grow.hidden = scroll.scrollHeight <= scroll.clientHeight + 2;
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
  window.addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details:not(#help)")) one.open = true; });
  return { byId, make, views, sortable, searched };
})();
