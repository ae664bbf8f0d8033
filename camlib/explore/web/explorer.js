// The explorer's face: one file, two hosts. In a live notebook it is the front end of an anywidget (`render`,
// `initialize`); in a page without a kernel `mountPage` runs it on the data that the page carries. Everything that
// moves is drawn here, so a slider answers within a frame; Python hears of it afterwards.
//
// Shapes: a map is a Float64Array of rows × columns, row by row; a picture is height × width pixels. Large pictures
// travel smaller than they are: boxes are in pixels of the picture as it was handed in, whose size is `data.size`.
import { ends } from "./live.js";
import { adopt, ownPicture } from "./drawing.js";

// ---------------------------------------------------------------------------------------------------- arithmetic

/** Softmax of an array of logits. */
export function softmax(logits) {
  const top = Math.max(...logits);
  const powers = Array.from(logits, (z) => Math.exp(z - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / total);
}

/** For each of `pixels` pixel centres, the two nearest cells and the weight of the second (half-pixel centres). */
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

/** A map stretched bilinearly to height × width, cell centres kept in place, edges repeated. */
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

/** Intersection over union of two half-open boxes. */
export function iou(a, b) {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const common = Math.max(wide, 0) * Math.max(high, 0);
  const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
  return common ? common / (area(a) + area(b) - common) : 0;
}

/** A box in a picture of size [height, width], in whole pixels of the same picture at another size. */
export function stretchBox(box, from, to) {
  return box.map((edge, i) => Math.floor((edge * to[1 - (i % 2)]) / from[1 - (i % 2)] + 0.5));
}

/**
 * RGBA bytes for values, between low and high through a table of 256 RGB colours. A diverging table is centred at
 * zero and fades out there, and heat begins at zero, so that no evidence leaves the picture as it is.
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

// ---------------------------------------------------------------------------------------------------------- data

const gunzip = (bytes) =>
  new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

/** The bytes that `packing.py` packs (gzip: length, JSON header, arrays), unpacked: see `packed` there. */
export async function unpack(bytes) {
  const buffer = await gunzip(bytes);
  const length = new DataView(buffer).getUint32(0, true);
  const data = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const types = { float32: Float32Array, uint8: Uint8Array };
  let offset = 4 + length;
  for (const [name, type, count] of data.arrays) {
    data[name] = new types[type](buffer, offset, count);
    offset += data[name].byteLength;
  }
  const [steps, images, classes, rows, columns] = data.shape;
  const cells = rows * columns;
  for (let i = 0; i < data.codes.length; i++) // each row came as its difference from the row above
    if (i % cells >= columns) data.codes[i] += data.codes[i - columns];
  const index = (step, image, c) => (step * images + image) * classes + c;
  const decode = (at) => {
    const out = new Float64Array(cells), low = data.low[at], unit = (data.high[at] - low) / data.levels[at];
    if (!unit) return out.fill(low);
    const first = Math.floor(low / unit + 0.5); // so zero is zero
    for (let i = 0; i < cells; i++) out[i] = unit * (data.codes[at * cells + i] + first);
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
  /** The classes that have boxes of their own in an image, and the boxes to show with a class: its own and anyone's. */
  data.ownClasses = (image) => (data.boxes?.[image] ?? []).filter((box) => box.length > 4).map((box) => box[4]);
  data.truths = (image, c) => (data.boxes?.[image] ?? []).filter((box) => box.length === 4 || box[4] === c)
    .map((box) => box.slice(0, 4));
  data.positiveOf = (step, image, c) => data.positive[index(step, image, c)];
  data.logitsOf = (step, image) => data.logits.subarray(index(step, image, 0), index(step, image, 0) + classes);
  return data;
}

/** Unpacked data with its images decoded, `pictures`, and the reader's own: `mount` needs nothing else, nor waits. */
async function load(bytes) {
  const data = await unpack(bytes);
  data.pictures = await Promise.all(data.images.map(async (address) => {
    const image = Object.assign(new Image(), { src: address });
    await image.decode();
    return image;
  }));
  await adopt(data);
  return data;
}

/** The colour under the small maps and the colour bar, so that they look as they do over the picture. */
function averageColour(image) {
  const side = 16;
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, side, side);
  const bytes = context.getImageData(0, 0, side, side).data;
  const mean = (channel) => bytes.reduce((sum, byte, i) => sum + (i % 4 === channel ? byte : 0), 0) / side ** 2;
  return `rgb(${[0, 1, 2].map(mean)})`;
}

/** A model without a kernel, with the few methods of a widget's model that the view uses. */
class LocalModel {
  constructor(state) {
    this.state = state;
    this.listeners = new Set();
  }
  get(name) { return this.state[name]; }
  set(name, value) { this.state[name] = value; }
  save_changes() { for (const listener of this.listeners) listener(); }
  on(event, listener) { this.listeners.add(listener); }
  off(event, listener) { this.listeners.delete(listener); }
}

// ---------------------------------------------------------------------------------------------------------- view

const MINUS = "\u2212";
const number = (value, digits = 2) => (value < 0 ? MINUS : "") + Math.abs(value).toFixed(digits);
const signed = (value, digits = 2) => (value < 0 ? MINUS : "+") + Math.abs(value).toFixed(digits);
const brief = (value) => number(value, Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1)))));
const percent = (p) => (p > 0.9995 && p < 1 ? ">99.9" : (100 * p).toFixed(1)) + "\u202f%";
const argmax = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
const what = ({ against }) => (against === null ? "logit" : "logit difference");
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Native radio buttons dressed as something else: arrow keys, focus and screen readers come with them. */
const choices = (name, label, items) =>
  `<div class="${name}" role="radiogroup" aria-label="${label}">` +
  items.map(([value, face, title = ""]) =>
    `<label title="${escape(title)}"><input type="radio" name="${name}" value="${value}">${face}</label>`).join("") +
  `</div>`;

