# %% [markdown]
# # 04 · Which places cast the vote?
#
# A network looks at a scene and says “4”. In training it saw pictures and labels; where the digit is, nobody told it. If it ends in the right way, we can still ask it *where*. The answer is the network's own arithmetic, in another order: the **class activation map** (CAM) of Zhou and others (CVPR 2016). This notebook derives it in one line.
#
# **You will be able to**
#
# 1. derive the map, compute it, and check the identity that makes it exact;
# 2. say which part of a map is a choice, and what every choice agrees on;
# 3. say what a map's sign and resolution mean, and what stretching it to [0, 1] loses;
# 4. explain why several dense layers destroy it.
#
# **Before you start:** notebook [03](03_lenet_gap.ipynb), or knowing what a convolution, a mean and a dense layer are. **Time:** 45 minutes; all cells run in about half a minute.

# %%
import matplotlib.pyplot as plt
import numpy as np

import camlib
from camlib import checks, head, plot
from camlib.backend import keras
from camlib.boxes import box_masks

scenes = camlib.make_scenes(camlib.load_split()[1], 200, seed=7)  # of unseen digits
run = camlib.shipped_run()

# %%
plot.scene_grid(scenes, count=6, boxes=True)

# %% [markdown]
# Six scenes with their labels. The boxes are for us: the network never sees them.
#
# ## Predict first
#
# > The network computes a number for each of the ten digits, its *logits*, and names the largest. Suppose you could see which places of the first scene speak for **each** digit. Where would the map of the *true* digit be large? And of a *wrong* one: nowhere, on the clutter, or on the digit too?
#
# ## 1 · The end of the network
#
# The last two layers are called `gap` and `dense`. What goes into `gap` are **features**: for each cell of a coarse grid, a list of numbers that say what kind of strokes are around there.

# %%
network = run.load()  # as it was at the last step
features_of = keras.Model(network.input, network.get_layer("gap").input)
features = np.asarray(features_of(scenes.images[:1]))[0]
kernel, bias = network.get_layer("dense").get_weights()

# %% tags=["nbval-check-output"]
print("features:", features.shape, "= rows, columns, channels")
print("kernel:  ", kernel.shape, "= channels, classes")
print("bias:    ", bias.shape, "= classes")

# %% [markdown]
# Write $f_k(x, y)$ for feature $k$ in cell $(x, y)$; in code, where rows come first, `features[y, x, k]`. Two steps remain. **Global average pooling** replaces each feature by its mean over the grid,
#
# $$F_k = \frac{1}{N} \sum_{x, y} f_k(x, y), \qquad N = 25 \cdot 25 .$$
#
# and **a dense layer** makes the logit of class $c$: a weighted sum of these means, plus a bias,
#
# $$z_c = \sum_k w_{kc} F_k + b_c .$$

# %%
pooled = features.mean(axis=(0, 1))
logits = pooled @ kernel + bias

by_keras = np.asarray(network(scenes.images[:1]))[0]
assert np.allclose(logits, by_keras, atol=1e-3)

# %% tags=["nbval-check-output"]
print(f"the network says {logits.argmax()}, the label is {scenes.labels[0]}")


# %% [markdown]
# ## 2 · The same sum, in another order
#
# Put the first equation into the second, and exchange the two sums:
#
# $$z_c \;=\; \sum_k w_{kc} \left[ \frac{1}{N} \sum_{x, y} f_k(x, y) \right] + b_c \;=\; \frac{1}{N} \sum_{x, y} \underbrace{\left[ \sum_k w_{kc} \, f_k(x, y) \right]}_{M_c(x, y)} + \; b_c .$$
#
# The bracket $M_c(x, y)$ has a value *for every cell*: the cell's **evidence** for class $c$. All cells together are the **class activation map**. One cell adds $M_c(x, y) / N$ to the logit, a 625th of what the map shows. (The bracket is the paper's equation 2. Its equation 1, the logit, sums over the cells where we, like Keras, take their mean, and leaves the bias out.) In words: **pooling throws the places away, so do it last.**

# %% [markdown]
# ### Exercise 3.1 · The map by hand
#
# Write the bracket: from `features`, (25, 25, 64), and `kernel`, (64, 10), return all ten maps at once, (25, 25, 10). It takes one line, without a loop.

# %% tags=["exercise"]
def maps_by_hand(features, kernel):
    """All class activation maps: (rows, columns, classes)."""
    return features @ kernel


# %%
checks.maps_by_hand(maps_by_hand, features, kernel)

