"""Where does a network look? All of class activation mapping (CAM) on one page, with NumPy and Keras alone.

A network learns from labels alone to name the digit in a cluttered scene. It ends in a mean over all places,
then a sum with weights, and the two may change places:

    logit[c]  =  sum_k  weight[k, c] * mean_yx feature[y, x, k]    +  bias[c]
              =  mean_yx  sum_k  weight[k, c] * feature[y, x, k]   +  bias[c]
                          '--------- map[y, x, c] ---------'

So each logit is the mean of a map, exactly, and the map shows which places spoke for the class c.
(Zhou et al., "Learning Deep Features for Discriminative Localization", CVPR 2016.)

    pip install tensorflow keras && python cam_in_one_page.py
"""

import keras
import numpy as np
from keras import layers

keras.utils.set_random_seed(0)

# 1. Scenes: a whole digit among scraps of others, each digit turned, slanted and stretched a little.
GLYPHS = """
    .###.  ..#..  .###.  .###.  ...#.  #####  ..##.  #####  .###.  .###.
    #...#  .##..  #...#  #...#  ..##.  #....  .#...  ....#  #...#  #...#
    #...#  ..#..  ....#  ....#  .#.#.  ####.  #....  ...#.  #...#  #...#
    #...#  ..#..  ...#.  ..##.  #..#.  ....#  ####.  ..#..  .###.  .####
    #...#  ..#..  ..#..  ....#  #####  ....#  #...#  ..#..  #...#  ....#
    #...#  ..#..  .#...  #...#  ...#.  #...#  #...#  ..#..  #...#  ...#.
    .###.  .###.  #####  .###.  ...#.  .###.  .###.  ..#..  .###.  .##..
"""
GLYPHS = np.array([[list(row) for row in line.split()] for line in GLYPHS.strip().split("\n")]) == "#"
GLYPHS = np.pad(GLYPHS.swapaxes(0, 1), ((0, 0), (1, 1), (1, 1)))  # ten of 9 x 7, their margin blank


def draw(digit, rng):
    """One digit at about twice its size: bool, (18, 18)."""
    y, x = np.mgrid[:18, :18] - 8.5
    (a, b), (c, d) = np.eye(2) / 2 + rng.normal(0, 0.03, (2, 2))
    row, column = a * y + b * x + 4.5, c * y + d * x + 3.5
    return GLYPHS[digit, row.clip(0, 8).astype(int), column.clip(0, 6).astype(int)]


def scene(digits, rng):
    """A picture of 40 x 40 pixels, the different digits that are whole in it, their boxes (x0, y0, x1, y1)."""
    picture, labels, boxes = np.zeros((40, 40, 1), "float32"), rng.permutation(10)[:digits], []
    for _ in range(6):
        (y, x), (top, left) = rng.integers(0, 11, 2), rng.integers(0, 33, 2)
        picture[top:top + 8, left:left + 8, 0] += draw(rng.integers(10), rng)[y:y + 8, x:x + 8]
    for label in labels:
        ink, (top, left) = draw(label, rng), rng.integers(0, 23, 2)
        picture[top:top + 18, left:left + 18, 0] += ink
        y, x = ink.nonzero()
        boxes.append((left + x.min(), top + y.min(), left + x.max() + 1, top + y.max() + 1))
    return picture.clip(0, 1), labels, boxes


def scenes(count, digits, seed):
    rng = np.random.default_rng(seed)
    return [np.array(part) for part in zip(*(scene(digits, rng) for _ in range(count)))]


# 2. A network that ends in a mean and a weighted sum. It is told which digit, never where.
stages = [[layers.Conv2D(filters, side, padding="same", activation="relu"), layers.BatchNormalization(momentum=0.9)]
          for filters, side in ((16, 5), (32, 5), (64, 3))]
network = keras.Sequential([
    keras.Input((40, 40, 1)), *stages[0], layers.MaxPooling2D(), *stages[1], layers.MaxPooling2D(), *stages[2],
    layers.GlobalAveragePooling2D(), layers.Dense(10)])
pictures, labels, _ = scenes(6000, digits=1, seed=1)
rate = keras.optimizers.schedules.CosineDecay(0.005, decay_steps=5 * len(labels) / 64)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
network.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
network.fit(pictures, labels, batch_size=64, epochs=5, verbose=2, validation_data=scenes(1000, digits=1, seed=2)[:2])

# 3. The maps, of scenes with two digits: the same ten shapes, with new places, slants and scraps around them.
pictures, labels, boxes = scenes(1000, digits=2, seed=3)
weight, bias = network.layers[-1].get_weights()
features = keras.Model(network.inputs, network.layers[-2].input).predict(pictures, verbose=0)
maps = features @ weight  # class activation maps: (scenes, 10, 10, classes), a cell is 4 x 4 pixels
logits = network.predict(pictures, verbose=0)
print(f"mean of the map + bias - logit: at most {abs(maps.mean(axis=(1, 2)) + bias - logits).max():.0e}")

# 4. Do they point? Ask for the first digit, and see whose box the maximum of its map lies in.
def inside(y, x):
    """How many of the points, one a scene, lie in the first digit's box, and how many in the second's."""
    x0, y0, x1, y1 = boxes.transpose(2, 1, 0)
    return ((x0 <= x) & (x < x1) & (y0 <= y) & (y < y1)).sum(axis=1)


cells = [divmod(own[:, :, label].argmax(), 10) for own, (label, _) in zip(maps, labels)]
for name, point in ("maximum of its map", 4 * np.transpose(cells) + 2), ("middle of the scene", (20, 20)):
    print(f"{name}: of {len(maps)}, {{}} in the digit's box, {{}} in the other digit's".format(*inside(*point)))

# 5. One scene, asked for both its digits. Ink is #; cells are . - + above 1/4, 1/2, 3/4 of the map's maximum.
for label in labels[0]:
    heat = maps[0, :, :, label] / maps[0, :, :, label].max()
    warm = np.array([*" .-++"])[np.kron(4 * heat, np.ones((2, 4))).clip(0).astype(int)]
    ink = pictures[0].reshape(20, 2, 40).max(axis=1)
    print(f"\nWhere is the {label}?", *map("".join, np.where(ink, "#", warm)), sep="\n")
