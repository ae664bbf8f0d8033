// The explorer's face: one file, two hosts. In a live notebook it is the front end of an anywidget (`render`,
// `initialize`); in a page without a kernel `mountPage` runs it on the data that the page carries. Everything that
// moves is drawn here, so a slider answers within a frame; Python hears of it afterwards.
//
// Shapes: a map is a Float64Array of rows × columns, row by row; a picture is height × width pixels.

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
  for (const value of picture) if (value > top) top = value;
  if (!(top > 0)) return null;
  const cut = threshold * top;
  const open = new Uint8Array(picture.length), stack = new Int32Array(picture.length);
  for (let i = 0; i < picture.length; i++) open[i] = picture[i] > cut ? 1 : 0;
  let best = null, bestArea = 0;
  for (let start = 0; start < picture.length; start++) {
    if (!open[start]) continue;
    let depth = 0, area = 0, x0 = width, y0 = height, x1 = 0, y1 = 0;
    stack[depth++] = start;
    open[start] = 0;
    while (depth) {
      const at = stack[--depth], x = at % width, y = (at - x) / width;
      area++;
      if (x < x0) x0 = x;
      if (x >= x1) x1 = x + 1;
      if (y < y0) y0 = y;
      if (y >= y1) y1 = y + 1;
      for (let v = Math.max(y - 1, 0); v <= Math.min(y + 1, height - 1); v++)
        for (let u = Math.max(x - 1, 0); u <= Math.min(x + 1, width - 1); u++)
          if (open[v * width + u]) {
            open[v * width + u] = 0;
            stack[depth++] = v * width + u;
          }
    }
    if (area > bestArea) [best, bestArea] = [[x0, y0, x1, y1], area];
  }
  return best;
}

/** Intersection over union of two half-open boxes. */
export function iou(a, b) {
  const wide = Math.min(a[2], b[2]) - Math.max(a[0], b[0]), high = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const common = Math.max(wide, 0) * Math.max(high, 0);
  const area = ([x0, y0, x1, y1]) => (x1 - x0) * (y1 - y0);
  return common ? common / (area(a) + area(b) - common) : 0;
}

/**
 * RGBA bytes for values, between low and high through a table of 256 RGB colours. A diverging table is centred at
 * zero and fades out there, so that no evidence leaves the picture as it is.
 */
export function colourise(values, [low, high], table, { opacity = 1, diverging = false } = {}) {
  const rgba = new Uint8ClampedArray(4 * values.length);
  const limit = Math.max(Math.abs(low), Math.abs(high));
  const [start, span] = diverging ? [-limit, 2 * limit] : [low, high - low];
  for (let i = 0; i < values.length; i++) {
    const t = span > 0 ? Math.min(Math.max((values[i] - start) / span, 0), 1) : diverging ? 0.5 : 0;
    const colour = 3 * Math.round(t * 255);
    rgba[4 * i] = table[colour];
    rgba[4 * i + 1] = table[colour + 1];
    rgba[4 * i + 2] = table[colour + 2];
    rgba[4 * i + 3] = 255 * opacity * (diverging ? Math.min(1, 1.25 * Math.abs(2 * t - 1)) : 1);
  }
  return rgba;
}

// ---------------------------------------------------------------------------------------------------------- data

/** The bytes that `explore.py` packs (gzip: length, JSON header, arrays), unpacked: see `packed` there. */
export async function unpack(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
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
  const index = data.index = (step, image, c) => (step * images + image) * classes + c;
  data.map = (step, image, c) => {
    const at = index(step, image, c), low = data.low[at], unit = (data.high[at] - low) / data.levels[at];
    return Float64Array.from(data.codes.subarray(at * cells, (at + 1) * cells), (code) => low + unit * code);
  };
  data.range = (step, image, c) => [data.low[index(step, image, c)], data.high[index(step, image, c)]];
  data.sharedRange = (step, image) => {
    const from = index(step, image, 0);
    const part = (ends) => ends.subarray(from, from + classes);
    return [Math.min(...part(data.low)), Math.max(...part(data.high))];
  };
  data.logitsOf = (step, image) => data.logits.subarray(index(step, image, 0), index(step, image, 0) + classes);
  return data;
}

