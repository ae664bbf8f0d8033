// Python and NumPy beside the page, which stays alive while a cell runs, and can end it by ending this worker.

import { loadPyodide } from "./pyodide/pyodide.mjs";

let number = 0; // of the cell that runs
const say = (kind, more = {}) => postMessage({ kind, number, ...more });

async function start() {
  const python = await loadPyodide({ packages: ["numpy"] });
  const files = await fetch(new URL("course.zip", import.meta.url));
  python.unpackArchive(await files.arrayBuffer(), "zip");
  for (const set of ["setStdout", "setStderr"]) python[set]({ batched: (text) => say("text", { text }) });
  python.registerJsModule("page", {
    draw: (bytes, width, height, words) => say("picture", { pixels: bytes.toJs(), width, height, words }),
  });
  const run = python.pyimport("run").run;
  self.onmessage = ({ data }) => {
    number = data.number;
    say("end", { well: run(data.code, `cell ${number}`) });
  };
  say("ready", { text: python.runPython("import numpy, platform; "
    + "f'Python {platform.python_version()} and NumPy {numpy.__version__}'") });
}

start().catch((error) => say("failed", { text: String(error) }));