const slider = (name, label, step) =>
  `<input type="range" name="${name}" min="0" max="1" step="${step}" aria-label="${label}">`;

function template(data) {
  const [steps, images, classes] = data.shape;
  const thumbs = data.images.map((address, i) => [i,
    `<img src="${address}" alt=""><span class="badge" aria-hidden="true">✗</span><span class="sr">image ${i}${
      data.labels ? `, true class ${escape(data.class_names[data.labels[i]])}` : ""}</span>`]);
  if (data.own) thumbs.push([images, `<canvas class="own" width="100" height="100"></canvas><span class="pen"
    aria-hidden="true">✎</span><span class="sr">yours, to draw on</span>`, "yours, to draw on"]);
  const rows = data.class_names.map((name, c) => [c,
    `<canvas class="mini" width="${data.shape[4]}" height="${data.shape[3]}"></canvas><span class="name"><span>${
      escape(name)}</span><span class="marks"></span></span><span class="bars"><i class="logit"></i></span>
     <output class="z"></output><span class="chance"><i></i></span><output class="p"></output>`]);
  const swatches = data.colormaps.map((name) => [name, `<canvas width="64" height="1"></canvas>
     <span class="sr">${name}</span>`, name]);
  return `<section class="camlib-app" aria-label="${escape(data.title || "Class activation map explorer")}">
  <header>${data.title ? `<h3>${escape(data.title)}</h3>` : ""}${
    thumbs.length > 1 ? choices("image_index", "Image", thumbs) : ""}${
    data.of > images ? `<p class="note">${images} of ${
    data.of} images travel with this page; a running notebook has them all.</p>` : ""}</header>
  <div class="left">
    <div class="stage"><canvas class="picture" tabindex="0" role="application"
      aria-label="Heat map. Arrow keys move from cell to cell, Escape lets go."></canvas>${
      data.own ? `<i class="guide"></i><div class="pieces"></div>` : ""}</div>
    ${data.own ? toolbar() : ""}
    <div class="scale-row"><canvas class="colourbar" width="256" height="1"></canvas><i class="cut"></i>
      <div class="ticks"><output class="low"></output><output class="zero"></output><output class="high"></output>
      </div></div>
    <div class="sum"></div>
    <p class="cell"></p>
  </div>
  <div class="classes">
    <div class="table"><div class="head" aria-hidden="true"><span>class</span><span class="what"></span>
      <span>probability</span></div>${choices("class_index", "Class", rows)}</div>
    <div class="legend"><span><b>▸</b> predicted${
      data.labels || data.images.some((_, i) => data.ownClasses(i).length) ? " <b>✓</b> true" : ""}</span>
      ${choices("order", "Order of the classes", [["class", "in order"], ["score", "by score"]])}</div>
    ${classes > 1 ? `<label class="legend" title="Maps and logits less those of this class">Against
      <select name="against"><option value="">${data.centred ? "the average class" : "nothing (as computed)"}</option>
      ${data.class_names.map((name, c) => `<option value="${c}">${escape(name)}</option>`).join("")}</select></label>`
      : ""}
  </div>
  ${steps > 1 ? `<div class="training">
    <div class="head"><button class="play" aria-label="Play the training"></button>
      <span>step <output class="step"></output></span><span class="key"></span></div>
    <svg class="curve" aria-hidden="true"><path class="grid"/><path class="chance"/><path class="accuracy"/>
      <line class="hair"/><circle class="chance" r="4"/><circle class="accuracy" r="5"/></svg>
    <input type="range" name="step_index" min="0" max="${steps - 1}" step="1" aria-label="Training step">
  </div>` : ""}
  <div class="controls">
    <div class="group slider"><span class="check" title="Around the largest part above this fraction of the maximum">
      <label><input type="checkbox" name="show_box"> Box above</label> <output data-of="threshold"></output>
      <output class="iou"></output></span>${slider("threshold", "Threshold", 0.01)}</div>
    <label class="group slider"><span>Opacity <output data-of="opacity"></output></span>${
      slider("opacity", "Opacity", 0.05)}</label>
    <div class="group"><span>Map</span>${choices("smooth", "Map", [["1", "smooth"], ["", "cells"]])}</div>
    <div class="group"><span>Colours span</span>${choices("scale", "Colours span",
      [["classes", "all classes", "One scale for all classes of this image at this step: heat compares across classes"],
        ["map", "this map", "Each map from its own minimum to its own maximum"]])}</div>
    <div class="group"><span>Colours</span>${choices("colormap", "Colours", swatches)}</div>
  </div>
  <p class="sr" aria-live="polite"></p>
</section>`;
}

