"""Whoever has the right answer is told so, in whichever natural form it comes: three for each exercise."""

import functools
import math

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

import camlib
from camlib import checks
from camlib.data import digits
from camlib.data.photos import read
from camlib.grading.contexts import context

E = np.e


def hottest_by_loops(maps, logits):
    best = max(range(len(logits)), key=lambda k: logits[k])
    return max(((y, x) for y in range(len(maps)) for x in range(len(maps[0]))), key=lambda at: maps[at][best])


def hottest_by_where(maps, logits):
    named = maps[..., np.argmax(logits)]
    return np.where(named == named.max())


def paste_by_loops(canvas, piece, x, y):
    out = canvas.copy()
    for row in range(piece.shape[0]):
        for column in range(piece.shape[1]):
            out[y + row, x + column] = min(255, int(out[y + row, x + column]) + int(piece[row, column]))
    return out


def paste_by_padding(canvas, piece, x, y):
    layer = np.zeros(canvas.shape, np.uint16)
    layer[y:y + piece.shape[0], x:x + piece.shape[1]] = piece
    return np.clip(layer + canvas, 0, 255).astype(np.uint8)


def paste_in_eight_bits(canvas, piece, x, y):
    canvas = canvas.copy()
    window = canvas[y:y + len(piece), x:x + len(piece[0])]
    window += np.minimum(piece, 255 - window)
    return canvas