# %% [markdown]
# With the loops that the formula means, for the class named:

# %%
c = logits.argmax()
map_c = np.zeros(features.shape[:2])
for x in range(25):
    for y in range(25):
        map_c[y, x] = sum(kernel[k, c] * features[y, x, k] for k in range(64))

assert np.isclose(map_c.mean() + bias[c], logits[c], atol=1e-3)

# %% [markdown]
# This is the identity on which the course turns: **the mean of the map, plus the bias, is the logit**, up to rounding. The package makes all maps of many scenes in one forward pass, and says the same:

# %%
seen = camlib.explain(network, scenes.images)  # logits, maps and bias of all scenes

assert np.allclose(seen.maps[0, :, :, c], map_c, atol=1e-2)
plain = network.predict(scenes.images, verbose=0)  # knows nothing of maps
assert np.allclose(seen.maps.mean(axis=(1, 2)) + seen.bias, plain, atol=1e-3)

# %% tags=["nbval-check-output"]
print("maps:", seen.maps.shape, "= scenes, rows, columns, classes")

# %% [markdown]
# ## 3 · The freedom
#
# Softmax, which makes probabilities of logits, does not hear what is added to all of them alike. So add any number $a_k$ to the weights of feature $k$ for *all* ten classes:
#
# $$w_{kc} + a_k \;\text{ for } w_{kc} \quad\Longrightarrow\quad M_c + \sum_k a_k f_k \;\text{ for } M_c, \;\text{ and the same probabilities.}$$
#
# All maps change, by one shared picture. No probability of any scene does, so no loss either: labels can not tell these networks apart.

# %% tags=["nbval-check-output"]
a = np.random.default_rng(0).normal(size=64)
maps, others = features @ kernel, features @ (kernel + a[:, None])

assert np.allclose(others, maps + (features @ a)[..., None], atol=1e-2)
shifted = others.mean(axis=(0, 1)) + bias
assert np.allclose(camlib.softmax(shifted), camlib.softmax(logits), atol=1e-5)
print("ten other maps, the same ten probabilities")

# %% [markdown]
# So a choice must be made before a map means anything. With $\bar w_k$, the mean of a feature's ten weights,
#
# $$\sum_c (w_{kc} + a_k)^2 \;=\; \sum_c (w_{kc} - \bar w_k)^2 + 10 \, (\bar w_k + a_k)^2$$
#
# is least for $a_k = -\bar w_k$, when the ten weights of each feature add up to zero. A penalty on squared weights, however small, would choose this, for it costs no loss. So does the course: `run.load()` gives a network whose weights, and biases, add up to zero (`camlib.head.centre`).

# %%
assert abs(kernel.sum(axis=1)).max() < 1e-4 and abs(bias.sum()) < 1e-4
mean = kernel.mean(axis=1)
squares = ((kernel - mean[:, None]) ** 2).sum(axis=1) + 10 * (mean + a) ** 2
assert np.allclose(((kernel + a[:, None]) ** 2).sum(axis=1), squares, rtol=1e-4)

# %% [markdown]
# A map then means: evidence for this class, **against the average class**. In every cell of every scene the ten maps add up to zero, and so do the ten logits.

# %%
largest = abs(seen.maps).max()
assert abs(seen.maps.sum(axis=3)).max() < 1e-5 * largest
assert abs(seen.logits.sum(axis=1)).max() < 1e-3

# %% [markdown]
# What every choice agrees on is the **difference of two maps**: the shared picture cancels. It is also what decides between two classes, since the mean of $M_c - M_d$, plus $b_c - b_d$, is $z_c - z_d$. The same network, with another choice:

# %% tags=["nbval-check-output"]
lifted = run.load()
head.lift(lifted, 0.5)
ours, theirs = seen.maps[:6], camlib.explain(lifted, scenes.images[:6]).maps

assert abs(ours - theirs).max() > 0.05 * largest  # other maps
differences = ours - ours[..., :1]  # of every class and class 0
assert np.allclose(differences, theirs - theirs[..., :1], atol=1e-5 * largest)
assert np.allclose(ours.std(axis=3), theirs.std(axis=3), atol=1e-5 * largest)
print("other maps, the same differences")

# %% [markdown]
# So ask of every heat map: *against what?*, and *would another choice say the same?*
#
# ## 4 · Looking at it
#
# The derivation, drawn as in the paper's figure 2: the three features that raise this logit most, the one that lowers it most, and the sum of all 64. Each panel has its own range, written below.

