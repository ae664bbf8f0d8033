// The training along which the maps were made: two curves, and a slider that plays.
import { probabilities } from "./arithmetic.js";
import { escaped, percent } from "./template.js";

/**
 * How accuracy and the class's probability went along the training; nothing where there are no steps.
 * @param {View} view
 * @returns {Part}
 */
export function training(view) {
  const { data, find } = view, steps = data.shape[0], numbers = data.steps ?? [];
  if (steps < 2) return { draw() {} };
  const accuracies = data.accuracy ?? [];
  const curve = find(".curve"), range = find("[name=step_index]");
  const pad = 9; // half a slider's thumb: the curve's points stand above the slider's places
  let width = 0;
  const curveX = (i) => pad + ((width - 2 * pad) * i) / (steps - 1);
  const curveY = (value) => 6 + (1 - value) * 68;
  const line = (value, places = numbers.keys()) =>
    `M${Array.from(places, (i) => `${curveX(i)} ${curveY(value(i))}`).join("L")}`;
  const set = (selector, attributes) => {
    for (const [name, value] of Object.entries(attributes)) find(selector).setAttribute(name, value);
  };
  playSteps(view, (x) => Math.round(((x - pad) / (width - 2 * pad)) * (steps - 1)));

  return {
    resize() { width = curve.clientWidth; },
    draw({ step_index: now, image_index, class_index }) {
      const chance = (step) => probabilities(data.logitsOf(step, image_index), data.ending)[class_index];
      const accuracy = data.accuracy && percent(data.accuracy[now]);
      set("path.grid", { d: [0, 0.5, 1].map((v) => `M0 ${curveY(v)}H${width}`).join("") });
      set("path.chance", { d: line(chance, image_index === data.own?.index ? data.own.known() : undefined) });
      set("circle.chance", { cx: curveX(now), cy: curveY(chance(now)) });
      if (accuracy) {
        set("path.accuracy", { d: line((i) => accuracies[i]) });
        set("circle.accuracy", { cx: curveX(now), cy: curveY(accuracies[now]) });
      }
      set(".hair", { x1: curveX(now), x2: curveX(now), y1: curveY(1), y2: curveY(0) + 10 });
      find(".step").textContent = numbers[now];
      find(".key").innerHTML = (accuracy ? `<b class="accuracy">accuracy ${accuracy}</b> ` : "") +
        `<b class="chance">p(${escaped(data.class_names[class_index])}) here ${percent(chance(now))}</b>`;
      range.value = now;
      range.style.setProperty("--part", now / (steps - 1));
      range.setAttribute("aria-valuetext", `step ${numbers[now]}${accuracy ? `, accuracy ${accuracy}` : ""}`);
    },
  };
}

/**
 * The button that plays the training, and the curve to drag along; `stepAt` is the step at a place of the curve.
 * @param {View} view
 * @param {(x: number) => number} stepAt
 */
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
