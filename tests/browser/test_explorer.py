"""The explorer as a reader has it in pages without a kernel, and what it leaves in memory."""

import base64
import contextlib
import io
import re

import numpy as np
import pytest
from lab import Notebook, pixels, settles, write_notebook
from PIL import Image

from camlib.explore import widget as explore

SETUP = """
import numpy as np
from camlib.explore.widget import explorer
random = np.random.default_rng(0)
y, x = np.mgrid[:12, :12]
maps = random.normal(0, 0.4, (5, 4, 12, 12, 6))
for step, image, k in np.ndindex(5, 4, 6):
    blob = np.exp(-((y - 2 - 2 * image) ** 2 + (x - 2 - k) ** 2) / 6)
    maps[step, image, :, :, k] += step * (4 if image == k else -1) * blob
images = (random.uniform(0, 1, (4, 60, 60)) ** 6 * 255).astype(np.uint8)
"""
EXPLORER = """
explorer_one = explorer(images, maps, bias=np.arange(6) / 10, steps=[0, 10, 20, 50, 100], labels=[0, 1, 2, 3],
                        accuracy=[0.1, 0.3, 0.6, 0.8, 0.9], boxes=[(10, 10, 40, 40)] * 4, title="One")
heard = []
explorer_one.observe(lambda change: heard.append(change.new), "step_index")
explorer_one
"""


def in_python(folder, code):
    """Run code that follows SETUP and EXPLORER in a folder, without a notebook."""
    with contextlib.chdir(folder):
        exec(SETUP + EXPLORER + code, {})


CONTROLS = [  # how to reach the control, keys to press, the trait, and its value then
    ("[name=image_index]:checked", ["ArrowRight"], "image_index", "1"),
    # the class followed the image, to 1
    ("[name=class_index]:checked", ["ArrowDown", "ArrowDown"], "class_index", "3"),
    ("[name=step_index]", ["ArrowLeft"], "step_index", "3"),
    ("[name=step_index]", ["Home"], "step", "0"),
    ("[name=opacity]", ["ArrowLeft", "ArrowLeft"], "opacity", "0.65"),
    ("[name=threshold]", ["PageUp"], "threshold", "0.3"),
    ("[name=colormap]:checked", ["ArrowRight"], "colormap", "heat"),
    ("[name=smooth]:checked", ["ArrowRight"], "smooth", "False"),
    ("[name=scale]:checked", ["ArrowRight"], "scale", "map"),
    ("[name=show_box]", ["Space"], "show_box", "False"),
    (".picture", ["ArrowDown", "ArrowDown", "ArrowRight"], "cell", "[8, 7]"),
    ("[name=against]", ["ArrowDown", "ArrowDown"], "against", "1"),
    ("[name=against]", ["Home"], "against", "None"),
]


@pytest.mark.parametrize("damage", [
    lambda page: re.sub(r'(x-camlib">.{400})[^<]*', r"\1", page),  # cut
    lambda page: re.sub(r'(x-camlib">)[^<]*', r"\1?", page),
    lambda page: re.sub(r'data-state="[^"]*"', 'data-state="{"', page),
    lambda page: page.replace("const parts = [", "const parts = [undefinedPart, "),  # a browser that lacks something
], ids=["cut", "no base64", "state", "view"])
def test_where_the_explorer_cannot_be_shown_the_still_picture_stays(page, tmp_path, damage):
    in_python(tmp_path, "explorer_one.save_html('page.html')")
    whole = (tmp_path / "page.html").read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(damage(whole), encoding="utf-8")
    assert damage(whole) != whole
    page.goto((tmp_path / "page.html").as_uri())
    page.get_by_text("A still picture, for this explorer cannot be shown (").wait_for()
    still = page.locator(".camlib-explorer img").first
    assert still.is_visible() and still.bounding_box()["width"] > 300 and page.locator(".picture").count() == 0


