# %% [markdown]
# # 01 · Where do the pictures come from?
#
# Here are twelve pictures. Each holds one handwritten digit and eight scraps of other digits. You find the digit at a glance. A network has to learn to, and this course asks it *where it looked*. To judge its answer we must know where the digit really is, and be sure that the network never saw that digit before. How the pictures are made settles both.

# %%
import matplotlib.pyplot as plt
import numpy as np

from camlib import checks, digits, load_split, make_scenes, plot, scene_dataset

train, test = load_split()  # 4,000 and 1,000 digits

# %%
first = make_scenes(train, 12, seed=20)
plot.scene_grid(first, titles=["?"] * 12)

# %% [markdown]
# **You will be able to**
#
# - make a cluttered scene yourself, pixel for pixel the one that `camlib` makes, and find its true box;
# - say how much of a scene is digit, and how often clutter touches it;
# - explain why the digits are split *before* scenes are made, and work out how much a split afterwards leaks;
# - recognise scenes whose label is wrong because of how they were made.
#
# **You need** NumPy slicing and a little probability. **Time** 35 minutes. To explore, change a number in a cell and run it again.
#
# ## Predict first
#
# Write down three guesses. Each is measured below.
#
# 1. What share of a scene does the digit's box cover?
# 2. In how many scenes out of ten does clutter touch the digit's ink?
# 3. Somebody makes 100,000 scenes from 60,000 digits, no two scenes alike, and *then* sets 30,000 of them aside for testing. In what share of those test scenes has training seen the digit: none, 7 %, 70 %?
#
# ## 1 · Five thousand digits, cut once
#
# A digit is 28 × 28 pixels of 8 bits: 0 is paper, 255 is ink. (Arrays hold ink as large numbers; figures show it dark on white.) `load_split` cuts the 5,000 digits once, the same fraction of every class. Section 6 shows why this comes first.

# %% tags=["nbval-check-output"]
print("train", train.images.shape, train.images.dtype, "  test", test.images.shape)
print("digits of each class:", np.bincount(train.labels), np.bincount(test.labels))
shared = {image.tobytes() for image in train.images} & {image.tobytes() for image in test.images}
print("digits on both sides:", len(shared))

# %% [markdown]
# The clutter is made of digits too: a **distractor** is an 8 × 8 crop of a random digit at a random place. Its strokes have the same thickness and the same greys. Only size and *shape* tell it from a digit, so texture gives nothing away.

# %%
row, column = 6, 12  # change these: any place from 0 to 20
piece = train.images[3, row:row + 8, column:column + 8]
figure, (left, right) = plt.subplots(1, 2, figsize=(6.2, 3.1), layout="constrained")
plot.show_image(left, train.images[3])
plot.show_image(right, piece)
for (y, x), ink in np.ndenumerate(piece):
    right.text(x, y, ink, ha="center", va="center", fontsize=7, color="w" if ink > 127 else "k")
plot.draw_box(left, (column, row, column + 8, row + 8))
left.set_title(f"a digit of 28 × 28 pixels: “{train.labels[3]}”", fontsize=10)
right.set_title("its crop of 8 × 8: a distractor", fontsize=10)
plt.show()

# %% [markdown]
# ## 2 · A scene by hand
#
# Where two pieces overlap, their ink $a$ and $b$ adds up, and cannot get blacker than black:
#
# $$s = \min(255,\; a + b)$$
#
# This is where the first bug lives. 8-bit numbers wrap around: in `uint8`, 200 + 100 is 44, and an overlap turns *pale*. Either compute in wider numbers and clip, or, as `camlib` does to stay in 8 bits, add no more than there is room for: $a + \min(b, 255 - a)$. There are only 65,536 pairs of greys, so we prove the two equal by trying them all.

# %%
a, b = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
clipped = np.minimum(255, a.astype(int) + b)
assert (a + b)[100, 200] == 44  # wrapped around
in_eight_bits = a + np.minimum(b, 255 - a)
assert in_eight_bits.dtype == np.uint8 and (in_eight_bits == clipped).all()

