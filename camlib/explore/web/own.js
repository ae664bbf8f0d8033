// The reader's own picture, as the explorer's data know it: one more image, which the network in the page looks at.
import { contextOf } from "./data.js";
import { LiveNet, SIDE, ends, halves, plain, wasm } from "./live.js";
import { Sheet, split } from "./pieces.js";

const FAINT = 0.05; // of the largest value that a step's maps of scenes have, and of their logits: less is no evidence

/** The own picture as `data` knows it: its number among the images, and what the explorer asks of any of them. */
export class Own {
  constructor(index, steps, networks, faint) {
    this.index = index;
    this.steps = steps; // those of which a network is here
    this.networks = networks; // what makes it
    this.faint = faint;
    this.engine = ""; // its name
    this.nets = [];
    this.seen = []; // the version of the picture that each network has seen
    this.sheet = new Sheet();
    this.image = new Uint8Array(SIDE * SIDE);
    this.canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
    this.pixels = new ImageData(SIDE, SIDE);
    this.version = 0;
    this.paint();
  }

  /** Bring picture and canvas up to date with the sheet. */
  paint() {
    this.sheet.compose(this.image);
    const colours = new Uint32Array(this.pixels.data.buffer);
    this.image.forEach((ink, i) => {
      const paper = 255 - ink;
      colours[i] = 0xff000000 | (paper << 16) | (paper << 8) | paper;
    });
    contextOf(this.canvas).putImageData(this.pixels, 0, 0);
    this.version++;
  }

  /** Take over a picture that came from elsewhere; nothing, where it is what was last told. */
  follow(model) {
    const given = model.get("own_image");
    if (given === this.heard || !given) return;
    this.heard = given;
    const bytes = new Uint8Array(given.buffer, given.byteOffset, given.byteLength);
    if (this.told?.every((ink, i) => ink === bytes[i])) return;
    this.told = bytes.slice();
    if (this.image.every((ink, i) => ink === bytes[i])) return;
    this.sheet.replace(split(this.told));
    this.paint();
  }

  /** The picture for the model. */
  said() {
    this.told = this.image.slice();
    return (this.heard = new DataView(this.told.slice().buffer));
  }

  /** The step nearest to one, of those of which a network is here; the next one on the way, where one moves along. */
  next(from, to) {
    const on = this.steps.filter((step) => (to < from ? step <= to : step >= to));
    return to === from || !on.length ? this.near(to) : to < from ? on.at(-1) : on[0];
  }

  near(step) {
    return this.steps.reduce((best, one) => (Math.abs(one - step) < Math.abs(best - step) ? one : best));
  }

  /** The network of the step nearest to this one, having seen the picture. */
  net(step) {
    const k = this.steps.indexOf(this.near(step)), net = (this.nets[k] ??= this.networks(k));
    if (this.seen[k] !== this.version) net.update(this.image);
    this.seen[k] = this.version;
    return net;
  }

  /** The steps of which the networks have seen the picture as it is; `settle` brings all up to date. */
  known() { return this.steps.filter((_, k) => this.seen[k] === this.version); }
  settle() { for (const step of this.steps) this.net(step); }

  map(step, c, against = null) {
    const { maps } = this.net(step), map = Float64Array.from(maps[c]);
    if (against !== null) maps[against].forEach((value, i) => { map[i] -= value; });
    return map;
  }
  /** From where to where a map goes, and at least as far as is no evidence. */
  range(step, c, against = null) {
    const { map } = this.faint(this.near(step));
    return ends([-map, map, ...ends(against === null ? this.net(step).maps[c] : this.map(step, c, against))]);
  }
  sharedRange(step, against = null) {
    return ends(this.net(step).maps.flatMap((_, c) => this.range(step, c, against)));
  }
  logitsOf(step) { return this.net(step).logits; }
  positiveOf(step, c) {
    const { maps } = this.net(step);
    return maps[c].reduce((sum, value) => sum + Math.max(value, 0), 0) / maps[c].length;
  }
}

/**
 * Give unpacked data, where a network came with it, the reader's own picture, `data.own`, as one more image.
 * @param {Data} data
 */
export async function adopt(data) {
  const { own_steps: steps, weights, loops } = data;
  if (!steps) return;
  const size = weights.length / steps.length, engine = await wasm(loops, 2 * steps.length).catch(plain);
  const own = (data.own = new Own(data.shape[1], steps,
    (k) => new LiveNet(halves(weights.subarray(k * size, (k + 1) * size)), engine), (step) => faintest(data, step)));
  own.engine = engine.name;
  const ofScenes = [], inks = []; // networks for the scenes, as the own picture's have seen that; what they look at
  data.netOf = (step, image) => {
    if (image === own.index) return own.net(step);
    const k = steps.indexOf(step);
    if (k < 0) return null;
    const net = (ofScenes[k] ??= own.networks(k));
    net.update((inks[image] ??= inkOf(data.pictures[image])));
    return net;
  };
  for (const name of ["map", "range", "sharedRange", "logitsOf", "positiveOf"]) {
    const ofScene = data[name];
    data[name] = (step, image, ...rest) =>
      (image === own.index ? own[name](step, ...rest) : ofScene(step, image, ...rest));
  }
}

/**
 * The values of maps and the logits below which, at a step, nothing is shown of the own picture.
 * @param {Data} data
 * @param {number} step
 */
function faintest({ shape: [, images, classes], low, high, logits }, step) {
  const count = images * classes;
  const largest = (values) => FAINT * Math.max(...values.subarray(step * count, (step + 1) * count).map(Math.abs));
  return { map: Math.max(largest(low), largest(high)), logit: largest(logits) };
}

/**
 * What is printed of a blank sheet, on which nobody can draw: the digit of the first scene, as pieces.
 * @param {Data} data
 */
export function example({ pictures, boxes }) {
  const [x0, y0, x1, y1] = boxes?.[0]?.[0] ?? [0, 0, SIDE, SIDE];
  return split(inkOf(pictures[0]).map((ink, i) =>
    (i % SIDE >= x0 && i % SIDE < x1 && i >= y0 * SIDE && i < y1 * SIDE ? ink : 0)));
}

/**
 * The ink of a scene's picture, which is shown as ink on paper: uint8, 100 × 100.
 * @param {CanvasImageSource} picture
 */
export function inkOf(picture) {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  const context = contextOf(canvas, { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => 255 - data[4 * i]);
}