/** Unpacked data with its images decoded, `pictures`: all that `mount` needs, so that it need not wait. */
async function load(bytes) {
  const data = await unpack(bytes);
  data.pictures = await Promise.all(data.images.map(async (address) => {
    const image = Object.assign(new Image(), { src: address });
    await image.decode();
    return image;
  }));
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

const TRAITS = ["image_index", "class_index", "step_index", "opacity", "colormap", "threshold", "smooth", "show_box",
  "scale", "order", "cell"];
const MINUS = "\u2212";
const number = (value, digits = 2) => (value < 0 ? MINUS : "") + Math.abs(value).toFixed(digits);
const signed = (value, digits = 2) => (value < 0 ? MINUS : "+") + Math.abs(value).toFixed(digits);
const brief = (value) => number(value, Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1)))));
const percent = (p) => (p > 0.9995 && p < 1 ? ">99.9" : (100 * p).toFixed(1)) + "\u202f%";
const argmax = (values) => values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
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
  const rows = data.class_names.map((name, c) => [c,
    `<canvas class="mini" width="${data.shape[4]}" height="${data.shape[3]}"></canvas><span class="name"><span>${
      escape(name)}</span><span class="marks"></span></span><span class="bars"><i class="logit"></i></span>
     <output class="z"></output><span class="chance"><i></i></span><output class="p"></output>`]);
  const swatches = data.colormaps.map((name) => [name, `<canvas width="64" height="1"></canvas>
     <span class="sr">${name}</span>`, name]);
  return `<style>${CSS}</style>
<section class="app" aria-label="${escape(data.title || "Class activation map explorer")}">
  <header>${data.title ? `<h3>${escape(data.title)}</h3>` : ""}${
    images > 1 ? choices("image_index", "Image", thumbs) : ""}${data.of > images ? `<p class="note">${images} of ${
    data.of} images travel with this page; a running notebook has them all.</p>` : ""}</header>
  <div class="left">
    <canvas class="picture" tabindex="0" role="application"
      aria-label="Heat map. Arrow keys move from cell to cell, Escape lets go."></canvas>
    <div class="scale-row"><canvas class="colourbar" width="256" height="1"></canvas><i class="cut"></i>
      <div class="ticks"><output class="low"></output><output class="zero"></output><output class="high"></output>
      </div></div>
    <div class="sum"></div>
    <p class="cell"></p>
  </div>
  <div class="classes">
    <div class="table"><div class="head" aria-hidden="true"><span>class</span><span>logit</span><span>probability</span>
      </div>${choices("class_index", "Class", rows)}</div>
    <div class="legend"><span><b>▸</b> predicted${data.labels ? " <b>✓</b> true" : ""}</span>
      ${choices("order", "Order of the classes", [["class", "in order"], ["score", "by score"]])}</div>
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

/** Draw `data` into `host` as `model` says, and tell `model` what the reader does. Returns a function that stops. */
function mount(host, model, data) {
  const [steps, , classes, rows, columns] = data.shape;
  const [height, width] = data.size;
  const diverging = (name) => name === "diverging";
  const table = (name) => data.tables.subarray(768 * data.colormaps.indexOf(name));
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.innerHTML = template(data);
  const $ = (selector) => root.querySelector(selector);
  const app = $(".app"); // listeners go here: the root outlives a mount, its content does not
  const all = (selector) => [...root.querySelectorAll(selector)];
  const state = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  const tell = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
    draw(); // at once, not in the next frame: that would show it a frame later
  };

  const canvas = $(".picture"), screen = canvas.getContext("2d");
  const layer = document.createElement("canvas"), heat = layer.getContext("2d");
  const grounds = data.pictures.map(averageColour);
  canvas.style.aspectRatio = `${width} / ${height}`;
  let hovered = null, playing = 0, frame = 0, spoken = 0, last = {};

  /** Draw in the next frame, once, whatever happens until then. */
  function request() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      if (app.isConnected) draw();
    });
  }

  function draw() {
    cancelAnimationFrame(frame);
    frame = 0;
    const s = state();
    const map = data.map(s.step_index, s.image_index, s.class_index);
    const smooth = upsample(map, rows, columns, height, width);
    const range = s.scale === "map" ? data.range(s.step_index, s.image_index, s.class_index)
      : data.sharedRange(s.step_index, s.image_index);
    const box = s.show_box ? largestBox(smooth, height, width, s.threshold) : null;
    app.style.setProperty("--ground", grounds[s.image_index]);
    drawPicture(s, map, smooth, range, box);
    drawScale(s, map, range);
    drawClasses(s, range);
    drawTraining(s);
    drawControls(s, box);
    drawSum(s, map);
    last = s;
  }

  function drawPicture(s, map, smooth, range, box) {
    const image = data.pictures[s.image_index], cell = hovered ?? s.cell;
    [layer.width, layer.height] = s.smooth ? [width, height] : [columns, rows];
    const rgba = colourise(s.smooth ? smooth : map, range, table(s.colormap),
      { opacity: s.opacity, diverging: diverging(s.colormap) });
    heat.putImageData(new ImageData(rgba, layer.width, layer.height), 0, 0);
    const [w, h] = [canvas.width, canvas.height];
    screen.imageSmoothingEnabled = width > 150; // a digit's pixels are worth seeing, a photograph's are not
    screen.drawImage(image, 0, 0, w, h);
    screen.imageSmoothingEnabled = s.smooth;
    screen.drawImage(layer, 0, 0, w, h);
    const outline = ([x0, y0, x1, y1], fx, fy, dash, thick) => {
      for (const [colour, extra] of [["rgba(0,0,0,.65)", 2], ["#fff", 0]]) {
        screen.setLineDash(dash.map((d) => d * thick));
        screen.strokeStyle = colour;
        screen.lineWidth = thick + extra * devicePixelRatio;
        screen.strokeRect(x0 * fx, y0 * fy, (x1 - x0) * fx, (y1 - y0) * fy);
      }
    };
    const thick = Math.max(1.5, w / 320);
    if (s.show_box)
      for (const truth of data.boxes?.[s.image_index] ?? []) outline(truth, w / width, h / height, [3, 3], thick);
    if (box) outline(box, w / width, h / height, [], 1.4 * thick);
    if (cell) outline([cell[1], cell[0], cell[1] + 1, cell[0] + 1], w / columns, h / rows, [], thick);
  }

  function drawScale(s, map, [low, high]) {
    const name = s.colormap;
    const limit = Math.max(Math.abs(low), Math.abs(high));
    const [from, to] = diverging(name) ? [-limit, limit] : [low, high];
    const ramp = Float64Array.from({ length: 256 }, (_, i) => from + ((to - from) * i) / 255);
    const rgba = colourise(ramp, [from, to], table(name), { diverging: diverging(name) });
    $(".colourbar").getContext("2d").putImageData(new ImageData(rgba, 256, 1), 0, 0);
    const place = (value) => `${to > from ? (100 * (value - from)) / (to - from) : 0}%`;
    $(".low").textContent = brief(from);
    $(".high").textContent = brief(to);
    $(".zero").textContent = from < 0 && to > 0 ? "0" : "";
    $(".zero").style.left = place(0);
    const top = Math.max(...map);
    $(".cut").hidden = !(s.show_box && top > 0);
    $(".cut").style.left = place(s.threshold * top);
  }

  function drawClasses(s, range) {
    const logits = data.logitsOf(s.step_index, s.image_index), chances = softmax(logits);
    const limit = Math.max(...Array.from(logits, Math.abs), 1e-9), predicted = argmax(logits);
    const labels = all(".class_index label");
    const byScore = (a, b) => logits[b.control.value] - logits[a.control.value];
    const byClass = (a, b) => a.control.value - b.control.value;
    const sorted = [...labels].sort(s.order === "score" ? byScore : byClass);
    if (sorted.some((label, i) => label !== labels[i])) {
      const focused = root.activeElement;
      $(".class_index").append(...sorted);
      if (focused?.name === "class_index") focused.focus();
    }
    const recolour = ["step_index", "image_index", "colormap", "scale"].some((name) => s[name] !== last[name]);
    for (const label of sorted) {
      const c = +label.control.value, of = (selector) => label.querySelector(selector);
      label.control.checked = c === s.class_index;
      const [guess, truth] = [c === predicted, c === data.labels?.[s.image_index]];
      of(".marks").textContent = (guess ? "▸" : "") + (truth ? "✓" : "");
      label.control.setAttribute("aria-label", `${data.class_names[c]}: logit ${number(logits[c])}, probability ${
        percent(chances[c])}${guess ? ", predicted" : ""}${truth ? ", true class" : ""}`);
      const bar = of(".logit");
      bar.style.width = `${(50 * Math.abs(logits[c])) / limit}%`;
      bar.style.left = `${logits[c] < 0 ? 50 - (50 * -logits[c]) / limit : 50}%`;
      bar.classList.toggle("negative", logits[c] < 0);
      of(".chance i").style.width = `${100 * chances[c]}%`;
      of(".z").textContent = number(logits[c]);
      of(".p").textContent = percent(chances[c]);
      if (recolour) {
        const own = s.scale === "map" ? data.range(s.step_index, s.image_index, c) : range;
        const rgba = colourise(data.map(s.step_index, s.image_index, c), own, table(s.colormap),
          { diverging: diverging(s.colormap) });
        of(".mini").getContext("2d").putImageData(new ImageData(rgba, columns, rows), 0, 0);
      }
    }
    all(".image_index label").forEach((label, i) => {
      label.control.checked = i === s.image_index;
      const wrong = data.labels && argmax(data.logitsOf(s.step_index, i)) !== data.labels[i];
      label.classList.toggle("wrong", Boolean(wrong));
      label.title = wrong ? "predicted wrongly at this step" : "";
    });
  }

  const PAD = 9; // half a slider's thumb: the curve's points stand above the slider's places
  const curveX = (i) => PAD + ((curveWidth - 2 * PAD) * i) / (steps - 1);
  let curveWidth = 0;
  const curveY = (value) => 6 + (1 - value) * 68;

  function drawTraining(s) {
    if (steps < 2) return;
    const name = data.class_names[s.class_index];
    const chance = (step) => softmax(data.logitsOf(step, s.image_index))[s.class_index];
    const line = (value) => data.steps.map((_, i) => `${i ? "L" : "M"}${curveX(i)} ${curveY(value(i))}`).join("");
    const point = (selector, value) => {
      $(selector).setAttribute("cx", curveX(s.step_index));
      $(selector).setAttribute("cy", curveY(value));
    };
    $("path.grid").setAttribute("d", [0, 0.5, 1].map((v) => `M0 ${curveY(v)}H${curveWidth}`).join(""));
    $("path.chance").setAttribute("d", line(chance));
    point("circle.chance", chance(s.step_index));
    if (data.accuracy) {
      $("path.accuracy").setAttribute("d", line((i) => data.accuracy[i]));
      point("circle.accuracy", data.accuracy[s.step_index]);
    }
    const hair = { x1: curveX(s.step_index), x2: curveX(s.step_index), y1: curveY(1), y2: curveY(0) + 10 };
    for (const [key, value] of Object.entries(hair)) $(".hair").setAttribute(key, value);
    $(".step").textContent = data.steps[s.step_index];
    $(".key").innerHTML =
      (data.accuracy ? `<b class="accuracy">accuracy ${percent(data.accuracy[s.step_index])}</b> ` : "") +
      `<b class="chance">p(${escape(name)}) here ${percent(chance(s.step_index))}</b>`;
    const range = $("[name=step_index]");
    range.value = s.step_index;
    range.style.setProperty("--part", s.step_index / (steps - 1));
    range.setAttribute("aria-valuetext", `step ${data.steps[s.step_index]}` +
      (data.accuracy ? `, accuracy ${percent(data.accuracy[s.step_index])}` : ""));
  }

  function drawControls(s, box) {
    for (const name of ["opacity", "threshold"]) {
      const input = $(`[name=${name}]`), text = `${Math.round(100 * s[name])}\u202f%`;
      input.value = s[name];
      input.style.setProperty("--part", s[name]);
      input.setAttribute("aria-valuetext", name === "threshold" ? `${text} of the maximum` : text);
      $(`[data-of=${name}]`).textContent = text;
    }
    for (const name of ["colormap", "scale", "order"]) $(`[name=${name}][value="${s[name]}"]`).checked = true;
    $(`[name=smooth][value="${s.smooth ? 1 : ""}"]`).checked = true;
    $("[name=show_box]").checked = s.show_box;
    const truths = data.boxes?.[s.image_index] ?? [];
    const overlap = box && truths.length ? Math.max(...truths.map((truth) => iou(box, truth))) : null;
    $(".iou").textContent = overlap !== null ? `IoU ${overlap.toFixed(2)}`
      : s.show_box && !box ? "no box" : "";
    clearTimeout(spoken);
    spoken = setTimeout(() => {
      const logits = data.logitsOf(s.step_index, s.image_index);
      $("p[aria-live]").textContent = `Class ${data.class_names[s.class_index]}: logit ${
        number(logits[s.class_index])}, probability ${percent(softmax(logits)[s.class_index])}${
        overlap !== null ? `, IoU ${overlap.toFixed(2)}` : ""}. ${$("p.cell").textContent}`;
    }, 500);
  }

  function drawSum(s, map) {
    const cells = rows * columns, cell = hovered ?? s.cell;
    const logit = data.logitsOf(s.step_index, s.image_index)[s.class_index];
    const bias = data.bias[s.step_index * classes + s.class_index];
    const warm = data.positive[data.index(s.step_index, s.image_index, s.class_index)];
    const term = (value, label, kind = "", title = "") =>
      `<span class="${kind}" title="${title}"><b>${value}</b><small>${label}</small></span>`;
    $(".sum").innerHTML = [
      term(signed(warm), "cells > 0", "warm", `The cells above zero, added up, ÷ ${cells}`),
      term(signed(logit - bias - warm), "cells < 0", "cool", `The cells below zero, added up, ÷ ${cells}`),
      term(signed(bias), "bias"), "<i>=</i>", term(number(logit), "logit")].join("");
    const value = cell && map[cell[0] * columns + cell[1]];
    const [low, high] = data.range(s.step_index, s.image_index, s.class_index);
    const digits = Math.min(Math.max(Math.ceil(-Math.log10((high - low) / 255 || 1)), 0), 6); // what 8 bits can tell
    $("p.cell").textContent = cell
      ? `Row ${cell[0]}, column ${cell[1]}: ${number(value, digits)}. It carries ${number(value, digits)} ÷ ${
        cells} = ${signed(value / cells, digits + Math.floor(Math.log10(cells)))} of the logit.`
      : "Point at a cell to see how much of the logit it carries.";
  }

  // What the reader does.
  const read = { smooth: (input) => input.value === "1", show_box: (input) => input.checked };
  for (const name of ["image_index", "class_index", "step_index", "opacity", "threshold"])
    read[name] = (input) => Number(input.value);
  app.addEventListener("input", ({ target }) => {
    const changes = { [target.name]: (read[target.name] ?? ((input) => input.value))(target) };
    if (target.name === "step_index") stop();
    if (target.name === "image_index") {
      // Whoever looks at the predicted class goes on looking at the predicted class.
      const s = state(), predicted = (image) => argmax(data.logitsOf(s.step_index, image));
      if (s.class_index === predicted(s.image_index)) changes.class_index = predicted(changes.image_index);
    }
    tell(changes);
  });

  const cellAt = ({ clientX, clientY }) => {
    const at = canvas.getBoundingClientRect();
    const clip = (value, count) => Math.min(Math.max(Math.floor(value * count), 0), count - 1);
    return [clip((clientY - at.top) / at.height, rows), clip((clientX - at.left) / at.width, columns)];
  };
  const same = (a, b) => a && b && a[0] === b[0] && a[1] === b[1];
  canvas.addEventListener("pointermove", (event) => { hovered = cellAt(event); request(); });
  canvas.addEventListener("pointerleave", () => { hovered = null; request(); });
  canvas.addEventListener("click", (event) => {
    const cell = cellAt(event);
    if (event.pointerType === "touch") hovered = null;
    tell({ cell: same(cell, model.get("cell")) ? null : cell });
  });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (event.key === "Escape" && model.get("cell")) tell({ cell: null });
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    hovered = null;
    const [r, c] = model.get("cell") ?? [rows >> 1, columns >> 1];
    tell({ cell: [Math.min(Math.max(r + move[0], 0), rows - 1), Math.min(Math.max(c + move[1], 0), columns - 1)] });
  });
  // JupyterLab takes arrows and letters for its own; what is pressed in here stays here, save for its shortcuts.
  app.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && !(event.shiftKey && event.key === "Enter")
      && event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
  });

  const stop = () => {
    clearInterval(playing);
    playing = 0;
    $(".play")?.setAttribute("aria-pressed", "false");
  };
  $(".play")?.addEventListener("click", () => {
    if (playing) return stop();
    $(".play").setAttribute("aria-pressed", "true");
    if (model.get("step_index") === steps - 1) tell({ step_index: 0 });
    playing = setInterval(() => {
      if (!app.isConnected) return stop();
      tell({ step_index: Math.min(model.get("step_index") + 1, steps - 1) });
      if (model.get("step_index") === steps - 1) stop();
    }, 450);
  });
  const drag = (event) => {
    if (!event.buttons) return;
    stop();
    const x = event.clientX - $(".curve").getBoundingClientRect().left;
    const i = Math.round(((x - PAD) / (curveWidth - 2 * PAD)) * (steps - 1));
    tell({ step_index: Math.min(Math.max(i, 0), steps - 1) });
  };
  $(".curve")?.addEventListener("pointerdown", (event) => {
    $(".curve").setPointerCapture(event.pointerId);
    drag(event);
  });
  $(".curve")?.addEventListener("pointermove", drag);

  data.colormaps.forEach((name, i) => {
    const ramp = Float64Array.from({ length: 64 }, (_, x) => x / 31.5 - 1);
    const rgba = colourise(ramp, [-1, 1], table(name), { diverging: diverging(name) });
    all(".colormap canvas")[i].getContext("2d").putImageData(new ImageData(rgba, 64, 1), 0, 0);
  });
  const measure = () => {
    const side = Math.round(Math.min(canvas.clientWidth * devicePixelRatio, 1400)) || width;
    if (canvas.width !== side) [canvas.width, canvas.height] = [side, Math.round((side * height) / width)];
    curveWidth = $(".curve")?.clientWidth ?? 0;
    draw(); // at once: a canvas that has just been resized is blank
  };
  const resized = new ResizeObserver(measure);
  resized.observe(host);
  model.on("change", request);
  measure();
  return () => {
    stop();
    resized.disconnect();
    model.off("change", request);
  };
}

// --------------------------------------------------------------------------------------------------------- hosts

// The notebook shows the page form, which never goes stale, and widget models find it through this meeting place.
const meeting = (globalThis.camlibExplorers ??= { models: new Map(), pages: new Set() });

/** Show a page's host with a model: the kernel's where there is one, its own otherwise. */
async function connect(page) {
  const turn = (page.turn = (page.turn ?? 0) + 1);
  const live = meeting.models.get(page.key);
  const data = await load(live ? bytesOf(live) : page.bytes);
  if (turn !== page.turn) return; // a model came or went meanwhile, and a later call sees to it
  page.stop?.();
  const unmount = mount(page.host, live ?? new LocalModel({ ...page.state }), data);
  const unfollow = live ? follow(live.get("layout"), page.host.style) : () => {};
  page.stop = () => [unmount(), unfollow()];
  page.host.dataset.live = Boolean(live);
}

/** Give a page the layout (width, margin, …) of the widget that it stands for. */
function follow(layout, style) {
  const apply = () => {
    for (const [name, value] of Object.entries(layout.attributes))
      if (!name.startsWith("_")) style.setProperty(name.replaceAll("_", "-"), value ?? "");
  };
  layout.on("change", apply);
  apply();
  return () => layout.off("change", apply);
}

const bytesOf = (model) => {
  const packed = model.get("_packed");
  return new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength);
};

/**
 * Bring every explorer of this key to life that lies in the page, with the data that lies beside it. A notebook may
 * have taken the cell out of the page for a moment, so where there is none this looks again, for a minute.
 */
export async function mountPage(key, tries = 240) {
  const hosts = [...document.querySelectorAll(`.camlib-explorer[data-key="${key}"]:not([data-live])`)];
  if (!hosts.length && tries) return void setTimeout(mountPage, 250, key, tries - 1);
  await Promise.all(hosts.map((host) => {
    host.dataset.live = false;
    const text = atob(host.querySelector("script").textContent.trim());
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const page = { key, host, bytes, state: JSON.parse(host.dataset.state) };
    meeting.pages.add(page);
    return connect(page);
  }));
}

const pagesOf = (key) => [...meeting.pages].filter((page) => page.key === key);

export default {
  async initialize({ model }) {
    const key = model.get("_key");
    meeting.models.set(key, model);
    await Promise.all(pagesOf(key).map(connect));
    return () => {
      if (meeting.models.get(key) !== model) return;
      meeting.models.delete(key); // the kernel has gone: the page goes on by itself from where it was
      for (const page of pagesOf(key)) {
        for (const name of TRAITS) page.state[name] = model.get(name);
        connect(page);
      }
    };
  },
  async render({ model, el }) {
    return mount(el, model, await load(bytesOf(model)));
  },
};

// --------------------------------------------------------------------------------------------------------- style

const CSS = `
:host { display: block; box-sizing: border-box; container-type: inline-size; padding: 6px; }
.app {
  --ink: var(--jp-content-font-color1, #1d2126); --muted: var(--jp-content-font-color2, #646a73);
  --line: var(--jp-border-color2, #d8dce2); --soft: var(--jp-layout-color2, #eef0f3);
  --paper: var(--jp-layout-color0, #fff); --focus: var(--jp-brand-color1, #1f6feb);
  --warm: #d6604d; --cool: #4393c3; --gold: #c58a1b;
  display: grid; gap: 1.1em 2em; align-items: start; color: var(--ink);
  font: clamp(13px, 0.45cqi + 9.5px, 20px)/1.4 var(--jp-ui-font-family, system-ui, -apple-system,
  "Segoe UI", sans-serif);
  font-variant-numeric: tabular-nums; -webkit-font-smoothing: antialiased;
}
@media (prefers-color-scheme: dark) {
  .app {
    --ink: var(--jp-content-font-color1, #e8eaed); --muted: var(--jp-content-font-color2, #a0a7b1);
    --line: var(--jp-border-color2, #3a3f47); --soft: var(--jp-layout-color2, #262a31);
    --paper: var(--jp-layout-color0, #14171b); --focus: var(--jp-brand-color1, #6ea8ff);
  }
}
header { grid-area: header; } .left { grid-area: left; } .classes { grid-area: classes; }
.training { grid-area: training; } .controls { grid-area: controls; }
.app { grid-template: "header" "left" "training" "classes" "controls" / minmax(0, 1fr); }
@container (min-width: 620px) { .app {
  grid-template: "header header" auto "left classes" auto "left training" 1fr
  "controls controls" auto / minmax(0, 5fr) minmax(0, 6fr); } }
@container (min-width: 1180px) { .app {
  grid-template: "header header header" auto "left classes training" auto
  "left classes controls" 1fr / minmax(0, 10fr) minmax(0, 10fr) minmax(0, 8fr); column-gap: 3em; } }
* { box-sizing: border-box; }
h3 { margin: 0 0 .5em; font-size: 1.15em; font-weight: 600; letter-spacing: -.01em; }
header:empty, output:empty { display: none; }
p { margin: 0; }
label { cursor: pointer; }
i { font-style: normal; }
canvas { display: block; }
[hidden] { display: none !important; }
.sr, input[type=radio] { position: absolute; width: 1px; height: 1px; margin: 0; opacity: 0; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.head { display: flex; justify-content: space-between; align-items: center; gap: .8em; color: var(--muted);
  font-size: .86em; }
label:has(:not([type=range]):focus-visible), canvas:focus-visible, button:focus-visible, [type=range]:focus-visible {
  outline: 2px solid var(--focus); outline-offset: 2px; }

.image_index { display: flex; flex-wrap: wrap; gap: .45em; }
.image_index label { position: relative; width: 3.6em; height: 3.6em; border-radius: 5px; }
.image_index img, .picture, .mini { outline: 1px solid rgb(128 128 128 / .22); outline-offset: -1px; }
.image_index img { width: 100%; height: 100%; object-fit: cover; border-radius: 5px; display: block; }
.image_index label:has(:checked) { box-shadow: 0 0 0 2px var(--paper), 0 0 0 4px var(--ink); }
.badge { display: none; position: absolute; right: -3px; bottom: -3px; width: 1.25em; height: 1.25em;
  border-radius: 50%;
  background: var(--warm); color: #fff; font-size: .72em; line-height: 1.25em; text-align: center; }
.wrong .badge { display: block; }

.picture { width: 100%; border-radius: 6px; cursor: crosshair; touch-action: manipulation; }
.scale-row { position: relative; margin-top: .8em; }
.colourbar { width: 100%; height: .7em; border-radius: 3px; background: var(--ground); }
.cut { position: absolute; top: -3px; width: 2px; height: calc(.7em + 6px); margin-left: -1px;
  background: var(--ink);
  box-shadow: 0 0 0 1px var(--paper); }
.ticks { position: relative; display: flex; justify-content: space-between; margin-top: .2em;
  color: var(--muted);
  font-size: .86em; }
.zero { position: absolute; transform: translateX(-50%); }
.sum { display: flex; flex-wrap: wrap; gap: .3em 1.2em; align-items: baseline; margin-top: 1em; }
.sum span { display: grid; }
.sum b { font-size: 1.25em; font-weight: 600; letter-spacing: -.01em; }
.sum small, .cell, .note { color: var(--muted); font-size: .86em; }
.sum i { font-size: 1.25em; color: var(--muted); }
.warm b { color: var(--warm); } .cool b { color: var(--cool); }
p.cell { margin-top: .6em; min-height: 2.8em; }

.table { margin: 0 -.5em; max-height: 34em; overflow-y: auto; scrollbar-width: thin; display: grid;
  gap: 1px .6em;
  grid-template-columns: 2.6em auto minmax(2.5em, 2fr) auto minmax(1.5em, 1fr) auto; }
.table .head, .class_index, .class_index label { display: grid; grid-template-columns: subgrid;
  grid-column: 1 / -1;
  align-items: center; row-gap: 1px; }
.table .head { padding: 0 .5em .3em; }
.table .head :nth-child(1) { grid-column: 1 / 3; } .table .head :nth-child(2) { grid-column: 3 / 5; }
.table .head :nth-child(3) { grid-column: 5 / -1; } .table .head :nth-child(n+2) { text-align: right; }
.class_index label { padding: .14em .5em; border-radius: 6px; }
.class_index label:has(:focus-visible) { outline-offset: -2px; }
.class_index label:hover { background: color-mix(in srgb, var(--soft) 50%, transparent); }
.class_index label:has(:checked) { background: var(--soft); font-weight: 600; }
.mini { width: 2.1em; height: 2.1em; border-radius: 3px; image-rendering: pixelated;
  background: var(--ground); }
.name { display: flex; gap: .4em; max-width: 10.5em; min-width: 3.4em; white-space: nowrap; }
.name span:first-child { overflow: hidden; text-overflow: ellipsis; }
.bars { position: relative; height: .8em;
  background: linear-gradient(var(--muted), var(--muted)) 50% / 1px 100% no-repeat; }
.bars i { position: absolute; height: 100%; border-radius: 2px; background: var(--warm); }
.bars .negative { background: var(--cool); }
span.chance { height: .8em; margin-left: .5em; border-radius: 2px;
  background: color-mix(in srgb, var(--muted) 14%, transparent); }
span.chance i { display: block; height: 100%; border-radius: 2px; background: var(--gold); }
.z, .p { text-align: right; }
.legend { display: flex; justify-content: space-between; align-items: center; color: var(--muted);
  font-size: .86em; }

.order, .smooth, .scale { display: inline-flex; padding: 2px; border-radius: 7px; background: var(--soft); }
.order label, .smooth label, .scale label { padding: .2em .75em; border-radius: 5px; color: var(--muted);
  white-space: nowrap; }
.order label:has(:checked), .smooth label:has(:checked), .scale label:has(:checked) {
  background: var(--paper);
  color: var(--ink); box-shadow: 0 1px 2px rgb(0 0 0 / .18); }

.play { width: 2.3em; height: 2.3em; flex: none; border: 0; border-radius: 50%; background: var(--ink);
  cursor: pointer; }
.play::before { content: ""; display: block; width: .8em; height: .9em; margin: auto;
  background: var(--paper);
  clip-path: polygon(15% 0, 100% 50%, 15% 100%); }
.play[aria-pressed=true]::before {
  clip-path: polygon(0 0, 35% 0, 35% 100%, 65% 100%, 65% 0, 100% 0, 100% 100%, 0 100%); }
.training .head span:first-of-type { white-space: nowrap; color: var(--ink); font-size: 1.16em;
  font-weight: 600; }
.key { margin-left: auto; text-align: right; }
.key b { font-weight: 400; margin-left: .8em; white-space: nowrap; }
.key b::before { content: ""; display: inline-block; width: .9em; height: 3px; margin-right: .4em;
  vertical-align: middle;
  border-radius: 2px; background: var(--ink); }
.key b.chance::before { background: var(--gold); }
.curve { display: block; width: 100%; height: 84px; margin-top: .5em; cursor: ew-resize; touch-action: none;
  overflow: visible; }
.curve path { fill: none; stroke-width: 2; stroke-linejoin: round; stroke: var(--ink); }
.curve .grid { stroke: var(--line); stroke-width: 1; }
.curve path.chance { stroke: var(--gold); stroke-width: 1.5; }
.curve circle { fill: var(--ink); stroke: var(--paper); stroke-width: 2; }
.curve circle.chance { fill: var(--gold); }
.curve .hair { stroke: var(--muted); stroke-width: 1; }

.controls { display: flex; flex-wrap: wrap; gap: 1.1em 1.5em; }
.group { display: grid; gap: .3em; align-content: start; justify-items: start; }
.group > span { color: var(--muted); font-size: .86em; }
.group > span output { color: var(--ink); margin-left: .3em; }
.slider { justify-items: stretch; flex: 1 1 8em; }
[type=range] { -webkit-appearance: none; appearance: none; width: 100%; height: 20px; margin: 0;
  background: none; cursor: pointer;
  border-radius: 6px; --part: 0; }
[type=range]::-webkit-slider-runnable-track { height: 4px; border-radius: 2px;
  background: linear-gradient(var(--ink),
  var(--ink)) 0 / calc(9px + var(--part) * (100% - 18px)) 100% no-repeat, var(--line); }
[type=range]::-moz-range-track { height: 4px; border-radius: 2px; background: var(--line); }
[type=range]::-moz-range-progress { height: 4px; border-radius: 2px; background: var(--ink); }
[type=range]::-webkit-slider-thumb { -webkit-appearance: none; width: 18px; height: 18px; margin-top: -7px;
  border-radius: 50%;
  border: 4px solid var(--paper); background: var(--ink); box-shadow: 0 0 0 1px var(--muted); }
[type=range]::-moz-range-thumb { width: 10px; height: 10px; border-radius: 50%;
  border: 4px solid var(--paper);
  background: var(--ink); box-shadow: 0 0 0 1px var(--muted); }
.colormap { display: inline-flex; gap: .3em; }
.colormap label { padding: 2px; border-radius: 6px; border: 2px solid transparent; }
.colormap label:has(:checked) { border-color: var(--ink); }
.colormap canvas { width: 2.4em; height: 1.1em; border-radius: 3px; background: var(--ground); }
.check { display: flex; align-items: center; white-space: nowrap; }
.check label { display: flex; align-items: center; gap: .4em; }
.check .iou { margin-left: auto; padding-left: .6em; }
.check input { width: 1.1em; height: 1.1em; margin: 0; accent-color: var(--ink); }
@media (prefers-reduced-motion: no-preference) {
  .image_index label, .order label, .smooth label, .scale label { transition: opacity .15s, background .15s; }
}
`;
