"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  setUpFolds();
  setUpUnfolding();
  if (byId("audit-filters")) setUpFilters();

  function setUpFolds() {
    for (const table of document.querySelectorAll("table[data-fold]")) {
      const rows = table.tBodies[0].rows.length;
      const button = document.createElement("button");
      const say = () => { button.textContent = table.classList.contains("folded") ? `Show all ${rows.toLocaleString("en")} rows` : "Show fewer"; };
      button.type = "button";
      button.className = "quiet";
      button.addEventListener("click", () => { table.classList.toggle("folded"); say(); });
      table.classList.add("folded");
      table.parentElement.after(button);
      say();
    }
  }

  function setUpUnfolding() {
    for (const button of document.querySelectorAll("[data-unfold]")) {
      const parts = () => [...byId(button.dataset.unfold).querySelectorAll("details.evidence:not([hidden])")];
      button.hidden = false;
      button.addEventListener("click", () => {
        const open = parts().some((part) => !part.open);
        for (const part of parts()) part.open = open;
        button.textContent = open ? "Close all" : "Open all";
      });
    }
  }

  function setUpFilters() {
    const severity = byId("filter-severity");
    const check = byId("filter-check");
    const words = byId("filter-words");
    const parts = [...document.querySelectorAll("[data-find]")];
    const texts = new Map();
    let waiting = 0;

    const text = (part) => {
      if (!texts.has(part)) texts.set(part, part.textContent.replace(/\s+/g, " ").toLowerCase());
      return texts.get(part);
    };
    const filter = () => {
      const query = words.value.trim().replace(/\s+/g, " ").toLowerCase();
      const shown = { findings: 0, rest: 0 };
      for (const part of parts) {
        const finding = part.dataset.severity !== undefined;
        const apart = finding && ((severity.value && part.dataset.severity !== severity.value) || (check.value && part.dataset.check !== check.value));
        part.hidden = Boolean(apart || (query && !text(part).includes(query)));
        if (!part.hidden) shown[finding ? "findings" : "rest"] += 1;
      }
      document.documentElement.classList.toggle("searching", query !== "");
      const said = `${shown.findings.toLocaleString("en")} ${shown.findings === 1 ? "finding" : "findings"}`;
      byId("audit-status").textContent = query ? `${said}; ${shown.rest.toLocaleString("en")} rows and pairs below` : said;
    };
    for (const control of [severity, check]) control.addEventListener("change", filter);
    words.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 150); });
    byId("audit-filters").addEventListener("submit", (event) => event.preventDefault());
    byId("audit-filters").hidden = false;
    filter();
  }
})();
