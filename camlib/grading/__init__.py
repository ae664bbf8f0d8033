"""Grading: collected notebooks in, verdicts out, each exercise in a process of its own, judged outside it."""
