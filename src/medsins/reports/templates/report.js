"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const PAGE = 25;
  const SIGNS = { right: "● right", partial: "◐ partial", wrong: "○ wrong" };
  const CACHED = 24;

  setUpTheme();
  setUpSwitches();
  setUpCopying();
  if (byId("data-index")) setUpSamples().catch(() => sayUnreadable());

  function setUpTheme() {
    const button = byId("theme");
    if (!button) return;
    const root = document.documentElement;
    const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
    const label = () => { button.textContent = dark() ? "Light" : "Dark"; };
    button.setAttribute("aria-label", "Switch between light and dark");
    button.addEventListener("click", () => {
      root.dataset.theme = dark() ? "light" : "dark";
      try { localStorage.setItem("medsins-theme", root.dataset.theme); } catch { /* not kept, still switched */ }
      label();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", label);
    label();
    button.hidden = false;
  }

  function setUpSwitches() {
    for (const group of document.querySelectorAll("[data-switch]")) {
      const show = () => {
        const chosen = group.querySelector("input:checked").value;
        for (const plot of group.closest("section").querySelectorAll("[data-profile]")) {
          plot.hidden = plot.dataset.profile !== chosen;
        }
      };
      group.addEventListener("change", show);
      group.hidden = false;
      show();
    }
  }

  function setUpCopying() {
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
        const source = byId(button.dataset.copy);
        const said = button.textContent;
        try {
          await navigator.clipboard.writeText(source.textContent);
          button.textContent = "Copied";
        } catch {
          getSelection().selectAllChildren(source);
          button.textContent = "Selected: press Ctrl C";
        }
        setTimeout(() => { button.textContent = said; }, 2000);
      });
    }
  }

  function sayUnreadable() {
    byId("filters").hidden = true;
    byId("sample-status").textContent =
      "This browser cannot unpack the samples (it needs DecompressionStream: Chrome 80, Firefox 113, Safari 16.4 or later). " +
      "The same texts are in predictions.csv, the scores in samples.jsonl.";
  }

  async function unpack(node) {
    const bytes = Uint8Array.from(atob(node.textContent), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return JSON.parse(await new Response(stream).text());
  }

  function blocks(selector) {
    const nodes = document.querySelectorAll(selector);
    const kept = new Map();
    return (number) => {
      const known = kept.get(number) || unpack(nodes[number]);
      kept.delete(number);
      kept.set(number, known);
      if (kept.size > CACHED) kept.delete(kept.keys().next().value);
      return known;
    };
  }

  async function setUpSamples() {
    const index = await unpack(byId("data-index"));
    const texts = blocks("[data-texts]");
    const prompts = blocks("[data-prompts]");
    const list = byId("sample-list");
    const status = byId("sample-status");
    const controls = { task: byId("filter-task"), outcome: byId("filter-outcome"), profile: byId("filter-profile"), text: byId("filter-text") };
    let found = [];
    let page = 0;
    let turn = 0;

    fillFilters();
    for (const name of ["task", "outcome", "profile"]) controls[name].addEventListener("change", filter);
    let waiting = 0;
    controls.text.addEventListener("input", () => {
      list.setAttribute("aria-busy", "true");
      clearTimeout(waiting);
      waiting = setTimeout(filter, 200);
    });
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("page-back").addEventListener("click", () => turnPage(-1));
    byId("page-on").addEventListener("click", () => turnPage(1));
    list.addEventListener("keydown", moveByKey);
    byId("filters").hidden = false;
    byId("sample-hint").hidden = false;
    await filter();

    function fillFilters() {
      const option = (parent, value, text) => { const node = make("option", "", text); node.value = value; parent.append(node); };
      option(controls.task, "", "all tasks");
      const groups = new Map();
      index.tasks.forEach((task, number) => {
        const name = index.categories[number] || "no category";
        if (!groups.has(name)) {
          const group = make("optgroup");
          group.label = name;
          groups.set(name, group);
          controls.task.append(group);
        }
        option(groups.get(name), String(number), task);
      });
      option(controls.outcome, "", "all outcomes");
      index.outcomes.forEach((name, number) => {
        if (index.profiles.some((profile) => index.outcome[profile].includes(number))) option(controls.outcome, String(number), name);
      });
      if (index.profiles.length > 1) option(controls.outcome, "differs", "profiles differ");
      for (const profile of index.profiles) option(controls.profile, profile, profile);
    }

    function outcomeOf(row, profile) {
      return profile ? index.outcomes[index.outcome[profile][row]] : "";
    }

    function chosenRows() {
      const task = controls.task.value;
      const wanted = controls.outcome.value;
      const outcomes = index.outcome[controls.profile.value];
      const rows = [];
      for (let row = 0; row < index.task.length; row += 1) {
        if (task && index.task[row] !== Number(task)) continue;
        if (wanted === "differs") {
          if (new Set(index.profiles.map((profile) => index.outcome[profile][row])).size < 2) continue;
        } else if (wanted && outcomes[row] !== Number(wanted)) continue;
        rows.push(row);
      }
      return rows;
    }

    async function filter() {
      const mine = turn += 1;
      list.setAttribute("aria-busy", "true");
      const query = controls.text.value.trim().toLowerCase();
      const rows = chosenRows();
      page = 0;
      found = query ? [] : rows;
      if (query) {
        let said = performance.now();
        for (let at = 0; at < rows.length; at += 1) {
          const sample = (await texts(Math.floor(rows[at] / index.block)))[rows[at] % index.block];
          if (mine !== turn) return;
          if (searched(sample).includes(query)) found.push(rows[at]);
          if (performance.now() - said > 300) {
            status.textContent = `Searching: ${Math.round(100 * at / rows.length)} %, ${found.length.toLocaleString("en")} found`;
            said = performance.now();
          }
        }
      }
      await showPage(mine);
    }

    function searched(sample) {
      const read = Object.values(sample.judged).map((judged) => judged[2]);
      return [sample.id, sample.input, ...sample.references, sample.answer, ...read].join("\n").toLowerCase();
    }

    async function showPage(mine) {
      const rows = found.slice(page * PAGE, (page + 1) * PAGE);
      const samples = [];
      for (const row of rows) samples.push((await texts(Math.floor(row / index.block)))[row % index.block]);
      if (mine !== turn) return;
      list.replaceChildren(...rows.map((row, at) => entry(row, samples[at])));
      list.setAttribute("aria-busy", "false");
      const pages = Math.ceil(found.length / PAGE);
      status.textContent = `${found.length.toLocaleString("en")} of ${index.task.length.toLocaleString("en")} samples`;
      byId("sample-pages").hidden = pages < 2;
      byId("page-text").textContent = `${page + 1} of ${pages}`;
      byId("page-back").disabled = page === 0;
      byId("page-on").disabled = page + 1 >= pages;
    }

    async function turnPage(step) {
      page += step;
      await showPage(turn += 1);
      (list.querySelector("button") || list).focus({ preventScroll: true });
      byId("samples").scrollIntoView({ behavior: "instant" });
    }

    function reason(sample, outcome) {
      const judged = sample.judged[controls.profile.value];
      return `– ${(judged && judged[1]) || outcome}`;
    }

    function oneLine(text) {
      return text.slice(0, 300).replace(/\s+/g, " ").trim();
    }

    function entry(row, sample) {
      const item = make("li");
      const button = make("button");
      const outcome = outcomeOf(row, controls.profile.value);
      button.type = "button";
      button.setAttribute("aria-expanded", "false");
      button.append(
        make("span", "where", `${index.row[row]} · ${index.tasks[index.task[row]]}`),
        make("span", `outcome ${outcome}`, SIGNS[outcome] || reason(sample, outcome)),
        make("span", "line asked", oneLine(sample.input)),
        make("span", "line", oneLine(sample.answer || sample.error || "(no answer)")),
      );
      button.addEventListener("click", () => toggle(item, button, row, sample));
      item.append(button);
      return item;
    }

    async function toggle(item, button, row, sample) {
      const open = button.getAttribute("aria-expanded") === "true";
      button.setAttribute("aria-expanded", String(!open));
      if (open) {
        item.lastChild.remove();
        return;
      }
      const place = make("div", "sample");
      item.append(place);
      const prompt = (await prompts(Math.floor(row / index.block)))[row % index.block];
      const language = index.languages[index.task[row]];
      place.append(
        part("Prompt, as sent", [prompt || sample.input], language),
        answers(sample, language),
        scores(sample),
        make("p", "wide status", footnote(row, sample)),
      );
      // The question stands at the end of a prompt, after the shots.
      const sent = place.querySelector(".text");
      sent.scrollTop = sent.scrollHeight;
    }

    function part(title, bodies, language) {
      const node = make("div");
      node.append(make("h3", "", title));
      for (const body of bodies) {
        const text = make("div", "text");
        text.dir = "auto";
        text.tabIndex = 0;
        text.setAttribute("role", "region");
        text.setAttribute("aria-label", title);
        if (language) text.lang = language;
        text.append(...marked(body));
        node.append(text);
      }
      return node;
    }

    function marked(body) {
      const query = controls.text.value.trim().toLowerCase();
      const lower = body.toLowerCase();
      if (!query || lower.length !== body.length) return body ? [body] : [];
      const pieces = [];
      let from = 0;
      for (let at = lower.indexOf(query); at >= 0; at = lower.indexOf(query, from)) {
        pieces.push(body.slice(from, at), make("mark", "", body.slice(at, at + query.length)));
        from = at + query.length;
      }
      return [...pieces, body.slice(from)].filter((piece) => piece !== "");
    }

    function answers(sample, language) {
      const node = make("div");
      const several = sample.references.length > 1;
      node.append(part(several ? "References, any of them" : "Reference", sample.references, language));
      node.append(part("Answer", [sample.answer], language));
      if (sample.error) node.append(part("Error", [sample.error]));
      return node;
    }

    function scores(sample) {
      const node = make("div", "wide judged");
      const table = make("table");
      const head = make("tr");
      for (const name of ["Profile", "Score, %", "Unscored", "Read from the answer"]) {
        const cell = make("th", "", name);
        cell.scope = "col";
        head.append(cell);
      }
      table.append(make("thead"), make("tbody"));
      table.tHead.append(head);
      for (const profile of index.profiles) {
        const [metrics, unscored, extracted] = sample.judged[profile] || [{}, "not scored yet", ""];
        const line = make("tr");
        const first = make("th", "", profile);
        first.scope = "row";
        const values = Object.entries(metrics).map(([name, value]) => `${name.replaceAll("_", " ")} ${(100 * value).toFixed(1)}`);
        line.append(first, make("td", "", values.join(", ") || "–"), make("td", "", unscored || "–"), make("td", "extracted", extracted || "–"));
        table.tBodies[0].append(line);
      }
      node.append(table);
      return node;
    }

    function footnote(row, sample) {
      const parts = [`row ${index.row[row]}`, `instance ${sample.id}`, `status ${sample.status}`,
        `${sample.tokens[0].toLocaleString("en")} + ${sample.tokens[1].toLocaleString("en")} tokens`, `${sample.seconds} s`];
      if (sample.dropped) parts.push(`${sample.dropped} shots dropped`);
      if (sample.cut) parts.push(`${sample.cut.toLocaleString("en")} characters cut`);
      return parts.join(" · ");
    }

    function moveByKey(event) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      const buttons = [...list.querySelectorAll(":scope > li > button")];
      const at = buttons.indexOf(document.activeElement);
      if (!step || at < 0) return;
      event.preventDefault();
      buttons[Math.min(Math.max(at + step, 0), buttons.length - 1)].focus();
    }
  }
})();