def test_against_a_class_the_sum_is_that_of_the_differences(page, tmp_path, console_errors):
    in_python(tmp_path, "explorer_one.save_html('page.html'); np.save('maps.npy', maps[4, 0])")
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".camlib-explorer[data-live=false] .picture")
    maps, bias = np.load(tmp_path / "maps.npy"), np.arange(6) / 10
    logits = maps.mean(axis=(0, 1)) + bias

    def said(selector):
        return [float(text.replace("\u2212", "-")) for text in page.locator(selector).all_inner_texts()]
    chances, pictures = page.locator(".p").all_inner_texts(), {pixels(page)}
    select = page.get_by_label("Against")
    assert select.locator("option:checked").inner_text() == "nothing (as computed)"
    select.focus()
    for k in range(6):
        page.keyboard.press("ArrowDown")
        assert select.locator("option:checked").inner_text() == str(k)
        above, below, offset, total = said(".sum b")
        assert above + below + offset == pytest.approx(total, abs=1e-9)  # to the last digit
        assert (offset, total) == pytest.approx((bias[0] - bias[k], logits[0] - logits[k]), abs=0.0051)
        difference = maps[..., 0] - maps[..., k]
        assert above == pytest.approx(difference.clip(0).mean(), abs=0.03)  # two maps of 8 bits
        assert page.locator(".sum small").last.inner_text() == f"logit0 \u2212 logit{k}"
        assert said(".z") == pytest.approx(logits - logits[k], abs=0.0051)
        assert page.locator(".p").all_inner_texts() == chances
        pictures.add(pixels(page))
        if k == 0:
            assert "every cell is silent" in page.locator("p.cell").inner_text()
    assert len(pictures) == 7
    settles(lambda: page.locator("p[aria-live]").inner_text().split(",")[0],
            f"Class 0 against 5: logit difference {total:.2f}", page)
    page.keyboard.press("Home")
    assert said(".sum b")[3] == pytest.approx(logits[0], abs=0.0051)
    assert console_errors == []


def test_maps_that_add_up_to_zero_are_against_the_average_class(page, tmp_path):
    in_python(tmp_path, "explorer(images, maps - maps.mean(axis=4, keepdims=True)).save_html('page.html')\n"
                        "explorer(images, maps[..., :1]).save_html('alone.html')")
    page.goto((tmp_path / "page.html").as_uri())
    assert page.get_by_label("Against").locator("option:checked").inner_text() == "the average class"
    page.goto((tmp_path / "alone.html").as_uri())
    page.wait_for_selector(".camlib-explorer[data-live=false] .picture")
    assert page.get_by_label("Against").count() == 0  # there is no other class


def moves(page):
    """Every control of a page without a kernel still does what it says."""
    for selector, keys, name, _ in CONTROLS:
        before = pixels(page)
        page.locator(".camlib-explorer").locator(selector).focus()
        for key in keys:
            page.keyboard.press(key)
        if name != "scale":
            assert pixels(page) != before, f"{name} changed nothing in the picture"


def test_saved_page_without_server_or_network(page, tmp_path, console_errors):
    in_python(tmp_path, "explorer_one.save_html('page.html')")
    page.context.set_offline(True)
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".camlib-explorer[data-live=false] .picture")
    assert page.title() == "One"
    moves(page)
    assert console_errors == []


def test_a_cell_out_of_the_page_while_its_script_starts(page, tmp_path, console_errors):
    """Notebooks take cells out of the page as they scroll or change tabs; the explorer waits for its return."""
    in_python(tmp_path, "explorer_one.save_html('page.html')")
    page.goto("about:blank")
    page.evaluate("""(html) => {
        const cell = document.createElement("div");
        cell.innerHTML = html;
        for (const old of cell.querySelectorAll("script")) {
            const script = document.createElement("script");  // as JupyterLab does: scripts of innerHTML do not run
            for (const { name, value } of old.attributes) script.setAttribute(name, value);
            script.textContent = old.textContent;
            old.replaceWith(script);
        }
        document.body.append(cell);
        cell.remove();
        setTimeout(() => document.body.append(cell), 1000);
    }""", (tmp_path / "page.html").read_text())
    assert page.locator(".camlib-explorer").count() == 0
    page.wait_for_selector(".camlib-explorer[data-live=false] .picture")
    assert console_errors == []


