// The tour: sentences beside the picture, whose buttons set the explorer's state.

/**
 * What a button of the tour sets goes to the model, and the last one is marked.
 * @param {View} view
 * @returns {Part}
 */
export function tour({ data, all, tell }) {
  const stops = all("[name=stop]");
  for (const [i, stop] of stops.entries())
    stop.addEventListener("click", () => {
      for (const other of stops) other.ariaCurrent = other === stop ? "step" : null;
      tell({ ...data.tour[i][3] });
    });
  return { draw() {} };
}
