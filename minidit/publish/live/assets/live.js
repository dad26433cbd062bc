// What the live widgets share: controls, small pictures, and a clock that computes a little in each frame.
"use strict";
{
  const BUDGET = 12; // milliseconds of computing in a frame, so that the page stays awake
  const THUMBS = 10; // steps of a path that are shown, at most
  let only;

  // make("button", { className: "x" }, child, "text"): an element with its properties and what stands in it.
  function make(name, properties = {}, ...children) {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  }
  const rounded = value => value.toFixed(2);
  const label = (element, words) => Object.entries(words).forEach(([key, value]) => element.setAttribute(`aria-${key}`, value));

  // One pixel of the canvas for each number: -1 is white, 1 is black.
  function paint(canvas, x) {
    const side = Math.sqrt(x.length), image = new ImageData(side, side);
    x.forEach((value, k) => image.data.set([...Array(3).fill(127.5 * (1 - Math.max(-1, Math.min(1, value)))), 255], 4 * k));
    Object.assign(canvas, { width: side, height: side }).getContext("2d").putImageData(image, 0, 0);
  }
  const blank = () => make("canvas", { width: 8, height: 8, ariaHidden: "true" }); // the button around it has the words

  // A row of choices, of which one holds; change(value) when another is chosen.
  function choices(legend, options, value, change) {
    const name = `minidit-${Math.random().toString(36).slice(2)}`;
    const one = ([key, words]) => make("label", {}, make("input", {
      type: "radio", name, value: key, checked: key === value, onchange: () => change(key) }), make("span", {}, words));
    return make("fieldset", { className: "choices" }, make("legend", {}, legend), ...options.map(one));
  }
  const digits = () => Array.from({ length: minidit.config.num_classes }, (_, k) => [k, String(k)]);

  function slider(words, [min, max, step], value, change, write = String) {
    const said = make("span", { className: "value" }, write(value));
    const input = make("input", { type: "range", min, max, step, value, ariaLabel: words });
    const tell = () => { said.textContent = write(Number(input.value)); label(input, { valuetext: said.textContent }); };
    input.oninput = () => { tell(); change(Number(input.value)); };
    tell();
    return make("label", { className: "slider" }, make("span", {}, words), input, said);
  }

  const LAST_SEED = 9999;
  const newSeed = () => Math.floor(Math.random() * (LAST_SEED + 1));
  function seeds(value, change) {
    const input = make("input", { type: "number", min: 0, max: LAST_SEED, step: 1, value, ariaLabel: "seed of the noise" });
    const read = () => Math.max(0, Math.min(LAST_SEED, Math.round(Number(input.value)) || 0));
    input.oninput = () => change(read());
    input.onblur = () => { input.value = read(); };
    const again = make("button", { type: "button", onclick: () => { input.value = newSeed(); change(read()); } }, "New seed");
    return make("div", { className: "seed" }, make("label", {}, "seed", input), again);
  }

  // Advances all generators in turn. After each frame draw(states, done, milliseconds) sees the states of each so far.
  // A reader who wants less motion sees the end only. Returns a function that stops it.
  function together(runs, draw) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches, states = runs.map(() => []);
    const queue = runs.map((run, k) => [run, k]);
    let stopped = false, spent = 0;
    function frame() {
      if (stopped) return;
      const from = performance.now();
      while (queue.length && performance.now() - from < BUDGET) {
        const [run, k] = queue.shift(), { value, done } = run.next();
        if (done) continue;
        states[k].push(value);
        queue.push([run, k]);
      }
      spent += performance.now() - from;
      if (!queue.length || !calm) draw(states, !queue.length, spent);
      if (queue.length) requestAnimationFrame(frame);
    }
    requestAnimationFrame(frame);
    return () => { stopped = true; };
  }

  // A path as small pictures, noise first; choose(index) when one is pressed. show(states, chosen) draws it; what is not
  // there yet keeps its old picture, and cannot be pressed.
  function strip(steps, choose) {
    const shown = Array.from({ length: Math.min(steps, THUMBS) + 1 }, (_, k) => Math.round(k * steps / Math.min(steps, THUMBS)));
    const buttons = shown.map(index => make("button", { type: "button", disabled: true, onclick: () => choose(index) },
      blank(), `t ${rounded(index / steps)}`));
    const element = make("div", { className: "strip", role: "group", ariaLabel: "the path from noise to a digit" }, ...buttons);
    const show = (states, chosen) => shown.forEach((index, k) => {
      const state = states[index], button = buttons[k];
      button.disabled = !state;
      label(button, { pressed: index === chosen });
      if (state) paint(button.firstChild, state.x);
    });
    return { element, show, steps };
  }

  // Several pictures as buttons; choose(k) when one is pressed. show(images, names, chosen) draws them.
  function shelf(length, choose) {
    const buttons = Array.from({ length }, (_, k) => make("button", { type: "button", onclick: () => choose(k) }, blank(), make("span")));
    const words = { role: "group", ariaLabel: "generated digits: choose one to see its path" };
    const element = make("div", { className: "shelf", ...words }, ...buttons);
    const show = (images, names, chosen) => buttons.forEach((button, k) => {
      if (images[k]) paint(button.firstChild, images[k]);
      button.lastChild.textContent = names[k];
      label(button, { pressed: k === chosen });
    });
    return { element, show };
  }

  const network = () => only ??= new minidit.DiT(minidit);

  // The guided paths that a widget asks for: one generator for each {label, seed}; count.evaluations grows.
  function paths(asked, { steps, guidance, changes = {}, count = {} }) {
    const model = network(), { in_channels: channels, input_size: side } = model.config;
    const v = (x, t, told) => { count.evaluations = (count.evaluations ?? 0) + 1; return model.velocity(x, t, told, changes); };
    const guided = minidit.guide(v, guidance, model.none);
    return asked.map(({ label: told, seed }) => minidit.euler(guided, minidit.noise(seed, channels * side * side), steps, told));
  }

  // Builds every widget of this name; start() is called when it is first seen.
  function widget(name, build) {
    for (const root of document.querySelectorAll(`.minidit-live[data-widget="${name}"]`)) {
      const start = build(part => root.querySelector(`.${part}`));
      root.querySelector(".stage").hidden = false;
      const seen = new IntersectionObserver(entries => {
        if (entries.some(entry => entry.isIntersecting)) { seen.disconnect(); start(); }
      }, { rootMargin: "200px" });
      seen.observe(root.querySelector(".stage"));
    }
  }

  const called = told => told === minidit.config.num_classes ? "a digit of no named class" : `${told === 8 ? "an" : "a"} ${told}`;
  const seconds = milliseconds => `${rounded(milliseconds / 1000)} s`;
  window.minidit.live = { make, label, paint, choices, digits, slider, seeds, newSeed, together, strip, shelf, paths, network, widget,
    called, rounded, seconds };
}
