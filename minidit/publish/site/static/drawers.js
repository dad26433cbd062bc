// The theme opens its drawers by labels of hidden boxes, which only a pointer reaches. Here they become buttons.
// What is behind a closed drawer, or under an open one, the keyboard does not reach.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const header = ".mobile-header, .skip-to-content";
  const drawers = [ // the widths are the theme's
    ["__navigation", "All pages", "(max-width: 63em)", ".sidebar-drawer", `${header}, .main`],
    ["__toc", "On this page", "(max-width: 82em)", ".toc-drawer", `${header}, .content, .sidebar-drawer`],
  ].map(([id, name, width, place, behind]) => ({
    box: document.getElementById(id), name, narrow: matchMedia(width), inside: document.querySelector(place),
    behind: [...document.querySelectorAll(behind)], buttons: [...document.querySelectorAll(`label[for="${id}"]:not(.overlay)`)],
  })).filter(drawer => drawer.box && drawer.inside);
  const open = drawer => drawer.box.checked && drawer.narrow.matches;
  const settle = () => {
    const out = new Set(drawers.filter(one => one.narrow.matches && !one.box.checked).map(one => one.inside));
    drawers.filter(open).forEach(one => one.behind.forEach(part => out.add(part)));
    for (const part of drawers.flatMap(one => [one.inside, ...one.behind])) part.inert = out.has(part);
    for (const one of drawers) one.buttons.forEach(button => button.setAttribute("aria-expanded", String(one.box.checked)));
  };
  for (const drawer of drawers) {
    const { box, name, inside, buttons, narrow } = drawer;
    const turn = to => {
      box.checked = to;
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
    box.addEventListener("change", () => {
      settle();
      const next = box.checked ? inside.querySelectorAll("a[href]") : buttons;
      [...next].find(one => one.checkVisibility())?.focus({ preventScroll: true });
    });
    inside.addEventListener("click", event => {
      const link = event.target.closest("a[href]");
      if (link?.hash && link.pathname === location.pathname && open(drawer)) turn(false); // the place is in this page
    });
    addEventListener("keydown", event => {
      if (event.key === "Escape" && box.checked) turn(false);
    });
    narrow.addEventListener("change", settle);
  }
  addEventListener("pageshow", settle); // a browser that comes back remembers which were open
  settle();
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
