"""Values on their way between a learner's process and the judge: as JSON, in which nothing can be executed.

Numbers, texts, arrays of them, lists, tuples, sets, dicts, `Digits` and `Scenes` come out as they went in, subclasses
as what they are made from, tensors as arrays. Of any other object its type's name is left: no method of it reaches the
judge.
"""

import base64
import importlib
import json

import numpy as np

KINDS = "biufcSU"  # of dtypes: numbers and texts, not Python objects
RECORDS = {"Digits": "camlib.data.digits", "Scenes": "camlib.data.scenes"}  # named tuples that exercises are about
LONGEST = 1 << 24  # side of an array: a judge that goes through the rows of (10**12, 0) would never end


class Strange:
    """What is left of an object that does not travel."""

    def __init__(self, name):
        self.name = str(name)

    def __repr__(self):
        return f"<{self.name}>"


def pack(value):
    """The value as bytes. Raises ValueError, RecursionError or TypeError for one that holds itself or hashes badly."""
    return json.dumps(_plain(value)).encode()


def unpack(data):
    """The value that `pack` made `data` from. Raises ValueError where no `pack` can have made it."""
    try:
        return _value(json.loads(data))
    except Exception as error:  # the bytes are a stranger's: whatever is wrong with them is the same to us
        raise ValueError("what came back cannot be read") from error


def _plain(value):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, np.ndarray | np.generic) or hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.dtype.kind not in KINDS:
            return _plain(array.tolist()) if array.ndim else ["strange", type(value).__name__]
        kind = "array" if isinstance(value, np.ndarray) or array.ndim else "scalar"
        return [kind, array.dtype.str, array.shape, base64.b64encode(array.tobytes()).decode()]
    for plain in (str, int, float):
        if isinstance(value, plain):
            return plain(value)
    if isinstance(value, tuple) and type(value).__name__ in RECORDS:
        return ["record", type(value).__name__, *map(_plain, value)]
    for name, kind in {"list": list, "tuple": tuple, "set": set | frozenset}.items():
        if isinstance(value, kind):
            return [name, *map(_plain, value)]
    if isinstance(value, dict):
        return ["dict", *([_plain(key), _plain(item)] for key, item in value.items())]
    return ["strange", type(value).__name__]


def _value(plain):
    if not isinstance(plain, list):
        return plain
    kind, *parts = plain
    return _FROM[kind](*parts)


def _array(dtype, shape, data):
    dtype = np.dtype(dtype)
    if dtype.kind not in KINDS or max(shape, default=0) > LONGEST:
        raise ValueError(f"no array of numbers or texts: {dtype}, {shape}")
    data = base64.b64decode(data)
    flat = np.frombuffer(data, dtype) if data else np.empty(0, dtype)
    return flat.reshape(shape).copy()


def _record(name, *parts):
    return getattr(importlib.import_module(RECORDS[name]), name)(*map(_value, parts))


_FROM = {
    "array": _array,
    "scalar": lambda *parts: _array(*parts)[()],
    "record": _record,
    "list": lambda *parts: list(map(_value, parts)),
    "tuple": lambda *parts: tuple(map(_value, parts)),
    "set": lambda *parts: set(map(_value, parts)),
    "dict": lambda *parts: {_value(key): _value(item) for key, item in parts},
    "strange": Strange,
}
