// A diffusion transformer without a framework: a noisy image, a time and a label in; a velocity out.
// It is the network of minidit/model/dit.py, with the same names, for one image at a time.
"use strict";
{
  const EPS = 1e-6; // of the norm
  const FEATURES = 256, PERIOD = 10000; // of the time
  const PARTS = ["shift", "scale", "gate"];

  // y = W x + b for each token. x (tokens, inside), weight (outside, inside), bias (outside) -> (tokens, outside).
  // Two tokens and two outputs at a time, so that each number that is read is used twice: that doubles the speed.
  function linear(x, { weight, bias }) {
    const outside = bias.length, inside = weight.length / outside, tokens = x.length / inside;
    const y = new Float32Array(tokens * outside);
    for (let i = 0; i < tokens; i += 2) {
      const k = Math.min(i + 1, tokens - 1), one = i * inside, two = k * inside; // a last token alone is done twice
      for (let j = 0; j < outside; j += 2) {
        const row = j * inside;
        let a = bias[j], b = bias[j + 1], c = a, d = b;
        for (let n = 0; n < inside; n++) {
          const p = x[one + n], q = x[two + n], v = weight[row + n], w = weight[row + inside + n];
          a += p * v; b += p * w; c += q * v; d += q * w;
        }
        y[i * outside + j] = a; y[i * outside + j + 1] = b; y[k * outside + j] = c; y[k * outside + j + 1] = d;
      }
    }
    return y;
  }

  const sigmoid = value => 1 / (1 + Math.exp(-value));
  const silu = x => x.map(value => value * sigmoid(value));
  // The tanh formula: u/2 (1 + tanh(z)) is u sigmoid(2 z).
  const gelu = x => x.map(u => u * sigmoid(2 * Math.sqrt(2 / Math.PI) * (u + 0.044715 * u * u * u)));
  const sum = (x, y) => x.map((value, k) => value + y[k]);

  // Every token gets mean 0 and variance 1 over its features: (tokens, dim) -> the same.
  function norm(x, dim) {
    const y = new Float32Array(x.length);
    for (let from = 0; from < x.length; from += dim) {
      let mean = 0, variance = 0;
      for (let k = from; k < from + dim; k++) mean += x[k] / dim;
      for (let k = from; k < from + dim; k++) variance += (x[k] - mean) ** 2 / dim;
      for (let k = from; k < from + dim; k++) y[k] = (x[k] - mean) / Math.sqrt(variance + EPS);
    }
    return y;
  }

  // adaLN: one shift and one scale for each feature, the same for all tokens. Scale 0 leaves x as it is: hence the 1.
  const modulate = (x, { shift, scale }) => x.map((value, k) => value * (1 + scale[k % scale.length]) + shift[k % shift.length]);

  // Every token asks all tokens, in each head by itself: softmax(q k / sqrt(d)) v.
  function attention(x, layer, heads) {
    const qkv = linear(x, layer.qkv), dim = layer.out.bias.length, tokens = x.length / dim, d = dim / heads, wide = 3 * dim;
    const y = new Float32Array(x.length), share = new Float64Array(tokens);
    for (let head = 0; head < heads; head++) for (let i = 0; i < tokens; i++) {
      const query = i * wide + head * d; // in a row of qkv stand q, k and v side by side, each head in one piece
      let most = -Infinity, total = 0;
      for (let j = 0; j < tokens; j++) {
        const key = j * wide + dim + head * d;
        let score = 0;
        for (let n = 0; n < d; n++) score += qkv[query + n] * qkv[key + n];
        share[j] = score / Math.sqrt(d);
        most = Math.max(most, share[j]);
      }
      for (let j = 0; j < tokens; j++) total += share[j] = Math.exp(share[j] - most); // no number is too large
      for (let n = 0; n < d; n++) {
        let mean = 0;
        for (let j = 0, value = 2 * dim + head * d + n; j < tokens; j++, value += wide) mean += share[j] * qkv[value];
        y[i * dim + head * d + n] = mean / total;
      }
    }
    return linear(y, layer.out);
  }

  const mlp = (x, layer) => linear(gelu(linear(x, layer.up)), layer.down); // each token by itself

  // The sines of dim / 2 frequencies, then their cosines.
  function sincos(position, dim) {
    const angles = Array.from({ length: dim / 2 }, (_, k) => position * PERIOD ** (-k / (dim / 2)));
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  }

  // The bits of a half-precision number: one for the sign, five for the exponent, ten for the fraction.
  function half(bits) {
    const sign = bits >> 15 ? -1 : 1, exponent = bits >> 10 & 31, fraction = bits & 1023;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * fraction / 1024);
  }

  // "blocks.0.mlp.up.weight" becomes weights.blocks[0].mlp.up.weight, a Float32Array.
  function unpack({ tensors, half: text }) {
    const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0)), view = new DataView(bytes.buffer);
    const weights = {};
    let from = 0;
    for (const [name, shape] of tensors) {
      const path = name.split("."), last = path.pop(), length = shape.reduce((one, other) => one * other, 1), at = from;
      const place = path.reduce((inside, key) => inside[key] ??= {}, weights);
      place[last] = Float32Array.from({ length }, (_, k) => half(view.getUint16(2 * (at + k), true)));
      from += length;
    }
    weights.blocks = Object.values(weights.blocks);
    return weights;
  }

  class DiT {
    constructor(stored) {
      const { input_size: side, patch_size: patch, dim } = this.config = stored.config;
      this.weights = unpack(stored);
      this.none = this.config.num_classes; // the label that says nothing
      const row = side / patch, places = Array.from({ length: row * row }, (_, k) => [k % row, Math.floor(k / row)]);
      this.position = Float32Array.from(places.flatMap(([x, y]) => [...sincos(x, dim / 2), ...sincos(y, dim / 2)]));
      this.told = new Map(); // what was told before: a sampler asks for the same time and label again and again
    }

    // An image becomes tokens: patch by patch, row by row, and inside a patch (row, column, channel). back: the inverse.
    patchify(x, back = false) {
      const { input_size: side, patch_size: p, in_channels: channels } = this.config, y = new Float32Array(x.length);
      for (let c = 0; c < channels; c++) for (let i = 0; i < side; i++) for (let j = 0; j < side; j++) {
        const token = Math.floor(i / p) * (side / p) + Math.floor(j / p), inside = (i % p) * p + j % p;
        const pixel = (c * side + i) * side + j, place = (token * p * p + inside) * channels + c;
        if (back) y[pixel] = x[place]; else y[place] = x[pixel];
      }
      return y;
    }

    // Time and label become one vector, and that becomes shifts, scales and gates: six vectors for each block.
    tell(t, label) {
      const key = `${t} ${label}`, { time, label: labels, blocks, final } = this.weights, { dim, time_scale: scale } = this.config;
      if (this.told.has(key)) return this.told.get(key);
      const frequencies = Float32Array.from({ length: FEATURES / 2 }, (_, k) => Math.exp(-Math.log(PERIOD) * k / (FEATURES / 2)));
      const angles = frequencies.map(one => Math.fround(scale * Math.fround(t)) * one); // as PyTorch rounds them
      const features = Float32Array.from([...angles].map(Math.cos).concat([...angles].map(Math.sin)));
      const clock = linear(silu(linear(features, time.up)), time.down);
      const c = silu(sum(clock, labels.table.weight.subarray(label * dim, (label + 1) * dim)));
      const parts = layer => { const y = linear(c, layer.modulation.linear); return k => y.subarray(k * dim, (k + 1) * dim); };
      const three = (part, from) => Object.fromEntries(PARTS.map((name, k) => [name, part(from + k)]));
      const ofBlocks = blocks.map(parts).map(part => ({ attention: three(part, 0), mlp: three(part, 3) })), last = parts(final);
      const told = { blocks: ofBlocks, final: { shift: last(0), scale: last(1) } };
      if (this.told.size > 400) this.told.clear();
      this.told.set(key, told);
      return told;
    }

    // The velocity at image x and time t (0 noise, 1 data).
    // off: numbers of blocks, from 1, that add nothing. mix(number, branch, told): another shift, scale and gate.
    // watch(number, branch, { normed, modulated, added }): for those who want to look inside.
    velocity(x, t, label, { off = [], mix = (number, branch, told) => told, watch = () => {} } = {}) {
      const { dim, heads } = this.config, { patch, blocks, final } = this.weights, told = this.tell(t, label);
      const branches = { attention: (y, block) => attention(y, block.attention, heads), mlp: (y, block) => mlp(y, block.mlp) };
      let tokens = sum(linear(this.patchify(x), patch), this.position);
      blocks.forEach((block, k) => {
        if (off.includes(k + 1)) return;
        for (const [branch, f] of Object.entries(branches)) { // x + gate * f(modulate(norm(x)))
          const parts = mix(k + 1, branch, told.blocks[k][branch]), normed = norm(tokens, dim);
          const modulated = modulate(normed, parts), added = f(modulated, block).map((value, n) => value * parts.gate[n % dim]);
          tokens = sum(tokens, added);
          watch(k + 1, branch, { normed, modulated, added });
        }
      });
      return this.patchify(linear(modulate(norm(tokens, dim), told.final), final.linear), true);
    }
  }

  window.minidit.DiT = DiT;
}
