"""Checkers for the exercises: they answer with a verdict and a hint, never with a traceback.

A checker takes what the reader wrote. `None`, which every stub returns, gets "not attempted yet", so that a notebook
runs from top to bottom with no exercise done.
"""

import functools
import linecache
import reprlib
import traceback

import numpy as np

NOT_ATTEMPTED = "not attempted yet"


def checker(judge):
    """Turn `judge(answer, ...)`, which returns a hint or None when all is well, into a checker that prints a line.

    The answer, a function, is called by `judge` alone. An exception in it is told as the reader's own; one in judging
    what it returned means that no judge foresaw such a value, and the value is shown.
    """

    @functools.wraps(judge)
    def check(answer, *context, **options):
        exercise = judge.__doc__.strip().split("\n")[0].rstrip(".")
        said = hint(judge, answer, context, options)
        mark = {None: "✔", NOT_ATTEMPTED: "○"}.get(said, "✘")
        print(f"{mark} {exercise}: {said or 'right'}")

    return check


def hint(judge, answer, context, options=None):
    """What a judge says of an answer, given its context, a tuple: a hint, or None when all is well."""
    if answer is None:
        return NOT_ATTEMPTED
    if not callable(answer):
        return f"expected a function, got {reprlib.repr(answer)}: hand over its name, without parentheses"
    watched = _Watched(answer)
    try:
        return judge(watched, *context, **(options or {}))
    except Told as told:
        return str(told)
    except Exception as error:
        shown = " ".join(reprlib.repr(watched.result).split())
        return f"your code returned {shown}, which has another form than what is asked for ({type(error).__name__})"


class Told(Exception):
    """What there is to say of an answer is said, wherever in judging it turned up: its text is the hint."""


class _Watched:
    """The reader's function, which says `Told` where it raises or returns None, and remembers what it returned."""

    def __init__(self, answer):
        self.answer, self.result, self.calls = answer, None, 0

    def __call__(self, *arguments):
        self.calls += 1
        called = f" It was called with {', '.join(map(_brief, arguments))}." if arguments else ""
        try:
            self.result = self.answer(*arguments)
        except Exception as error:  # whatever the reader's code raises is for the reader to hear, in a sentence
            said = f"your code stopped with {type(error).__name__}: {error}{self._line(error)}.{called}"
            raise Told(said) from error
        if self.result is None:
            raise Told(NOT_ATTEMPTED if self.calls == 1 and _is_stub(self.answer) else
                       f"your code returned None: does each way through it end in a line with return?{called}")
        return self.result

    def _line(self, error):
        """The line of the reader's cell at which an error came up, as the end of a sentence."""
        file = getattr(getattr(self.answer, "__code__", None), "co_filename", None)
        steps = [step for step in traceback.extract_tb(error.__traceback__) if step.filename == file]
        text = steps and linecache.getline(file, steps[-1].lineno).strip()
        return f", in line {steps[-1].lineno} of its cell, {text}" if text else ""


def _is_stub(function):
    """Whether a function does nothing but return None, as what a reader is given to begin with does.

    True also where its code cannot be seen, as in another process.
    """
    code = getattr(function, "__code__", None)
    return code is None or code.co_code in _STUBS


def _described():
    """A stub."""
    return None


_STUBS = {stub.__code__.co_code for stub in (_described, lambda: None)}


def _brief(value):
    """A value as a hint shows it: an array by its shape."""
    shape = np.shape(value) if hasattr(value, "__array__") else ()
    return f"an array of shape {shape}" if shape and np.size(value) > 4 else " ".join(reprlib.repr(value).split())


def choice(result, options, example, before=""):
    """What a reader chose of `options`, texts, and what they say beside it, None where they chose alone.

    In any case, by itself or as the first of a pair; other words raise `Told`, which names the form after `before`.

    >>> choice("b", "ABCD", '("A", 90)'), choice(["C ", 4], "ABCD", '("A", 90)')
    (('B', None), ('C', 4))
    """
    first, *rest = result if isinstance(result, tuple | list) and len(result) in (1, 2) else [result]
    known = {option.lower(): option for option in options}
    word = known.get(first.strip().strip(".()").lower()) if isinstance(first, str) else None
    if word is None:
        raise Told(f"{before}expected one of {', '.join(options)}, as in {example}; got {_brief(result)}")
    return word, rest[0] if rest else None


def predicted(result, right, misled, example):
    """What a reader says beside the `right` choice.

    misled: dict of the other options → hint. Raises `Told` for another choice, and where it stands alone.
    """
    word, value = choice(result, sorted([*misled, right]), example)
    if word in misled:
        raise Told(misled[word])
    if value is None:
        raise Told(f"{word} is right; return what you predict beside it, too, such as {example}")
    return value


def percentage(value, what="the second"):
    """A number from 0 to 100. Raises `Told` for anything else, and for what looks like a fraction."""
    number = value.item() if isinstance(value, np.generic) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 <= number <= 100:
        raise Told(f"{what} is a percentage, a number from 0 to 100, not {_brief(value)}")
    if 0 < number < 1:
        raise Told(f"{what} is a percentage: for a fraction of {number:g} write {100 * number:g}")
    return number


def shape_hint(answer, expected):
    if np.shape(answer) != np.shape(expected):
        return f"the shape is {np.shape(answer)}, expected {np.shape(expected)}"
    return None


def close_hint(given, expected, wrong, otherwise="the numbers differ from the formula's", tolerance=1e-3):
    """None when `given` is `expected`, else the hint of the wrong value that it is: a dict hint → value."""
    if hint := shape_hint(given, expected):  # nothing, [], is close to everything
        return hint
    if np.allclose(given, expected, rtol=tolerance, atol=tolerance):
        return None
    hints = (hint for hint, value in wrong.items() if np.allclose(given, value, rtol=tolerance, atol=tolerance))
    return next(hints, otherwise)