# %%
plot.framework(scenes.images[0], features, kernel[:, c], name=f"“{c}”")

# %% [markdown]
# Now all ten maps of this scene, **on one scale**. Red speaks for the class and blue against it, compared with the average class. Above each map stands its logit: far smaller than the hottest cell, being a *mean* over 625 cells, most of them close to zero. Was your prediction right?

# %%
plot.maps_by_class(
    scenes.images[0], seen.maps[0], logits=seen.logits[0], label=scenes.labels[0]
)

# %%
cells = abs(seen.maps[0])
assert (cells < 0.05 * cells.max()).mean() > 0.8  # most are close to zero

# %% [markdown]
# The wrong classes' maps speak on the digit too. That some are blue there is no discovery: ten maps that add up to zero can not all be red. But the clutter is pale in *all* of them: is that one? Measure what no choice can change: how far the ten maps lie apart, as their standard deviation at a pixel. Where it is 0, the pixel tells no digit from another.
#
# Clutter counts where it is 18 pixels or more from the digit's box: erase the digit, and no map changes there. Clutter may be quiet only because it is less ink than a digit; so let an untrained network look at the same scenes.

# %%
size, ink = (100, 100), scenes.images > 0
inside = box_masks(scenes.boxes, size)
wider = scenes.boxes + np.array([-18, -18, 18, 18])
away = ~box_masks(wider.clip(0, 100), size)

digit_erased = camlib.explain(network, scenes.images * ~inside).maps
moved = abs(camlib.upsample(digit_erased - seen.maps, size)).max(axis=3)
assert moved[away].max() < 1e-6 * largest and moved[inside].max() > 0.1 * largest

# %%
regions = {"in the box": inside, "clutter": ink & away, "blank paper": ~ink & away}

def apart_in(network):
    """Per scene and region, the sum over its pixels, and their number."""
    maps = camlib.explain(network, scenes.images).maps
    spread = camlib.upsample(maps, size).std(axis=3)
    sums = [(np.where(of, spread, 0), of) for of in regions.values()]
    return np.sum(sums, axis=(3, 4), dtype=float).transpose(2, 0, 1)

# %%
times = {}
for name, model in {"trained": network, "untrained": run.load(0)}.items():
    rows = apart_in(model)
    for i, region in enumerate(regions):
        mean = camlib.bootstrap(rows[:, i], lambda m: m[0] / m[1], groups=scenes.digits)
        print(f"{name:10} {region:13} {mean}")
    ratio = lambda m: m[0, 0] / m[0, 1] * m[1, 1] / m[1, 0]
    times[name] = camlib.bootstrap(rows, ratio, groups=scenes.digits)
    print(f"{name:10} box : clutter {times[name]} times\n")

assert times["trained"].low > 30 and times["untrained"].high < 3

# %% [markdown]
# (In brackets, 95 % intervals from a bootstrap over digits: notebook [05](05_measuring_localization.ipynb).) The silence was learnt: with the same ink, the untrained network's factor is below 3. Training asked for it: a fifth of the scenes in its first stage held scraps only, with no class preferred.
#
# ## 5 · From cells to pixels
#
# To lay 25 × 25 cells over 100 × 100 pixels we **upsample**: a pixel mixes the cells nearest to it. Along one line of $n$ cells stretched to $m$ pixels, the centre of pixel $i$ lies at
#
# $$u_i = \left(i + \tfrac12\right)\frac{n}{m} - \tfrac12$$
#
# on the scale of cells, and takes the share $1 - |u_i - j|$ of cell $j$ where that is positive:

# %% tags=["nbval-check-output"]
u = (np.arange(4) + 0.5) * 2 / 4 - 0.5
u = u.clip(0, 1)  # beyond the outermost centres, the edge cell alone
shares = np.maximum(0, 1 - abs(u[:, None] - np.arange(2)))
stretched = shares @ np.array([0.0, 4.0])
assert np.allclose(stretched, camlib.upsample(np.array([[0.0, 4.0]]), (1, 4)))
print("two cells 0 and 4 become", stretched)

# %% [markdown]
# Without the halves the centre of cell $j$ is painted at pixel $4j$, not at $4j + 1.5$: every map slides to the upper left (measured in notebook [05](05_measuring_localization.ipynb)).
#
# Upsampling invents no detail. And a cell's features come from a window of 28 × 28 pixels, so heat may lie beside the ink that caused it.

