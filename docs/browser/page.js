// Makes each block of Python of its page a cell: a text to change, a button that runs it, and what it says.

const here = new URL(".", document.currentScript.src);
const told = document.getElementById("python");
const cells = [...document.querySelectorAll(".highlight-python")].map(makeCell);
let worker, ready, end; // the worker, whether it will start, and what to call when the cell that runs has ended

start();

/** A Python of its own for the page, in place of the one before: no cell has run. */
function start() {
  const begun = performance.now();
  worker?.terminate();
  for (const cell of cells) cell.done = false;
  told.textContent = "Python is starting: 17 MB, the first time …";
  ready = new Promise((resolve) => {
    const fail = (/** @type {string} */ why) => {
      told.textContent = `Python did not start: ${why}`;
      resolve(false);
    };
    if (location.protocol === "file:") {
      return fail("browsers run it from a web server alone, not from files. In the folder of these pages: "
        + "python -m http.server --bind 127.0.0.1, then http://127.0.0.1:8000/try.html.");
    }
    worker = new Worker(new URL("worker.js", here), { type: "module" });
    worker.onerror = (event) => fail(event.message ?? "its files are not here.");
    worker.onmessage = ({ data }) => {
      if (data.kind === "ready") {
        told.textContent = `${data.text} are ready: ${((performance.now() - begun) / 1000).toFixed(1)} s.`;
        resolve(true);
      } else if (data.kind === "failed") fail(data.text);
      else if (data.kind === "end") end(data.well);
      else cells[data.number - 1].output.append(data.kind === "text" ? `${data.text}\n` : picture(data));
    };
  });
}

/** The cell in the place of a block of code. */
function makeCell(block, index) {
  const cell = { text: document.createElement("textarea"), button: document.createElement("button"),
    output: document.createElement("output"), number: index + 1, done: false };
  const code = block.textContent.trimEnd();
  Object.assign(cell.text, { value: code, rows: code.split("\n").length + 1, spellcheck: false, autocapitalize: "off" });
  cell.text.setAttribute("aria-label", `Cell ${cell.number}, Python`);
  cell.text.oninput = () => {
    for (const each of cells.slice(index)) each.done = false; // what follows may hang on it
  };
  cell.text.onkeydown = (event) => {
    if (event.key !== "Enter" || !(event.shiftKey || event.ctrlKey)) return;
    event.preventDefault();
    if (!end) runUpTo(cell);
  };
  cell.button.onclick = () => end ? cancel() : runUpTo(cell);
  label(cell, "Run");
  const frame = document.createElement("div");
  frame.className = "try-cell";
  frame.append(cell.text, cell.button, cell.output);
  block.replaceWith(frame);
  return cell;
}

function label(cell, word) {
  cell.button.textContent = word;
  cell.button.setAttribute("aria-label", `${word} cell ${cell.number}`);
}

/** Run a cell, and first those above it that have not run as they stand; the first that fails is the last. */
async function runUpTo(cell) {
  for (const each of cells.slice(0, cell.number)) {
    if (each !== cell && each.done) continue;
    if (await run(each)) continue;
    if (each !== cell) cell.output.textContent = `Cell ${each.number} comes first, and did not end well.`;
    return;
  }
}

/** Whether a cell ends well; until then every button ends it. */
async function run(cell) {
  const ended = new Promise((resolve) => end = resolve);
  for (const each of cells) label(each, "Stop");
  cell.output.textContent = "";
  const code = cell.text.value;
  if (await Promise.race([ready, ended.then(() => false)])) worker.postMessage({ number: cell.number, code });
  else end(false);
  const well = await ended;
  cell.done = well && cell.text.value === code;
  end = null;
  for (const each of cells) label(each, "Run");
  return well;
}

/** End the cell that runs, with the Python that it runs in. */
function cancel() {
  const stopped = end;
  start();
  stopped(false);
}

function picture({ pixels, width, height, words }) {
  const figure = document.createElement("figure"), canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height, ariaHidden: "true" }); // the words say it
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(pixels), width, height), 0, 0);
  figure.append(canvas, Object.assign(document.createElement("figcaption"), { textContent: words }));
  return figure;
}