/** What draws on the reader's own picture, or makes the one shown theirs. */
const toolbar = () => `<div class="own-bar">
    <button name="copy">Draw on this picture</button>
    <div class="tools" hidden>${choices("tool", "Tool", [["draw", "Draw"], ["erase", "Erase"],
      ["move", "Move", "Drag digits and scraps, or tab to one and press the arrow keys"],
      ["point", "Point", "Read cells, as on the other pictures"]])}
      <button name="scatter" title="Other scraps of digits, at other places">Scatter scraps</button>
      <button name="undo" title="Ctrl+Z">Undo</button><button name="clear">Clear</button></div>
  </div><p class="size note" hidden></p>`;

/**
 * What a state of the controls shows: its map, raw and stretched, logits, the range of the colours, and the boxes.
 * Maps and logits are less those of the class `against`, if any; of this, the probabilities hear nothing.
 */
function look(data, state) {
  const [rows, columns] = data.shape.slice(3), [height, width] = data.travelling;
  const { image_index: image, class_index: c, against } = state, own = image === data.own?.index && data.own;
  const step = own ? own.near(state.step_index) : state.step_index;
  const map = data.map(step, image, c, against), stretched = upsample(map, rows, columns, height, width);
  const range = state.scale === "map" ? data.range(step, image, c, against) : data.sharedRange(step, image, against);
  const small = state.show_box ? largestBox(stretched, height, width, state.threshold) : null;
  const box = small && stretchBox(small, data.travelling, data.size);
  const truths = data.truths(image, c);
  const overlap = box && truths.length ? Math.max(...truths.map((truth) => iou(box, truth))) : null;
  const raw = data.logitsOf(step, image), logits = against === null ? raw : raw.map((z) => z - raw[against]);
  return { ...state, step_index: step, version: own?.version, map, stretched, range, box, truths, overlap, logits,
    chances: softmax(logits) };
}

/**
 * Draw `data` into `host` as `model` says, and tell `model` what the reader does. Returns a function that stops.
 *
 * Each part of the view is made once and then draws what `look` has found; it can also `resize`. The parts share the
 * `view`: `find` and `all` select in the shadow root, `tell` sets traits, `request` draws in the next frame, `over` is
 * an AbortSignal for what must end with the view, `hovered` the cell under the pointer.
 */
function mount(host, model, data, css) {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.innerHTML = `<style>${css}</style>${template(data)}`;
  const app = root.querySelector(".camlib-app"); // listeners go here: the root outlives a mount, its content does not
  const ending = new AbortController();
  let frame = 0, last = {};

  const state = () => Object.fromEntries(data.controls.map((name) => [name, model.get(name)]));
  const draw = () => {
    cancelAnimationFrame(frame);
    frame = 0;
    data.own?.follow(model);
    const shown = look(data, state());
    for (const part of parts) part.draw(shown, last);
    last = shown;
  };
  /** Draw in the next frame, once, whatever happens until then. */
  const request = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (app.isConnected) draw();
    });
  };
  const tell = (changes) => {
    const { image_index, step_index } = { ...state(), ...changes };
    if (image_index === data.own?.index) changes.step_index = data.own.next(model.get("step_index"), step_index);
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
    draw(); // at once, not in the next frame: that would show it a frame later
  };
  const predicted = (image) => argmax(data.logitsOf(model.get("step_index"), image));
  const view = { data, model, root, app, state, tell, draw, request, predicted, over: ending.signal, hovered: null,
    find: (selector) => root.querySelector(selector), all: (selector) => [...root.querySelectorAll(selector)] };
  const parts = [picture, colourScale, classTable, thumbnails, training, controls, sum, voice, ownPicture]
    .map((part) => part(view));
  keepKeys(app);

  const resized = new ResizeObserver(() => {
    for (const part of parts) part.resize?.();
    draw(); // at once: a canvas that has just been resized is blank
  });
  resized.observe(host);
  view.over.addEventListener("abort", () => [resized.disconnect(), cancelAnimationFrame(frame)]);
  hear(model, app, request, view.over);
  for (const part of parts) part.resize?.();
  draw();
  return () => ending.abort();
}