zero, seven = (train.images[train.labels == label][3] for label in (0, 7))
figure, (left, right) = plt.subplots(1, 2, figsize=(4.6, 2.5), layout="constrained")
plot.show_image(left, (zero + seven)[4:25])
plot.show_image(right, (zero + np.minimum(seven, 255 - zero))[4:25])
left.set_title("wraps around: ink vanishes", fontsize=10)
right.set_title("clips: ink stays ink", fontsize=10)
plt.show()


# %% [markdown]
# Since no ink is negative, you may clip after each addition or once at the end, and add the pieces in any order. So think of a scene as **layers**, one piece on each otherwise empty canvas:
#
# $$s = \min\Big(255,\; \sum_{k=1}^{8} \text{distractor}_k + \text{digit}\Big)$$
#
# Every choice is uniform. An 8-pixel crop fits a 28-pixel digit at 28 − 8 + 1 = 21 places along each side, and a 100-pixel canvas at 93; the digit fits at 73. In each layer `x` counts columns and `y` counts rows.

# %%
def draw_layers(source, seed, distractors=8):
    """The layers of one scene, uint8 (distractors + 1, 100, 100), the digit's last; and the digit's label."""
    random = np.random.default_rng(seed)
    layers = np.zeros((distractors + 1, 100, 100), np.uint8)
    for layer in layers[:-1]:
        which, row, column = (random.integers(places) for places in (len(source.images), 21, 21))
        x, y = random.integers(93, size=2)
        layer[y:y + 8, x:x + 8] = source.images[which, row:row + 8, column:column + 8]
    which = random.integers(len(source.images))
    x, y = random.integers(73, size=2)
    layers[-1, y:y + 28, x:x + 28] = source.images[which]
    return layers, source.labels[which]


# %%
layers, label = draw_layers(train, seed=3)  # change the seed
figure, panels = plt.subplots(1, 4, figsize=(7, 2), layout="constrained")
for panel, count in zip(panels, (1, 4, 8, 9)):
    plot.show_image(panel, np.minimum(255, layers[:count].sum(axis=0)))
    panel.set_title(f"{count} distractors" if 1 < count < 9 else "1 distractor", fontsize=10)
panel.set_title(f"… and the digit, “{label}”", fontsize=10)
plt.show()

# %% [markdown]
# That is the whole recipe. `camlib` makes thousands of scenes at once, clips after every addition and draws its random numbers in the same order, so the two must agree to the last bit, overlaps included:

# %% tags=["nbval-check-output"]
by_hand = [draw_layers(train, seed) for seed in range(200)]
scenes = [make_scenes(train, 1, seed=seed) for seed in range(200)]
overlapping = 0
for (layers, label), scene in zip(by_hand, scenes):
    total = layers.sum(axis=0)  # NumPy sums uint8 in wider numbers; only + wraps around
    overlapping += (total > 255).any()
    assert (np.minimum(255, total) == scene.images[0]).all() and label == scene.labels[0]
print(f"200 scenes equal camlib's in every pixel; {overlapping} of them needed clipping")


# %% [markdown]
# **Exercise 1.1** Layers are easy to think about but waste memory. Write `paste`, which adds one piece to a canvas directly.

# %% tags=["exercise"]
def paste(canvas, piece, x, y):
    """A new uint8 canvas with `piece` added: its top left pixel in column x and row y, clipped at 255.

    The canvas that came in stays as it was.
    """
    pasted = canvas.copy()
    height, width = piece.shape
    window = pasted[y:y + height, x:x + width]
    window[:] = np.minimum(255, window.astype(int) + piece)
    return pasted


# %%
checks.paste_clips(paste, np.zeros((100, 100), np.uint8), piece, 40, 20)


# %% [markdown]
# ## 3 · Boxes for nothing
#
# Drawing boxes by hand is slow and costly. Here they are free, because we placed the digit ourselves. With $d$ the digit's layer, its **ink box** $(x_0, y_0, x_1, y_1)$ is
#
# $$x_0 = \min\{x : d_{yx} > 0 \text{ for some } y\}, \qquad x_1 = 1 + \max\{x : d_{yx} > 0 \text{ for some } y\}$$
#
# and the same for rows. It is **half-open**: $x_1$ is the first column *after* the ink, so the width is $x_1 - x_0$ and the slice `image[y0:y1, x0:x1]` is exactly the box.

