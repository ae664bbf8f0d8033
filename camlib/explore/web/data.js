// What travels with a page, unpacked: maps, logits, boxes, pictures.
import { NUMBERS, ends } from "./live.js";
import { adopt } from "./own.js";

export const gunzip = (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

export const LONGEST = 1200; // pixels of a side of a picture as it travels, at most

/**
 * Throw an Error, with what is wrong, unless the sizes in a header agree with each other and with the arrays' bytes:
 * what is damaged is told at once, before anything is drawn, or as much memory asked for as it says.
 * @param {Data} data
 * @param {number} bytes
 */
function checkSizes(data, bytes) {
  const [steps, images, classes, rows, columns] = data.shape, maps = steps * images * classes;
  const whole = (numbers, count, most = Infinity) =>
    numbers.length === count && numbers.every((n) => Number.isInteger(n) && n > 0 && n <= most);
  if (!whole(data.shape, 5) || !whole(data.size, 2) || !whole(data.travelling, 2, LONGEST))
    throw new Error(`its sizes are ${data.shape}, ${data.size} and ${data.travelling}`);
  const lists = { class_names: classes, images, kept: images, steps, accuracy: steps, labels: images, boxes: images };
  const may = ["steps", "accuracy", "labels", "boxes"]; // be null
  for (const [name, count] of Object.entries(lists))
    if (data[name]?.length !== count && !(data[name] === null && may.includes(name)))
      throw new Error(`there are ${data[name]?.length ?? 0} ${name} for ${count}`);
  const own = data.own_steps && { weights: 2 * NUMBERS * data.own_steps.length };
  const wanted = { low: maps, high: maps, positive: maps, logits: maps, levels: maps, bias: steps * classes,
    codes: maps * rows * columns, tables: 3 * 256 * data.colormaps.length, ...own };
  const given = Object.fromEntries(data.arrays.map(([name, , count]) => [name, count]));
  for (const [name, count] of Object.entries(wanted)) {
    if (!(name in given)) throw new Error(`${name} is missing: there should be ${count} numbers`);
    if (given[name] !== count) throw new Error(`${name} has ${given[name]} numbers for ${count}`);
  }
  const told = data.arrays.reduce((sum, [, type, count]) => sum + count * (type === "float32" ? 4 : 1), 0);
  if (told !== bytes) throw new Error(`there are ${bytes} bytes for ${told}`);
}

/**
 * The bytes that `packing.py` packs (gzip: length, JSON header, arrays), unpacked: see `packed` there. Rejects with
 * an Error for bytes that are not such, or not whole.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @returns {Promise<Data>}
 */
export async function unpack(bytes) {
  const buffer = await gunzip(bytes);
  const length = new DataView(buffer).getUint32(0, true);
  const data = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  checkSizes(data, buffer.byteLength - 4 - length);
  const types = { float32: Float32Array, uint8: Uint8Array };
  let offset = 4 + length;
  for (const [name, type, count] of data.arrays) {
    data[name] = new types[type](buffer, offset, count);
    offset += data[name].byteLength;
  }
  const [, images, classes, rows, columns] = data.shape;
  const cells = rows * columns;
  const index = (step, image, c) => (step * images + image) * classes + c;
  const decode = (at) => {
    const out = new Float64Array(cells), low = data.low[at], unit = (data.high[at] - low) / data.levels[at];
    if (!unit) return out.fill(low);
    const first = Math.floor(low / unit + 0.5); // so zero is zero
    const codes = data.codes.slice(at * cells, (at + 1) * cells);
    for (let i = 0; i < cells; i++) {
      if (i >= columns) codes[i] += codes[i - columns]; // a row came as its difference from the one above
      out[i] = unit * (codes[i] + first);
    }
    return out;
  };
  /** The map of a class, less that of the class `against`, if any; and from where to where it goes. */
  data.map = (step, image, c, against = null) => {
    const map = decode(index(step, image, c));
    if (against !== null) decode(index(step, image, against)).forEach((value, i) => { map[i] -= value; });
    return map;
  };
  data.range = (step, image, c, against = null) => {
    if (against !== null) return ends(data.map(step, image, c, against));
    return [data.low[index(step, image, c)], data.high[index(step, image, c)]];
  };
  const shared = {}; // a range of all differences takes longer than the rest of a drawing where classes are hundreds
  data.sharedRange = (step, image, against = null) => (shared[[step, image, against]] ??=
    ends(data.class_names.flatMap((_, c) => data.range(step, image, c, against))));
  /** The classes that have boxes of their own in an image, and the boxes to show with a class: its own, anyone's. */
  data.ownClasses = (image) => (data.boxes?.[image] ?? []).filter((box) => box.length > 4).map((box) => box[4]);
  data.truths = (image, c) => (data.boxes?.[image] ?? []).filter((box) => box.length === 4 || box[4] === c)
    .map((box) => box.slice(0, 4));
  data.netOf = () => null;
  data.positiveOf = (step, image, c) => data.positive[index(step, image, c)];
  data.logitsOf = (step, image) => data.logits.subarray(index(step, image, 0), index(step, image, 0) + classes);
  return data;
}

/**
 * Unpacked data with its images decoded, `pictures`, and the reader's own: `mount` needs nothing else, nor waits.
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function load(bytes) {
  const data = await unpack(bytes);
  const pictures = data.images.map(async (address) => {
    const image = Object.assign(new Image(), { src: address });
    await image.decode();
    return image;
  });
  await adopt(data);
  data.pictures = [...await Promise.all(pictures), ...(data.own ? [data.own.canvas] : [])];
  return data;
}

/** What draws on a canvas. */
export const contextOf = (/** @type {HTMLCanvasElement} */ canvas, options = {}) =>
  /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", options));

/**
 * The colour under the small maps and the colour bar, so that they look as they do over the picture.
 * @param {CanvasImageSource} image
 */
export function averageColour(image) {
  const side = 16;
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = contextOf(canvas);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, side, side);
  const bytes = context.getImageData(0, 0, side, side).data;
  const mean = (channel) => bytes.reduce((sum, byte, i) => sum + (i % 4 === channel ? byte : 0), 0) / side ** 2;
  return `rgb(${[0, 1, 2].map(mean)})`;
}
