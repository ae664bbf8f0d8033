// The tour: sentences beside the picture, whose buttons set the explorer's state.

/** @type {Partial<State>} */
const FRESH = { feature: null, show_terms: false, cell: null, against: null, scale: "classes" }; // unless it says more

/**
 * What a button of the tour sets goes to the model, whatever was opened before, and the last one is marked.
 * @param {View} view
 * @returns {Part}
 */
export function tour({ data, find, all, tell }) {
  const stops = all("[name=stop]");
  for (const [i, stop] of stops.entries())
    stop.addEventListener("click", () => {
      for (const other of stops) other.ariaCurrent = other === stop ? "step" : null;
      tell({ ...FRESH, ...data.tour[i][3] });
      find(".terms > div:not([hidden])")?.scrollIntoView({ block: "nearest" }); // on a phone it lies below the picture
    });
  return { draw() {} };
}
