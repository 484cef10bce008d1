"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const KEYS = { a: "accept", r: "reject", w: "correct", d: "drop", ArrowRight: "skip", s: "skip", ArrowLeft: "back" };
  const SAID = { accept: "answer is correct", reject: "answer is wrong", correct: "reference is wrong", drop: "question dropped" };
  const BETWEEN = "\n---\n";
  let cases = [];
  let at = 0;
  let busy = false;

  start();

  async function start() {
    const found = await (await fetch("cases.json")).json();
    cases = found.cases;
    byId("run").textContent = `${found.run}: answers to judge`;
    for (const button of document.querySelectorAll("[data-act]")) button.addEventListener("click", () => act(button.dataset.act));
    document.addEventListener("keydown", onKey);
    byId("correction").addEventListener("submit", (event) => { event.preventDefault(); saveCorrection(); });
    byId("cancel").addEventListener("click", closeCorrection);
    byId("finish").addEventListener("click", finish);
    at = Math.max(0, cases.findIndex((entry) => !entry.decision));
    show();
  }

  function onKey(event) {
    if (event.key === "Escape" && !byId("correction").hidden) { closeCorrection(); return; }
    if (event.key === "Enter" && event.ctrlKey && !byId("correction").hidden) { event.preventDefault(); saveCorrection(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA)$/.test(event.target.tagName)) return;
    const name = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (name) { event.preventDefault(); act(name); }
  }

  function act(name) {
    if (!cases.length || busy) return;
    if (name === "skip" || name === "back") move(name === "skip" ? 1 : -1);
    else if (name === "correct") openCorrection();
    else decide(name, []);
  }

  function move(step) {
    at = Math.min(Math.max(at + step, 0), cases.length - 1);
    say("");
    show();
  }

  function show() {
    const judged = cases.filter((entry) => entry.decision).length;
    byId("progress").max = Math.max(1, cases.length);
    byId("progress").value = judged;
    byId("count").textContent = `${judged} of ${cases.length} judged`;
    byId("case").hidden = !cases.length;
    if (!cases.length) { say("No answer of this run needs a reader."); return; }
    const entry = cases[at];
    byId("why").textContent = entry.why[0].toUpperCase() + entry.why.slice(1);
    byId("where").textContent = `${at + 1} of ${cases.length} · ${entry.category} · ${entry.task} · ${entry.instance}`;
    byId("question").textContent = entry.question;
    byId("question").scrollTop = byId("question").scrollHeight;
    byId("answer").textContent = entry.answer;
    byId("read").textContent = entry.read || "nothing";
    byId("references").replaceChildren(...entry.references.map((text) => {
      const node = document.createElement("div");
      node.className = "text";
      node.dir = "auto";
      node.textContent = text;
      return node;
    }));
    byId("reason").value = entry.decision ? entry.decision.reason : "";
    closeCorrection();
    const decision = entry.decision;
    byId("decided").hidden = !decision;
    if (decision) {
      const instead = decision.outputs.length ? ` → ${decision.outputs.join(" | ")}` : "";
      byId("decided").textContent = `Judged: ${SAID[decision.verdict]}${instead} (${decision.reviewer}, ${decision.date}). Judge again to change it.`;
    }
    for (const button of document.querySelectorAll("[data-act]")) {
      button.setAttribute("aria-pressed", String(Boolean(decision) && decision.verdict === button.dataset.act));
    }
  }

  function openCorrection() {
    byId("correction").hidden = false;
    byId("outputs").value = (cases[at].decision && cases[at].decision.outputs.length ? cases[at].decision.outputs : cases[at].references).join(BETWEEN);
    byId("outputs").focus();
  }

  function closeCorrection() {
    byId("correction").hidden = true;
    if (/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) document.activeElement.blur();
  }

  function saveCorrection() {
    const outputs = byId("outputs").value.split(/^---$/m).map((text) => text.trim()).filter(Boolean);
    if (!outputs.length) { say("Give the correct reference, or drop the question.", true); return; }
    decide("correct", outputs);
  }

  async function decide(verdict, outputs) {
    const entry = cases[at];
    busy = true;
    try {
      const body = JSON.stringify({ task: entry.task, instance: entry.instance, verdict, outputs, reason: byId("reason").value });
      const reply = await fetch("decide", { method: "POST", headers: { "Content-Type": "application/json" }, body });
      const saved = await reply.json();
      if (!reply.ok) { say(saved.error, true); return; }
      entry.decision = saved.decision;
      const next = cases.findIndex((other, place) => place > at && !other.decision);
      if (next >= 0) at = next;
      show();
      const left = cases.filter((other) => !other.decision).length;
      const kept = saved.expressed ? "" : " No reference can say so: the audit counts it as right, the errata leave it out.";
      say(`Saved: ${SAID[verdict]}.${kept}${left ? "" : " All are judged."}`);
    } catch {
      say("Not saved: the program has ended. Start it again; what was saved before is kept.", true);
    } finally {
      busy = false;
    }
  }

  async function finish() {
    try {
      await fetch("finish", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
      say("Finished. This page can be closed.");
      byId("case").hidden = true;
      byId("finish").hidden = true;
    } catch {
      say("The program has ended already.", true);
    }
  }

  function say(text, wrong = false) {
    byId("status").textContent = text;
    byId("status").classList.toggle("error", wrong);
  }
})();
