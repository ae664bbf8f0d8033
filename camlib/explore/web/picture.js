// The picture under its map, the cells that the reader points at, and the scale of the colours.
import { argmax, colourise } from "./arithmetic.js";
import { averageColour, contextOf } from "./data.js";
import { brief } from "./template.js";

const kind = (name) => ({ diverging: name === "diverging", heat: name === "heat" });
const tableOf = (data, name) => data.tables.subarray(768 * data.colormaps.indexOf(name));

export const TRUTH = "#e8710a", FOUND = "#1d2126"; // of boxes, as in colours.py

/**
 * Values coloured into a canvas of width × height, its own pixels.
 * @param {CanvasRenderingContext2D} context
 * @param {ArrayLike<number>} values
 * @param {Span} range
 * @param {Data} data
 * @param {{ colormap: string, opacity?: number }} looks
 * @param {number} width
 * @param {number} height
 */
export function paint(context, values, range, data, { colormap, opacity = 1 }, width, height) {
  const rgba = colourise(values, range, tableOf(data, colormap), { opacity, ...kind(colormap) });
  context.putImageData(new ImageData(rgba, width, height), 0, 0);
}

/**
 * The picture under its map, with the boxes and the cell that the reader points at.
 * @param {View} view
 * @returns {Part}
 */
export function picture(view) {
  const { data, find } = view;
  const [rows, columns] = data.shape.slice(3), [height, width] = data.travelling;
  const canvas = find(".picture"), screen = contextOf(canvas);
  const layer = document.createElement("canvas"), heat = contextOf(layer);
  const grounds = data.paper ? data.pictures.map(() => "#fff") : [];
  canvas.style.aspectRatio = `${width} / ${height}`;
  pointAtCells(view, canvas);

  const outline = (/** @type {Box} */ [x0, y0, x1, y1], /** @type {number[]} */ [high, wide], ink, dash, thick) => {
    const fx = canvas.width / wide, fy = canvas.height / high;
    for (const [colour, extra] of [["rgba(255,255,255,.8)", 2], [ink, 0]]) {
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
      const ground = (grounds[shown.image_index] ??= averageColour(data.pictures[shown.image_index]));
      view.app.style.setProperty("--ground", ground);
      [layer.width, layer.height] = shown.smooth ? [width, height] : [columns, rows];
      const { map, stretched, range, colormap, box } = shown.seen, looks = { colormap, opacity: shown.opacity };
      paint(heat, shown.smooth ? stretched : map, range, data, looks, layer.width, layer.height);
      screen.imageSmoothingEnabled = width > 150; // a digit's pixels are worth seeing, a photograph's are not
      screen.drawImage(data.pictures[shown.image_index], 0, 0, canvas.width, canvas.height);
      screen.imageSmoothingEnabled = shown.smooth;
      screen.drawImage(layer, 0, 0, canvas.width, canvas.height);
      const thick = Math.max(1.5, canvas.width / 320), cell = (view.at = pointed(view, shown));
      if (shown.show_box) for (const truth of shown.truths) outline(truth, data.size, TRUTH, [3, 3], 1.4 * thick);
      if (box) outline(box, data.size, FOUND, [], 1.4 * thick);
      if (cell) outline([cell[1], cell[0], cell[1] + 1, cell[0] + 1], [rows, columns], FOUND, [], thick);
    },
  };
}

/**
 * The reader points at cells of the canvas, and pins one by a click, a touch or the arrow keys.
 * @param {View} view
 * @param {HTMLCanvasElement} canvas
 */
function pointAtCells(view, canvas) {
  const { model, tell, request } = view, [rows, columns] = view.data.shape.slice(3);
  const clip = (value, count) => Math.min(Math.max(value, 0), count - 1);
  const cellAt = ({ clientX, clientY }) => {
    const at = canvas.getBoundingClientRect();
    return [clip(Math.floor(((clientY - at.top) / at.height) * rows), rows),
      clip(Math.floor(((clientX - at.left) / at.width) * columns), columns)];
  };
  const same = (a, b) => a && b && a[0] === b[0] && a[1] === b[1];
  const hover = (cell) => {
    view.left = cell ?? view.hovered;
    view.hovered = cell;
    request();
  };
  canvas.addEventListener("pointermove", (event) => view.editing() || hover(cellAt(event)));
  canvas.addEventListener("pointerleave", () => hover(null));
  canvas.addEventListener("click", (event) => {
    if (view.editing()) return;
    const cell = cellAt(event);
    if (event.pointerType === "touch") view.hovered = null;
    tell({ cell: same(cell, model.get("cell")) ? null : cell });
  });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (event.key === "Escape" && model.get("cell")) tell({ cell: null });
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const { at } = view;
    view.hovered = null;
    const [row, column] = model.get("cell") ?? at ?? [rows >> 1, columns >> 1];
    tell({ cell: [clip(row + move[0], rows), clip(column + move[1], columns)] });
  });
}

/**
 * The cell that the reader points at or has pinned; where a cell's sum is open, the last one, or the map's highest.
 * @param {View} view
 * @param {{ cell: number[] | null, show_terms: boolean, map: Float64Array }} shown
 */
export function pointed(view, { cell, show_terms, map }) {
  const chosen = view.editing() ? cell : view.hovered ?? cell;
  if (chosen || !show_terms) return chosen;
  const columns = view.data.shape[4], top = argmax(map);
  return view.left ?? [Math.floor(top / columns), top % columns];
}

/**
 * What the colours and the boxes mean.
 * @param {Data} data
 * @param {Shown} shown
 */
function meaning({ paper }, { feature, seen, show_box, truths }) {
  const { diverging, heat } = kind(seen.colormap), none = paper ? "white" : "no colour";
  return [seen.feature !== undefined ? `Red: feature number ${feature}, the same for all classes; ${none}: nothing of it.`
    : diverging ? `Red speaks for the class, blue against it; ${none}: neither.`
    : heat ? `Colour speaks for the class; ${none}: nothing for it.`
    : "From the lowest value to the highest; zero has no colour of its own.",
  seen.box ? "Solid box: found." : "", show_box && truths.length ? "Dashed orange box: true." : ""].join(" ").trim();
}

/**
 * The colour bar, its ends, its zero, where the box cuts, and what all that means.
 * @param {View} view
 * @returns {Part}
 */
export function colourScale({ data, find }) {
  const bar = contextOf(find(".colourbar")), note = find(".meaning");
  return {
    draw(shown) {
      const { seen: { map, colormap, range: [low, high], box, feature }, threshold } = shown;
      const limit = Math.max(Math.abs(low), Math.abs(high));
      const { diverging, heat } = kind(colormap);
      const [from, to] = feature ? [low, high] : diverging ? [-limit, limit] : heat ? [0, Math.max(high, 0)] : [low, high];
      const ramp = Float64Array.from({ length: 256 }, (_, i) => from + ((to - from) * i) / 255);
      paint(bar, ramp, [from, to], data, { colormap }, 256, 1);
      const place = (value) => `${to > from ? (100 * (value - from)) / (to - from) : 0}%`;
      find(".low").textContent = brief(from);
      find(".high").textContent = brief(to);
      find(".zero").textContent = from < 0 && to > 0 ? "0" : "";
      find(".zero").style.left = place(0);
      find(".cut").hidden = !box;
      find(".cut").style.left = place(threshold * Math.max(...map));
      const words = meaning(data, shown);
      if (note.textContent !== words) note.textContent = words; // or the page would be laid out anew at every move
    },
  };
}
