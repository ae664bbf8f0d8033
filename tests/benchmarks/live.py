"""How soon map and numbers follow the pointer that draws or drags on one's own picture, in JupyterLab.

    make bench ROW=live

Side by side, the explorer with its network in the page and the same page with the network off; then with it on and the
processor slowed four times. Each gets 120 moves of a pen, and 120 of a digit dragged among scraps, 100 ms apart; the
time runs in the page from the pointer's event to the first animation frame with other pixels. Blank frames are frames
without a picture meanwhile. A saved page tells how soon after its script's start the first picture stands, and how
much larger it is than one without a network.
"""

import statistics
import sys
import tempfile
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "browser"), str(Path(__file__).parents[2])]

from explorer import WATCH  # noqa: E402
from lab import CHROMIUM_FLAGS, Notebook, Server, find_chromium, new_context, write_notebook  # noqa: E402

MOVES, STARTS = 120, 7
MAPS = """
import camlib, camlib.explore.widget as explore
run, scenes = camlib.shipped_run(), camlib.make_scenes(camlib.load_split()[1], 6)
story = camlib.explain_run(run, scenes.images)
options = dict(bias=story.bias, steps=run.steps, accuracy=run.accuracy, labels=scenes.labels, boxes=scenes.boxes)
"""
OFF = """
explore.SCRIPT = explore.Explorer._esm = explore.SCRIPT.replace("if (any) this.run();", "")
"""
EXPLORER = """
explorer = camlib.explorer(scenes.images, story.maps, network=run, image_index=6, **options)
explorer
"""
POINTER = WATCH.replace('"keydown", () => {', '"pointermove", ({ buttons }) => { if (!buttons) return;')

CLOCK = """
globalThis.began = performance.now();
(function look() {
    const host = document.querySelector(".camlib-explorer");
    if (host.shadowRoot?.querySelector(".picture")) globalThis.shown = performance.now();
    else requestAnimationFrame(look);
})();
"""


def measure():
    """{form: {median_ms, p95_ms, missed, blank_frames}}, and of the saved page {first_picture_ms, more_kb}.

    Raises RuntimeError where Chromium is missing.
    """
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()
    if chromium is None:
        raise RuntimeError("no Chromium: python -m playwright install chromium")
    results = {}
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as scratch:
        write_notebook(Path(folder, "on.ipynb"), MAPS, EXPLORER)
        write_notebook(Path(folder, "off.ipynb"), MAPS + OFF, EXPLORER)
        server = Server(folder, scratch)
        try:
            with sync_playwright() as driver:
                browser = driver.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
                for name, slower in (("on", 1), ("off", 1), ("on", 4), ("off", 4)):
                    form = f"network {name}" + (f", processor {slower} times slower" if slower > 1 else "")
                    results |= _measure_form(browser, server, f"{name}.ipynb", form, slower)
                results["saved page"] = _first_picture(browser, Path(folder))
        finally:
            server.stop()
    return results


def _measure_form(browser, server, name, form, slower):
    context = new_context(browser)
    page = context.new_page()
    notebook = Notebook(page, server, name)
    notebook.run_all()
    page.locator(".camlib-explorer[data-live=true] .picture").scroll_into_view_if_needed()
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.wait_for_timeout(2000)
    page.evaluate(POINTER)
    results = {}
    for gesture in (draw, drag):
        gesture(page)
        times = sorted(page.evaluate("watch.times"))
        results[f"{form}, {gesture.__name__}"] = {
            "median_ms": round(statistics.median(times), 1),
            "p95_ms": round(times[int(0.95 * (len(times) - 1) + 0.5)], 1),
            "missed": MOVES - len(times), "blank_frames": page.evaluate("watch.blank")}
    notebook.shut_down()
    context.close()
    return results


def draw(page):
    """Zigzag down a blank picture."""
    press(page, "clear")
    gesture(page, [(8 + 84 * abs(i % 20 - 10) / 10, 8 + 84 * i / MOVES) for i in range(MOVES + 1)])


def drag(page):
    """A digit, drawn among scraps, to and fro."""
    press(page, "clear")
    press(page, "scatter")
    page.mouse.move(*point(page, 20, 40))
    page.mouse.down()
    page.mouse.move(*point(page, 30, 40), steps=4)
    page.mouse.move(*point(page, 24, 60), steps=4)
    page.mouse.up()
    page.locator("[name=tool][value=move]").check(force=True)
    gesture(page, [(30 + 2 * (20 - abs(i % 40 - 20)), 40 + i % 3) for i in range(MOVES + 1)])
    page.locator("[name=tool][value=draw]").check(force=True)


def press(page, name):
    page.locator(f".camlib-explorer [name={name}]").evaluate("(button) => button.click()")


def point(page, x, y):
    box = page.locator(".picture").bounding_box()
    return box["x"] + x / 100 * box["width"], box["y"] + y / 100 * box["height"]


def gesture(page, path):
    places = [point(page, *place) for place in path]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.wait_for_timeout(300)
    page.evaluate("() => { watch.times.length = watch.blank = 0; }")
    for place in places[1:]:
        page.mouse.move(*place)
        page.wait_for_timeout(100)
    page.mouse.up()
    page.wait_for_timeout(300)


def _first_picture(browser, folder):
    """Of saved pages: milliseconds from the script's start to the picture, and KB more than without a network."""
    code = f"import os; os.chdir({str(folder)!r})\n" + MAPS + EXPLORER + """
explorer.save_html("on.html")
camlib.explorer(scenes.images, story.maps, **options).save_html("without.html")
"""
    exec(code, {})
    page_file = folder / "on.html"
    html = page_file.read_text("utf-8")
    page_file.write_text(html.replace('<script type="module">', f'<script type="module">{CLOCK}'), "utf-8")
    times = []
    for _ in range(STARTS):
        context = new_context(browser)
        page = context.new_page()
        page.goto(page_file.as_uri())
        page.wait_for_function("globalThis.shown")
        times.append(page.evaluate("shown - began"))
        context.close()
    more = len(html.encode()) - (folder / "without.html").stat().st_size
    return {"first_picture_ms": round(statistics.median(times), 1), "worst_ms": round(max(times), 1),
            "more_kb": round(more / 1000, 1)}