# %%
def ink_box(layer):
    rows, columns = np.nonzero(layer)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1

for (layers, _), scene in zip(by_hand, scenes):
    assert ink_box(layers[-1]) == tuple(scene.boxes[0])
print("box of the digit:", [int(edge) for edge in ink_box(layers[-1])])
print("box of all ink in that scene:", [int(edge) for edge in ink_box(scene.images[0])])

# %%
plot.scene_grid(first, boxes=True)

# %% [markdown]
# Were you right twelve times? Training sees the labels, never the boxes. Those are kept to measure maps with, in notebook 05.
#
# ## 4 · As many as you like
#
# How many draws does the recipe allow?

# %% tags=["nbval-check-output"]
places = 4000 * 73**2 * (4000 * 21**2 * 93**2) ** 8  # exact: Python's integers have no limit
print(f"4,000 digits and 8 distractors: more than 10^{len(str(places)) - 1} draws")

# %% [markdown]
# So scenes need no files: they are made while the network trains, and none need be shown twice. Two promises keep that reproducible. The same seed gives the same bytes. And batch $i$ of a stream depends on $(\text{seed}, i)$ alone, so that training stopped before batch 2 goes on there as if nothing had happened.

# %% tags=["nbval-check-output"]
once, again, differently = (make_scenes(train, 500, seed=seed).images for seed in (7, 7, 8))
stream = scene_dataset(train, batch=64, seed=7)
third = list(stream.take(3))[2]
resumed = next(iter(scene_dataset(train, batch=64, seed=7, start=2)))
print("same seed, same bytes:", once.tobytes() == again.tobytes())
print("another seed, same bytes:", once.tobytes() == differently.tobytes())
print("batch 2 of the stream is batch 2 on its own:", bool((third[0] == resumed[0]).numpy().all()))

# %% [markdown]
# The recipe bends to your question. More clutter makes the search harder. Several digits let us ask whether the map for “3” finds the 3 and not the 5. Without a digit, a map should find nothing.

# %%
options = {
    "no distractors": dict(distractors=0), "the default: 8": dict(), "40 distractors": dict(distractors=40),
    "no digit": dict(digits_per_scene=0), "three digits": dict(digits_per_scene=3),
}
figure, panels = plt.subplots(1, 5, figsize=(7, 1.7), layout="constrained")
for panel, (name, option) in zip(panels, options.items()):
    scene = make_scenes(train, 1, seed=6, **option)
    plot.show_image(panel, scene.images[0])
    panel.set_title(name, fontsize=9)
    for box in scene.boxes.reshape(-1, 4):
        plot.draw_box(panel, box)
plt.show()


# %% [markdown]
# ## 5 · How hard is it?
#
# The network of notebook 03 looks at a scene through 25 × 25 = 625 cells of 4 × 4 pixels, and each class's score is the **mean** of a map over all of them. If the digit's ink touches $c$ cells, any such mean splits in two:
#
# $$\bar m = \frac{c}{625}\, \bar m_{\text{digit}} + \Big(1 - \frac{c}{625}\Big)\, \bar m_{\text{elsewhere}}$$
#
# The digit speaks with weight $c/625$; clutter and empty paper have the rest. How large is $c$?

# %%
def cells(layers):
    """Which of the 25 × 25 cells hold ink: bool, (..., 25, 25)."""
    return layers.reshape(*layers.shape[:-2], 25, 4, 25, 4).any(axis=(-3, -1))

layers, label = by_hand[13]
inked = cells(layers[-1])
share = inked.sum() / 625
some_map = np.random.default_rng(0).normal(size=(25, 25))  # any map will do
assert np.isclose(some_map.mean(), share * some_map[inked].mean() + (1 - share) * some_map[~inked].mean())

