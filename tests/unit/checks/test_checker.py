"""What all checkers share: whose error it was, and that the reader's code is not run more than it must."""

import inspect

import numpy as np
import pytest

from camlib import checks
from camlib.boxes import iou
from camlib.checks.checker import checker
from camlib.data.digits import Digits
from camlib.data.photos import SAMPLE

RANDOM = np.random.default_rng(0)
FEATURES, KERNEL = RANDOM.uniform(size=(4, 5, 6, 8)), RANDOM.normal(size=(8, 3))
SQUARES = RANDOM.integers(0, 256, (50, 4, 4), np.uint8)
GOLDFISH = sorted((SAMPLE / "087.goldfish").iterdir())
CONTEXTS = {
    "added_by_each_cell": (),
    "attend": (),
    "before_training": (),
    "compared_alike": (),
    "difference": (),
    "difference_interval": (),
    "erased": (),
    "erased_patch": (64.0,),
    "fold": (KERNEL, KERNEL[0], np.arange(8.0), np.arange(1.0, 9)),
    "grad_cam_by_hand": (),
    "high_loss": (),
    "hottest_cell": (FEATURES[0], KERNEL[:, 0]),
    "iou_by_hand": ((0, 0, 4, 4), (2, 0, 6, 4)),
    "logit_gradient": (),
    "map_of_log_probability": (),
    "map_side": (227,),
    "maps_by_hand": (FEATURES[0], KERNEL),
    "maps_by_origin": (),
    "maps_of_flattened": (),
    "margin": (),
    "max_pool": (FEATURES[0, :4, :, 0],),
    "mended_batch": (),
    "mended_maps": (),
    "moved_by_biases": (),
    "moved_digit": (),
    "on_a_wide_canvas": (),
    "one_of_two": (),
    "paste_clips": (np.zeros((9, 9), np.uint8), SQUARES[0], 2, 3),
    "predict_tag": (100.0, 30.0),
    "repaired_read": (GOLDFISH,),
    "reported_error": (0.06, 0.5),
    "same_for_all": (),
    "side_by_side": (8.0, -2.0),
    "split_is_honest": (Digits(SQUARES, np.arange(50) % 5),),
    "spread_head": (KERNEL, KERNEL[0], KERNEL[:, 0], 4),
    "telling": (),
    "touched_with": (32, 0.24),
    "verdict": ({"salt": "00", "hash": "", "claims": {"network_a": 0.9}},),
    "weights_at": (28,),
}
STRANGE = [(1,), [], (), "text", {}, {"a": 1}, (1, 2, 3), [[1], [1, 2]], object(), np.zeros((0, 3)), "ab", True,
           [None] * 2, ("x", "y"), [[1, 2], [3, 4]], float("nan"), (np.zeros(2), np.zeros(3)), 10**400]


def said(capsys, check, answer, context):
    check(answer, *context)
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


def test_every_checker_is_tried_here():
    assert sorted(CONTEXTS) == sorted(checks.__all__)


@pytest.mark.parametrize("name", checks.__all__)
def test_a_strange_answer_is_not_the_readers_error(name, capsys):
    for strange in STRANGE:
        text = said(capsys, getattr(checks, name), lambda *_: strange, CONTEXTS[name])
        assert "✘" in text and "stopped" not in text and "not attempted" not in text, (strange, text)


@pytest.mark.parametrize("name", checks.__all__)
def test_an_error_of_the_readers_is_told_as_one(name, capsys):
    """With the line of the cell at which it came up, and what the function was called with."""
    def broken(*_):
        empty = []
        return empty[1]

    text = said(capsys, getattr(checks, name), broken, CONTEXTS[name])
    line = inspect.getsourcelines(broken)[1] + 2
    assert f"stopped with IndexError: list index out of range, in line {line} of its cell, return empty[1]." in text
    takes_nothing = {"before_training", "erased_patch", "high_loss", "moved_by_biases", "moved_digit", "one_of_two",
                     "predict_tag", "same_for_all", "telling", "verdict"}
    assert ("It was called with" in text) == (name not in takes_nothing - {"high_loss"})


@pytest.mark.parametrize("name", checks.__all__)
def test_a_stub_is_called_once(name, capsys):
    class Stub:
        calls = 0

        def __call__(self, *given):
            self.calls += 1

    stub = Stub()
    for answer in (stub, None, stubs_of_notebooks, lambda *_: None):
        assert "○" in said(capsys, getattr(checks, name), answer, CONTEXTS[name])
    assert stub.calls == 1


def stubs_of_notebooks(*_):
    """What a reader is given, with this docstring."""
    return None


@pytest.mark.parametrize("name", checks.__all__)
def test_a_forgotten_return_is_an_attempt(name, capsys):
    def forgetful(*given):
        len(given)

    text = said(capsys, getattr(checks, name), forgetful, CONTEXTS[name])
    assert "✘" in text and "your code returned None: does each way through it end in a line with return?" in text


@pytest.mark.parametrize("name, right, cases", [
    ("maps_by_hand", lambda f, k: f @ k, 1),
    ("hottest_cell", lambda m, z: np.unravel_index(m[:, :, z.argmax()].argmax(), m.shape[:2]), 1),
    ("maps_of_flattened", lambda f, w: f.shape[0] * f.shape[1] * np.einsum("yxk,yxkc->yxc", f, w), 1),
    ("iou_by_hand", lambda a, b: float(iou(a, b)), 3),
    ("margin", lambda w, h, d: (((w + h) ** 2 + 4 * w * h * (1 / d - 1)) ** 0.5 - w - h) / 4, 3),
    ("map_side", lambda side: ((((side - 7) // 4 + 1) - 3) // 2 + 1 - 3) // 2 + 1, 4),
])
def test_a_right_answer_is_called_once_for_each_case(name, right, cases, capsys):
    calls = []

    def counting(*given):
        calls.append(repr(given))
        return right(*given)

    assert "✔" in said(capsys, getattr(checks, name), counting, CONTEXTS[name])
    assert len(calls) == len(set(calls)) == cases


def test_a_function_is_asked_for(capsys):
    text = said(capsys, checks.maps_by_hand, FEATURES[0] @ KERNEL, CONTEXTS["maps_by_hand"])
    assert "✘" in text and "expected a function, got array" in text


def test_none_in_a_later_case_is_an_attempt(capsys):
    text = said(capsys, checks.map_side, lambda side: 13 if side == 227 else None, (227,))
    assert "✘" in text and "returned None: does each way" in text


def test_a_fault_in_judging_shows_the_answer(capsys):
    @checker
    def judge(answer):
        """Exercise 9.9, a pair."""
        return answer()[1]

    judge(lambda: (7,))
    assert capsys.readouterr().out == (
        "✘ Exercise 9.9, a pair: your code returned (7,), which has another form than what is asked for (IndexError)\n"
    )
