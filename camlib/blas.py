"""SciPy, its BLAS with one thread: beside other work, more of them wait for each other in busy loops, and what takes
0.2 s takes 10."""

import importlib
import os


def one_threaded(name):
    """A module of SciPy by its name. BLAS reads its variable when it is loaded, with the first of them, so that all of
    this package come by here; it holds unless something else has loaded SciPy's before."""
    variable = "OPENBLAS_NUM_THREADS"
    before = os.environ.get(variable)
    os.environ[variable] = "1"
    try:
        return importlib.import_module(name)
    finally:
        os.environ.pop(variable) if before is None else os.environ.update({variable: before})
