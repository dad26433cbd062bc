// A table that is wider than its place moves sideways: by keyboard too, and said to be so.
// The arrows turn the page elsewhere (Sphinx does that); in a table or a formula they only move it.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const tell = box => {
    const wide = box.scrollWidth > box.clientWidth + 1;
    if (wide === box.hasAttribute("tabindex")) return;
    for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", "table, wider than the page"]]) {
      if (wide) box.setAttribute(name, value); else box.removeAttribute(name);
    }
  };
  const seen = new ResizeObserver(boxes => boxes.forEach(one => tell(one.target)));
  for (const box of document.querySelectorAll(".table-wrapper")) seen.observe(box);
  for (const box of document.querySelectorAll(".table-wrapper, .formula, pre")) {
    box.addEventListener("keydown", event => { if (event.key.startsWith("Arrow")) event.stopPropagation(); });
  }
});