# %%
figure, panel = plt.subplots(figsize=(3.4, 3.6), layout="constrained")
panel.imshow(255 - np.minimum(255, layers.sum(axis=0)), cmap="gray", extent=(0, 25, 25, 0))
panel.imshow(np.ma.masked_equal(inked, 0), cmap="autumn", alpha=0.4, extent=(0, 25, 25, 0))
panel.set(xticks=range(26), yticks=range(26), xticklabels=[], yticklabels=[])
panel.grid(color=plot.QUIET, lw=0.3)
panel.tick_params(length=0)
panel.set_title(f"“{label}” holds ink in {inked.sum()} of 625 cells", fontsize=10)
plt.show()

# %% tags=["nbval-check-output"]
many = make_scenes(test, 4000, seed=1)
x0, y0, x1, y1 = many.boxes.T
ink_cells = np.mean([cells(layers[-1]).sum() for layers, _ in by_hand])
print(f"the digit's box covers {((x1 - x0) * (y1 - y0)).mean() / 100**2:.1%} of a scene")
print(f"its ink touches {ink_cells:.0f} of 625 cells, {ink_cells / 625:.0%} of the mean")

# %% [markdown]
# That was guess 1. (A feature sees more than its own cell, so cells beside the digit can speak for it too.) For so few cells to decide a mean, they must be loud and the hundreds of others nearly silent. That pressure is why the map of a network which only learnt to classify can point at the digit. How well it does, notebook 05 measures.
#
# Guess 2 is yours to check. Here are 4,000 scenes of test digits, each as two canvases: the clutter and the digit.

# %%
clutter = np.zeros((4000, 100, 100), np.uint8)
digit, label = np.zeros_like(clutter), np.zeros(4000, int)
for seed in range(4000):
    layers, label[seed] = draw_layers(test, seed)
    clutter[seed], digit[seed] = np.minimum(255, layers[:-1].sum(axis=0)), layers[-1]


# %% [markdown]
# **Exercise 1.2** A digit is *touched* when at least one pixel holds both clutter's ink and the digit's. What share of scenes is it? (Beware of `uint8` again: `16 * 16` is 0.)

# %% tags=["exercise"]
def touched_share(clutter, digit):
    """The fraction, 0 to 1, of scenes in which some pixel has ink in both. Both are uint8, (n, 100, 100)."""
    both = (clutter > 0) & (digit > 0)
    return float(both.any(axis=(1, 2)).mean())


# %%
checks.touch_is_counted(touched_share, clutter, digit)


# %% [markdown]
# ## 6 · Why the split comes first
#
# The project that this course started from made 100,000 scenes first and split them 70/30 after. It looks innocent, since no two scenes are alike. But what is learnt is the *digit*, and digits are few. Let $N$ of them make $n$ training scenes. One scene misses a given digit with probability $1 - 1/N$, all $n$ miss it with $(1 - 1/N)^n$. So the digit of a test scene was trained on with probability
#
# $$p = 1 - \Big(1 - \frac1N\Big)^n \approx 1 - e^{-n/N}$$
#
# Let us repeat the mistake on a small scale. To know which digit is in which scene, we give each digit its own number as its label.

# %% tags=["nbval-check-output"]
def leak(number, scenes):
    return 1 - (1 - 1 / number) ** scenes

everything = digits.load()
tagged = digits.Digits(everything.images, np.arange(5000))
mixed = make_scenes(tagged, 5000, seed=3)  # scenes first …
seen, tested = mixed.labels[:3500], mixed.labels[3500:]  # … and split after
leaked = np.isin(tested, seen)
assert len({image.tobytes() for image in mixed.images}) == 5000  # no two scenes are alike
assert abs(leaked.mean() - leak(5000, 3500)) < 0.04
assert abs(leak(5000, 3500) - (1 - np.exp(-3500 / 5000))) < 1e-4
print(f"3,500 scenes of 5,000 digits: {leaked.mean():.1%} leaked, formula {leak(5000, 3500):.1%}")
for number in (60_000, 5_000):
    print(f"70,000 scenes of {number:,} digits: formula {leak(number, 70_000):.1%}")

