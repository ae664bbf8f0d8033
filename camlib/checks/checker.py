"""Checkers for the exercises: they answer with a verdict and a hint, never with a traceback.

A checker takes what the reader wrote. `None`, which every stub returns, gets "not attempted yet", so that a notebook
runs from top to bottom with no exercise done.
"""

import functools

import numpy as np


def checker(judge):
    """Turn `judge(answer, ...)`, which returns a hint or None when all is well, into a checker that prints a line."""

    @functools.wraps(judge)
    def check(answer, *context, **options):
        exercise = judge.__doc__.strip().split("\n")[0].rstrip(".")
        try:
            hint = "not attempted yet" if _is_blank(answer, context) else judge(answer, *context, **options)
        except Exception as error:  # whatever the reader's code raises is for the reader to hear, in a sentence
            hint = f"your code stopped with {type(error).__name__}: {error}"
        mark = {None: "✔", "not attempted yet": "○"}.get(hint, "✘")
        print(f"{mark} {exercise}: {hint or 'right'}")

    return check


def _is_blank(answer, context):
    """True for None, and for a function that returns None for the values it is checked with."""
    return (answer(*context) if callable(answer) else answer) is None


def shape_hint(answer, expected):
    if np.shape(answer) != np.shape(expected):
        return f"the shape is {np.shape(answer)}, expected {np.shape(expected)}"
    return None


def close_hint(given, expected, wrong, otherwise="the numbers differ from the formula's", tolerance=1e-3):
    """None when `given` is `expected`, else the hint of the wrong value that it is: a dict hint → value."""
    if np.allclose(given, expected, rtol=tolerance, atol=tolerance):
        return None
    hints = (hint for hint, value in wrong.items() if np.allclose(given, value, rtol=tolerance, atol=tolerance))
    return next(hints, otherwise)
