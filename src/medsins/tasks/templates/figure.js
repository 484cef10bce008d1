"use strict";
const main = document.querySelector("main");
const told = document.getElementById("told");
const shapes = [...main.querySelectorAll("[data-parts]")].map((node) => {
  const title = node.querySelector("title");
  const text = title ? title.textContent : node.title;
  if (title) {
    title.remove();
    node.setAttribute("tabindex", "0");
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", text);
  }
  return { node, text, parts: JSON.parse(node.dataset.parts) };
});
let held = null;

function show(shape) {
  told.textContent = shape ? shape.text : "";
  main.classList.toggle("focus", Boolean(shape));
  for (const other of shapes) {
    const joined = shape && shape.parts.every((part) => other.parts.includes(part));
    const around = shape && other.parts.every((part) => shape.parts.includes(part));
    other.node.classList.toggle("on", Boolean(joined || around));
  }
}

for (const shape of shapes) {
  shape.node.addEventListener("pointerenter", () => held || show(shape));
  shape.node.addEventListener("focus", () => held || show(shape));
  shape.node.addEventListener("pointerleave", () => held || show(null));
  shape.node.addEventListener("click", (event) => {
    event.stopPropagation();
    held = held === shape ? null : shape;
    show(shape);
  });
}
document.addEventListener("click", () => { held = null; show(null); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") { held = null; show(null); } });