FAKE_MODEL = """(host) => {  // a kernel's model of the page's explorer: it lives on, with whatever listens to it
    const text = atob(host.querySelector("script").textContent.trim());
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const css = host.querySelector("template").content.textContent;
    const emitter = (model) => Object.assign(model, { heard: new Set(), on: (_, f) => model.heard.add(f),
        off: (_, f) => model.heard.delete(f), save_changes: () => model.heard.forEach((f) => f()) });
    const layout = emitter({ attributes: { width: "640px" } });
    const state = { ...JSON.parse(host.dataset.state), _key: host.dataset.key, _packed: new DataView(bytes.buffer),
        _css: css, layout };
    return emitter({ layout, get: (name) => state[name], set: (name, value) => { state[name] = value; } });
}"""


def saved(page, folder):
    """A saved page, open and alive, its explorer's model in `window.model` and its script in `window.script`."""
    in_python(folder, "explorer_one.save_html('page.html')")
    page.goto((folder / "page.html").as_uri())
    page.locator(".camlib-explorer[data-live=false] .picture").wait_for()  # no handle, which would keep it in memory
    source = base64.b64encode(explore.SCRIPT.encode()).decode()
    page.evaluate(f"""async () => {{
        window.script = await import("data:text/javascript;base64,{source}");
        window.model = ({FAKE_MODEL})(document.querySelector(".camlib-explorer"));
    }}""")


@pytest.mark.parametrize("live", [False, True])
def test_an_output_that_left_the_page_leaves_the_memory(page, tmp_path, live, console_errors):
    saved(page, tmp_path)
    if live:
        page.evaluate("script.default.initialize({ model }).then(() => {})")
        page.locator(".camlib-explorer[data-live=true] .picture").wait_for()
        assert page.locator(".camlib-explorer").bounding_box()["width"] == 640
        assert page.evaluate("model.heard.size + model.layout.heard.size") == 2
    page.evaluate("""() => {
        const host = document.querySelector(".camlib-explorer");
        window.host = new WeakRef(host);
        window.data = new WeakRef(host.shadowRoot.querySelector(".picture"));
        host.remove();
    }""")

    def kept():
        page.request_gc()
        return page.evaluate("[host.deref(), data.deref()].filter(Boolean).length")
    settles(kept, 0, page, seconds=5)
    page.evaluate("() => { model.save_changes(); model.layout.save_changes(); }")
    assert page.evaluate("model.heard.size + model.layout.heard.size") == 0
    assert console_errors == []


def test_reruns_leave_no_old_outputs_in_memory(page, server):
    write_notebook(server.folder / "again.ipynb", SETUP, EXPLORER)
    opened = Notebook(page, server, "again.ipynb")
    for _ in range(3):
        opened.run_all()
        page.locator(".camlib-explorer[data-live=true] .picture").wait_for()

    def kept():
        page.request_gc()
        return page.evaluate("[...camlibMeeting.pages].filter((page) => page.deref()).length")
    settles(kept, 1, page)
    opened.shut_down()


def test_an_output_taken_out_for_a_while_comes_back_as_it_was(page, tmp_path, console_errors):
    """Notebooks take cells out of the page as they scroll: memory is not freed for as long as they hold them."""
    saved(page, tmp_path)
    page.evaluate("script.default.initialize({ model }).then((stop) => { window.stop = stop; })")
    page.wait_for_selector(".camlib-explorer[data-live=true] .picture")
    page.evaluate("() => { window.out = document.querySelector('.camlib-explorer'); out.remove(); }")
    page.request_gc()
    page.evaluate("() => { model.set('step_index', 1); model.save_changes(); document.body.append(out); }")
    settles(lambda: page.locator("[name=step_index]").input_value(), "1", page)
    page.evaluate("() => { out.remove(); stop(); }")
    page.wait_for_function("out.dataset.live === 'false'")
    page.evaluate("document.body.append(out)")
    before = pixels(page)
    page.locator("[name=step_index]").press("End")
    assert pixels(page) != before and page.evaluate("model.get('step_index')") == 1
    assert console_errors == []


def test_nothing_is_said_after_the_end(page, tmp_path):
    saved(page, tmp_path)
    said = page.evaluate("""async () => {
        const views = [document.createElement("div"), document.createElement("div")];
        document.body.append(...views);
        const ends = [];
        for (const el of views) ends.push(await script.default.render({ model, el }));
        ends[1]();
        await new Promise((resolve) => setTimeout(resolve, 1500));
        return views.map((el) => el.shadowRoot.querySelector("p[aria-live]").textContent);
    }""")
    assert said[0].startswith("Class 0: logit") and said[1] == ""