# %%
ratios, dots = np.geomspace(0.05, 20, 60), np.array([0.1, 0.3, 1, 3, 10])
random = np.random.default_rng(0)
tests = random.integers(5000, size=2000)
simulated = [np.isin(tests, random.integers(5000, size=int(5000 * ratio))).mean() for ratio in dots]
figure, panel = plt.subplots(figsize=(5.6, 3), layout="constrained")
panel.semilogx(ratios, 100 * (1 - np.exp(-ratios)), color=plot.INK, label="1 − exp(−n/N)")
panel.semilogx(dots, 100 * np.array(simulated), "o", color=plot.ACCENT, label="simulated, N = 5,000")
panel.set(xlabel="training scenes per digit, n/N", ylabel="test scenes leaked (%)", ylim=(0, 104))
panel.set(xticks=dots, xticklabels=[f"{ratio:g}" for ratio in dots])
panel.set_title("One scene per digit leaks 63 %, a few per digit nearly all", fontsize=10)
panel.legend(frameon=False)
panel.spines[["top", "right"]].set_visible(False)
plt.show()


# %% [markdown]
# That was guess 3. What does the leak do to a reported accuracy? Take the purest of memorisers, the **nearest neighbour**: it answers with the label of the most similar training digit, and on a leaked digit it cannot be wrong. With error $e$ on new digits, a leaky test reports
#
# $$e_{\text{reported}} = p \cdot 0 + (1 - p)\, e$$

# %% tags=["nbval-check-output"]
def nearest(known, images):
    """The index of the closest known image for each image, in squared distance over all pixels."""
    known, images = (some.reshape(len(some), -1).astype(float) for some in (known, images))
    return np.argmin((known**2).sum(axis=1) - 2 * images @ known.T, axis=1)

guessed = everything.labels[seen[nearest(everything.images[seen], everything.images[tested])]]
wrong = guessed != everything.labels[tested]
assert wrong[leaked].sum() == 0
assert np.isclose(wrong.mean(), (1 - leaked.mean()) * wrong[~leaked].mean())
honest = train.labels[nearest(train.images, test.images)] != test.labels
print(f"error on leaked digits {wrong[leaked].mean():.1%}, on new ones {wrong[~leaked].mean():.1%}")
print(f"reported: {wrong.mean():.1%}; with the digits split first: {honest.mean():.1%}")

# %%
errors = [wrong[leaked].mean(), wrong[~leaked].mean(), wrong.mean(), honest.mean()]
names = ["leaked digits", "new digits", "reported after\na leaky split", "digits split\nfirst"]
colours = [plot.QUIET, plot.QUIET, plot.ACCENT, plot.INK]
figure, panel = plt.subplots(figsize=(5.6, 2.6), layout="constrained")
bars = panel.bar(names, [100 * error for error in errors], color=colours)
panel.bar_label(bars, fmt="%.1f %%", padding=2)
panel.set(ylabel="wrong answers (%)", ylim=(0, 9))
panel.set_title(f"The leak hides {100 * leaked.mean():.0f} % of a memoriser's errors", fontsize=10)
panel.spines[["top", "right"]].set_visible(False)
plt.show()


# %% [markdown]
# Nothing in the leaky report looks wrong. A network memorises less perfectly, so its number may be off by less, but *nobody can tell by how much from the number*. Split by what must be new at test time: here the digit; elsewhere the patient, the speaker, the place.
#
# **Exercise 1.3** Write the honest split. A fifth of each class, chosen at random, goes to test; `digits.Digits(images, labels)` makes each side.

