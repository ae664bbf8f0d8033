// A cell's value as the sum that it is: weight × feature, over the features of the network's last convolution.
import { contextOf } from "./data.js";
import { paint, pointed } from "./picture.js";
import { LARGEST, brief, signed } from "./template.js";

/**
 * A cell's value for a class, less that for `against`, as the network in the page has it.
 * @param {Net} net
 * @param {number} cell
 * @param {number} c
 * @param {Against} against
 */
export const cellValue = ({ maps }, cell, c, against) => maps[c][cell] - (against === null ? 0 : maps[against][cell]);

/**
 * The digits after the point of a cell's value and its terms: five where the map is largest.
 * @param {Float64Array} map
 */
export const digitsOf = (map) =>
  Math.min(Math.max(4 - Math.floor(Math.log10(Math.max(...map.map(Math.abs)) || 1)), 0), 6);

/**
 * A cell's largest terms, and what the others add: rounded to so many digits, they add up to the value to the last one,
 * for what rounding leaves over is with the others.
 * @param {Net} net
 * @param {number} cell
 * @param {number} c
 * @param {Against} against
 * @param {number} digits
 */
export function sumOf(net, cell, c, against, digits) {
  const terms = net.terms(cell, c, against).sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
  const round = (value) => Math.round(value * 10 ** digits);
  const largest = terms.slice(0, LARGEST), others = terms.length - LARGEST;
  const rest = round(cellValue(net, cell, c, against)) - largest.reduce((sum, { product }) => sum + round(product), 0);
  return { largest, others, rest: rest / 10 ** digits };
}

/**
 * A row: weight × feature in words, its value as a bar and a number.
 * @param {HTMLElement} row
 * @param {string} words
 * @param {number} value
 * @param {number} limit
 * @param {number} digits
 */
function fill(row, words, value, limit, digits) {
  const of = (selector) => /** @type {HTMLElement} */ (row.querySelector(selector));
  const bar = of(".bars i"), part = limit ? (50 * Math.abs(value)) / limit : 0;
  of(".product").innerHTML = words;
  of("output").textContent = signed(value, digits);
  bar.style.width = `${part}%`;
  bar.style.left = `${value < 0 ? 50 - part : 50}%`;
  bar.classList.toggle("negative", value < 0);
}

/**
 * The rows of a cell's sum; a click on one shows its feature in the picture.
 * @param {View} view
 */
function termRows({ data, find, all, tell, state }) {
  const buttons = all("button.term"), rest = find(".rest"), [, , , rows, columns] = data.shape;
  for (const button of buttons)
    button.addEventListener("click", () => {
      const k = Number(button.value);
      tell({ feature: state().feature === k ? null : k });
    });
  return (/** @type {Net} */ net, cell, { class_index, against, feature, map }) => {
    const digits = digitsOf(map), sum = sumOf(net, cell, class_index, against, digits);
    const limit = Math.max(Math.abs(sum.rest), ...sum.largest.map(({ product }) => Math.abs(product)));
    for (const [i, { k, weight, feature: strength, product }] of sum.largest.entries()) {
      const button = buttons[i], there = net.feature(k), factors = `${brief(weight)} × ${brief(strength)}`;
      fill(button, `<small>w × f<sub>${k}</sub></small> ${factors}`, product, limit, digits);
      Object.assign(button, { value: k, ariaPressed: String(k === feature),
        title: "Weight × feature. Click to see the feature's map, once more for the class's",
        ariaLabel: `Feature ${k}: ${factors}, ${signed(product, digits)}. Show its map` });
      paint(contextOf(button.querySelector("canvas")), there, [0, Math.max(...there)], data, { colormap: "diverging" },
        columns, rows);
    }
    fill(rest, `the other ${sum.others}`, sum.rest, limit, digits);
    const first = sum.largest.slice(0, 3).map(({ k, product }) => `feature ${k}, ${signed(product, digits)}`);
    find(".terms").dataset.said = `Its largest terms: ${first.join("; ")}.`;
  };
}

/**
 * The sum of the cell that the reader points at, once it is opened.
 * @param {View} view
 * @returns {Part}
 */
export function terms(view) {
  const { data, find, tell } = view, { own, steps } = data;
  if (!own) return { draw() {} };
  const toggle = find("[name=show_terms]"), panel = find(".terms > div"), words = find(".terms p");
  const go = find("[name=go]"), list = find(".terms ol"), rows = termRows(view);
  toggle.addEventListener("click", () => {
    tell({ show_terms: toggle.ariaExpanded !== "true", feature: null });
    panel.scrollIntoView({ block: "nearest" });
  });
  go.addEventListener("click", () => tell({ step_index: Number(go.value) }));
  return {
    draw(shown) {
      const { show_terms, step_index, net } = shown, cell = pointed(view, shown);
      toggle.ariaExpanded = String(show_terms);
      toggle.textContent = show_terms ? "Close the sum" : "Open a cell's sum";
      panel.hidden = !show_terms;
      if (!show_terms || !cell) return;
      [go.hidden, list.hidden] = [Boolean(net), !net];
      go.value = own.near(step_index);
      go.textContent = `Go to step ${steps?.[go.value]}`;
      words.textContent = net ? `${net.layers[3].cout} terms, weight × feature, rounded:`
        : `Of steps ${own.steps.map((i) => steps?.[i]).join(" and ")} alone, this page has the network's weights.`;
      if (net) rows(net, cell[0] * data.shape[4] + cell[1], shown);
    },
  };
}
