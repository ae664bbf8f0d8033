import cv2
import numpy as np
import pytest

from camlib import checks
from camlib.data.photos import SAMPLE, read
from camlib.networks import alexnet

RANDOM = np.random.default_rng(0)
V, B = RANDOM.normal(size=(6, 3)), RANDOM.normal(size=3)
MEAN, DEVIATION = RANDOM.uniform(1, 2, 6), RANDOM.uniform(0.5, 3, 6)
LAYERS = [(11, 4, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 1, 1), (3, 1, 1), (3, 1, 1)]
GOLDFISH = sorted((SAMPLE / "087.goldfish").iterdir())


def said(capsys):
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


def through(side, layers=LAYERS, padded=True):
    for kernel, stride, padding in layers:
        side = (side + 2 * padding * padded - kernel) // stride + 1
    return side


@pytest.mark.parametrize("answer, part", [
    (alexnet.cells, "✔ Exercise 6.1"),
    (through, "✔ Exercise 6.1"),
    (lambda side: None, "○ Exercise 6.1, the side of the map: not attempted yet"),
    (lambda side: through(side, LAYERS[:1]), "for 448 px: that is the map after conv1"),
    (lambda side: through(side, LAYERS[:2]), "after the first pool"),
    (lambda side: through(side, [*LAYERS, (3, 2, 0)]), "one pool too many"),
    (lambda side: through(side, padded=False), "the padding is missing"),
    (lambda side: side // 16, "dividing by the strides is not enough: kernels"),
    (lambda side: side / 16, "dividing by the strides is not enough"),
    (lambda side: 13 if side == 224 else 27, "for 227 px" if alexnet.cells(227) != 27 else "for 300 px"),
    (lambda side: side["px"], "your code stopped with TypeError"),
])
def test_map_side(answer, part, capsys):
    checks.map_side(answer, 448)
    assert part in said(capsys)


def folded_in_loops(v, b, mean, deviation):
    """The features z = (F − mean) / deviation of a zero and of a one in each channel tell bias and kernel."""
    zero = b + sum(-mean[k] / deviation[k] * v[k] for k in range(len(v)))
    ones = [zero + v[k] / deviation[k] for k in range(len(v))]
    return np.array(ones) - zero, zero


@pytest.mark.parametrize("answer, part", [
    (folded_in_loops, "✔ Exercise 6.2"),
    (lambda v, b, m, d: None, "○ Exercise 6.2, fold it in: not attempted yet"),
    (lambda v, b, m, d: v / d[:, None], "return two arrays"),
    (lambda v, b, m, d: (v.T, b), "the shape is (3, 6), expected (6, 3)"),
    (lambda v, b, m, d: (v * d[:, None], b), "is the deviation above or below the line"),
    (lambda v, b, m, d: (v, b), "v belongs to the standardised means"),
    (lambda v, b, m, d: (v / d[:, None], b), "one of its terms does not depend on the photograph"),
    (lambda v, b, m, d: (v / d[:, None], b - m @ v), "each mean stands over its channel's deviation"),
    (lambda v, b, m, d: (v / d[:, None], b + m @ (v / d[:, None])), "mind the sign"),
    (lambda v, b, m, d: (v / d, b), "your code stopped with ValueError"),
])
def test_fold(answer, part, capsys):
    checks.fold(answer, V, B, MEAN, DEVIATION)
    assert part in said(capsys)


@pytest.mark.parametrize("answer, part", [
    (("C", 30), "✔ Exercise 6.3"),
    (["C", np.float64(49)], "✔ Exercise 6.3"),
    (None, "○ Exercise 6.3, a tag on every dog: not attempted yet"),
    (("A", 30), "What else differs between dogs and the rest, in training?"),
    (("B", 30), "small is not weak"),
    (("D", 30), "what is new in them is no part of a dog"),
    (("C", 100), "what becomes of it when the tag has gone?"),
    (("C", 77), "still more of the vote than you say: go lower"),
    (("C", 5), "some dogs are clear enough without the tag"),
    (("C", 130), "a percentage, a number from 0 to 100, not 130"),
    (("C", "30"), "a percentage"),
    (("E", 30), "expected one of A, B, C, D"),
    ("C", "C is right; return what you predict beside it"),
])
def test_predict_tag(answer, part, capsys):
    checks.predict_tag(None if answer is None else lambda: answer, 100.0, 31.0)
    assert part in said(capsys)


def test_no_wrong_statement_and_no_far_number_is_right(capsys):
    for letter in "ABCD":
        for percent in range(101):
            checks.predict_tag(lambda: (letter, percent), 100.0, 31.0)
            assert ("✔" in said(capsys)) == (letter == "C" and 11 <= percent <= 51)


def hers(file):
    return cv2.resize(cv2.imread(str(file)), (224, 224), interpolation=cv2.INTER_AREA)


def nearest(file):
    picture = cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB)
    return cv2.resize(picture, (224, 224), interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("answer, part", [
    (lambda file: read(file, side=224), "✔ Exercise 6.4"),
    (lambda file: hers(file)[:, :, ::-1], "✔ Exercise 6.4"),
    (nearest, "✔ Exercise 6.4"),
    (lambda file: None, "○ Exercise 6.4"),
    (hers, "her picture still"),
    (lambda file: hers(file)[::-1], "draw it beside ours"),
    (lambda file: hers(file)[::-1, :, ::-1], "upside down"),
    (lambda file: hers(file)[:, ::-1, ::-1], "left and right"),
    (lambda file: hers(file)[:, :, ::-1].swapaxes(0, 1), "rows and columns"),
    (lambda file: 255 - hers(file)[:, :, ::-1], "a negative"),
    (lambda file: cv2.cvtColor(cv2.cvtColor(hers(file), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2RGB), "colours matter"),
    (lambda file: hers(file)[:, :, ::-1] / 255, "expected uint8"),
    (lambda file: cv2.imread(str(file)), "expected shape (224, 224, 3)"),
    (lambda file: hers(file)[:, :, [0, 2, 1]], "draw it beside ours"),
    (lambda file: np.zeros((224, 224, 3), np.uint8), "draw it beside ours"),
])
def test_repaired_read(answer, part, capsys):
    checks.repaired_read(answer, GOLDFISH[11:])
    assert part in said(capsys)


def test_her_picture_is_never_taken_for_repaired(capsys):
    """Whichever goldfish a split leaves for the test: none is so grey that it hides the fault."""
    for start in range(len(GOLDFISH) - 3):
        checks.repaired_read(hers, GOLDFISH[start:])
        assert "her picture still" in said(capsys)
        checks.repaired_read(nearest, GOLDFISH[start:])
        assert "✔" in said(capsys)
