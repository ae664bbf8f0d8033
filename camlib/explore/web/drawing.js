// The reader's own picture: one more image of the explorer, which the network in the page looks at as it changes.
// The pointer draws, erases and moves its pieces, and so do keys; `own_image` of the model has what was drawn.
import { SIDE } from "./live.js";
import { example, inkOf } from "./own.js";
import { split } from "./pieces.js";
import { overhear } from "./model.js";

const TALL = [15, 30]; // pixels: digits drawn so high are read, though in training most had 20

/**
 * Tools, guide and pieces of the own picture; nothing where no network came along.
 * @param {View} view
 * @returns {Part}
 */
export function ownPicture(view) {
  const { data, app, find, model, request, tell } = view, { own } = data;
  if (!own) return { draw() {} };
  const { sheet } = own;
  let timer = 0;
  view.over.addEventListener("abort", () => clearTimeout(timer));
  view.isOwn = () => model.get("image_index") === own.index;
  view.editing = () => view.isOwn() && view.tool !== "point";
  view.tool = "draw";
  find(`[name=tool][value=${view.tool}]`).checked = true;
  /** Show a change of the sheet that is done, and tell it. */
  view.done = (changes = {}) => [own.paint(), tell({ own_image: own.said(), ...changes })];

  const scatter = () => {
    const sources = data.pictures.slice(0, own.index).map((picture, i) =>
      ({ bytes: inkOf(picture), box: data.boxes?.[i]?.[0] ?? [0, 0, SIDE, SIDE] }));
    sheet.scatter(sources);
  };
  const copy = () => {
    const image = model.get("image_index");
    sheet.replace(split(inkOf(data.pictures[image]), data.boxes?.[image]));
    view.done({ image_index: own.index });
  };
  const press = (name, action) => find(`[name=${name}]`).addEventListener("click", action);
  const undo = () => [sheet.undo(), view.done()];
  press("scatter", () => [scatter(), view.done()]);
  press("undo", undo);
  press("clear", () => {
    if (!sheet.pieces.length) return;
    sheet.replace([]);
    own.paint();
    view.done({ class_index: view.predicted(own.index) }); // and from there on the view goes along with the pen
  });
  press("copy", copy);
  app.addEventListener("keydown", (event) => {
    if (!view.isOwn() || event.key !== "z" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation(); // JupyterLab would undo the cell's text
    undo();
  });
  app.addEventListener("input", (event) => {
    const target = /** @type {HTMLInputElement} */ (event.target);
    if (target.name !== "tool") return;
    view.tool = target.value;
    request();
  });
  const owning = /** @type {OwnView} */ (view);
  printExample(owning);
  drawByPointer(owning);
  const pieces = piecesByKey(owning), thumbnail = find("canvas.own").getContext("2d");
  return {
    draw({ image_index }) {
      const shown = image_index === own.index;
      app.dataset.tool = shown ? view.tool : "point";
      for (const name of ["tools", "size"]) find(`.${name}`).hidden = !shown;
      find("[name=copy]").hidden = shown;
      find("[name=undo]").ariaDisabled = !sheet.past.length; // `disabled` would take the focus away
      find("[name=clear]").ariaDisabled = !sheet.pieces.length;
      find(".size").textContent = sizeOf(sheet);
      pieces(shown && view.tool === "move");
      thumbnail.drawImage(own.canvas, 0, 0);
      clearTimeout(timer);
      if (shown && own.known().length < own.steps.length) timer = setTimeout(() => [own.settle(), request()], 150);
    },
  };
}

/**
 * While the page is printed, a blank sheet has a digit on it. Nobody is told.
 * @param {OwnView} view
 */
function printExample({ data, model, app, draw, isOwn, predicted, over }) {
  const { own } = data, { sheet } = own;
  let before = null; // the class shown
  const show = (pieces) => {
    sheet.pieces = pieces;
    own.paint();
    model.set("class_index", before ?? predicted(own.index));
    draw();
  };
  overhear("beforeprint", app, over);
  overhear("afterprint", app, over);
  app.addEventListener("beforeprint", () => {
    if (!isOwn() || sheet.pieces.length) return;
    const shown = model.get("class_index");
    show(example(data));
    before = shown;
  });
  app.addEventListener("afterprint", () => {
    if (before !== null) show([]);
    before = null;
  });
}

/**
 * What the reader is told of the size of the digit drawn last.
 * @param {Sheet} sheet
 */
function sizeOf({ pieces, stroke }) {
  const digit = stroke ? null : pieces.findLast(({ kind }) => kind === "digit");
  if (!digit) return "Draw a digit as high as the dashed square, 20 pixels: so large they were in training.";
  const { height } = digit, known = height >= TALL[0] && height <= TALL[1];
  return `This digit is ${height} pixels high, in training they were about 20${
    known ? "." : ": so the network has never learnt what it says of this one."}`;
}

/**
 * Draw, erase or move by mouse, pen or finger. Whoever looks at the predicted class and draws goes on doing so.
 * @param {OwnView} view
 */
function drawByPointer(view) {
  const { data, find, model } = view, { own } = data, { sheet } = own;
  const canvas = find(".picture"), guide = find(".guide");
  let gesture = null; // its pointer and tool, its last point and, of the tool "move", the piece and where it was taken
  const at = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect();
    return [((clientX - box.left) / box.width) * SIDE, ((clientY - box.top) / box.height) * SIDE];
  };
  const predicted = () => view.predicted(own.index);
  const go = (points) => {
    const { tool, piece } = gesture, follows = tool === "draw" && model.get("class_index") === predicted();
    for (const point of points) {
      if (tool === "move") sheet.move(piece.number, piece.x + point[0], piece.y + point[1]);
      else sheet[tool](gesture.last, point);
      gesture.last = point;
    }
    own.paint();
    if (follows && predicted() !== model.get("class_index")) model.set("class_index", predicted());
    view.draw(); // at once: browsers hand on one such event a frame, just before they paint
  };
  // The square is centred below the pointer, for most digits are begun at their top
  const lead = (/** @type {Point} */ [x, y]) => {
    guide.style.left = `${x}%`;
    guide.style.top = `${y}%`;
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (!view.editing() || event.button || !event.isPrimary) return;
    const { tool } = view, last = at(event), number = tool === "move" ? sheet.at(...last) : -1;
    if (tool === "move" && number < 0) return;
    const { x, y } = sheet.pieces[number] ?? { x: 0, y: 0 };
    gesture = { id: event.pointerId, tool, last, piece: { number, x: x - last[0], y: y - last[1] } };
    canvas.setPointerCapture(event.pointerId);
    sheet.begin();
    lead(last);
    go([last]);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!view.editing()) return;
    if (!gesture || gesture.tool === "erase") lead(at(event));
    if (gesture?.id !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    go((events.length ? events : [event]).map(at));
  });
  const stop = (event) => {
    if (gesture?.id !== event.pointerId) return;
    const { number } = gesture.piece;
    gesture = null;
    sheet.end();
    view.done();
    view.all(".piece")[number]?.focus({ preventScroll: true });
  };
  for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, stop);
}

