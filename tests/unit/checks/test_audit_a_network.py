import copy

import numpy as np
import pytest

from camlib import checks
from camlib.checks.audit_a_network import TELLS, sealed

TRUE = {"network_a": "sound", "network_b": "moved"}
SEAL = {"salt": "0a1b", "hash": sealed(TRUE, "0a1b"), "claims": {"network_a": 0.97, "network_b": 0.96}}
GOOD = {"network_a": ("sound", -0.3, -1, 0.5), "network_b": ("moved", 7.9, 7.5, 8.3)}


def said(capsys):
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


def pixel_by_pixel(images, boxes, value=0, last=0, turned=False):
    blank = np.array(images)
    for n, (x0, y0, x1, y1) in enumerate(boxes.tolist()):
        for x in range(x0, x1 + last):
            for y in range(y0, y1 + last):
                if x < blank.shape[2] and y < blank.shape[1]:
                    blank[(n, x, y) if turned else (n, y, x)] = value
    return blank


def in_place(images, boxes):
    images[:] = pixel_by_pixel(images, boxes)
    return images


@pytest.mark.parametrize("answer, part", [
    (pixel_by_pixel, "✔ Exercise 9.1"),
    (lambda images, boxes: None, "○ Exercise 9.1, erase a box in each scene: not attempted yet"),
    (in_place, "work on a copy"),
    (lambda images, boxes: pixel_by_pixel(images, boxes, turned=True), "rows come first"),
    (lambda images, boxes: pixel_by_pixel(images, boxes, last=1), "half-open"),
    (lambda images, boxes: pixel_by_pixel(images, boxes, value=255), "255 is ink"),
    (lambda images, boxes: images.copy(), "nothing is erased"),
    (lambda images, boxes: images * 0, "other pixels than those in the boxes"),
    (lambda images, boxes: pixel_by_pixel(images, boxes)[0], "the shape is (9, 9), expected (3, 9, 9)"),
])
def test_erased(answer, part, capsys):
    checks.erased(answer)
    assert part in said(capsys)


def drawn(first, second):
    """The spread of many differences of normal draws; an interval reaches 1.96 deviations."""
    random = np.random.default_rng(0)
    a, b = (random.normal(value, (high - low) / 3.92, 2_000_000) for value, low, high in (first, second))
    value, reach = (a - b).mean(), 1.96 * (a - b).std()
    return value, value - reach, value + reach


def test_difference_is_that_of_many_draws(capsys):
    checks.difference(lambda *given: np.round(drawn(*given), 1))
    assert "✔ Exercise 9.2" in said(capsys)


def with_reach(reach):
    def answer(a, b):
        return a[0] - b[0], a[0] - b[0] - reach(a, b), a[0] - b[0] + reach(a, b)

    return answer


def half(interval):
    return (interval[2] - interval[1]) / 2


@pytest.mark.parametrize("answer, part", [
    (lambda a, b: None, "not attempted yet"),
    (with_reach(lambda a, b: half(a) + half(b)), "half-widths do not add up"),
    (with_reach(lambda a, b: abs(half(a)**2 - half(b)**2)**0.5), "less certain, not more"),
    (with_reach(lambda a, b: (half(a) + half(b)) / 2), "mean of both"),
    (with_reach(lambda a, b: half(b)), "one of both"),
    (with_reach(lambda a, b: 2 * np.hypot(half(a), half(b))), "not the width"),
    (with_reach(lambda a, b: half(a)**2 + half(b)**2), "take the root"),
    (with_reach(lambda a, b: -np.hypot(half(a), half(b))), "low comes first"),
    (with_reach(lambda a, b: 1), "with as much room below as above"),
    (lambda a, b: tuple(x - y for x, y in zip(a, b)), "miss on the same side"),
    (lambda a, b: (b[0] - a[0], 1, 11), "a fall should come out negative"),
    (lambda a, b: a[0] - b[0], "expected three numbers"),
])
def test_difference_wrong(answer, part, capsys):
    checks.difference(answer)
    text = said(capsys)
    assert part in text and "✔" not in text


