"""The sheet that the reader draws on: pieces, strokes, undo."""

import numpy as np
import pytest
from scipy import ndimage

from camlib import load_split, make_scenes

SHEET = """
    const sheet = new m.Sheet(), image = () => [...sheet.compose(new Uint8Array(1e4))];
    const stroke = (...points) => {
        sheet.begin();
        points.forEach((point, i) => sheet.draw(points[Math.max(i - 1, 0)], point));
        sheet.end();
    };
    const sizes = () => sheet.pieces.map(({ kind, x, y, width, height }) => [kind, x, y, width, height]);
"""


def picture(values):
    return np.reshape(values, (100, 100))


def line(start, end):
    """Ink of a pen of half-width 1.25 px whose edge takes 1.25 px, pixel by pixel."""
    out = np.zeros((100, 100))
    (x0, y0), (x1, y1) = start, end
    along = np.linspace(0, 1, 2001)
    for y in range(100):
        for x in range(100):
            distance = np.hypot(x0 + along * (x1 - x0) - x - 0.5, y0 + along * (y1 - y0) - y - 0.5).min()
            out[y, x] = 255 * np.clip((1.25 - distance) / 1.25 + 0.5, 0, 1)
    return out


@pytest.mark.parametrize("start, end", [((20, 30), (41.5, 38.25)), ((50, 50), (50, 50)), ((-3, 4), (9, 99.5))])
def test_a_stroke_is_the_distance_to_its_line(js, start, end):
    drawn = js(SHEET + "stroke(a[0], a[1]); return image();", [start, end])
    assert abs(picture(drawn) - line(start, end)).max() <= 1


def test_strokes_near_to_a_digit_join_it_and_others_make_another(js):
    made = js(SHEET + """
        stroke([20, 20], [34, 20], [26, 40]);  // a seven
        stroke([22, 30], [32, 30]);            // its bar
        stroke([70, 20], [70, 40]);            // a one beside it
        return { sizes: sizes(), past: sheet.past.length };""", None)
    assert [kind for kind, *_ in made["sizes"]] == ["digit", "digit"] and made["past"] == 3
    (_, x, y, width, height), one = made["sizes"]
    assert (x, y) == (18, 18) and abs(width - 18) <= 1 and abs(height - 24) <= 1
    assert one[1] == 68


def test_pieces_add_up_to_full_ink_and_keep_what_lies_over_the_edge(js):
    made = js(SHEET + """
        stroke([50, 20], [50, 40]);
        const whole = image();
        sheet.begin(); sheet.move(0, -2, 20); sheet.end();
        const half = image();
        sheet.begin(); sheet.move(0, sheet.pieces[0].x - 500, 20); sheet.end();
        const out = image();
        sheet.begin(); sheet.move(0, 48, 18); sheet.end();
        return { whole, half, out, back: image() };""", None)
    whole, half, out = (picture(made[name]) for name in ("whole", "half", "out"))
    assert (picture(made["back"]) == whole).all()
    assert 0 < half.sum() < whole.sum() and (half[20:44, :3] == whole[18:42, 50:53]).all()
    assert out.any()  # some of it stays in sight, or it could not be fetched back
    added = js(SHEET + """
        const piece = { kind: "scrap", x: 0, y: 0, width: 2, height: 1, bytes: Uint8Array.of(200, 30) };
        sheet.replace([piece, { ...piece, x: 1 }]);
        return image().slice(0, 4);""", None)
    assert added == [200, 230, 30, 0]


