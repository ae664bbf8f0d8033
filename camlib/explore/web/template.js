// The explorer's HTML, and how it writes numbers and words.

export const LARGEST = 8; // terms of a cell's sum that are shown one by one
export const MINUS = "\u2212";
/** @param {number} value */
export const number = (value, digits = 2) => value.toFixed(digits).replace(/^-(?=.*[1-9])/, MINUS).replace("-", "");
/** @param {number} value */
export const signed = (value, digits = 2) => (value > 0 ? "+" : "") + number(value, digits);
/** @param {number} value */
export const brief = (value) => { // three digits at most
  const short = Number(value.toPrecision(3)), whole = Math.max(0, Math.floor(Math.log10(Math.abs(short) || 1)));
  return number(short, Math.max(0, 2 - whole));
};
/** @param {number} p */
export const percent = (p) => `${p > 0.9995 && p < 1 ? ">99.9" : (100 * p).toFixed(1)}\u202f%`;
/** @param {{ against: Against }} shown */
export const what = ({ against }) => (against === null ? "logit" : "logit difference");
/** @param {unknown} text */
export const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Native radio buttons dressed as something else: arrow keys, focus and screen readers come with them. */
const choices = (name, label, items) =>
  `<div class="${name}" role="radiogroup" aria-label="${label}">` +
  items.map(([value, face, title = ""]) =>
    `<label title="${escaped(title)}"><input type="radio" name="${name}" value="${value}">${face}</label>`).join("") +
  `</div>`;

const slider = (name, label, step) =>
  `<input type="range" name="${name}" min="0" max="1" step="${step}" aria-label="${label}">`;

/** @param {Data} data */
export function template(data) {
  const [steps, images, classes] = data.shape;
  const thumbs = data.images.map((address, i) => [i,
    `<img src="${address}" alt=""><span class="badge" aria-hidden="true">✗</span><span class="sr">image ${i}${
      data.labels ? `, true class ${escaped(data.class_names[data.labels[i]])}` : ""}</span>`]);
  if (data.own) thumbs.push([images, `<canvas class="own" width="100" height="100"></canvas><span class="pen"
    aria-hidden="true">✎</span><span class="sr">yours, to draw on</span>`, "yours, to draw on"]);
  const rows = data.class_names.map((name, c) => [c,
    `<canvas class="mini" width="${data.shape[4]}" height="${data.shape[3]}"></canvas><span class="name"><span>${
      escaped(name)}</span><span class="marks"></span></span><span class="bars"><i class="logit"></i></span>
     <output class="z"></output><span class="chance"><i></i></span><output class="p"></output>`]);
  const swatches = data.colormaps.map((name) => [name, `<canvas width="64" height="1"></canvas>
     <span class="sr">${name}</span>`, name]);
  return `<section class="camlib-app" aria-label="${escaped(data.title || "Class activation map explorer")}">
  <header>${data.title ? `<h3>${escaped(data.title)}</h3>` : ""}${
    thumbs.length > 1 ? choices("image_index", "Image", thumbs) : ""}${
    data.of > images ? `<p class="note">This saved page has ${images} of its ${
    data.of} images: run the cell to see them all.</p>` : ""}${
    data.tour.length ? `<ol class="tour">${data.tour.map(([before, words, after], i) => `<li>${escaped(before)}<button
      name="stop" value="${i}">${escaped(words)}</button>${escaped(after)}</li>`).join("")}</ol>` : ""}</header>
  <div class="left">
    <div class="stage"><canvas class="picture" tabindex="0" role="application"
      aria-label="Heat map. Arrow keys move from cell to cell, Escape lets go."></canvas>${
      data.own ? `<i class="guide"></i><div class="pieces"></div>` : ""}</div>
    ${data.own ? toolbar() : ""}
    <div class="scale-row"><canvas class="colourbar" width="256" height="1"></canvas><i class="cut"></i>
      <div class="ticks"><output class="low"></output><output class="zero"></output><output class="high"></output>
      </div></div>
    <p class="meaning note"></p>
    <div class="sum"></div>
    <p class="cell"></p>
  </div>
  ${data.own ? opened() : ""}
  <div class="classes">
    <div class="table"><div class="head" aria-hidden="true"><span>class</span><span class="what"></span>
      <span>probability</span></div>${choices("class_index", "Class", rows)}</div>
    <div class="legend"><span><b>▸</b> predicted${
      data.labels || data.images.some((_, i) => data.ownClasses(i).length) ? " <b>✓</b> true" : ""}</span>
      ${choices("order", "Order of the classes", [["class", "in order"], ["score", "by score"]])}</div>
    ${classes > 1 ? `<label class="legend" title="Maps and logits less those of this class">Against
      <select name="against"><option value="">${data.centred ? "the average class" : "nothing (as computed)"}</option>
      ${data.class_names.map((name, c) => `<option value="${c}">${escaped(name)}</option>`).join("")}</select></label>`
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
    <div class="group slider"><span class="check"
      title="Solid: around the largest part above this fraction of the maximum. Dashed and orange: the truth">
      <label><input type="checkbox" name="show_box"> Box above</label> <output data-of="threshold"></output>
      <output class="iou"></output></span>${slider("threshold", "Threshold", 0.01)}</div>
    <label class="group slider"><span>Opacity <output data-of="opacity"></output></span>${
      slider("opacity", "Opacity", 0.05)}</label>
    <div class="group"><span>Map</span>${choices("smooth", "Map", [["1", "smooth"], ["", "cells"]])}</div>
    <div class="group"><span>Colours span</span>${choices("scale", "Colours span",
      [["classes", "all classes", "One scale for all classes of this image and step: heat compares across classes"],
        ["map", "this map", "Each map from its own minimum to its own maximum"]])}</div>
    <div class="group"><span>Colours</span>${choices("colormap", "Colours", swatches)}</div>
  </div>
  <p class="sr" aria-live="polite"></p>
</section>`;
}

/** A cell's value as a sum, of its largest terms and of the others. */
const opened = () => `<div class="terms"><button name="show_terms" aria-expanded="false">Open a cell's sum</button>
    <div hidden><p class="note"></p><button name="go" hidden></button>
    <ol>${`<li><button class="term" aria-pressed="false"><canvas class="mini" width="25" height="25"></canvas>
      <span class="product"></span><span class="bars"><i></i></span><output></output></button></li>`.repeat(LARGEST)}
      <li class="term rest"><span></span><span class="product"></span><span class="bars"><i></i></span><output></output>
      </li></ol></div></div>`;

/** What draws on the reader's own picture, or makes the one shown theirs. */
const toolbar = () => `<div class="own-bar">
    <button name="copy">Draw on this picture</button>
    <div class="tools" hidden>${choices("tool", "Tool", [["draw", "Draw"], ["erase", "Erase"],
      ["move", "Move", "Drag digits and scraps, or tab to one and press the arrow keys"],
      ["point", "Point", "Read cells, as on the other pictures"]])}
      <button name="scatter" title="Other scraps of digits, at other places">Scatter scraps</button>
      <button name="undo" title="Ctrl+Z">Undo</button><button name="clear">Clear</button></div>
  </div><p class="size note" hidden></p>`;