def split_by_masks(everything):
    random, chosen = np.random.default_rng(1), np.zeros(len(everything.labels), bool)
    for label in np.unique(everything.labels):
        where = np.where(everything.labels == label)[0]
        chosen[random.choice(where, len(where) // 5, replace=False)] = True
    return digits.take(everything, ~chosen), digits.take(everything, chosen)


def split_by_lists(everything):
    random, train, test = np.random.default_rng(2), [], []
    for label in range(10):
        members = [i for i, known in enumerate(everything.labels) if known == label]
        random.shuffle(members)
        test, train = test + members[: len(members) // 5], train + members[len(members) // 5:]
    return tuple(digits.Digits(everything.images[part], everything.labels[part]) for part in (train, test))


def split_every_fifth(everything):
    order = np.random.default_rng(3).permutation(len(everything.labels))
    order = order[np.argsort(everything.labels[order], kind="stable")]
    return [digits.take(everything, np.delete(order, slice(0, None, 5))), digits.take(everything, order[::5])]


def pool_by_loops(f):
    return [[max(f[y][x], f[y + 1][x], f[y][x + 1], f[y + 1][x + 1]) for x in range(0, len(f[0]), 2)]
            for y in range(0, len(f), 2)]


def pool_by_reshape(f):
    return f.reshape(f.shape[0] // 2, 2, f.shape[1] // 2, 2).max(axis=(1, 3))


def pool_by_keras(f):
    from camlib.backend import keras

    return keras.layers.MaxPooling2D(2)(f[None, ..., None].astype(np.float32))[0, ..., 0]


def slopes_by_differences(z, label):
    def loss(z):
        return -math.log(math.exp(z[label]) / sum(math.exp(value) for value in z))

    h = 1e-5
    return [(loss(z + h * unit) - loss(z - h * unit)) / (2 * h) for unit in np.eye(len(z))]


def weights_by_keras(size):
    from camlib.backend import keras

    layers, looks = keras.layers, keras.Sequential([keras.Input((size, size, 1))])
    for channels in (6, 16):
        looks.add(layers.Conv2D(channels, 5))
        looks.add(layers.MaxPooling2D(2))
    votes = [layers.Flatten(), layers.Dense(120), layers.Dense(84), layers.Dense(10)]
    gap = [layers.GlobalAveragePooling2D(), layers.Dense(10)]
    return tuple(keras.Sequential([looks, *ending]).count_params() for ending in (votes, gap))


def grad_cam_by_loops(f, g):
    rows, columns, channels = f.shape
    alpha = [sum(g[y, x, k] for y in range(rows) for x in range(columns)) / (rows * columns) for k in range(channels)]
    return [[max(0, sum(alpha[k] * f[y, x, k] for k in range(channels))) for x in range(columns)] for y in range(rows)]


def interval_by_hand(a, b, shown):
    """The bootstrap over digits, written out."""
    difference = a.astype(float) - b.astype(float)
    means = np.array([difference[shown == digit].mean() for digit in np.unique(shown)])
    random = np.random.default_rng(5)
    drawn = [100 * random.choice(means, len(means)).mean() for _ in range(4000)]
    return np.percentile(drawn, [2.5, 97.5])


def iou_by_pixels(a, b):
    sheet = np.zeros((40, 40), int)
    for x0, y0, x1, y1 in (a, b):
        sheet[y0:y1, x0:x1] += 1
    return (sheet == 2).sum() / (sheet > 0).sum()


def iou_by_sets(a, b):
    first, second = ({(x, y) for x in range(box[0], box[2]) for y in range(box[1], box[3])} for box in (a, b))
    return len(first & second) / len(first | second)


def margin_by_bisection(w, h, delta):
    low, high = 0.0, float(w + h)
    for _ in range(60):
        e = (low + high) / 2
        low, high = (e, high) if w * h / ((w + 2 * e) * (h + 2 * e)) >= delta else (low, e)
    return low


def side_by_layers(pixels):
    for kernel, stride, padding in ((11, 4, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), (3, 1, 1), (3, 1, 1), (3, 1, 1)):
        pixels = math.floor((pixels + 2 * padding - kernel) / stride + 1)
    return pixels


def log_probability_map(maps, p, c):
    gradient = np.eye(3)[c] - p
    return np.einsum("yxk,k->yx", maps, gradient) / maps[..., 0].size


def erased_by_masks(images, boxes):
    out = np.array(images)
    rows, columns = np.mgrid[:out.shape[1], :out.shape[2]]
    for n, (x0, y0, x1, y1) in enumerate(boxes):
        out[n][(rows >= y0) & (rows < y1) & (columns >= x0) & (columns < x1)] = 0
    return out


def erased_by_opencv(images, boxes):
    return np.stack([cv2.rectangle(image.copy(), (x0, y0), (x1 - 1, y1 - 1), 0, -1)
                     for image, (x0, y0, x1, y1) in zip(images, boxes.tolist())])


def attend_by_loops(x, q, k, v):
    out = []
    for token in x:
        fits = [math.exp(sum((token @ q) * (other @ k)) / len(q[0]) ** 0.5) for other in x]
        out.append(sum(fit / sum(fits) * (other @ v) for fit, other in zip(fits, x)))
    return out


def attend_by_keras(x, q, k, v):
    from camlib.backend import keras

    scores = keras.ops.matmul(x @ q, (x @ k).T) / np.sqrt(q.shape[1])
    return keras.ops.softmax(scores, axis=-1) @ (x @ v)


def origins_by_loops(shares, values, kernel):
    taken = [sum(row[j] for row in shares) for j in range(len(shares))]
    return [[taken[j] * sum(values[j] * kernel[:, c]) for c in range(kernel.shape[1])] for j in range(len(values))]


def quadrature(first, second):
    (a, low_a, high_a), (b, low_b, high_b) = first, second
    half = math.hypot((high_a - low_a) / 2, (high_b - low_b) / 2)
    return a - b, a - b - half, a - b + half


TELLS = {"shortcut": {"new stamps", "new digits"}, "leak": {"new digits"}, "shuffled": {"new digits", "class gap"},
         "moved": {"offset"}}
CHOSEN = {"before_training": ("C", 0), "moved_digit": ("C", 4), "predict_tag": ("C", 40), "one_of_two": ("blind", 50),
          "erased_patch": ("C", 60), "same_for_all": ("C", 0)}
FORMS = {
    "hottest_cell": (hottest_by_loops, hottest_by_where,
                     lambda m, z: divmod(int(m[:, :, z.argmax()].argmax()), m.shape[1])),
    "added_by_each_cell": (lambda v: v / (len(v) * len(v[0])), lambda v: [[x / v.size for x in row] for row in v],
                           lambda v: np.multiply(v, 1 / np.prod(v.shape)).astype(np.float32)),
    "paste_clips": (paste_by_loops, paste_by_padding, paste_in_eight_bits),
    "touched_with": (lambda k, eight: 1 - math.pow(1 - eight, k / 8),
                     lambda k, eight: 1 - ((1 - eight) ** (1 / 8)) ** k,
                     lambda k, eight: -np.expm1(k / 8 * np.log1p(-eight))),
    "reported_error": (lambda e, leak: ("b", e - e * leak), lambda e, leak: ["B", leak * 0 + (1 - leak) * e],
                       lambda e, leak: ("B.", np.float64(e) * (1 - leak))),
    "split_is_honest": (split_by_masks, split_by_lists, split_every_fifth),
    "max_pool": (pool_by_loops, pool_by_reshape, pool_by_keras),
    "logit_gradient": (slopes_by_differences, lambda z, k: np.exp(z) / np.exp(z).sum() - np.eye(len(z))[k],
                       lambda z, k: [math.exp(v) / sum(map(math.exp, z)) - (i == k) for i, v in enumerate(z)]),
    "high_loss": (lambda n: ("C", math.log(E + n - 1) - 1), lambda n: ["c", -np.log(E / (E + n - 1))],
                  lambda n: ("C)", np.float32(np.log(1 + (n - 1) / E)))),
    "weights_at": (weights_by_keras, lambda size: (13706 + (((size - 4) // 2 - 4) // 2) ** 2 * 1920, 2742),
                   lambda size: np.array([13706 + (((size - 4) // 2 - 4) // 2) ** 2 * 1920, 2742])),
    "spread_head": (lambda k, b, f, r: (k * r, b - k.T @ f * (r - 1)),
                    lambda k, b, f, r: [r * k, b + f @ k - r * f @ k],
                    lambda k, b, f, r: (np.multiply(r, k), b - np.einsum("k,kc->c", f, k) * (r - 1))),
    "side_by_side": (lambda a, b: ("b", 0.5 * a + 0.5 * b), lambda a, b: ["B", np.mean([a, b])],
                     lambda a, b: ("B", b + (a - b) / 2)),
    "mended_batch": (lambda d, step: camlib.make_scenes(d, 64, size=40, distractors=4, seed=step),
                     lambda d, step: camlib.make_scenes(d, 64, seed=1000 + step, size=40),
                     lambda d, step: camlib.make_scenes(d, 64, size=40, distractors=0, seed=[7, step])),
    "attend": (attend_by_loops, attend_by_keras,
               lambda x, q, k, v: softmax(x @ q @ (x @ k).T / len(q.T) ** 0.5, axis=1) @ x @ v),
    "maps_by_origin": (origins_by_loops, lambda a, v, w: np.diag(a.sum(0)) @ v @ w,
                       lambda a, v, w: np.einsum("ij,jk,kc->jc", a, v, w)),
    "maps_by_hand": (lambda f, k: np.einsum("yxk,kc->yxc", f, k), lambda f, k: np.tensordot(f, k, axes=1),
                     lambda f, k: np.stack([(f * k[:, c]).sum(axis=-1) for c in range(k.shape[1])], axis=-1)),
    "maps_of_flattened": (lambda f, w: np.einsum("yxk,yxkc->yxc", f, w) * f.shape[0] * f.shape[1],
                          lambda f, w: (f[..., None] * w).sum(axis=2) * f[..., 0].size,
                          lambda f, w: len(f) * len(f[0]) * (f[:, :, None] @ w)[:, :, 0]),
    "on_a_wide_canvas": (lambda m, p: ("C", [(m[:, :3, k].mean() + p[k]) / 2 for k in range(10)]),
                         lambda m, p: ["c", (m[:, :3].sum(axis=(0, 1)) + 12 * p) / 24],
                         lambda m, p: ("C", np.concatenate([m[:, :3], 0 * m[:, 3:] + p], axis=1).mean(axis=(0, 1)))),
    "mended_maps": (lambda s: (s.swapaxes(1, 2), "box"), lambda s: [np.einsum("nyx->nxy", s), "Box"],
                    lambda s: (np.stack([one.T for one in s]), "box ")),
    "iou_by_hand": (iou_by_pixels, iou_by_sets, lambda a, b: float(camlib.iou(a, b))),
    "margin": (margin_by_bisection, lambda w, h, d: (((w + h) ** 2 + 4 * w * h * (1 / d - 1)) ** 0.5 - w - h) / 4,
               lambda w, h, d: max(np.roots([4, 2 * (w + h), w * h * (1 - 1 / d)]).real)),
    "difference_interval": (interval_by_hand, lambda a, b, d: camlib.bootstrap(100 * (a * 1.0 - b), groups=d)[1:],
                            lambda a, b, d: [*camlib.bootstrap(100 * np.subtract(a, b, dtype=float), groups=d)][1:]),
    "map_side": (side_by_layers, lambda n: float((((n - 7) // 4 + 1 - 3) // 2 + 1 - 3) // 2 + 1),
                 lambda n: np.int64((((n + 4 - 11) // 4 + 1 - 3) // 2 + 1 - 3) // 2 + 1)),
    "fold": (lambda v, b, m, s: (v / s[:, None], b - (v / s[:, None]).T @ m),
             lambda v, b, m, s: [(v.T / s).T, b - m / s @ v],
             lambda v, b, m, s: (np.diag(1 / s) @ v, b - np.sum(m[:, None] * v / s[:, None], axis=0))),
    "repaired_read": (lambda f: cv2.resize(cv2.imread(str(f))[..., ::-1], (224, 224)),
                      lambda f: np.asarray(Image.open(f).convert("RGB").resize((224, 224))), lambda f: read(f, 224)),
    "grad_cam_by_hand": (grad_cam_by_loops, lambda f, g: (f @ g.mean(axis=(0, 1))).clip(0),
                         lambda f, g: np.maximum(np.einsum("yxk,k->yx", f, g.reshape(-1, g.shape[2]).mean(0)), 0)),
    "map_of_log_probability": (log_probability_map,
                               lambda m, p, c: (m[..., c] - (m * p).sum(-1)) / (m.shape[0] * m.shape[1]),
                               lambda m, p, c: (m[..., c] - sum(p[k] * m[..., k] for k in range(3))) / len(m) / 5),
    "moved_by_biases": (lambda: ({"ablation_cam"}, -1), lambda: (["ablation_cam"], -1.0),
                        lambda: [("ablation_cam",), np.int64(-1)]),
    "compared_alike": (lambda m: (m.clip(0), m.min(axis=(1, 2)) / (m.min(axis=(1, 2)) - m.max(axis=(1, 2)))),
                       lambda m: [np.where(m > 0, m, 0), [-x.min() / np.ptp(x) for x in m]],
                       lambda m: (np.maximum(m, 0), (0 - m.min((1, 2))) / (m.max((1, 2)) - m.min((1, 2))))),
    "erased": (erased_by_masks,
               erased_by_opencv,
               lambda i, b: np.where(camlib.boxes.box_masks(b, i.shape[1:]), 0, i)),
    "difference": (quadrature, lambda a, b: [-6, -11, -1], lambda a, b: np.array([-6.0, -11, -1])),
    "telling": (lambda: (TELLS, 10), lambda: [{k: list(v) for k, v in TELLS.items()}, 10.0],
                lambda: ({k: tuple(v) for k, v in TELLS.items()}, np.float64(10))),
} | {name: (lambda pair=pair: pair, lambda pair=pair: [pair[0].lower(), float(pair[1])],
            lambda pair=pair: (f" {pair[0].upper()} ", np.int64(pair[1]))) for name, pair in CHOSEN.items()}


def test_all_exercises_but_the_sealed_one_are_here():
    assert set(checks.__all__) - set(FORMS) == {"verdict"}


@pytest.mark.parametrize("name", FORMS)
def test_right_answers_are_right_in_three_forms(name, capsys):
    for form in FORMS[name]:
        getattr(checks, name)(functools.partial(form), *context(name))
    said = capsys.readouterr().out.splitlines()
    assert [line[0] for line in said] == ["✔"] * 3, said


def test_a_verdict_is_right_in_three_forms(capsys):
    from camlib.checks.audit_a_network import sealed

    kinds = {"network_a": "sound", "network_b": "moved"}
    seal = {"salt": "00", "claims": dict.fromkeys(kinds, 0.9), "hash": sealed(kinds, "00")}
    figures = {"network_a": (1, 0, 2), "network_b": (9, 8, 10)}
    for form in (lambda: {name: (kinds[name], *figures[name]) for name in kinds},
                 lambda: {name: [kinds[name], *map(float, figures[name])] for name in reversed(kinds)},
                 lambda: {name: (kinds[name].upper(), *map(np.float64, figures[name])) for name in kinds}):
        checks.verdict(form, seal)
    assert [line[0] for line in capsys.readouterr().out.splitlines()] == ["✔"] * 3


@pytest.mark.parametrize("name, answer, part", [
    ("max_pool", lambda f: np.array([f[i:i + 2].max() for i in range(0, len(f), 2)]), "f[i:i + 2] is two whole rows"),
    ("margin", lambda w, h, d: int((((w + h) ** 2 + 4 * w * h * (1 / d - 1)) ** 0.5 - w - h) / 4), "whole pixels"),
    ("difference_interval", lambda a, b, d: camlib.bootstrap(100 * (a ^ b), groups=d)[1:], "a ^ b says"),
    ("map_side", lambda n: round((round((round((n - 7) / 4 + 1) - 3) / 2 + 1) - 3) / 2 + 1), "round down"),
    ("predict_tag", lambda: ("C", 0.35), "for a fraction of 0.35 write 35"),
    ("grad_cam_by_hand", lambda f, g: np.maximum(f @ g.sum(axis=(0, 1)) / 256, 0), "right for 16 × 16 cells only"),
    ("map_of_log_probability", lambda m, p, c: (m[..., c] - m @ p) / 256, "right for 16 × 16 cells only"),
    ("before_training", lambda: "c", "C is right; return what you predict beside it"),
])
def test_a_near_miss_is_told_what_is_missing(name, answer, part, capsys):
    getattr(checks, name)(answer, *context(name))
    text = capsys.readouterr().out
    assert "✘" in text and part in text