# %%
figure, axes = plt.subplots(1, 3, figsize=(6.6, 2.7), layout="constrained")
cells = seen.maps[0, :, :, c]
limit = abs(cells).max()
plot.show_image(axes[0], scenes.images[0])
heat = axes[1].imshow(cells, cmap=plot.SIGNED, vmin=-limit, vmax=limit)
plot.show_signed(axes[2], cells, scenes.images[0], limit)
titles = ["scene, 100 × 100", f"map of {c}, 25 × 25", "upsampled, overlaid"]
for panel, title in zip(axes, titles):
    panel.set_title(title, fontsize=9)
    panel.set_axis_off()
bar = figure.colorbar(heat, ax=axes, fraction=0.025, shrink=0.75)
bar.set_label("evidence in a cell", fontsize=8)
plt.close(figure)
figure


# %% [markdown]
# ### Exercise 3.2 · What min–max hides
#
# For pictures, a map is often put through `camlib.normalise`. Guess first: this scene's *weakest* map peaks near 1, its strongest near 600; how high will the weakest peak afterwards? Then find out: return the class whose raw map has the smallest maximum, and the maximum of that map after normalising, as `(class, value)`. What would you have to write below such a picture?

# %% tags=["exercise"]
def weakest_after_normalising(maps):
    """maps: (rows, columns, classes) of one scene. Return (class, new maximum)."""
    weakest = maps.max(axis=(0, 1)).argmin()
    return weakest, camlib.normalise(maps[..., weakest]).max()


# %%
checks.weakest_after_normalising(weakest_after_normalising, seen.maps[0])

# %% [markdown]
# ## 6 · Along training
#
# Here is the map of the true class at each of the run's 20 snapshots, with the accuracy on 10,000 test scenes. Each panel is **stretched to its own range**, written below: compare places, not strengths.

# %%
story = camlib.explain_run(run, scenes.images[:6])
true = scenes.labels[0]
plot.maps_along_training(
    scenes.images[0], story.maps[:, 0, :, :, true], run.steps,
    accuracy=run.accuracy, label=true,
)

# %% [markdown]
# The identity follows from the layers, not from training:

# %% tags=["nbval-check-output"]
early = run.load(run.steps[0])
for i, step in enumerate(run.steps):
    plain = run.load(step, early).predict(scenes.images[:6], verbose=0)
    by_maps = story.maps[i].mean(axis=(1, 2)) + story.bias[i]
    assert np.allclose(by_maps, plain, atol=1e-3)
print(f"the identity holds at all {len(run.steps)} snapshots, untrained included")

# %% [markdown]
# So an exact map of a network that knows nothing is an exact map of nothing.
#
# ### The explorer
#
# Pick an image, a class and a training step; point at a cell to read what it adds to the logit. Stay on one image and its true class, and move the step. When does the heat settle on the digit? Then choose a rival under *Against*: section 3's difference of two maps, a picture that no choice changes.

# %%
explorer = camlib.explorer(
    scenes.images[:6], story.maps, bias=story.bias, steps=run.steps,
    accuracy=run.accuracy, labels=scenes.labels[:6], boxes=scenes.boxes[:6],
)
explorer

# %% [markdown]
# Code can drive it too, so that a whole class has the same view:

# %%
explorer.step = run.steps[-1]
explorer.class_index = int(true)
assert np.isclose(explorer.logit, logits[true], atol=1e-2)  # section 1, by hand

rival = int((explorer.class_index + 1) % 10)
explorer.against = rival  # logits differ as maps do
assert np.isclose(explorer.logit, logits[true] - logits[rival], atol=1e-2)
explorer.against = None  # the average class again

# %% [markdown]
# For a printed page, three scenes (rows) at five steps (columns), each map in its own range:

# %%
chosen = [0, 4, 8, 12, len(run.steps) - 1]
figure, axes = plt.subplots(3, 5, figsize=(6.6, 4.8), layout="constrained")
for n, s in np.ndindex(axes.shape):
    values = story.maps[chosen[s], n, :, :, scenes.labels[n]]
    plot.overlay(axes[n, s], scenes.images[n], values)
    plot.write_range(axes[n, s], values)
for panel, moment in zip(axes[0], chosen):
    panel.set_title(f"step {run.steps[moment]:,}", fontsize=9)
plt.close(figure)
figure

# %% [markdown]
# ## 7 · Why dense layers destroy it
#
# `lenet_dense` is built like LeNet-5 (LeCun and others, 1998): two convolutions, each with a pooling, then dense layers. (Not in all details: the original had a scaled tanh for ReLU, and subsampling with weights for max-pooling.) The package refuses it:

