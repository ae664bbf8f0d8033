// One explorer in one element: what a state of the controls shows, and the parts that draw it.
import { argmax, iou, largestBox, probabilities, stretchBox, upsample } from "./arithmetic.js";
import { classTable, thumbnails } from "./classes.js";
import { colourScale, picture } from "./picture.js";
import { controls, sum, voice } from "./controls.js";
import { followGround, schemeBehind } from "./ground.js";
import { hear } from "./model.js";
import { ownPicture } from "./drawing.js";
import { template } from "./template.js";
import { terms } from "./terms.js";
import { tour } from "./tour.js";
import { training } from "./training.js";

/**
 * What a state of the controls shows: its map, raw and stretched, logits, the range of the colours, and the boxes.
 * Maps and logits are less those of the class `against`, if any; of this, the probabilities hear nothing.
 * @param {Data} data
 * @param {State} state
 * @returns {Shown}
 */
function look(data, state) {
  const [rows, columns] = data.shape.slice(3), [height, width] = data.travelling;
  const { image_index: image, class_index: c, against } = state, own = image === data.own?.index && data.own;
  const step = own ? own.near(state.step_index) : state.step_index;
  const map = data.map(step, image, c, against), stretched = upsample(map, rows, columns, height, width);
  const range = state.scale === "map" ? data.range(step, image, c, against) : data.sharedRange(step, image, against);
  const faint = own ? own.faint(step) : { map: 0, logit: 1e-9 }, silent = !map.some((value) => value > faint.map);
  const small = state.show_box && !silent ? largestBox(stretched, height, width, state.threshold) : null;
  const box = small && stretchBox(small, data.travelling, data.size);
  const truths = data.truths(image, c);
  const overlap = box && truths.length ? Math.max(...truths.map((truth) => iou(box, truth))) : null;
  const raw = data.logitsOf(step, image), logits = against === null ? raw : raw.map((z) => z - raw[against]);
  const show_terms = state.show_terms || state.feature !== null, net = show_terms ? data.netOf(step, image) : null;
  const seen = net && state.feature !== null ? featureSeen(data, net.feature(state.feature))
    : { map, stretched, range, colormap: state.colormap, box };
  return { ...state, step_index: step, version: own ? own.version : undefined, map, stretched, range, box, truths,
    overlap, logits, limit: Math.max(faint.logit, ...Array.from(logits, Math.abs)),
    chances: probabilities(raw, data.ending), show_terms, net, seen };
}

/**
 * The map of a feature, which is never below zero, as the picture shows it.
 * @param {Data} data
 * @param {Float64Array} map
 * @returns {Seen}
 */
function featureSeen({ shape, travelling: [height, width] }, map) {
  const stretched = upsample(map, shape[3], shape[4], height, width);
  return { map, stretched, range: [0, Math.max(...map)], colormap: "diverging", box: null, feature: true };
}

/**
 * Draw `data` into `host` as `model` says, and tell `model` what the reader does. Returns a function that stops.
 *
 * Each part of the view is made once and then draws what `look` has found; it can also `resize`. The parts share the
 * `view`: `find` and `all` select in the shadow root, `tell` sets traits, `request` draws in the next frame, `over` is
 * an AbortSignal for what must end with the view, `hovered` the cell under the pointer,
 * `left` the one that it was last on, `at` the one that is marked.
 * @param {HTMLElement} host
 * @param {Model} model
 * @param {Data} data
 * @param {string} css
 */
export function mount(host, model, data, css) {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  root.innerHTML = "";
  const scheme = schemeBehind(host); // before there is more to style, which would be styled twice
  root.innerHTML = `<style>${css}</style>${template(data)}`;
  // Listeners go here: the root outlives a mount, its content does not
  const app = /** @type {HTMLElement} */ (root.querySelector(".camlib-app"));
  app.style.colorScheme = scheme;
  const ending = new AbortController();
  let frame = 0, last = {};

  const state = () => /** @type {any} */ (Object.fromEntries(data.controls.map((name) => [name, model.get(name)])));
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
    if (data.own && image_index === data.own.index)
      changes.step_index = data.own.next(model.get("step_index"), step_index);
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
    draw(); // at once, not in the next frame: that would show it a frame later
  };
  const predicted = (image) => argmax(data.logitsOf(model.get("step_index"), image));
  /** @type {View} */
  const view = { data, model, host, root, app, state, tell, draw, request, predicted, over: ending.signal,
    hovered: null, left: null, at: null, isOwn: () => false, editing: () => false, done() {}, tool: "point",
    find: (selector) => root.querySelector(selector), all: (selector) => [...root.querySelectorAll(selector)] };
  const parts = [followGround, picture, colourScale, classTable, thumbnails, training, controls, sum, terms,
    voice, ownPicture, tour].map((part) => part(view));
  keepKeys(app);

  let width = -1;
  const fit = () => {
    if (width === host.clientWidth) return; // as an observer's first call finds it
    width = host.clientWidth;
    for (const part of parts) part.resize?.();
    draw(); // at once: a canvas that has just been resized is blank
  };
  const resized = new ResizeObserver(fit);
  resized.observe(host);
  view.over.addEventListener("abort", () => [resized.disconnect(), cancelAnimationFrame(frame)]);
  hear(model, app, request, view.over);
  fit();
  return () => ending.abort();
}

/**
 * JupyterLab takes arrows and letters for its own; what is pressed in here stays here, save for its shortcuts.
 * @param {HTMLElement} app
 */
function keepKeys(app) {
  app.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.altKey && !(event.shiftKey && event.key === "Enter")
      && event.key !== "Escape" && event.key !== "Tab") event.stopPropagation();
  });
}
