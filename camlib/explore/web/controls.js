// What the reader sets, and what is said of it: the controls, the sum, and the voice for screen readers.
import { argmax } from "./arithmetic.js";
import { paint, pointed } from "./picture.js";
import { cellValue, digitsOf } from "./terms.js";
import { MINUS, escaped, number, percent, signed, what } from "./template.js";

/**
 * Sliders and choices: what the reader sets in any of them goes to the model.
 * @param {View} view
 * @returns {Part}
 */
export function controls({ data, app, find, all, state, tell, predicted }) {
  const read = { smooth: (input) => input.value === "1", show_box: (input) => input.checked,
    against: (input) => (input.value === "" ? null : Number(input.value)) };
  for (const name of ["image_index", "class_index", "step_index", "opacity", "threshold"])
    read[name] = (input) => Number(input.value);
  app.addEventListener("input", (event) => {
    const target = /** @type {HTMLInputElement} */ (event.target);
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
  const swatches = all(".colormap canvas");
  for (const [i, colormap] of data.colormaps.entries())
    paint(swatches[i].getContext("2d"), ramp, [-1, 1], data, { colormap }, 64, 1);

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

/**
 * The logit as a sum: of the cells above zero, those below, and the bias; and what the cell pointed at adds.
 * @param {View} view
 * @returns {Part}
 */
export function sum(view) {
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
      const named = (word, c) => `${word}<sub>${escaped(data.class_names[c])}</sub>`;
      const less = (word) => (against === null ? word
        : `${named(word, class_index)} ${MINUS} ${named(word, against)}`);
      const cents = (value) => Math.round(100 * value); // what rounding leaves over is with the cells below zero
      const cool = (cents(logit) - cents(bias) - cents(warm)) / 100;
      find(".sum").innerHTML = [
        term(signed(warm), "cells > 0", "warm", `The cells above zero, added up, ÷ ${cells}`),
        term(signed(cool), "cells < 0", "cool", `The cells below zero, added up, ÷ ${cells}`),
        term(signed(bias), less("bias")), `<div><i>=</i>${term(number(logit), less("logit"))}</div>`].join("");
      const cell = pointed(view, { map, ...shown }), at = cell ? cell[0] * columns + cell[1] : 0;
      const value = shown.net ? cellValue(shown.net, at, class_index, against) : map[at];
      const spans = [class_index, against ?? class_index].map((c) => data.range(step_index, image_index, c))
        .map(([low, high]) => high - low);
      const told = Math.min(Math.max(Math.ceil(-Math.log10(Math.max(...spans) / 255 || 1)), 0), 6); // as 8 bits tell
      const digits = shown.net ? digitsOf(map) : told;
      find("p.cell").textContent = cell && against !== class_index
        ? `Row ${cell[0]}, column ${cell[1]}, from 0: ${number(value, digits)}. It carries ${number(value, digits)} ÷ ${
          cells} = ${signed(value / cells, digits + Math.floor(Math.log10(cells)))} of the ${what({ against })}.`
        : against === class_index ? "Against itself, a class has no evidence: every cell is silent."
          : `${view.editing() ? "Choose Point, then point" : "Point"} at a cell to see how much of the ${
            what({ against })} it carries.`;
    },
  };
}

/**
 * Tells screen readers what is shown, once it has rested for half a second.
 * @param {View} view
 * @returns {Part}
 */
export function voice({ data, find, over }) {
  let timer = 0;
  over.addEventListener("abort", () => clearTimeout(timer));
  return {
    draw({ class_index, against, logits, chances, overlap, version, show_terms, net }) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const read = version === undefined ? "" : `Your picture is read as ${data.class_names[argmax(chances)]}. `;
        find("p[aria-live]").textContent = `${read}Class ${data.class_names[class_index]}${
          against === null ? "" : ` against ${data.class_names[against]}`}: ${what({ against })} ${
          number(logits[class_index])}, probability ${percent(chances[class_index])}${
          overlap !== null ? `, IoU ${overlap.toFixed(2)}` : ""}. ${find("p.cell").textContent} ${
          show_terms && net ? find(".terms").dataset.said : ""}`;
      }, 500);
    },
  };
}