/**
 * Call `listener` when `model` changes, until `over`. The model, which may live as long as its kernel, has a weak
 * reference to `element` and nothing else, so both go once the page has dropped the element.
 */
function hear(model, element, listener, over) {
  element.addEventListener("modelchange", listener, { signal: over });
  over.addEventListener("abort", relay(model, new WeakRef(element)));
}

function relay(model, weak) { // a function of its own: a closure beside the element would keep the element
  const pass = () => {
    const element = weak.deref();
    if (element) element.dispatchEvent(new Event("modelchange"));
    else model.off("change", pass);
  };
  model.on("change", pass);
  return () => model.off("change", pass);
}

/** JupyterLab takes arrows and letters for its own; what is pressed in here stays here, save for its shortcuts. */
function keepKeys(app) {
  app.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && !(event.shiftKey && event.key === "Enter")
      && event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
  });
}

const kind = (name) => ({ diverging: name === "diverging", heat: name === "heat" });
const tableOf = (data, name) => data.tables.subarray(768 * data.colormaps.indexOf(name));

/** Values coloured into a canvas of width × height, its own pixels. */
function paint(context, values, range, data, { colormap, opacity = 1 }, width, height) {
  const rgba = colourise(values, range, tableOf(data, colormap), { opacity, ...kind(colormap) });
  context.putImageData(new ImageData(rgba, width, height), 0, 0);
}

/** The picture under its map, with the boxes and the cell that the reader points at. */
function picture(view) {
  const { data, find } = view;
  const [rows, columns] = data.shape.slice(3), [height, width] = data.travelling;
  const canvas = find(".picture"), screen = canvas.getContext("2d");
  const layer = document.createElement("canvas"), heat = layer.getContext("2d");
  const grounds = data.pictures.map(averageColour);
  canvas.style.aspectRatio = `${width} / ${height}`;
  pointAtCells(view, canvas);

  const outline = ([x0, y0, x1, y1], [high, wide], dash, thick) => {
    const fx = canvas.width / wide, fy = canvas.height / high;
    for (const [colour, extra] of [["rgba(255,255,255,.8)", 2], ["#1d2126", 0]]) {
      screen.setLineDash(dash.map((d) => d * thick));
      screen.strokeStyle = colour;
      screen.lineWidth = thick + extra * devicePixelRatio;
      screen.strokeRect(x0 * fx, y0 * fy, (x1 - x0) * fx, (y1 - y0) * fy);
    }
  };
  return {
    resize() {
      const side = Math.round(Math.min(canvas.clientWidth * devicePixelRatio, 1400)) || width;
      if (canvas.width !== side) [canvas.width, canvas.height] = [side, Math.round((side * height) / width)];
    },
    draw(shown) {
      const own = shown.image_index === data.own?.index;
      view.app.style.setProperty("--ground", own ? data.own.ground : grounds[shown.image_index]);
      [layer.width, layer.height] = shown.smooth ? [width, height] : [columns, rows];
      paint(heat, shown.smooth ? shown.stretched : shown.map, shown.range, data, shown, layer.width, layer.height);
      screen.imageSmoothingEnabled = width > 150; // a digit's pixels are worth seeing, a photograph's are not
      screen.drawImage(data.pictures[shown.image_index], 0, 0, canvas.width, canvas.height);
      screen.imageSmoothingEnabled = shown.smooth;
      screen.drawImage(layer, 0, 0, canvas.width, canvas.height);
      const thick = Math.max(1.5, canvas.width / 320), cell = pointed(view, shown);
      if (shown.show_box) for (const truth of shown.truths) outline(truth, data.size, [3, 3], thick);
      if (shown.box) outline(shown.box, data.size, [], 1.4 * thick);
      if (cell) outline([cell[1], cell[0], cell[1] + 1, cell[0] + 1], [rows, columns], [], thick);
    },
  };
}