def test_the_still_is_what_the_page_shows(page, tmp_path):
    """Four views of one explorer, each as a picture without scripts and alive: the colours agree, on the average.

    In colour, for a grey scene is white where it ends, and the edge of its still could not be found.
    """
    in_python(tmp_path, """
from itertools import product
explorer_one = explorer(images[..., None].repeat(3, axis=-1), maps, boxes=[(10, 10, 40, 40)] * 4)
for number, (scale, smooth) in enumerate(product(("classes", "map"), (True, False))):
    explorer_one.set_trait("scale", scale), explorer_one.set_trait("smooth", smooth)
    explorer_one.image_index, explorer_one.class_index, explorer_one.opacity = 1, 3, 0.9
    explorer_one.against = (None, 2)[number // 2]
    explorer_one.colormap = ("viridis", "diverging", "magma", "viridis")[number]
    explorer_one.save_html(f"{number}.html")
""")
    for number in range(4):
        page.goto((tmp_path / f"{number}.html").as_uri())
        page.wait_for_selector(".camlib-explorer[data-live=false] .picture")
        still, live = page.evaluate("""async () => {
            const host = document.querySelector(".camlib-explorer"), side = 12;
            const cells = (source, ...part) => {  // the mean colour of 12 × 12 places
                const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
                const context = canvas.getContext("2d");
                context.imageSmoothingQuality = "high";
                context.drawImage(source, ...part, 0, 0, side, side);
                return [...context.getImageData(0, 0, side, side).data];
            };
            const image = host.querySelector("img"), canvas = host.shadowRoot.querySelector(".picture");
            await image.decode();
            const all = document.createElement("canvas");
            [all.width, all.height] = [image.naturalWidth, image.naturalHeight];
            const context = all.getContext("2d");
            context.drawImage(image, 0, 0);
            const { data } = context.getImageData(0, 0, all.width, all.height);
            const paper = (x, y) => [0, 1, 2].every((k) => data[4 * (y * all.width + x) + k] > 235);
            const middle = Math.round(all.height * 0.55), at = Math.round(all.width * 0.3);
            let [x0, x1, y0, y1] = [at, at, middle, middle];  // the second panel, from its middle to the paper around
            while (!paper(x0 - 1, middle)) x0--;
            while (!paper(x1 + 1, middle)) x1++;
            while (!paper(at, y0 - 1)) y0--;
            while (!paper(at, y1 + 1)) y1++;
            return [cells(all, x0, y0, x1 - x0 + 1, y1 - y0 + 1), cells(canvas, 0, 0, canvas.width, canvas.height)];
        }""")
        difference = abs(np.subtract(still, live).reshape(12, 12, 4)[..., :3])
        assert difference.mean() < 9, number


def test_styles_in_the_document_would_change_nothing_else(page):
    rules = page.evaluate("""(css) => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(css);
        return [...sheet.cssRules].map((rule) => rule.selectorText);
    }""", explore.STYLE.read_text())
    assert rules == [":host", ".camlib-app"]


@pytest.mark.parametrize("width", [400, 700, 1200, 1800])
def test_nothing_sticks_out(page, tmp_path, width):
    in_python(tmp_path, "explorer_one.save_html('page.html')")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".picture")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


TEXTS = """() => {  // [words, their colour, the colour of what they lie on in the explorer or null], in bytes
    const root = document.querySelector(".camlib-explorer").shadowRoot, app = root.querySelector(".camlib-app");
    const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const bytes = (colour) => {
        context.clearRect(0, 0, 1, 1);
        context.fillStyle = colour;
        context.fillRect(0, 0, 1, 1);
        return [...context.getImageData(0, 0, 1, 1).data];
    };
    const words = (element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) =>
        node.textContent.trim()).join("");
    return [...app.querySelectorAll("*")].filter((element) => words(element) && element.checkVisibility()
        && !element.closest(".sr, option, style, [aria-disabled=true], .pen")).map((element) => {
            let ground = null;
            for (let at = element; at !== app && !ground; at = at.parentElement) {
                const behind = bytes(getComputedStyle(at).backgroundColor);
                if (behind[3] === 255) ground = behind;
            }
            return [words(element), bytes(getComputedStyle(element).color), ground];
        });
}"""


