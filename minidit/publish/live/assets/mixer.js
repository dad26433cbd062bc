// Modulation mixer: a block is told time and class by shift, scale and gate. Turn them up, down, or off.
"use strict";
minidit.live.widget("mixer", find => {
  const { make, label, paint, choices, digits, slider, seeds, together, strip, paths, network, called, rounded } = minidit.live;
  const STEPS = 20, GUIDANCE = 2, ALL = "all", BOTH = "both", { dim, depth, input_size: side, patch_size: patch } = minidit.config;
  const row = side / patch, SCALES = ["shift", "scale", "gate"], TRAINED = { shift: 1, scale: 1, gate: 1 };
  const chosen = { block: 1, branch: BOTH, ...TRAINED, told: 3, seed: 7, at: 10, token: 6 };
  const ROWS = [
    ["normed", "norm(x): the token, normalised"],
    ["modulated", "norm(x) · (1 + scale) + shift: what the branch f reads"],
    ["added", "gate · f: what the branch adds to the token"],
  ];
  const WIDE = 640, HIGH = 64; // of a row of bars
  const path = strip(STEPS, index => { chosen.at = index; show(); });
  let stop = () => {}, states = [[], []], trained = {};

  const times = (x, factor) => x.map(value => factor * value);
  // The shift, scale and gate of a branch, as the sliders have them.
  function mix(number, branch, told) {
    const here = [ALL, number].includes(chosen.block) && [BOTH, branch].includes(chosen.branch);
    return here ? Object.fromEntries(SCALES.map(name => [name, times(told[name], chosen[name])])) : told;
  }

  function run() {
    stop();
    states = [[], []];
    const asked = [{ label: chosen.told, seed: chosen.seed }], settings = { steps: STEPS, guidance: GUIDANCE };
    const key = JSON.stringify(asked), [mixed] = paths(asked, { ...settings, changes: { mix } });
    const [plain] = key === trained.key ? [trained.path.values()] : paths(asked, settings); // what is known is not computed again
    stop = together([plain, mixed], (found, done) => {
      states = found;
      show();
      if (!done) return;
      trained = { key, path: found[0] };
      find("told").textContent = told();
    });
  }

  // The rows of one token in the chosen block, at a state of the trained path: without the mix, or with it.
  const shownBlock = () => chosen.block === ALL ? 1 : chosen.block;
  const shownBranch = () => chosen.branch === BOTH ? "attention" : chosen.branch;
  function inside({ t, x }, changes) {
    const seen = {}, from = (chosen.token - 1) * dim;
    const watch = (number, branch, values) => {
      if (number !== shownBlock() || branch !== shownBranch()) return;
      for (const [name] of ROWS) seen[name] = values[name].slice(from, from + dim);
    };
    network().velocity(x, t, chosen.told, { ...changes, watch });
    return seen;
  }

  const size = x => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length);
  function bars(was, now) {
    const most = Math.max(...was.map(Math.abs), ...now.map(Math.abs)), wide = WIDE / dim;
    const bar = (value, k) => `M${(k + 0.5) * wide} ${HIGH / 2}v${(-value / most * HIGH / 2 || 0).toFixed(1)}`; // 0 / 0: no bar
    const line = (name, x) => `<path class="${name}" d="${[...x].map(bar).join("")}"/>`;
    return `<svg viewBox="0 0 ${WIDE} ${HIGH}" preserveAspectRatio="none" aria-hidden="true">${line("was", was)}${line("now", now)}</svg>`;
  }

  function show() {
    states.forEach((mine, k) => {
      const picture = find(["trained", "mixed"][k]);
      if (!mine.length) return;
      paint(picture, mine.at(-1).x);
      label(picture, { label: `${called(chosen.told)}, ${["as trained", "with your mix"][k]}` });
    });
    path.show(states[1], chosen.at);
    const state = states[0][Math.min(chosen.at, STEPS - 1)];
    if (!state) return;
    const was = inside(state, {}), now = inside(state, { mix });
    find("bars").innerHTML = ROWS.map(([name, words]) => {
      const sizes = `rms ${rounded(size(now[name]))}, as trained ${rounded(size(was[name]))}`;
      return `<p>${words} <span>${sizes}</span></p>${bars(was[name], now[name])}`;
    }).join("");
    find("caption").textContent = `The ${dim} features of patch ${chosen.token} in block ${shownBlock()}, ${shownBranch()}, `
      + `at t = ${rounded(state.t)}. Wide and pale: as trained. Narrow: as mixed. Each row has its own scale.`;
    for (const mark of [find("mark-trained"), find("mark-mixed")]) {
      const [x, y] = [(chosen.token - 1) % row, Math.floor((chosen.token - 1) / row)];
      Object.assign(mark.style, { left: `${100 * x / row}%`, top: `${100 * y / row}%`, width: `${100 / row}%`, height: `${100 / row}%` });
    }
  }

  function told() {
    const [trained, mixed] = states.map(mine => mine.at(-1).x), moved = size(mixed.map((value, k) => value - trained[k]));
    if (!moved) return "All sliders stand at 1: both pictures are the same.";
    const real = `two real ${chosen.told}s differ by ${rounded(minidit.real[chosen.told])}`;
    return `The mix moved the picture by ${rounded(moved)} (root mean square over pixels; ${real}).`;
  }

  const set = name => value => { chosen[name] = value; run(); };
  const factor = name => slider(`${name} ×`, [-2, 6, 0.25], chosen[name], set(name), rounded);
  const mixer = make("div", { className: "factors" });
  const fill = () => mixer.replaceChildren(...SCALES.map(factor));
  fill();
  find("path").append(path.element);
  find("controls").append(
    choices("block", [...Array.from({ length: depth }, (_, k) => [k + 1, String(k + 1)]), [ALL, "all four"]], chosen.block, set("block")),
    choices("branch", [["attention", "attention"], ["mlp", "MLP"], [BOTH, "both"]], chosen.branch, set("branch")),
    mixer,
    make("button", { type: "button", onclick: () => { Object.assign(chosen, TRAINED); fill(); run(); } }, "As trained"),
    choices("class", digits(), chosen.told, set("told")),
    seeds(chosen.seed, set("seed")),
    slider("patch", [1, row * row, 1], chosen.token, value => { chosen.token = value; show(); }),
  );
  return run;
});
