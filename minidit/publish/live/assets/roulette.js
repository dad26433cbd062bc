// Seed roulette: the same class and the same network, sixteen seeds. How much do they differ?
"use strict";
minidit.live.widget("roulette", find => {
  const { make, paint, choices, digits, slider, newSeed, together, strip, shelf, paths, called, rounded } = minidit.live;
  const COUNT = 16, STEPS = 20, none = minidit.config.num_classes;
  const chosen = { told: 3, guidance: 2, seeds: Array.from({ length: COUNT }, (_, k) => k) };
  const mean = make("canvas", { role: "img", ariaLabel: `the mean of the ${COUNT} pictures` });
  const path = strip(STEPS, index => { look = index; show(); });
  const all = shelf(COUNT, k => { [which, look] = [k, null]; show(); });
  let stop = () => {}, states = [], which = 0, look = null;

  const names = () => chosen.seeds.map(seed => `seed ${seed}`);
  function run() {
    stop();
    [states, look] = [[], null];
    const asked = chosen.seeds.map(seed => ({ label: chosen.told, seed }));
    stop = together(paths(asked, { steps: STEPS, guidance: chosen.guidance }), (found, done) => {
      states = found;
      show();
      if (done) find("told").textContent = told(found.map(one => one.at(-1).x));
    });
  }

  const average = images => images[0].map((_, k) => images.reduce((sum, x) => sum + x[k], 0) / images.length);

  // How far apart two of the images are: the root mean square over pixels and over all pairs.
  function apart(images) {
    const middle = average(images); // over pairs, the mean square difference is twice the variance
    const squares = images.map(x => x.reduce((sum, value, k) => sum + (value - middle[k]) ** 2, 0) / x.length);
    return Math.sqrt(2 * squares.reduce((sum, one) => sum + one, 0) / (images.length - 1));
  }

  function told(images) {
    const real = chosen.told === none ? "two real digits of any class" : `two real ${chosen.told}s of the training set`;
    return `Two of these differ by ${rounded(apart(images))} on average, ${real} by ${rounded(minidit.real[chosen.told])}: `
      + "the root mean square over pixels, where paper is −1 and ink is 1.";
  }

  function show() { // all at the same time: that which was chosen, or the latest
    const mine = states[which], at = look ?? mine.length - 1;
    if (at < 0) return;
    const images = states.map(one => one[Math.min(at, one.length - 1)]?.x);
    all.show(images, names(), which);
    path.show(mine, at);
    if (images.every(Boolean)) paint(mean, average(images));
    const whose = `The path of seed ${chosen.seeds[which]}, ${called(chosen.told)}`;
    find("caption").textContent = `${whose}; all pictures are at t = ${rounded(mine[at].t)}.`;
  }

  const set = name => value => { chosen[name] = value; run(); };
  const spin = make("button", { type: "button", className: "main" }, "Spin: sixteen new seeds");
  spin.onclick = () => set("seeds")(chosen.seeds.map(newSeed));
  find("digits").append(all.element);
  all.show([], names(), which);
  find("path").append(path.element);
  find("controls").append(
    spin,
    choices("class", [...digits(), [none, "none"]], chosen.told, set("told")),
    slider("guidance w", [0, 8, 0.25], chosen.guidance, set("guidance"), rounded),
    make("div", { className: "mean" }, mean, make("span", {}, "their mean")),
  );
  return run;
});
