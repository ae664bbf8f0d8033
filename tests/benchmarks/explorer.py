"""How soon the picture changes after a key press, in JupyterLab: the explorer against `interact` with matplotlib.

    python tests/benchmarks/explorer.py --json FILE

Each form gets 55 presses of an arrow key on its step slider, or, with a cell's sum open, on the picture, 350 ms
apart; the time runs in the page from the keydown event to the first animation frame with other pixels. Blank frames
are frames without a picture meanwhile. Then the key is held for 19 repeats, 33 ms apart: how many different pictures
are seen?
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "browser"), str(Path(__file__).parents[2])]

from lab import CHROMIUM_FLAGS, Notebook, Server, find_chromium, new_context, write_notebook  # noqa: E402

PRESSES, HELD = 55, 19
MAPS = """
import numpy as np
random = np.random.default_rng(0)
y, x = np.mgrid[:25, :25]
steps = 20
maps = random.normal(0, 0.5, (steps, 9, 25, 25, 10)).astype(np.float32)
for step in range(steps):
    maps[step] += step * np.exp(-((y - 12) ** 2 + (x - 3 - step) ** 2) / 20)[:, :, None]
images = random.integers(0, 255, (9, 100, 100), dtype=np.uint8)
"""
FORMS = {
    "explorer": """
from camlib.explore.widget import explorer
explorer(images, maps, accuracy=np.linspace(0.1, 0.98, steps), boxes=[(10, 10, 50, 50)] * 9, class_index=3)
""",
    "a cell's sum": """
import camlib
run, scenes = camlib.shipped_run(), camlib.make_scenes(camlib.load_split()[1], 4)
story = camlib.explain_run(run, scenes.images)
camlib.explorer(scenes.images, story.maps, bias=story.bias, steps=run.steps, accuracy=run.accuracy, network=run,
                show_terms=True, cell=[12, 20])
""",
    "interact + matplotlib": """
%matplotlib inline
import matplotlib.pyplot as plt
from ipywidgets import IntSlider, interact
from camlib.maps.arrays import upsample
@interact(step=IntSlider(max=steps - 1, value=steps - 1))
def show(step):
    plt.imshow(images[0], cmap="gray")
    plt.imshow(upsample(maps[step, 0, :, :, 3], (100, 100)), cmap="viridis", alpha=0.6)
    plt.show()
""",
}
TARGETS = {"explorer": ("[name=step_index]", ".camlib-explorer"), "a cell's sum": (".picture", ".camlib-explorer"),
           "interact + matplotlib": (".noUi-handle", ".widget-interact, .jupyter-widgets")}

WATCH = """(() => {
    const canvas = document.createElement("canvas"), context = canvas.getContext("2d", { willReadFrequently: true });
    const find = () => document.querySelector(".camlib-explorer")?.shadowRoot?.querySelector(".picture")
        ?? [...document.querySelectorAll(".jp-OutputArea-output img")].at(-1);
    const state = { print: null, blank: 0, seen: new Set(), pressed: 0, times: [], waiting: false };
    const look = () => {
        const source = find();
        const size = source && [source.naturalWidth ?? source.width, source.naturalHeight ?? source.height];
        let print = 0;
        if (source && size[0] && (source.complete ?? true)) {
            [canvas.width, canvas.height] = [96, 96];
            context.drawImage(source, 0, 0, 96, 96);
            for (const byte of context.getImageData(0, 0, 96, 96).data) print = (Math.imul(print, 31) + byte) | 0;
        }
        if (!print) state.blank += 1;
        else {
            if (state.waiting && state.print !== null && print !== state.print) {
                state.times.push(performance.now() - state.pressed);
                state.waiting = false;
            }
            state.print = print;
            state.seen.add(print);
        }
        requestAnimationFrame(look);
    };
    addEventListener("keydown", () => { state.pressed = performance.now(); state.waiting = true; }, true);
    look();
    window.watch = state;
})()"""


def measure(presses=PRESSES, held=HELD):
    """One run of both forms: {form: {median_ms, p95_ms, missed, blank_frames, held_pictures}}.

    Raises RuntimeError where Chromium is missing.
    """
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise RuntimeError("no Chromium: python -m playwright install chromium")
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as scratch:
        for number, cell in enumerate(FORMS.values()):
            write_notebook(Path(folder, f"{number}.ipynb"), MAPS, cell)
        server = Server(folder, scratch)
        try:
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
                return {form: _measure_form(browser, server, f"{number}.ipynb", TARGETS[form][0], presses, held)
                        for number, form in enumerate(FORMS)}
        finally:
            server.stop()


def _measure_form(browser, server, name, slider, presses, held):
    context = new_context(browser)
    page = context.new_page()
    notebook = Notebook(page, server, name)
    notebook.run_all()
    page.locator(slider).first.focus()
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    page.wait_for_timeout(500)
    back_and_forth = ["ArrowLeft"] * 15 + ["ArrowRight"] * 15
    for press in range(presses):
        page.keyboard.press(back_and_forth[press % 30])
        page.wait_for_timeout(350)
    times = sorted(page.evaluate("watch.times"))
    page.keyboard.press("End")
    page.wait_for_timeout(1000)
    page.evaluate("watch.seen.clear()")
    page.keyboard.down("ArrowLeft")
    for _ in range(held - 1):
        page.wait_for_timeout(33)
        page.keyboard.down("ArrowLeft")
    pictures = page.evaluate("watch.seen.size")
    page.keyboard.up("ArrowLeft")
    page.wait_for_timeout(500)
    result = {
        "median_ms": round(statistics.median(times), 1), "p95_ms": round(times[int(0.95 * (len(times) - 1) + 0.5)], 1),
        "missed": presses - len(times), "blank_frames": page.evaluate("watch.blank"), "held_pictures": pictures - 1,
    }
    notebook.shut_down()
    context.close()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the numbers here")
    options = parser.parse_args()
    results = measure()
    for form, numbers in results.items():
        print(f"{form:24}", "  ".join(f"{name} {value}" for name, value in numbers.items()))
    ratio = results["interact + matplotlib"]["median_ms"] / results["explorer"]["median_ms"]
    print(f"the explorer is {ratio:.1f} times as fast")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
