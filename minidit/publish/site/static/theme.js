// A page in a frame asks the system for its theme. Where the reader chose the other one, the question is answered here.
"use strict";
addEventListener("DOMContentLoaded", () => {
  const asked = "(prefers-color-scheme: dark)", system = matchMedia(asked);
  const frames = [...document.querySelectorAll("article iframe[srcdoc]")].map(frame => [frame, frame.srcdoc]);
  const tell = () => {
    const theme = document.body.dataset.theme, own = system.matches ? "dark" : "light";
    for (const [frame, page] of frames) {
      const answer = theme === "dark" ? "all" : "not all";
      const wanted = theme === "auto" || theme === own ? page : page.replaceAll(asked, answer);
      if (frame.srcdoc !== wanted) frame.srcdoc = wanted;
    }
  };
  new MutationObserver(tell).observe(document.body, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", tell);
  tell();
});
