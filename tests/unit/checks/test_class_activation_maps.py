import numpy as np
import pytest

from camlib import checks

RANDOM = np.random.default_rng(0)
FEATURES, KERNEL = RANDOM.normal(size=(5, 5, 8)), RANDOM.normal(size=(8, 3))


def said(capsys):
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    return text


@pytest.mark.parametrize("answer, part", [
    (lambda f, k: f @ k, "✔ Exercise 4.1"),
    (lambda f, k: None, "○ Exercise 4.1, all class activation maps: not attempted yet"),
    (lambda f, k: f.mean(axis=(0, 1)) @ k, "ten numbers"),
    (lambda f, k: f @ k[:, 0], "one map"),
    (lambda f, k: f @ k / 25, "divided by the number of cells"),
    (lambda f, k: np.maximum(f @ k, 0), "signed"),
    (lambda f, k: -(f @ k), "values are not"),
    (lambda f, k: (f @ k)[None], "the shape is (1, 5, 5, 3)"),
    (lambda f, k: k @ f, "your code stopped with ValueError"),
])
def test_maps_by_hand(answer, part, capsys):
    checks.maps_by_hand(answer, FEATURES, KERNEL)
    assert part in said(capsys)


def flattened(features, weights):
    """The definition, by loops: what one cell adds to the sum, as many times as there are cells."""
    rows, columns, _, classes = weights.shape
    maps = np.zeros((rows, columns, classes))
    for y, x, k, c in np.ndindex(weights.shape):
        maps[y, x, c] += rows * columns * features[y, x, k] * weights[y, x, k, c]
    return maps


@pytest.mark.parametrize("answer, part", [
    (flattened, "✔ Exercise 4.2"),
    (lambda f, w: None, "○ Exercise 4.2, maps without pooling: not attempted yet"),
    (lambda f, w: flattened(f, w) / 20, "their mean is too small"),
    (lambda f, w: flattened(f, w) / 20 * 625, "25 × 25 cells only"),
    (lambda f, w: flattened(f, w) * 6, "not by the features"),
    (lambda f, w: 20 * f @ w.mean(axis=(0, 1)), "averaged the weights over the places; after"),
    (lambda f, w: f @ w.mean(axis=(0, 1)), "averaged the weights over the places, and"),
    (lambda f, w: np.tile(flattened(f, w).mean(axis=(0, 1)), (4, 5, 1)), "every cell looks alike"),
    (lambda f, w: flattened(f, w).mean(axis=(0, 1)), "logits without their biases"),
    (lambda f, w: flattened(f, w)[..., 0], "the shape is (4, 5), expected (4, 5, 3)"),
    (lambda f, w: -flattened(f, w), "should be the logit"),
    (lambda f, w: f * w, "stopped with ValueError"),
])
def test_maps_of_flattened(answer, part, capsys):
    checks.maps_of_flattened(answer)
    assert part in said(capsys)


def test_maps_of_flattened_are_those_of_keras(capsys):
    from camlib.backend import keras

    def answer(features, weights):
        """Each cell's share of what Flatten and Dense compute: all features but the cell's are zero."""
        classes = weights.shape[-1]
        network = keras.Sequential([keras.Input(features.shape), keras.layers.Flatten(),
                                    keras.layers.Dense(classes, use_bias=False)])
        network.set_weights([weights.reshape(-1, classes)])
        alone = np.zeros((20, *features.shape))
        for cell, (y, x) in enumerate(np.ndindex(4, 5)):
            alone[cell, y, x] = features[y, x]
        return 20 * np.asarray(network(alone)).reshape(4, 5, classes)

    checks.maps_of_flattened(answer)
    assert "✔" in said(capsys)


@pytest.mark.parametrize("answer, part", [
    (lambda m, p: ("C", [(k[:, :3].sum() + 12 * q) / 24 for k, q in zip(m.transpose(2, 0, 1), p)]), "✔ Exercise 4.3"),
    (lambda m, p: ["c", (m[:, :3].mean(axis=(0, 1)) + p) / 2], "✔ Exercise 4.3"),
    (lambda m, p: None, "○ Exercise 4.3, half of a canvas wiped: not attempted yet"),
    (lambda m, p: ("A", m.mean(axis=(0, 1))), "is the logit the mean"),
    (lambda m, p: ("B", m[:, :3].mean(axis=(0, 1))), "as wide as before"),
    (lambda m, p: "D", "away from the seam"),
    (lambda m, p: ("C", m.mean(axis=(0, 1))), "the means as they were"),
    (lambda m, p: ("C", m[:, :3].mean(axis=(0, 1))), "the left half alone"),
    (lambda m, p: ("C", m[:, :3].sum(axis=(0, 1)) / 24), "here they hold 0"),
    (lambda m, p: ("C", m[:, :3].mean(axis=(0, 1)) / 2 + p), "half of all cells"),
    (lambda m, p: ("C", (m[:, 3:].mean(axis=(0, 1)) + p) / 2), "wipes the left half"),
    (lambda m, p: ("C", (m[:2].mean(axis=(0, 1)) + p) / 2), "wipes the lower half"),
    (lambda m, p: ("C", 0 * p), "another thing"),
    (lambda m, p: ("C", 3.0), "the shape is ()"),
    (lambda m, p: ("average", p), "expected one of A, B, C, D"),
    (lambda m, p: (m + p).mean(axis=(0, 1)), "expected one of A, B, C, D"),
    (lambda m, p: "C", "return what you predict beside it"),
])
def test_on_a_wide_canvas(answer, part, capsys):
    checks.on_a_wide_canvas(answer)
    assert part in said(capsys)


def exchanged(maps):
    """Rows and columns exchanged, value by value."""
    mended = np.empty_like(maps)
    for n, y, x in np.ndindex(maps.shape):
        mended[n, y, x] = maps[n, x, y]
    return mended


@pytest.mark.parametrize("answer, part", [
    (lambda saved: (exchanged(saved), "box"), "✔ Exercise 4.4"),
    (lambda saved: None, "○ Exercise 4.4, heat beside the digit: not attempted yet"),
    (lambda saved: (saved, "box"), "as they came"),
    (lambda saved: (saved[:, ::-1], "box"), "upside down is another fault"),
    (lambda saved: (saved[:, :, ::-1], "box"), "left and right are not the fault"),
    (lambda saved: (saved[:, ::-1, ::-1], "box"), "half a circle"),
    (lambda saved: (exchanged(saved)[:, ::-1], "box"), "the digit's column, but not to its row"),
    (lambda saved: (exchanged(saved)[:, :, ::-1], "box"), "the digit's row, but not to its column"),
    (lambda saved: (saved.T, "box"), "the scenes come last"),
    (lambda saved: (np.maximum(exchanged(saved), 0), "box"), "a map is signed"),
    (lambda saved: (exchanged(saved) * 2, "box"), "move to another cell"),
    (lambda saved: (exchanged(saved), "mean"), "the same wherever the cells lie"),
    (lambda saved: (exchanged(saved), "classes"), "still belong together"),
    (lambda saved: (exchanged(saved), "transposed"), "for the check, expected one of mean"),
    (lambda saved: exchanged(saved), "expected two things"),
])
def test_mended_maps(answer, part, capsys):
    checks.mended_maps(answer)
    assert part in said(capsys)