/** The reader points at cells of the canvas, and pins one by a click, a touch or the arrow keys. */
function pointAtCells(view, canvas) {
  const { model, tell, request } = view, [rows, columns] = view.data.shape.slice(3);
  const clip = (value, count) => Math.min(Math.max(value, 0), count - 1);
  const cellAt = ({ clientX, clientY }) => {
    const at = canvas.getBoundingClientRect();
    return [clip(Math.floor(((clientY - at.top) / at.height) * rows), rows),
      clip(Math.floor(((clientX - at.left) / at.width) * columns), columns)];
  };
  const same = (a, b) => a && b && a[0] === b[0] && a[1] === b[1];
  const hover = (cell) => { view.hovered = cell; request(); };
  canvas.addEventListener("pointermove", (event) => view.editing?.() || hover(cellAt(event)));
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("click", (event) => {
    if (view.editing?.()) return;
    const cell = cellAt(event);
    if (event.pointerType === "touch") view.hovered = null;
    tell({ cell: same(cell, model.get("cell")) ? null : cell });
  });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (event.key === "Escape" && model.get("cell")) tell({ cell: null });
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    view.hovered = null;
    const [row, column] = model.get("cell") ?? [rows >> 1, columns >> 1];
    tell({ cell: [clip(row + move[0], rows), clip(column + move[1], columns)] });
  });
}

/** The cell that the reader points at or has pinned. */
const pointed = (view, { cell }) => (view.editing?.() ? cell : view.hovered ?? cell);

/** The colour bar, its ends, its zero, and where the box cuts. */
function colourScale({ data, find }) {
  const bar = find(".colourbar").getContext("2d");
  return {
    draw({ map, colormap, range: [low, high], show_box, threshold }) {
      const limit = Math.max(Math.abs(low), Math.abs(high));
      const { diverging, heat } = kind(colormap);
      const [from, to] = diverging ? [-limit, limit] : heat ? [0, Math.max(high, 0)] : [low, high];
      const ramp = Float64Array.from({ length: 256 }, (_, i) => from + ((to - from) * i) / 255);
      paint(bar, ramp, [from, to], data, { colormap }, 256, 1);
      const place = (value) => `${to > from ? (100 * (value - from)) / (to - from) : 0}%`;
      find(".low").textContent = brief(from);
      find(".high").textContent = brief(to);
      find(".zero").textContent = from < 0 && to > 0 ? "0" : "";
      find(".zero").style.left = place(0);
      const top = Math.max(...map);
      find(".cut").hidden = !(show_box && top > 0);
      find(".cut").style.left = place(threshold * top);
    },
  };
}

/** One row a class: its map, logit and probability, in order or by score. */
function classTable({ data, root, find, all }) {
  const [rows, columns] = data.shape.slice(3);

  function sort({ order, logits, image_index }) {
    const labels = all(".class_index label"), own = data.ownClasses(image_index);
    const first = (a, b) => own.includes(+b.control.value) - own.includes(+a.control.value);
    const byScore = (a, b) => logits[b.control.value] - logits[a.control.value];
    const byClass = (a, b) => a.control.value - b.control.value;
    const sorted = [...labels].sort((a, b) => first(a, b) || (order === "score" ? byScore : byClass)(a, b));
    if (sorted.some((label, i) => label !== labels[i])) {
      const focused = root.activeElement;
      find(".class_index").append(...sorted);
      if (focused?.name === "class_index") focused.focus();
    }
    return sorted;
  }

  function fill(label, c, { logits, chances, ...shown }, limit, predicted) {
    const of = (selector) => label.querySelector(selector);
    label.control.checked = c === shown.class_index;
    const guess = c === predicted;
    const truth = c === data.labels?.[shown.image_index] || data.ownClasses(shown.image_index).includes(c);
    of(".marks").textContent = (guess ? "▸" : "") + (truth ? "✓" : "");
    const numbers = `${what(shown)} ${number(logits[c])}, probability ${percent(chances[c])}`;
    label.control.setAttribute("aria-label",
      `${data.class_names[c]}: ${numbers}${guess ? ", predicted" : ""}${truth ? ", true class" : ""}`);
    const bar = of(".logit");
    bar.style.width = `${(50 * Math.abs(logits[c])) / limit}%`;
    bar.style.left = `${logits[c] < 0 ? 50 - (50 * -logits[c]) / limit : 50}%`;
    bar.classList.toggle("negative", logits[c] < 0);
    of(".chance i").style.width = `${100 * chances[c]}%`;
    of(".z").textContent = number(logits[c]);
    of(".p").textContent = percent(chances[c]);
  }

  function recolour(label, c, { step_index, image_index, against, scale, range, colormap }) {
    const own = scale === "map" ? data.range(step_index, image_index, c, against) : range;
    const context = label.querySelector(".mini").getContext("2d");
    paint(context, data.map(step_index, image_index, c, against), own, data, { colormap }, columns, rows);
  }

  return {
    draw(shown, last) {
      const limit = Math.max(...Array.from(shown.logits, Math.abs), 1e-9), predicted = argmax(shown.logits);
      const changed = ["step_index", "image_index", "version", "against", "colormap", "scale"].some(
        (name) => shown[name] !== last[name]);
      find(".what").textContent = what(shown);
      for (const label of sort(shown)) {
        const c = +label.control.value;
        fill(label, c, shown, limit, predicted);
        if (changed) recolour(label, c, shown);
      }
    },
  };
}