/**
 * A button over each piece: arrow keys move the one that has the focus, Delete takes it away.
 * @param {OwnView} view
 */
function piecesByKey(view) {
  const { data, find } = view, { sheet } = data.own, stage = find(".pieces");
  const change = (action) => {
    sheet.begin();
    action();
    sheet.end();
    view.done();
  };
  const press = (event) => {
    const number = [...stage.children].indexOf(event.target), piece = sheet.pieces[number];
    const by = event.shiftKey ? 5 : 1;
    const step = { ArrowUp: [0, -by], ArrowDown: [0, by], ArrowLeft: [-by, 0], ArrowRight: [by, 0] }[event.key];
    if (!piece || event.ctrlKey || event.metaKey || event.altKey) return;
    if (step) change(() => sheet.move(number, piece.x + step[0], piece.y + step[1]));
    else if (event.key === "Delete" || event.key === "Backspace") {
      change(() => sheet.pieces.splice(number, 1));
      (stage.children[Math.min(number, stage.children.length - 1)] ?? find("[name=tool]:checked")).focus();
    } else return;
    event.preventDefault();
  };
  stage.addEventListener("keydown", press);
  return (shown) => {
    const pieces = shown ? sheet.pieces : [];
    while (stage.children.length > pieces.length) stage.lastChild.remove();
    pieces.forEach(({ kind, x, y, width, height }, i) => {
      const button = stage.children[i] ?? stage.appendChild(document.createElement("button"));
      button.className = "piece";
      button.setAttribute("aria-label", `${kind} ${i + 1} of ${pieces.length}, ${width} by ${height} pixels, `
        + `at column ${x}, row ${y}; arrow keys move it, Delete takes it away`);
      Object.assign(button.style, { left: `${x}%`, top: `${y}%`, width: `${width}%`, height: `${height}%` });
    });
  };
}
