"use strict";
// Everything on the board works without this file; it saves a round trip for sorting, filtering and choosing.
(() => {
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);

  const theme = find("#theme");
  if (theme) {
    const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const name = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", `${theme.textContent} colours`); };
    theme.hidden = false;
    name();
    theme.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("medsins-theme", root.dataset.theme); } catch { /* kept for this page only */ }
      name();
    });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      button.textContent = "Copied";
    });
  }

  const again = find("[data-again]");
  if (again) setTimeout(() => location.reload(), 1000 * again.dataset.again);

  const table = find("#board");
  if (!table) return;
  const body = table.tBodies[0];

  const value = (row, key) => {
    if (key === "name") return row.querySelector(".name").textContent.toLowerCase();
    const text = row.querySelectorAll("td.score")[key].dataset.value;
    return text === "" ? -Infinity : Number(text);
  };
  for (const link of table.querySelectorAll("[data-sort]")) {
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      const key = link.dataset.sort, head = link.closest("th");
      const up = key === "name" ? head.getAttribute("aria-sort") !== "ascending" : head.getAttribute("aria-sort") === "descending";
      const rows = [...body.rows].filter((row) => row.querySelector(".name"));
      rows.sort((a, b) => { const x = value(a, key), y = value(b, key); return (x < y ? -1 : x > y ? 1 : 0) * (up ? 1 : -1); });
      body.append(...rows);
      for (const other of table.querySelectorAll("[aria-sort]")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      history.replaceState(null, "", link.href);
    });
  }

  const filters = find("#filters");
  if (filters) {
    let waiting;
    for (const select of filters.querySelectorAll("select")) select.addEventListener("change", () => filters.requestSubmit());
    const search = filters.querySelector("[type=search]");
    const status = find("#status");
    const total = body.rows.length;
    search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => {
        const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
        let shown = 0;
        for (const row of body.rows) {
          const text = row.dataset.text ??= `${row.querySelector("th")?.textContent ?? ""} ${row.dataset.team ?? ""}`.toLowerCase();
          row.hidden = !words.every((word) => text.includes(word));
          shown += row.hidden ? 0 : 1;
        }
        status.textContent = shown === total ? `${total} models` : `${shown} of ${total} models`;
      }, 80);
    });
  }

  const tray = find("#tray");
  if (tray) {
    const boxes = [...body.querySelectorAll("input[name=m]")];
    const button = tray.querySelector("button"), text = find("#tray-text");
    const update = () => {
      const chosen = boxes.filter((box) => box.checked);
      for (const box of boxes) box.disabled = !box.checked && chosen.length >= 4;
      tray.classList.toggle("on", chosen.length > 0);
      button.disabled = chosen.length < 2;
      text.textContent = chosen.length < 2 ? "Choose one more." : chosen.map((box) => box.closest("tr").querySelector(".name").textContent).join(" · ");
    };
    for (const box of boxes) box.addEventListener("change", update);
    addEventListener("pageshow", update);
  }
})();