def told(change=lambda tells: None, left=10):
    tells = copy.deepcopy(TELLS)
    change(tells)
    return lambda: (tells, left)


@pytest.mark.parametrize("answer, part", [
    (told(), "✔ Exercise 9.3"),
    (lambda: None, "not attempted yet"),
    (told(lambda t: t.pop("leak")), "expected a dict with the four faults"),
    (told(lambda t: t.update(leak="new digits")), "leak: give a set"),
    (told(lambda t: t["leak"].add("accuracy")), "'accuracy' is no figure"),
    (told(lambda t: t["shortcut"].discard("new stamps")), "when its sign says nothing"),
    (told(lambda t: t["shortcut"].add("claim")), "was there any fault that hurts there"),
    (told(lambda t: t["leak"].add("new stamps")), "still meets those digits there"),
    (told(lambda t: t["shuffled"].discard("class gap")), "hides one that falls alone"),
    (told(lambda t: t["moved"].add("new digits")), "a mean does not hear places"),
    (told(lambda t: t["moved"].clear()), "nothing but places"),
    (told(left=90), "reads nothing but the stamp"),
    (told(left=0.1), "give percent"),
    (told(left=0), "by chance some tell"),
    (told(left=50), "ten codes"),
    (told(left=33), "how often does one of ten codes"),
])
def test_telling(answer, part, capsys):
    checks.telling(answer)
    assert part in said(capsys)


@pytest.mark.parametrize("fault", TELLS)
@pytest.mark.parametrize("figure", ["claim", "new stamps", "new digits", "class gap", "offset"])
def test_each_slip_has_a_hint(fault, figure, capsys):
    checks.telling(told(lambda tells: tells[fault].symmetric_difference_update({figure})))
    assert said(capsys).startswith(f"✘ Exercise 9.3, which figure tells: {fault}, {figure}: ")


@pytest.mark.parametrize("answer, part", [
    (GOOD, "✔ Exercise 9.4"),
    (None, "○ Exercise 9.4, the verdict: not attempted yet"),
    ({}, "expected a dict with the names network_a, network_b"),
    (GOOD | {"network_b": ("broken", 1, 1, 1)}, "network_b: 'broken' is no verdict"),
    (GOOD | {"network_b": ("moved", 1, 2, 3)}, "1 is not from 2 to 3"),
    (GOOD | {"network_b": ("moved", 1, -1, 3)}, "no evidence of a fault"),
    (GOOD | {"network_a": ("leak", -2.0, -3.9, -0.2)}, "-2 is less than 3 points: too little for 'leak'"),
    (GOOD | {"network_b": ("moved", 1.9, 1.7, 2.1)}, "1.9 is less than 2 px: too little for 'moved'"),
    (GOOD | {"network_b": ("moved", -2.1, -2.3, -1.9)}, "✔ Exercise 9.4"),
    (GOOD | {"network_a": ("sound", -9, -11, -7)}, "much for a sound network"),
    (GOOD | {"network_b": ("leak", -9, -11, -7)}, "the seal does not open"),
    (GOOD | {"network_a": ("leak", -9, -11, -7)}, "the seal does not open"),
])
def test_verdict(answer, part, capsys):
    checks.verdict(None if answer is None else lambda: answer, SEAL)
    assert part in said(capsys)


def test_no_hint_tells_which_network_is_judged_wrongly(capsys):
    """Every full verdict but the true one, with good evidence, gets one and the same answer."""
    lines = set()
    for kind in ("shortcut", "leak", "shuffled", "sound"):
        value = (kind, 1, 0.5, 2) if kind == "sound" else (kind, -9, -11, -7)
        for changed in ({"network_b": value}, {"network_a": ("moved", 8, 7, 9), "network_b": value}):
            checks.verdict(lambda: GOOD | changed, SEAL)
            lines.add(said(capsys))
    assert len(lines) == 1
