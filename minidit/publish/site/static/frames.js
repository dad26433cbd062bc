// Sliders and buttons of the chapters' figures: each shows one child of the stacks that it moves.
"use strict";
addEventListener("DOMContentLoaded", () => {
  for (const figure of document.querySelectorAll("figure.frames")) {
    const stack = id => figure.querySelector(`[data-widget="${id}"]`);
    const show = (mover, index) => {
      for (const id of mover.dataset.moves.split(" ").filter(Boolean)) {
        [...stack(id).children].forEach((child, number) => { child.hidden = number !== index; });
      }
      tell();
    };
    // what a slider stands at is said in words, which its stack of labels holds
    const tell = () => {
      for (const slider of figure.querySelectorAll("input")) {
        const said = slider.dataset.moves.split(" ").map(id => stack(id)?.querySelector(":scope > :not([hidden]) > span"));
        const words = said.find(Boolean)?.textContent;
        if (words) slider.setAttribute("aria-valuetext", words);
      }
    };
    for (const slider of figure.querySelectorAll("input")) {
      slider.addEventListener("input", () => show(slider, Number(slider.value)));
      show(slider, Number(slider.value)); // a browser that comes back remembers where the slider stood
    }
    for (const button of figure.querySelectorAll(".choices button")) {
      button.addEventListener("click", () => {
        for (const one of button.parentElement.children) one.setAttribute("aria-pressed", String(one === button));
        show(button.parentElement, Number(button.value));
      });
    }
    figure.classList.add("alive");
  }
});
