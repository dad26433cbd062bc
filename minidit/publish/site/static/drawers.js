// The theme opens its drawers by labels of hidden boxes, which only a pointer reaches. Here they become buttons.
"use strict";
addEventListener("DOMContentLoaded", () => {
  for (const [id, name] of [["__navigation", "All pages"], ["__toc", "On this page"]]) {
    const box = document.getElementById(id);
    const buttons = [...document.querySelectorAll(`label[for="${id}"]:not(.overlay)`)];
    if (!box) continue;
    const tell = () => buttons.forEach(button => button.setAttribute("aria-expanded", String(box.checked)));
    const turn = open => {
      box.checked = open;
      box.dispatchEvent(new Event("change"));
    };
    for (const button of buttons) {
      button.tabIndex = 0;
      button.setAttribute("role", "button");
      button.setAttribute("aria-label", name);
      button.addEventListener("keydown", event => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault(); // a space would move the page
        turn(!box.checked);
      });
    }
    box.addEventListener("change", tell);
    addEventListener("keydown", event => {
      if (event.key !== "Escape" || !box.checked) return;
      turn(false);
      buttons.find(button => button.checkVisibility())?.focus();
    });
    tell();
  }
  // the same for the arrows that unfold the pages below a page
  for (const box of document.querySelectorAll(".toctree-checkbox")) {
    const arrow = document.querySelector(`label[for="${box.id}"]`);
    const tell = () => arrow.setAttribute("aria-expanded", String(box.checked));
    const link = box.parentElement.querySelector("a");
    for (const [name, value] of [["tabindex", "0"], ["role", "button"], ["aria-label", `Pages below ${link.textContent}`]]) {
      arrow.setAttribute(name, value);
    }
    box.removeAttribute("aria-label"); // the box is never seen
    box.addEventListener("change", tell);
    arrow.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      box.click();
    });
    tell();
  }
});
