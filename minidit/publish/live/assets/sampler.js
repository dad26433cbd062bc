// From noise to data: seeded noise, guidance, and Euler's method as a generator of the states it passes through.
"use strict";
{
  // Even numbers in [0, 1) from a seed: a counter whose bits are mixed, so that near seeds have nothing in common.
  function uniform(seed) {
    let counter = seed >>> 0;
    return () => {
      counter = counter + 0x9e3779b9 >>> 0;
      let bits = counter;
      bits = Math.imul(bits ^ bits >>> 16, 0x85ebca6b);
      bits = Math.imul(bits ^ bits >>> 13, 0xc2b2ae35);
      return ((bits ^ bits >>> 16) >>> 0) / 2 ** 32;
    };
  }

  // Standard normal numbers (Box and Muller): a pair of even numbers is an angle and a distance. Equal seeds, equal noise.
  function noise(seed, length) {
    const draw = uniform(Math.imul(seed + 1, 0x27d4eb2f));
    return Float32Array.from({ length }, () => Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw()));
  }

  // u + w (c - u): c was told the label, u was not. w = 1 and w = 0 need one of the two only.
  const guide = (v, w, none) => (x, t, label) => {
    if (w === 1 || label === none) return v(x, t, label);
    const u = v(x, t, none);
    if (w === 0) return u;
    const c = v(x, t, label);
    return u.map((value, k) => value + w * (c[k] - value));
  };

  // Steps of equal length along the velocity. Yields the noise, then a state after each step; x is never changed.
  function* euler(v, start, steps, label) {
    let x = start;
    yield { t: 0, x };
    for (let step = 1; step <= steps; step++) {
      const velocity = v(x, (step - 1) / steps, label);
      x = x.map((value, k) => value + velocity[k] / steps);
      yield { t: step / steps, x };
    }
  }

  Object.assign(window.minidit, { noise, guide, euler });
}