/** The images to choose from, with a mark at those predicted wrongly. */
function thumbnails({ data, all }) {
  return {
    draw(shown) {
      all(".image_index label").forEach((label, i) => {
        label.control.checked = i === shown.image_index;
        const wrong = i in (data.labels ?? []) && argmax(data.logitsOf(shown.step_index, i)) !== data.labels[i];
        label.classList.toggle("wrong", Boolean(wrong));
        label.title = wrong ? "predicted wrongly at this step" : "";
      });
    },
  };
}

/** How accuracy and the class's probability went along the training; nothing where there are no steps. */
function training(view) {
  const { data, find } = view, steps = data.shape[0];
  if (steps < 2) return { draw() {} };
  const curve = find(".curve"), range = find("[name=step_index]");
  const pad = 9; // half a slider's thumb: the curve's points stand above the slider's places
  let width = 0;
  const curveX = (i) => pad + ((width - 2 * pad) * i) / (steps - 1);
  const curveY = (value) => 6 + (1 - value) * 68;
  const line = (value, places = data.steps.keys()) =>
    "M" + Array.from(places, (i) => `${curveX(i)} ${curveY(value(i))}`).join("L");
  const set = (selector, attributes) => {
    for (const [name, value] of Object.entries(attributes)) find(selector).setAttribute(name, value);
  };
  playSteps(view, (x) => Math.round(((x - pad) / (width - 2 * pad)) * (steps - 1)));

  return {
    resize() { width = curve.clientWidth; },
    draw({ step_index: now, image_index, class_index }) {
      const chance = (step) => softmax(data.logitsOf(step, image_index))[class_index];
      const accuracy = data.accuracy && percent(data.accuracy[now]);
      set("path.grid", { d: [0, 0.5, 1].map((v) => `M0 ${curveY(v)}H${width}`).join("") });
      set("path.chance", { d: line(chance, image_index === data.own?.index ? data.own.known() : undefined) });
      set("circle.chance", { cx: curveX(now), cy: curveY(chance(now)) });
      if (accuracy) {
        set("path.accuracy", { d: line((i) => data.accuracy[i]) });
        set("circle.accuracy", { cx: curveX(now), cy: curveY(data.accuracy[now]) });
      }
      set(".hair", { x1: curveX(now), x2: curveX(now), y1: curveY(1), y2: curveY(0) + 10 });
      find(".step").textContent = data.steps[now];
      find(".key").innerHTML = (accuracy ? `<b class="accuracy">accuracy ${accuracy}</b> ` : "") +
        `<b class="chance">p(${escape(data.class_names[class_index])}) here ${percent(chance(now))}</b>`;
      range.value = now;
      range.style.setProperty("--part", now / (steps - 1));
      range.setAttribute("aria-valuetext", `step ${data.steps[now]}${accuracy ? `, accuracy ${accuracy}` : ""}`);
    },
  };
}

/** The button that plays the training, and the curve to drag along; `stepAt` is the step at a place of the curve. */
function playSteps({ data, model, app, find, tell, over }, stepAt) {
  const last = data.shape[0] - 1, button = find(".play"), curve = find(".curve");
  let playing = 0;
  const stop = () => {
    clearInterval(playing);
    playing = 0;
    button.setAttribute("aria-pressed", "false");
  };
  over.addEventListener("abort", stop);
  find("[name=step_index]").addEventListener("input", stop);
  button.addEventListener("click", () => {
    if (playing) return stop();
    button.setAttribute("aria-pressed", "true");
    if (model.get("step_index") === last) tell({ step_index: 0 });
    playing = setInterval(() => {
      if (!app.isConnected) return stop();
      tell({ step_index: Math.min(model.get("step_index") + 1, last) });
      if (model.get("step_index") === last) stop();
    }, 450);
  });
  const drag = (event) => {
    if (!event.buttons) return;
    stop();
    const step = stepAt(event.clientX - curve.getBoundingClientRect().left);
    tell({ step_index: Math.min(Math.max(step, 0), last) });
  };
  curve.addEventListener("pointerdown", (event) => {
    curve.setPointerCapture(event.pointerId);
    drag(event);
  });
  curve.addEventListener("pointermove", drag);
}

