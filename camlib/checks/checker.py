"""Checkers for the exercises: they answer with a verdict and a hint, never with a traceback.

A checker takes what the reader wrote. `None`, which every stub returns, gets "not attempted yet", so that a notebook
runs from top to bottom with no exercise done.
"""

import functools
import reprlib

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
    except _Unfinished as unfinished:
        return str(unfinished)
    except Exception as error:
        shown = " ".join(reprlib.repr(watched.result).split())
        return f"your code returned {shown}, which has another form than what is asked for ({type(error).__name__})"


class _Unfinished(Exception):
    """The answer came to no value; why is the hint."""


class _Watched:
    """The reader's function, which says `_Unfinished` where it raises or is a stub, and remembers what it returned."""

    def __init__(self, answer):
        self.answer, self.result, self.calls = answer, None, 0

    def __call__(self, *arguments):
        self.calls += 1
        try:
            self.result = self.answer(*arguments)
        except Exception as error:  # whatever the reader's code raises is for the reader to hear, in a sentence
            raise _Unfinished(f"your code stopped with {type(error).__name__}: {error}") from error
        if self.result is None:
            raise _Unfinished(NOT_ATTEMPTED if self.calls == 1 else "your code returned None for one of the cases")
        return self.result


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