def test_undo_takes_back_one_gesture_after_the_other(js):
    made = js(SHEET + """
        const states = [image()];
        const gestures = [() => stroke([20, 20], [40, 20]), () => stroke([70, 70], [80, 80]),
            () => { sheet.begin(); sheet.erase([30, 20], [30, 20]); sheet.end(); },
            () => { sheet.begin(); sheet.move(0, 50, 50); sheet.end(); },
            () => sheet.replace([])];
        for (const gesture of gestures) { gesture(); states.push(image()); }
        const back = [];
        for (const _ of gestures) { sheet.undo(); back.push(image()); }
        sheet.undo();
        sheet.begin(); sheet.erase([50, 50], [60, 60]); sheet.end(); // nothing is there to erase
        return { states, back, past: sheet.past.length };""", None)
    assert made["back"] == made["states"][-2::-1] and made["past"] == 0
    assert len({tuple(state) for state in made["states"][1:]}) == 5


def test_the_eraser_takes_ink_and_leaves_the_rest(js):
    made = js(SHEET + """stroke([20, 50], [80, 50]); const before = image();
        sheet.begin(); sheet.erase([50, 50], [50, 50]); sheet.end(); return [before, image()];""", None)
    before, after = map(picture, made)
    y, x = np.mgrid[:100, :100] + 0.5
    distance = np.hypot(x - 50, y - 50)
    assert (after[distance < 3.4] == 0).all() and (after[distance > 4.6] == before[distance > 4.6]).all()


def test_a_scene_comes_apart_into_its_digit_and_scraps(js):
    scenes = make_scenes(load_split()[1], 20, seed=3)
    for image, box in zip(scenes.images, scenes.boxes.tolist()):
        made = js(SHEET + """sheet.replace(m.split(Uint8Array.from(a.image), [a.box]));
            return { image: image(), sizes: sizes() };""", {"image": image.ravel().tolist(), "box": box})
        assert (picture(made["image"]) == image).all()
        labelled, count = ndimage.label(image, np.ones((3, 3)))
        x0, y0, x1, y1 = box
        inside = [2 * (labelled[y0:y1, x0:x1] == k).sum() > (labelled == k).sum() for k in range(1, count + 1)]
        kinds = [kind for kind, *_ in made["sizes"]]
        assert kinds.count("scrap") == count - sum(inside) and kinds.count("digit") == any(inside)


def test_without_boxes_what_is_taller_than_a_scrap_is_a_digit(js):
    image = np.zeros((100, 100), np.uint8)
    image[10:30, 40:43] = image[60:68, 10:18] = image[99, 99] = 9
    kinds = js(SHEET + "return m.split(Uint8Array.from(a)).map(({ kind }) => kind);", image.ravel().tolist())
    assert sorted(kinds) == ["digit", "scrap", "scrap"]


def test_scraps_are_crops_of_the_digits_and_replace_those_before(js):
    source = np.zeros((100, 100), np.uint8)
    source[40:60, 30:50] = np.random.default_rng(0).integers(1, 256, (20, 20))
    made = js(SHEET + """
        let state = 1;
        const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
        stroke([90, 40], [90, 60]);
        for (const _ of [1, 2]) sheet.scatter([{ bytes: Uint8Array.from(a), box: [30, 40, 50, 60] }], random);
        return sheet.pieces.map((piece) => ({ ...piece, bytes: [...piece.bytes] }));""", source.ravel().tolist())
    assert [piece["kind"] for piece in made] == ["scrap"] * (len(made) - 1) + ["digit"] and 5 <= len(made) - 1 <= 8
    for piece in made[:-1]:
        crop = np.reshape(piece["bytes"], (piece["height"], piece["width"]))
        assert max(crop.shape) <= 8
        windows = np.lib.stride_tricks.sliding_window_view(source, crop.shape)
        assert (windows == crop).all(axis=(2, 3)).any()
        assert 0 <= piece["x"] <= 100 - piece["width"] and 0 <= piece["y"] <= 100 - piece["height"]


def test_a_point_finds_the_ink_that_is_near_digits_first(js):
    found = js(SHEET + """
        stroke([20, 20], [20, 40]);
        stroke([60, 20], [80, 40]);
        return [[21, 30], [22.4, 30], [70, 30], [78, 22], [50, 80]].map(([x, y]) => sheet.at(x, y));""", None)
    assert found == [0, 0, 1, 1, -1]
