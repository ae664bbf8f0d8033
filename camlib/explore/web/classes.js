// What there is to choose from: the classes, a row each, and the images.
import { argmax } from "./arithmetic.js";
import { paint } from "./picture.js";
import { number, percent, what } from "./template.js";

/**
 * One row a class: its map, logit and probability, in order or by score.
 * @param {View} view
 * @returns {Part}
 */
export function classTable({ data, root, find, all }) {
  const [rows, columns] = data.shape.slice(3);

  function sort({ order, logits, image_index }) {
    const labels = all(".class_index label"), own = data.ownClasses(image_index);
    const first = (a, b) => Number(own.includes(+b.control.value)) - Number(own.includes(+a.control.value));
    const byScore = (a, b) => logits[b.control.value] - logits[a.control.value];
    const byClass = (a, b) => a.control.value - b.control.value;
    const sorted = [...labels].sort((a, b) => first(a, b) || (order === "score" ? byScore : byClass)(a, b));
    if (sorted.some((label, i) => label !== labels[i])) {
      const focused = /** @type {HTMLInputElement | null} */ (root.activeElement);
      find(".class_index").append(...sorted);
      if (focused?.name === "class_index") focused.focus();
    }
    return sorted;
  }

  function fill(label, c, /** @type {Shown} */ { logits, chances, limit, ...shown }, predicted) {
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
      const predicted = argmax(shown.logits);
      const changed = ["step_index", "image_index", "version", "against", "colormap", "scale"].some(
        (name) => shown[name] !== last[name]);
      find(".what").textContent = what(shown);
      for (const label of sort(shown)) {
        const c = +label.control.value;
        fill(label, c, shown, predicted);
        if (changed) recolour(label, c, shown);
      }
    },
  };
}

/**
 * The images to choose from, with a mark at those predicted wrongly.
 * @param {View} view
 * @returns {Part}
 */
export function thumbnails({ data, all }) {
  return {
    draw(shown) {
      all(".image_index label").forEach((label, i) => {
        label.control.checked = i === shown.image_index;
        const truth = data.labels?.[i];
        const wrong = truth !== undefined && argmax(data.logitsOf(shown.step_index, i)) !== truth;
        label.classList.toggle("wrong", wrong);
        label.title = wrong ? "predicted wrongly at this step" : "";
      });
    },
  };
}