# %% tags=["nbval-check-output"]
try:
    camlib.explain(camlib.lenet_dense(), scenes.images[:1])
except ValueError as error:
    print(str(error).replace(". ", ".\n"))

# %% [markdown]
# Flattening alone does no harm: with a weight for every feature *and place*, one dense layer is still a sum over cells. The harm is the **ReLU between two dense layers**. A hidden unit adds up what many cells send it and *then* bends the sum,
#
# $$\max(0, a + b) \;\ne\; \max(0, a) + \max(0, b) \quad\text{in general},$$
#
# so what one cell adds depends on what the others send. In its smallest form, two cells and one hidden unit:

# %% tags=["nbval-check-output"]
left, right = -1.0, 3.0
together = np.maximum(left + right, 0)
alone = np.maximum(left, 0) + np.maximum(right, 0)
assert together != alone
print("together:", together, "· each cell alone, added:", alone)


# %% [markdown]
# ### Exercise 3.3 · What pooling saves
#
# `lenet_dense` flattens 22 × 22 cells of 16 features into a layer of 120 units. How many weights does that layer have, and how many the dense layer of `lenet_gap` (64 features, 10 classes)? Return both, without biases.

# %% tags=["exercise"]
def weight_counts():
    """Return (weights of lenet_dense's first dense layer, of lenet_gap's only one)."""
    return 22 * 22 * 16 * 120, 64 * 10


# %%
checks.weight_counts(weight_counts)

# %% [markdown] tags=["honest-failure"]
# ## An honest failure
#
# CAM tells what the network did, not whether it was right. Here is the most confident mistake among the 200 scenes, picked for that, with the maps of the class it named and of the true one.

# %%
probability, named = camlib.softmax(seen.logits), seen.logits.argmax(axis=1)
wrong = np.flatnonzero(named != scenes.labels)
worst = wrong[probability[wrong].max(axis=1).argmax()]
pair = [named[worst], scenes.labels[worst]]
share = probability[worst, pair[0]]
print(f"named {pair[0]} with probability {share:.0%}; the label says {pair[1]}")

pixels = camlib.upsample(seen.maps[worst][None], (100, 100))[0, :, :, pair[0]]
assert inside[worst].flat[pixels.argmax()]  # its hottest pixel lies in the digit's box

peaks = seen.maps[np.arange(200), :, :, named].max(axis=(1, 2))
weaker = (peaks[named == scenes.labels] < peaks[worst]).mean()
print(f"its map peaks at {peaks[worst]:.0f}; {weaker:.0%} of the right ones peak lower")

# %%
plot.maps_by_class(
    scenes.images[worst], seen.maps[worst], logits=seen.logits[worst],
    classes=pair, label=pair[1], width=2.1,
)

# %% [markdown]
# The *place* does not warn you: *where* was answered well, *what* was not. The *strength* does, a little: few of the scenes that are named rightly have so low a peak. A picture stretched to its own range hides even that, and a low peak proves nothing, since some right answers have one too. How often maps point at the right place is the business of notebook [05](05_measuring_localization.ipynb).
#
# ## Summary
#
# - `maps.mean(axis=(1, 2)) + bias == logits`, up to rounding, for any weights. A ReLU between dense layers breaks it.
# - All maps may gain one shared picture, and no probability notices. With weights that sum to zero, a map is evidence against the average class; differences of maps are the same for every choice.
# - A map has the resolution of its cells; upsampling makes it pretty, not precise, and min–max hides its strength.
#
# **Further exercises.** (a) How few cells, removed, change the answer of the mistake above? (Rank them by the difference of the two maps.) (b) The loss of a scene grows with logit $c$ at the rate $p_c - y_c$, where $y_c$ is 1 for the label and 0 else. Show that plain gradient descent never changes $\sum_c w_{kc}$: the mean weights $\bar w_k$ of the picture that all maps share are left from the random start (its features are learnt). Why does this not hold for Adam, with which the course trains?
#
# **References.** B. Zhou, A. Khosla, A. Lapedriza, A. Oliva, A. Torralba, *Learning Deep Features for Discriminative Localization*, CVPR 2016, arXiv:1512.04150. M. Lin, Q. Chen, S. Yan, *Network in Network*, ICLR 2014, arXiv:1312.4400 (global average pooling). Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, *Gradient-Based Learning Applied to Document Recognition*, Proceedings of the IEEE 86, 1998.
#
# **Next:** [05 · How well does it point?](05_measuring_localization.ipynb)
