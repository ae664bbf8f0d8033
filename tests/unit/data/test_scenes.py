import gc
import subprocess
import sys
import weakref

import numpy as np
import pytest

from camlib.boxes import ink_boxes
from camlib.data.digits import Digits
from camlib.data.scenes import _add, make_scenes, scene_dataset


@pytest.fixture(scope="module")
def blocks():
    """Digits whose whole 28×28 box is ink, each of its own grey: what was pasted where can be read off."""
    greys = np.array([40, 80, 120], np.uint8)
    return Digits(np.broadcast_to(greys[:, None, None], (3, 28, 28)).copy(), np.array([0, 1, 2]))


def test_shapes_and_dtypes(split):
    scenes = make_scenes(split[0], 7)
    assert scenes.images.shape == (7, 100, 100) and scenes.images.dtype == np.uint8
    assert scenes.labels.shape == (7,) and scenes.labels.dtype == np.int64
    assert scenes.boxes.shape == (7, 4) and scenes.boxes.dtype == np.int64
    several = make_scenes(split[0], 7, digits_per_scene=3)
    assert several.labels.shape == (7, 3) and several.boxes.shape == (7, 3, 4)
    assert make_scenes(split[0], 7, digits_per_scene=0).boxes.shape == (7, 0, 4)


def test_without_distractors_the_box_holds_the_digit_and_nothing_lies_outside(split):
    scenes = make_scenes(split[0], 300, distractors=0, seed=3)
    for image, (x0, y0, x1, y1) in zip(scenes.images, scenes.boxes):
        inside = image[y0:y1, x0:x1]
        assert inside.sum(dtype=int) == image.sum(dtype=int)
        assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()


def test_the_label_is_the_pasted_digits(blocks):
    scenes = make_scenes(blocks, 50, distractors=0)
    for image, label, (x0, y0, x1, y1) in zip(*scenes[:3]):
        assert (x1 - x0, y1 - y0) == (28, 28) and (image[y0:y1, x0:x1] == 40 * (label + 1)).all()


def test_distractors_are_crops_and_what_exceeds_white_is_clipped(blocks):
    scenes = make_scenes(blocks, 200, distractors=1, digits_per_scene=0)
    assert ((scenes.images > 0).sum(axis=(1, 2)) == 8 * 8).all()
    crowded = make_scenes(blocks, 20, size=28, distractors=40, crop=28, digits_per_scene=1)
    assert (crowded.images == 255).all()  # 41 additions of at least 40 fill every pixel


def test_against_a_loop_that_adds_and_clips(split, monkeypatch):
    """The same random draws, played back one patch and one scene at a time in floats, as the recipe is written."""
    pasted = []
    add = _add
    monkeypatch.setattr("camlib.data.scenes._add", lambda canvas, patches, x, y: (
        pasted.append((np.array(patches), np.array(x), np.array(y))), add(canvas, patches, x, y)))
    scenes = make_scenes(split[0], 20, seed=11, digits_per_scene=2)
    expected = np.zeros((20, 100, 100))
    for patches, x, y in pasted:
        side = patches.shape[1]
        for n in range(20):
            window = expected[n, y[n]:y[n] + side, x[n]:x[n] + side]
            window[:] = np.minimum(1, window + patches[n] / 255)
    assert len(pasted) == 8 + 2
    np.testing.assert_allclose(scenes.images / 255, expected, atol=1e-9)


def test_every_place_and_digit_is_equally_likely(blocks):
    scenes = make_scenes(blocks, 6000, size=31, distractors=0)
    x, y = scenes.boxes[:, 0], scenes.boxes[:, 1]
    cells = np.bincount(scenes.labels * 16 + y * 4 + x, minlength=48)
    chi_square = ((cells - 125) ** 2 / 125).sum()
    assert chi_square < 85  # 47 degrees of freedom: one seed in two thousand would exceed it


def test_scenes_know_their_digits(split):
    for k in (1, 2):
        scenes = make_scenes(split[1], 300, seed=12, digits_per_scene=k)
        assert scenes.digits.shape == scenes.labels.shape
        assert (split[1].labels[scenes.digits] == scenes.labels).all()
    bare = make_scenes(split[1], 300, seed=12, distractors=0)
    for image, (x0, y0, x1, y1), digit in zip(bare.images, bare.boxes, bare.digits):
        ink = split[1].images[digit]
        assert image[y0:y1, x0:x1].sum(dtype=int) == ink.sum(dtype=int)