/** Sliders and choices: what the reader sets in any of them goes to the model. */
function controls({ data, app, find, all, state, tell, predicted }) {
  const read = { smooth: (input) => input.value === "1", show_box: (input) => input.checked,
    against: (input) => (input.value === "" ? null : Number(input.value)) };
  for (const name of ["image_index", "class_index", "step_index", "opacity", "threshold"])
    read[name] = (input) => Number(input.value);
  app.addEventListener("input", ({ target }) => {
    if (!data.controls.includes(target.name)) return;
    const changes = { [target.name]: (read[target.name] ?? ((input) => input.value))(target) };
    if (target.name === "image_index") {
      // Whoever looks at the predicted class goes on looking at the predicted class.
      const s = state();
      if (s.class_index === predicted(s.image_index)) changes.class_index = predicted(changes.image_index);
    }
    tell(changes);
  });
  const ramp = Float64Array.from({ length: 64 }, (_, x) => x / 31.5 - 1);
  data.colormaps.forEach((colormap, i) =>
    paint(all(".colormap canvas")[i].getContext("2d"), ramp, [-1, 1], data, { colormap }, 64, 1));

  return {
    draw(shown) {
      for (const name of ["opacity", "threshold"]) {
        const input = find(`[name=${name}]`), text = `${Math.round(100 * shown[name])}\u202f%`;
        input.value = shown[name];
        input.style.setProperty("--part", shown[name]);
        input.setAttribute("aria-valuetext", name === "threshold" ? `${text} of the maximum` : text);
        find(`[data-of=${name}]`).textContent = text;
      }
      for (const name of ["colormap", "scale", "order"]) find(`[name=${name}][value="${shown[name]}"]`).checked = true;
      find(`[name=smooth][value="${shown.smooth ? 1 : ""}"]`).checked = true;
      find("[name=show_box]").checked = shown.show_box;
      const against = find("[name=against]"); // which one class alone does not have
      if (against) against.value = shown.against ?? "";
      find(".iou").textContent = shown.overlap !== null ? `IoU ${shown.overlap.toFixed(2)}`
        : shown.show_box && !shown.box ? "no box" : "";
    },
  };
}

/** The logit as a sum: of the cells above zero, those below, and the bias; and what the cell pointed at adds. */
function sum(view) {
  const { data, find } = view;
  const [, , classes, rows, columns] = data.shape, cells = rows * columns;
  const term = (value, label, kind = "", title = "") =>
    `<span class="${kind}" title="${title}"><b>${value}</b><small>${label}</small></span>`;
  return {
    draw({ step_index, image_index, class_index, against, logits, map, ...shown }) {
      const logit = logits[class_index], biasOf = (c) => data.bias[step_index * classes + c];
      const bias = biasOf(class_index) - (against === null ? 0 : biasOf(against));
      const warm = against === null ? data.positiveOf(step_index, image_index, class_index)
        : map.reduce((total, value) => total + Math.max(value, 0), 0) / cells;
      const named = (word, c) => `${word}<sub>${escape(data.class_names[c])}</sub>`;
      const less = (word) => (against === null ? word
        : `${named(word, class_index)} ${MINUS} ${named(word, against)}`);
      find(".sum").innerHTML = [
        term(signed(warm), "cells > 0", "warm", `The cells above zero, added up, ÷ ${cells}`),
        term(signed(logit - bias - warm), "cells < 0", "cool", `The cells below zero, added up, ÷ ${cells}`),
        term(signed(bias), less("bias")), `<div><i>=</i>${term(number(logit), less("logit"))}</div>`].join("");
      const cell = pointed(view, shown), value = cell && map[cell[0] * columns + cell[1]];
      const spans = [class_index, against ?? class_index].map((c) => data.range(step_index, image_index, c))
        .map(([low, high]) => high - low);
      const digits = Math.min(Math.max(Math.ceil(-Math.log10(Math.max(...spans) / 255 || 1)), 0), 6); // as 8 bits tell
      find("p.cell").textContent = cell
        ? `Row ${cell[0]}, column ${cell[1]}: ${number(value, digits)}. It carries ${number(value, digits)} ÷ ${
          cells} = ${signed(value / cells, digits + Math.floor(Math.log10(cells)))} of the ${what({ against })}.`
        : against === class_index ? "Against itself, a class has no evidence: every cell is silent."
          : `${view.editing?.() ? "Choose Point, then point" : "Point"} at a cell to see how much of the ${
            what({ against })} it carries.`;
    },
  };
}

