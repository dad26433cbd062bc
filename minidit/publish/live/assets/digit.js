// One digit, or all ten, on the way from noise to data, beside what can be chosen: the class, the steps, the blocks.
"use strict";
minidit.live.widget("digit", find => {
  const { make, label, paint, choices, digits, slider, seeds, together, strip, shelf, paths, called, rounded, seconds } = minidit.live;
  const ALL = "all", none = minidit.config.num_classes, depth = minidit.config.depth;
  const chosen = { told: 3, steps: 20, guidance: 2, seed: 7, off: [] };
  const large = make("canvas", { role: "img", ariaLabel: "noise" });
  const names = digits().map(([, name]) => name), ten = shelf(none, k => { [which, look] = [k, null]; show(); });
  let stop = () => {}, path, states = [], which = 0, look = null, count = {};

  function run() {
    stop();
    const labels = chosen.told === ALL ? digits().map(([k]) => k) : [chosen.told];
    if (path?.steps !== chosen.steps) look = null; // else the same moment stays in view, to compare
    [states, which, count] = [labels.map(() => []), Math.min(which, labels.length - 1), {}];
    ten.element.hidden = labels.length === 1;
    ten.show([], names, which);
    if (path?.steps !== chosen.steps) path = strip(chosen.steps, index => { look = index; show(); });
    find("path").replaceChildren(path.element);
    const asked = labels.map(told => ({ label: told, seed: chosen.seed })), { steps, guidance, off } = chosen;
    stop = together(paths(asked, { steps, guidance, changes: { off }, count }), (found, done, spent) => {
      states = found;
      show();
      if (done) find("told").textContent = told(spent);
    });
  }

  function told(spent) {
    const what = chosen.told === ALL ? "The ten digits" : called(chosen.told).replace(/^a/, "A");
    const off = chosen.off.join(", ").replace(/, (\d+)$/, " and $1");
    const blocks = off ? ` Without block${chosen.off.length > 1 ? "s" : ""} ${off}.` : "";
    return `${what} from seed ${chosen.seed}: ${chosen.steps} steps, ${count.evaluations} evaluations of the network, `
      + `${seconds(spent)} of computing.${blocks}`;
  }

  function show() {
    const mine = states[which], at = look ?? mine.length - 1, state = mine[at];
    if (!state) return;
    paint(large, state.x);
    const what = called(chosen.told === ALL ? which : chosen.told), words = `t = ${rounded(state.t)}`;
    label(large, { label: state.t === 1 ? `generated: ${what}` : `${what} on its way, at ${words}` });
    find("caption").textContent = `${words}${state.t === 0 ? ": noise" : state.t === 1 ? ": the generated digit" : ""}`;
    ten.show(states.map(one => one[Math.min(at, one.length - 1)]?.x), names, which);
    path.show(mine, at);
  }

  const set = name => value => { chosen[name] = value; run(); };
  const blocks = make("fieldset", { className: "choices" }, make("legend", {}, "blocks that work"));
  for (let k = 1; k <= depth; k++) {
    const box = make("input", { type: "checkbox", checked: true });
    box.onchange = () => set("off")(box.checked ? chosen.off.filter(one => one !== k) : [...chosen.off, k].sort());
    blocks.append(make("label", {}, box, make("span", {}, `block ${k}`)));
  }
  find("digits").append(large, ten.element);
  find("controls").append(
    choices("class", [...digits(), [none, "none"], [ALL, "all ten"]], chosen.told, set("told")),
    slider("steps", [1, 50, 1], chosen.steps, set("steps")),
    slider("guidance w", [0, 8, 0.25], chosen.guidance, set("guidance"), rounded),
    seeds(chosen.seed, set("seed")),
    blocks,
  );
  return run;
});
