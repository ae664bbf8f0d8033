// The arithmetic of maps, boxes and colours. A map is a Float64Array of rows × columns, row by row; a picture one of
// height × width.

/**
 * Softmax of an array of logits.
 * @param {Numbers} logits
 */
export function softmax(logits) {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (z) => Math.exp(z - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / total);
}

/**
 * The probability of each class, by what the network ends in.
 * @param {Numbers} logits
 * @param {"softmax" | "sigmoid"} ending
 */
export const probabilities = (logits, ending) =>
  ending === "sigmoid" ? Array.from(logits, (z) => 1 / (1 + Math.exp(-z))) : softmax(logits);

/**
 * For each of `pixels` pixel centres, the two nearest cells and the weight of the second (half-pixel centres).
 * @param {number} cells
 * @param {number} pixels
 */
function neighbours(cells, pixels) {
  const first = new Int32Array(pixels), second = new Int32Array(pixels), weight = new Float64Array(pixels);
  for (let i = 0; i < pixels; i++) {
    const at = Math.min(Math.max(((i + 0.5) * cells) / pixels - 0.5, 0), cells - 1);
    first[i] = Math.floor(at);
    second[i] = Math.min(first[i] + 1, cells - 1);
    weight[i] = at - first[i];
  }
  return { first, second, weight };
}

/**
 * A map stretched bilinearly to height × width, cell centres kept in place, edges repeated.
 * @param {ArrayLike<number>} map
 * @param {number} rows
 * @param {number} columns
 * @param {number} height
 * @param {number} width
 */
export function upsample(map, rows, columns, height, width) {
  const down = neighbours(rows, height), across = neighbours(columns, width);
  const out = new Float64Array(height * width);
  const line = new Float64Array(columns);
  for (let y = 0; y < height; y++) {
    const top = down.first[y] * columns, bottom = down.second[y] * columns, w = down.weight[y];
    for (let x = 0; x < columns; x++) line[x] = map[top + x] * (1 - w) + map[bottom + x] * w;
    for (let x = 0; x < width; x++) {
      const v = across.weight[x];
      out[y * width + x] = line[across.first[x]] * (1 - v) + line[across.second[x]] * v;
    }
  }
  return out;
}

/**
 * The box of the largest connected part (eight neighbours) of a picture that lies above threshold × its maximum, as
 * the paper's section 3.2 makes it: [x0, y0, x1, y1], half-open, or null where nothing is positive.
 * @param {ArrayLike<number>} picture
 * @param {number} height
 * @param {number} width
 * @param {number} threshold
 * @returns {Box | null}
 */
export function largestBox(picture, height, width, threshold) {
  let top = -Infinity;
  for (let i = 0; i < picture.length; i++) if (picture[i] > top) top = picture[i];
  if (!(top > 0)) return null;
  const cut = threshold * top, parts = [];
  let above = []; // the runs of the row before
  for (let y = 0; y < height; y++) {
    const line = y * width, runs = [];
    for (let x = 0, near = 0; x < width; x++) {
      if (!(picture[line + x] > cut)) continue;
      const x0 = x;
      while (x < width && picture[line + x] > cut) x++;
      const part = { number: parts.length, into: null, area: x - x0, x0, y0: y, x1: x, y1: y + 1 };
      runs.push({ x0, x1: x, part });
      parts.push(part);
      while (near < above.length && above[near].x1 < x0) near++;
      for (let k = near; k < above.length && above[k].x0 <= x; k++) join(above[k].part, part); // by a corner too
    }
    above = runs;
  }
  const whole = parts.filter((part) => !part.into);
  if (!whole.length) return null;
  const { x0, y0, x1, y1 } = whole.reduce((best, part) => (part.area > best.area ? part : best));
  return [x0, y0, x1, y1];
}

/** Make two parts of a picture one, the later a piece of the earlier, which it then points to as `into`. */
function join(one, other) {
  const root = (part) => {
    while (part.into) part = part.into = part.into.into ?? part.into;
    return part;
  };
  let first = root(one), second = root(other);
  if (first === second) return;
  if (first.number > second.number) [first, second] = [second, first];
  second.into = first;
  first.area += second.area;
  first.x0 = Math.min(first.x0, second.x0);
  first.x1 = Math.max(first.x1, second.x1);
  first.y1 = Math.max(first.y1, second.y1);
}

/**
 * Intersection over union of two half-open boxes.
 * @param {Box} a
 * @param {Box} b
 */
export function iou(a, b) {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const common = Math.max(wide, 0) * Math.max(high, 0);
  const area = (/** @type {Box} */ [x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
  return common ? common / (area(a) + area(b) - common) : 0;
}

/**
 * A box in a picture of size [height, width], in whole pixels of the same picture at another size.
 * @param {Box} box
 * @param {number[]} from
 * @param {number[]} to
 * @returns {Box}
 */
export function stretchBox(box, from, to) {
  return box.map((edge, i) => Math.floor((edge * to[1 - (i % 2)]) / from[1 - (i % 2)] + 0.5));
}

/**
 * RGBA bytes for values, between low and high through a table of 256 RGB colours. A diverging table is centred at
 * zero and fades out there, and heat begins at zero, so that no evidence leaves the picture as it is.
 * @param {ArrayLike<number>} values
 * @param {Span} range
 * @param {ArrayLike<number>} table
 */
export function colourise(values, [low, high], table, { opacity = 1, diverging = false, heat = false } = {}) {
  const rgba = new Uint8ClampedArray(4 * values.length);
  const limit = Math.max(Math.abs(low), Math.abs(high));
  const [start, span] = diverging ? [-limit, 2 * limit] : heat ? [0, high] : [low, high - low];
  for (let i = 0; i < values.length; i++) {
    const t = span > 0 ? Math.min(Math.max((values[i] - start) / span, 0), 1) : diverging ? 0.5 : 0;
    const colour = 3 * Math.round(t * 255);
    rgba[4 * i] = table[colour];
    rgba[4 * i + 1] = table[colour + 1];
    rgba[4 * i + 2] = table[colour + 2];
    rgba[4 * i + 3] = 255 * opacity * Math.min(1, diverging ? 1.25 * Math.abs(2 * t - 1) : heat ? 2 * t : 1);
  }
  return rgba;
}

/**
 * The index of the largest of numbers.
 * @param {Numbers} values
 */
export const argmax = (values) => values.indexOf(Math.max(...values));
