// The course's small network, lenet_gap, run in the page: a scene of 100 × 100 pixels to maps of 25 × 25 cells.
//
// Feature maps are rows × columns × channels, float32, with a border of zeros as wide as the next kernel needs, so no
// loop tests for edges. After a change of the scene only the cells that it reaches are computed anew: for every row
// of a layer's output the columns [x0, x1), its `spans`. The loops are `conv.c` in WebAssembly or, where a page may
// not run that, plain JavaScript.

export const SIDE = 100;
const CELLS = 25, CLASSES = 10;
const EPSILON = 1e-3; // of batch normalisation
const PAGES = 16; // of 64 KB: what one network takes
const LAYERS = [ // side of the output, channels in and out, side of the kernel
  { side: 50, cin: 1, cout: 16, k: 5, pool: 1, relu: 1 },
  { side: 25, cin: 16, cout: 32, k: 3, pool: 1, relu: 1 },
  { side: 25, cin: 32, cout: 64, k: 3, pool: 0, relu: 1 },
  { side: 25, cin: 64, cout: 64, k: 3, pool: 0, relu: 1 },
  { side: 25, cin: 64, cout: 16, k: 1, pool: 0, relu: 0 }, // the dense layer at every cell: ten maps, six of nothing
];

/**
 * The least and the largest of numbers.
 * @param {Iterable<number>} values
 * @returns {Span}
 */
