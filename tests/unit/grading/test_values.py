"""What crosses from a learner's process is data: the same as before, or refused, and never a thing that acts."""

import base64
import json

import numpy as np
import pytest

from camlib.data.digits import Digits
from camlib.grading.values import Strange, pack, unpack


def crossed(value):
    return unpack(pack(value))


@pytest.mark.parametrize("value", [
    None, True, 7, -2.5, "α", 10**300, [1, [2, "x"]], (1, (2,)), {"a", "b"}, {"a": (1, {2})}, {1: "one", (2, 3): None},
    [], (), {}, set(),
])
def test_plain_values_are_the_same_afterwards(value):
    after = crossed(value)
    assert after == value and type(after) is type(value)


@pytest.mark.parametrize("array", [
    np.arange(6, dtype=np.uint8).reshape(2, 3), np.zeros((0, 3)), np.array(1.5), np.arange(12.0).reshape(3, 4).T,
    np.array([True, False]), np.array(["a", "bc"]), np.array([1 + 2j]), np.array([np.nan, np.inf]), np.float32(2),
    np.arange(3, dtype=">i4"),
])
def test_arrays_keep_dtype_and_shape_and_can_be_written_to(array):
    after = crossed(array)
    assert type(after) is type(array) and after.dtype == array.dtype
    np.testing.assert_array_equal(after, array)
    assert not isinstance(array, np.ndarray) or after.flags.writeable


def test_digits_are_digits_and_scenes_are_scenes(scenes):
    after = crossed((Digits(np.ones((2, 3, 3), np.uint8), np.arange(2)), scenes))
    assert isinstance(after[0], Digits) and after[0].images.shape == (2, 3, 3) and after[0].labels.tolist() == [0, 1]
    assert type(after[1]) is type(scenes) and (after[1].boxes == scenes.boxes).all()


class Always(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class Agreeing:
    def __eq__(self, other):
        return True


class AlwaysArray(np.ndarray):
    def __eq__(self, other):
        return True


def test_no_method_crosses():
    assert type(crossed(Always(3))) is float and crossed(Always(3)) != 4
    assert isinstance(crossed(Agreeing()), Strange) and crossed(Agreeing()) != 4
    assert type(crossed(np.zeros(2).view(AlwaysArray))) is np.ndarray
    assert isinstance(crossed(np.array([Agreeing()], object))[0], Strange)


@pytest.mark.parametrize("data", [
    b"", b"{", b"\x80\x04N.", b"[" * 100_000, b'["eval", "1"]', b'["array", "O", [1], "AAAAAAAAAAA="]',
    json.dumps(["array", "<f8", [10**12], base64.b64encode(bytes(8)).decode()]).encode(),
    json.dumps(["array", "<f8", [2], ""]).encode(), b'["set", ["list", 1]]',
    b'["array", "<f8", [1000000000000, 0], ""]', b"1" * 5000, b"[]", b'["record", "Digits", 1]',
    b'["record", "Popen", "true"]',
])
def test_what_was_not_packed_is_refused(data):
    with pytest.raises(ValueError, match="cannot be read"):
        unpack(data)
