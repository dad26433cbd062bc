// The box above a long list: it shows the entries that hold the most of the words that were typed, and says how many.
"use strict";
addEventListener("DOMContentLoaded", () => {
  for (const box of document.querySelectorAll(".finder")) {
    const input = box.querySelector("input"), told = box.querySelector("output"), what = box.dataset.what;
    const entries = [...document.querySelectorAll(box.dataset.finds)];
    const texts = entries.map(entry => entry.textContent.toLowerCase());
    const sections = [...document.querySelectorAll("article section section")];
    const find = () => {
      // a message that was pasted holds numbers and names of the reader's own, so not every word need be there
      const words = [...new Set(input.value.toLowerCase().split(/[^\p{L}\p{N}_.]+/u).map(word => word.replace(/^\.+|\.+$/g, "")))]
        .filter(word => word.length > 1);
      const counts = texts.map(text => words.filter(word => text.includes(word)).length);
      const most = Math.max(...counts), none = words.length > 0 && most === 0;
      entries.forEach((entry, number) => { entry.hidden = none || counts[number] < most; });
      for (const section of sections) section.hidden = !section.querySelector("li:not([hidden])");
      const shown = entries.filter(entry => !entry.hidden).length;
      const which = most < words.length ? `with ${most} of your ${words.length} words` : words.length > 1 ? "with all your words" : "with your word";
      told.textContent = none ? `None of ${entries.length} ${what} has any of your words.`
        : words.length ? `${shown} of ${entries.length} ${what} ${which}.` : `All ${entries.length} ${what}.`;
    };
    let waiting;
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(find, 120); // so that a screen reader hears one count, not one for each letter
    });
    box.hidden = false;
    find(); // a browser that comes back remembers what was typed
  }
});