/** Tells screen readers what is shown, once it has rested for half a second. */
function voice({ data, find, over }) {
  let timer = 0;
  over.addEventListener("abort", () => clearTimeout(timer));
  return {
    draw({ class_index, against, logits, chances, overlap, version }) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const read = version === undefined ? "" : `Your picture is read as ${data.class_names[argmax(chances)]}. `;
        find("p[aria-live]").textContent = `${read}Class ${data.class_names[class_index]}${
          against === null ? "" : ` against ${data.class_names[against]}`}: ${what({ against })} ${
          number(logits[class_index])}, probability ${percent(chances[class_index])}${
          overlap !== null ? `, IoU ${overlap.toFixed(2)}` : ""}. ${find("p.cell").textContent}`;
      }, 500);
    },
  };
}

// --------------------------------------------------------------------------------------------------------- hosts

// The notebook shows the page form, which never goes stale, and widget models find it through this meeting place. It
// knows pages by weak references: a page belongs to its host element and goes with it, when an output is replaced.
const meeting = (globalThis.camlibMeeting ??= { models: new Map(), pages: new Set() });

/** The pages of this key that are still in memory. */
function pagesOf(key) {
  for (const reference of meeting.pages) if (!reference.deref()) meeting.pages.delete(reference);
  return [...meeting.pages].map((reference) => reference.deref()).filter((page) => page?.key === key);
}

/** Where an image, by its number among all, lies in a page that has some of them; the first, where it is not there. */
function placed({ of, kept, own }, number) {
  if (number === undefined) return {};
  return { image_index: number === of ? own.index : Math.max(kept.indexOf(number), 0) };
}

/** Show a page's host with a model: the kernel's where there is one, its own otherwise. */
async function connect(page) {
  const turn = (page.turn = (page.turn ?? 0) + 1);
  const live = meeting.models.get(page.key);
  const data = await load(live ? bytesOf(live) : page.bytes);
  if (turn !== page.turn) return; // a model came or went meanwhile, and a later call sees to it
  page.stop?.();
  const model = live ?? new LocalModel({ ...page.state, ...placed(data, page.left) });
  const unmount = mount(page.host, model, data, page.css);
  const unfollow = live ? follow(live.get("layout"), page.host) : () => {};
  page.stop = () => [unmount(), unfollow()];
  page.host.dataset.live = Boolean(live);
}

/** Give a host the layout (width, margin, …) of the widget that it stands for. */
function follow(layout, host) {
  const ending = new AbortController();
  const apply = () => {
    for (const [name, value] of Object.entries(layout.attributes))
      if (!name.startsWith("_")) host.style.setProperty(name.replaceAll("_", "-"), value ?? "");
  };
  hear(layout, host, apply, ending.signal);
  apply();
  return () => ending.abort();
}

const bytesOf = (model) => {
  const packed = model.get("_packed");
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
};

const decoded = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/**
 * Bring every explorer of this key to life that lies in the page, with the data that lies beside it. A notebook may
 * have taken the cell out of the page for a moment, so where there is none this looks again, for a minute.
 */
export async function mountPage(key, tries = 240) {
  const hosts = [...document.querySelectorAll(`.camlib-explorer[data-key="${key}"]:not([data-live])`)];
  if (!hosts.length && tries) return void setTimeout(mountPage, 250, key, tries - 1);
  await Promise.all(hosts.map(async (host) => {
    host.dataset.live = false;
    const bytes = decoded(host.querySelector("script").textContent.trim());
    const css = host.querySelector("template").content.textContent, state = JSON.parse(host.dataset.state);
    if (state.own_image) state.own_image = new DataView(await gunzip(decoded(state.own_image)));
    const page = (host.camlibPage = { key, host, bytes, css, state });
    meeting.pages.add(new WeakRef(page));
    return connect(page);
  }));
}

export default {
  async initialize({ model }) {
    const key = model.get("_key");
    meeting.models.set(key, model);
    await Promise.all(pagesOf(key).map(connect));
    return () => {
      if (meeting.models.get(key) !== model) return;
      meeting.models.delete(key); // the kernel has gone: the page goes on by itself from where it was
      for (const page of pagesOf(key)) {
        for (const name of Object.keys(page.state)) page.state[name] = model.get(name);
        page.left = model.get("image_index");
        connect(page);
      }
    };
  },
  async render({ model, el }) {
    return mount(el, model, await load(bytesOf(model)), model.get("_css"));
  },
};