def luminance(colour):
    """Of WCAG 2: colour in bytes, R G B."""
    linear = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in np.array(colour[:3]) / 255]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


def faintest_text(page):
    """(contrast, words) of the text that is hardest to read, on the ground that a screenshot shows."""
    corner = page.locator(".camlib-explorer").bounding_box()
    clip = {"x": corner["x"] + 1, "y": corner["y"] + 1, "width": 2, "height": 2}
    ground = np.array(Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB"))[0, 0]
    found = []
    for words, ink, behind in page.evaluate(TEXTS):
        low, high = sorted(luminance(colour) for colour in (ink, ground if behind is None else behind))
        found.append(((high + 0.05) / (low + 0.05), words))
    assert len(found) > 30
    return min(found)


PAGES = {  # what hosts do, or leave out, about dark and light
    "its own page": None, "a page that says nothing": "", "dark, and says so": ":root { color-scheme: dark; }",
    "dark by its ground alone": "body { background: #111; }",
    "light, whatever is preferred": ":root { color-scheme: light; } body { background: #fff; }",
    "a light slab on a dark page": ":root { color-scheme: dark; background: #14181e; } div { background: #ced6dd; }",
    "a dark slab on a light page": "body { background: #fff; } .camlib-explorer { background: rgb(20 20 30 / .95); }",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", PAGES)
def test_text_can_be_read_on_any_ground(page, tmp_path, scheme, kind):
    in_python(tmp_path, "explorer_one.save_html('page.html')")
    path = tmp_path / "page.html"
    if PAGES[kind] is not None:
        path.write_text(re.sub("(?s)<style>.*?</style>", f"<style>{PAGES[kind]}</style>", path.read_text(), count=1))
    page.emulate_media(color_scheme=scheme)
    page.goto(path.as_uri())
    page.wait_for_selector(".picture")
    assert faintest_text(page)[0] >= 4.5, faintest_text(page)  # WCAG AA for text


def test_the_theme_of_a_page_is_followed_while_it_is_open(page, tmp_path):
    in_python(tmp_path, "explorer_one.save_html('page.html')")
    path, style = tmp_path / "page.html", "[data-theme=dark] body { background: #14181e; } body { transition: 200ms; }"
    path.write_text(re.sub("(?s)<style>.*?</style>", f"<style>{style}</style>", path.read_text(), count=1))
    page.goto(path.as_uri())
    page.wait_for_selector(".picture")
    for theme in ("dark", "light"):
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        settles(lambda: faintest_text(page)[0] >= 4.5, True, page)
        assert page.locator(".camlib-app").evaluate("(app) => getComputedStyle(app).colorScheme") == theme


def test_text_is_as_large_as_a_page_asks_for(page, tmp_path):
    """As slides do, which are seen from the last row."""
    in_python(tmp_path, "explorer_one.save_html('page.html')")
    page.set_viewport_size({"width": 1280, "height": 720})
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".picture")
    smallest = """() => Math.min(...[...document.querySelector(".camlib-explorer").shadowRoot.querySelectorAll(
        ".camlib-app :not(input, .play)")].map((element) => parseFloat(getComputedStyle(element).fontSize)))"""
    assert page.evaluate(smallest) < 16
    page.add_style_tag(content=":root { --camlib-least: 16px; }")
    assert page.evaluate(smallest) >= 16
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_probabilities_are_those_of_the_networks_ending(page, tmp_path, console_errors):
    """Each class by itself, in the table, in the spoken line and along the training."""
    in_python(tmp_path, "explorer(images, maps, steps=range(5), ending='sigmoid').save_html('page.html')\n"
                        "np.save('logits.npy', maps.mean(axis=(2, 3))[:, 0])")
    page.goto((tmp_path / "page.html").as_uri())
    page.wait_for_selector(".camlib-explorer[data-live=false] .picture")
    chances = 1 / (1 + np.exp(-np.load(tmp_path / "logits.npy")))
    assert [float(text.split()[0]) for text in page.locator(".p").all_inner_texts()] == pytest.approx(
        100 * chances[4], abs=0.051)
    for step in (4, 0):
        shown = page.locator(".key .chance").inner_text()
        assert float(shown.split()[-2]) == pytest.approx(100 * chances[step, 0], abs=0.051)
        page.locator("[name=step_index]").press("Home")
    assert not console_errors