export function ends(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/**
 * Numbers of half precision: `bytes` holds the lower byte of each, then the upper byte of each.
 * @param {Uint8Array} bytes
 */
export function halves(bytes) {
  const count = bytes.length / 2, out = new Float32Array(count), bits = new Uint32Array(out.buffer);
  for (let i = 0; i < count; i++) { // sign, exponent and fraction to their places; exponents count from elsewhere
    const upper = bytes[count + i];
    bits[i] = ((upper & 128) << 24) | ((upper & 127) << 21) | (bytes[i] << 13);
    out[i] *= 2 ** 112;
  }
  return out;
}

/**
 * The arrays of a snapshot, in the order of `drawing.py`, as layers: kernel, and the scale and shift that batch
 * normalisation comes to, after the pool as in the network. The dense layer is centred over the classes, as `Run.load`
 * does, and becomes the last layer's kernel; its bias is what the maps' means leave out of the logits.
 * @param {Float32Array} numbers
 */
export function layersOf(numbers) {
  let at = 0;
  const take = (count) => numbers.subarray(at, (at += count));
  const layers = LAYERS.slice(0, 4).map(({ cin, cout, k }, i) => {
    const kernel = take(k * k * cin * cout), [gamma, beta, mean, variance] = [0, 0, 0, 0].map(() => take(cout));
    const scale = Float64Array.from(gamma, (g, c) => g / Math.sqrt(variance[c] + EPSILON));
    const shift = Float64Array.from(beta, (b, c) => b - mean[c] * scale[c]);
    return { kernel, scale: i ? scale : scale.map((s) => s / 255), shift }; // pixels count from 0 to 255
  });
  const { cin, cout } = LAYERS[4], kernel = new Float32Array(cin * cout);
  for (let k = 0; k < cin; k++) kernel.set(centred(take(CLASSES)), k * cout);
  layers.push({ kernel, scale: new Float64Array(cout).fill(1), shift: new Float64Array(cout) });
  return { layers, bias: centred(take(CLASSES)) };
}

/** How many numbers a snapshot has: four kernels with what batch normalisation needs, then the dense layer. */
export const NUMBERS = LAYERS.reduce((sum, { cin, cout, k }, i) =>
  sum + (i < 4 ? k * k * cin * cout + 4 * cout : (cin + 1) * CLASSES), 0);

/** @param {Float32Array} values */
function centred(values) {
  const mean = values.reduce((a, b) => a + b) / values.length;
  return Float64Array.from(values, (value) => value - mean);
}

/**
 * A kernel [..][cout] as [cout / block][..][block], the order in which the loops read it.
 * @param {Float32Array} kernel
 * @param {number} cout
 * @param {number} block
 */
function blocked(kernel, cout, block) {
  const out = new Float32Array(kernel.length), rows = kernel.length / cout;
  for (let j = 0; j < kernel.length; j++) {
    const row = Math.floor(j / cout), c = j % cout;
    out[(Math.floor(c / block) * rows + row) * block + (c % block)] = kernel[j];
  }
  return out;
}

/** Write to `out` the spans of a layer's output that depend on the spans `below` of its input. */
function reach({ side, k, pool }, below, out) {
  const step = pool ? 2 : 1, pad = k >> 1, rows = below.length / 2;
  for (let y = 0; y < side; y++) {
    let x0 = side, x1 = 0;
    for (let v = Math.max(step * y - pad, 0); v < Math.min(step * y + step + pad, rows); v++) {
      if (below[2 * v] >= below[2 * v + 1]) continue;
      x0 = Math.min(x0, Math.max(0, Math.ceil((below[2 * v] - pad - step + 1) / step)));
      x1 = Math.max(x1, Math.min(side, Math.floor((below[2 * v + 1] - 1 + pad) / step) + 1));
    }
    out[2 * y] = x0;
    out[2 * y + 1] = Math.max(x0, x1);
  }
}

/**
 * One snapshot of the network and what it makes of an image. numbers: its arrays, float32; engine: `plain` or `wasm`.
 * maps: ten Float32Array of 25 × 25; logits: Float64Array of ten; both are those of the last `update`.
 */
export class LiveNet {
  constructor(numbers, engine) {
    const { layers, bias } = layersOf(numbers);
    const width = SIDE + 2 * (LAYERS[0].k >> 1);
    let below = { out: engine.floats(width * width), width };
    this.engine = engine;
    this.bias = bias;
    this.weights = layers[4].kernel; // of feature k for class c at k × 16 + c
    this.input = below.out;
    this.layers = LAYERS.map((layer, i) => {
      const pad = i + 1 < LAYERS.length ? LAYERS[i + 1].k >> 1 : 0, width = layer.side + 2 * pad;
      const out = engine.floats(width * width * layer.cout), spans = engine.integers(2 * layer.side);
      const made = { ...layer, in: below.out, inWidth: below.width, out, width, pad, spans };
      below = made;
      return Object.assign(made, engine.prepare(layer, layers[i]));
    });
    this.image = new Uint8Array(SIDE * SIDE);
    this.changed = Int32Array.from({ length: 2 * SIDE }, (_, i) => (i % 2 ? SIDE : 0)); // all, the first time
    this.maps = Array.from({ length: CLASSES }, () => new Float32Array(CELLS * CELLS));
    this.logits = new Float64Array(CLASSES);
    this.run();
  }

  /** Bring maps and logits up to date with an image, uint8, 100 × 100. */
  update(image) {
    const { input, image: old, changed } = this, width = SIDE + 4;
    let any = false;
    for (let y = 0; y < SIDE; y++) {
      let x0 = SIDE, x1 = 0;
      for (let x = 0, i = y * SIDE; x < SIDE; x++, i++) {
        if (image[i] === old[i]) continue;
        if (x < x0) x0 = x;
        x1 = x + 1;
        old[i] = input[(y + 2) * width + x + 2] = image[i];
      }
      changed[2 * y] = x0;
      changed[2 * y + 1] = x1;
      any ||= x1 > 0;
    }
    if (any) this.run();
  }

  run() {
    let below = this.changed;
    for (const layer of this.layers) {
      reach(layer, below, layer.spans);
      this.engine.conv(layer);
      below = layer.spans;
    }
    const { maps, logits, bias } = this, { out, cout } = this.layers[4];
    for (let c = 0; c < CLASSES; c++) {
      const map = maps[c];
      let sum = 0;
      for (let i = 0; i < map.length; i++) sum += map[i] = out[cout * i + c];
      logits[c] = sum / map.length + bias[c];
    }
  }

  /**
   * What a cell's value for a class is the sum of: each feature, and its weight for the class, less that for `against`.
   * @param {number} cell
   * @param {number} c
   * @param {Against} against
   */
  terms(cell, c, against) {
    const { weights } = this, { out, cout: features } = this.layers[3], { cout } = this.layers[4];
    return Array.from({ length: features }, (_, k) => {
      const weight = weights[k * cout + c] - (against === null ? 0 : weights[k * cout + against]);
      const feature = out[cell * features + k];
      return { k, weight, feature, product: weight * feature };
    });
  }

  /**
   * The map of one feature of the last convolution.
   * @param {number} k
   */
  feature(k) {
    const { out, cout } = this.layers[3];
    return Float64Array.from({ length: CELLS * CELLS }, (_, cell) => out[cell * cout + k]);
  }
}

// --------------------------------------------------------------------------------------------------------- engines

/**
 * The loops in WebAssembly, with room for so many networks; rejects where the page may not, or without SIMD.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} networks
 * @returns {Promise<Engine>}
 */
export async function wasm(bytes, networks) {
  const { instance } = await WebAssembly.instantiate(bytes, {});
  const { memory, conv, __heap_base: heap } = /** @type {any} */ (instance.exports);
  memory.grow(PAGES * networks); // before any view is made: growing takes views away
  let top = heap.value;
  const room = (Kind, count) => {
    const at = (top + 15) & ~15;
    top = at + 4 * count;
    return new Kind(memory.buffer, at, count);
  };
  const floats = (values) => {
    const view = room(Float32Array, values.length);
    view.set(values);
    return view;
  };
  return {
    name: "wasm",
    floats: (count) => room(Float32Array, count),
    integers: (count) => room(Int32Array, count),
    prepare: ({ cout }, { kernel, scale, shift }) =>
      ({ kernel: floats(blocked(kernel, cout, 8)), scale: floats(scale), shift: floats(shift) }),
    conv: (l) => conv(l.in.byteOffset, l.inWidth, l.cin, l.k, l.kernel.byteOffset, l.scale.byteOffset,
      l.shift.byteOffset, l.cout, l.out.byteOffset, l.width, l.pad, l.pool, l.relu, l.spans.byteOffset, l.side),
  };
}

/**
 * The same in JavaScript.
 * @returns {Engine}
 */
export const plain = () => ({
  name: "plain",
  floats: (count) => new Float32Array(count),
  integers: (count) => new Int32Array(count),
  prepare: ({ cout, pool }, { kernel, scale, shift }) => ({ kernel: blocked(kernel, cout, pool ? 2 : 4),
    scale: Float32Array.from(scale), shift: Float32Array.from(shift) }),
  conv: (layer) => (layer.pool ? convPool : conv)(layer),
});

/** Two pixels by four channels at once. */
function conv({ in: input, inWidth, cin, cout, k, side, out, width, pad, relu, spans, kernel, scale, shift }) {
  const n = k * cin, stride = inWidth * cin, least = relu ? 0 : -Infinity;
  for (let co = 0; co < cout; co += 4) {
    for (let y = 0; y < side; y++) {
      const x1 = spans[2 * y + 1];
      for (let x = spans[2 * y]; x < x1; x += 2) {
        const next = x + 1 < x1 ? cin : 0;
        let p = y * stride + x * cin, at = co * k * n;
        let a0 = 0, a1 = 0, a2 = 0, a3 = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0;
        for (let ky = 0; ky < k; ky++, p += stride)
          for (let i = p, end = p + n; i < end; i++, at += 4) {
            const u = input[i], v = input[i + next];
            const w0 = kernel[at], w1 = kernel[at + 1], w2 = kernel[at + 2], w3 = kernel[at + 3];
            a0 += u * w0; a1 += u * w1; a2 += u * w2; a3 += u * w3;
            c0 += v * w0; c1 += v * w1; c2 += v * w2; c3 += v * w3;
          }
        const o = ((y + pad) * width + x + pad) * cout + co;
        out[o] = Math.max(least, a0 * scale[co] + shift[co]);
        out[o + 1] = Math.max(least, a1 * scale[co + 1] + shift[co + 1]);
        out[o + 2] = Math.max(least, a2 * scale[co + 2] + shift[co + 2]);
        out[o + 3] = Math.max(least, a3 * scale[co + 3] + shift[co + 3]);
        if (!next) continue;
        const q = o + cout;
        out[q] = Math.max(least, c0 * scale[co] + shift[co]);
        out[q + 1] = Math.max(least, c1 * scale[co + 1] + shift[co + 1]);
        out[q + 2] = Math.max(least, c2 * scale[co + 2] + shift[co + 2]);
        out[q + 3] = Math.max(least, c3 * scale[co + 3] + shift[co + 3]);
      }
    }
  }
}

/** The four pixels of a pool's window by two channels at once. */
function convPool({ in: input, inWidth, cin, cout, k, side, out, width, pad, spans, kernel, scale, shift }) {
  const n = k * cin, stride = inWidth * cin;
  for (let co = 0; co < cout; co += 2) {
    for (let y = 0; y < side; y++) {
      const x1 = spans[2 * y + 1];
      for (let x = spans[2 * y]; x < x1; x++) {
        let p = 2 * (y * stride + x * cin), at = co * k * n;
        let a0 = 0, a1 = 0, a2 = 0, a3 = 0, c0 = 0, c1 = 0, c2 = 0, c3 = 0;
        for (let ky = 0; ky < k; ky++, p += stride)
          for (let i = p, end = p + n; i < end; i++, at += 2) {
            const q = i + stride, w0 = kernel[at], w1 = kernel[at + 1];
            const s = input[i], t = input[i + cin], u = input[q], v = input[q + cin];
            a0 += s * w0; c0 += s * w1;
            a1 += t * w0; c1 += t * w1;
            a2 += u * w0; c2 += u * w1;
            a3 += v * w0; c3 += v * w1;
          }
        const o = ((y + pad) * width + x + pad) * cout + co;
        out[o] = Math.max(0, Math.max(a0, a1, a2, a3) * scale[co] + shift[co]);
        out[o + 1] = Math.max(0, Math.max(c0, c1, c2, c3) * scale[co + 1] + shift[co + 1]);
      }
    }
  }
}