def test_same_seed_same_bytes_in_another_process(split):
    import hashlib

    scenes = make_scenes(split[0], 150, seed=(4, 2))
    program = (
        "import hashlib; from camlib import digits, make_scenes\n"
        "s = make_scenes(digits.load_split()[0], 150, seed=(4, 2))\n"
        "print(hashlib.sha256(b''.join(a.tobytes() for a in s)).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert there.strip() == hashlib.sha256(b"".join(a.tobytes() for a in scenes)).hexdigest()
    assert (make_scenes(split[0], 150, seed=5).images != scenes.images).any()


def test_the_bytes_of_a_seed_stay_what_they_are(split):
    """A change here changes every number in the course: re-run `make ship` and `make notebooks` if it is meant."""
    scenes = make_scenes(split[1], 1000, seed=0)
    sums = [int(array.sum(dtype=np.int64)) for array in scenes[:3]]
    assert sums == [54201776, 4454, 202377]


def test_the_dataset_holds_the_same_scenes_from_any_start(split):
    options = {"size": 40, "distractors": 2, "seed": 9}
    batches = list(scene_dataset(split[0], 8, **options).take(4))
    later = next(iter(scene_dataset(split[0], 8, start=3, **options)))
    assert np.array_equal(later[0], batches[3][0]) and np.array_equal(later[1], batches[3][1])
    assert not np.array_equal(batches[0][0], batches[1][0])
    expected = make_scenes(split[0], 8, seed=(9, 3), size=40, distractors=2)
    assert np.array_equal(batches[3][0], expected.images) and np.array_equal(batches[3][1], expected.labels)


def test_empty_scenes_of_the_dataset_hold_clutter_only(blocks):
    images, labels = next(iter(scene_dataset(blocks, 10, empty=0.3, distractors=1, size=40)))
    assert labels.numpy()[-3:].tolist() == [-1] * 3 and (labels.numpy()[:-3] >= 0).all()
    ink = (images.numpy() > 0).sum(axis=(1, 2))
    assert (ink[-3:] == 64).all() and (ink[:-3] >= 28 * 28).all()


def test_ink_boxes_by_hand():
    images = np.zeros((3, 6, 8), np.uint8)
    images[0, 2, 3] = 1
    images[1, 1:5, 2:7] = 9
    assert ink_boxes(images).tolist() == [[3, 2, 4, 3], [2, 1, 7, 5], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        ({"size": 27}, "canvas of size=27"),
        ({"crop": 29}, "crop=29"),
        ({"crop": 0}, "crop=0"),
        ({"distractors": -1}, "distractors=-1"),
        ({"number": -1}, "number=-1"),
    ],
)
def test_bad_arguments_are_named(split, arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        make_scenes(split[0], **{"number": 3} | arguments)


@pytest.mark.parametrize(
    "images, labels",
    [(np.zeros((0, 28, 28), np.uint8), []), (np.zeros((2, 28, 28)), [0, 1]), (np.zeros((2, 28, 28), np.uint8), [0])],
)
def test_bad_digits_are_named(images, labels):
    with pytest.raises(ValueError, match="digits must be uint8 images"):
        make_scenes(Digits(images, np.array(labels)), 3)


def test_batches_come_without_the_thread_that_sleeps(split):
    """tf.data's autotuning has one, and an iterator that is dropped waits until it wakes, up to a minute."""
    assert scene_dataset(split[0], 2).options().autotune.enabled is False


def test_batches_that_nobody_draws_any_more_hold_no_digits(split):
    """100 MB in a training; TensorFlow keeps every generator that it was ever given."""
    digits = Digits(split[0].images.copy(), split[0].labels)
    batches = iter(scene_dataset(digits, 2))
    next(batches)
    watched = weakref.ref(digits.images)
    del digits
    assert len(next(batches)[1]) == 2 and watched() is not None
    del batches
    gc.collect()
    assert watched() is None