# %% tags=["exercise"]
def honest_split(everything, seed=0):
    """(train, test), both `digits.Digits`: a random fifth of every class in test, the others in train."""
    random = np.random.default_rng(seed)
    test = np.zeros(len(everything.labels), bool)
    for label in range(10):
        members = random.permutation(np.flatnonzero(everything.labels == label))
        test[members[:len(members) // 5]] = True
    return (digits.Digits(everything.images[~test], everything.labels[~test]),
            digits.Digits(everything.images[test], everything.labels[test]))


# %%
checks.split_is_honest(honest_split, everything)

# %% [markdown] tags=["honest-failure"]
# ## 7 · When the recipe lies
#
# Does clutter hide digits? For each of the 4,000 scenes we count the pixels of the digit's ink that clutter covers, and those of clutter's ink within 4 pixels of the box, both as a share of the digit's. The scenes where anything is covered settle guess 2.

# %% tags=["nbval-check-output"]
ink = (digit > 0).sum(axis=(1, 2))
covered = ((clutter > 0) & (digit > 0)).sum(axis=(1, 2)) / ink
crowd = np.zeros(4000)
for n, (x0, y0, x1, y1) in enumerate(map(ink_box, digit)):
    crowd[n] = (clutter[n, max(y0 - 4, 0):y1 + 4, max(x0 - 4, 0):x1 + 4] > 0).sum() / ink[n]
print(f"touched: {(covered > 0).mean():.0%} of the scenes")
print(f"covered: at most {covered.max():.0%} of a digit's ink")
print(f"crowded: up to {crowd.max():.0%} of it, and above half in {(crowd > 0.5).mean():.1%} of scenes")

# %% [markdown]
# Even the worst hidden digit shows most of its ink. The danger is the other number. Here are the eight most crowded digits, enlarged. **Write down what you read, then look at the labels.**

# %%
worst = np.argsort(-crowd, kind="stable")[:8]
figure, panels = plt.subplots(2, 4, figsize=(6.4, 3.7), layout="constrained")
for panel, n, letter in zip(panels.flat, worst, "ABCDEFGH"):
    x0, y0, x1, y1 = ink_box(digit[n])
    x, y = (np.clip((low + high) // 2 - 22, 0, 56) for low, high in ((x0, x1), (y0, y1)))
    scene = np.minimum(255, clutter[n].astype(int) + digit[n])
    plot.show_image(panel, scene[y:y + 44, x:x + 44])
    plot.draw_box(panel, (0, 0, 44, 44), color=plot.QUIET)
    panel.set_title(letter, fontsize=10)
plt.show()

# %% tags=["nbval-check-output"]
print("labels:", "  ".join(f"{letter} {label[n]}" for letter, n in zip("ABCDEFGH", worst)))

# %% [markdown]
# We read C and H as 6. Clutter hardly hides strokes: it *adds* them, and a stroke more can make another digit, while the label stays. So do not expect 100 % of any network here, and when one is “wrong”, look at the picture before you blame it. We keep such scenes: a test without its hard cases flatters.
#
# ## Summary
#
# - A scene is a sum of layers, clipped at 255: eight 8 × 8 crops, then a digit. A seed fixes every byte.
# - The digit's box comes from its own layer. Training never sees it.
# - The digit's ink is in a few per cent of the cells that a score averages over.
# - Split by digit first. A split after making scenes leaks $1 - e^{-n/N}$, and hides that share of a memoriser's errors.
# - Clutter can turn one digit into another: some labels are not what anyone would read.
#
# **Further exercises**
#
# 1. Give `draw_layers` 2, 16 and 32 distractors. Is the touched share $1 - (1 - q)^k$ for $k$ distractors, when it is $q$ for one?
# 2. Distractors of test scenes cut from *training* digits: is that a leak? What would a memoriser need to profit from it?
# 3. Scenes hold $m$ digits each. Derive the chance that training saw *all* digits of a test scene, and check it with `digits_per_scene=3` and the labels trick.
# 4. Let the nearest neighbour look at cluttered scenes, cut out at their boxes. Is it still right on every leaked digit?
#
# **References**
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, “Gradient-based learning applied to document recognition”, *Proceedings of the IEEE* 86, 1998: MNIST.
# - V. Mnih, N. Heess, A. Graves, K. Kavukcuoglu, “Recurrent models of visual attention”, NeurIPS 2014, arXiv 1406.6247: cluttered, translated MNIST.
# - T. Cover, P. Hart, “Nearest neighbor pattern classification”, *IEEE Transactions on Information Theory* 13, 1967.
# - S. Kaufman, S. Rosset, C. Perlich, O. Stitelman, “Leakage in data mining: formulation, detection, and avoidance”, *ACM Transactions on Knowledge Discovery from Data* 6, 2012.
# - B. Barz, J. Denzler, “Do we train on test data? Purging CIFAR of near-duplicates”, *Journal of Imaging* 6, 2020, arXiv 1902.00423.
#
# **Next:** [02 · What happens between the pixels and the answer?](02_a_network_by_hand.ipynb)
