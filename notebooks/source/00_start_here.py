# %% [markdown]
# # 00 · Where does a network look?
#
# Somewhere in a picture of ink blots there is a digit. A small neural network has learnt to name it from labelled pictures: nobody ever told it *where* the digit is. In the next minute you will see where it looks.
#
# This is the first notebook of a course on **class activation maps**, after *Learning Deep Features for Discriminative Localization* (Zhou, Khosla, Lapedriza, Oliva, Torralba, CVPR 2016). Press **Run ▸ Run All Cells** now, and read while it runs (but answer the question under the first picture *before* you scroll on).
#
# **You will be able to**
#
# 1. make a class activation map of any scene, in one call, and read its colours;
# 2. check the one equation that makes such a map exact;
# 3. slide class and training step, and say what changes;
# 4. find your way through the course.
#
# **Before you start:** a little Python and NumPy; no deep learning yet. **Time:** 10 minutes; all cells run in about 15 seconds.

# %%
import numpy as np

import camlib
from camlib import checks, plot
from camlib.boxes import box_masks

digits = camlib.load_split()[1]  # those that training never saw
scenes = camlib.make_scenes(digits, 1000, seed=2)
run = camlib.shipped_run()       # 20 snapshots of one network, untrained to trained
network = run.load()             # as it was at the last step

# %%
plot.scene_grid(scenes, count=6)

# %% [markdown]
# Six of a thousand scenes: 100 × 100 pixels, one digit, and eight scraps torn from other digits (some in pieces, some blank). The number above each is its label. Training was told labels, never a place. But about a fifth of its scenes held scraps alone, and there it was asked to prefer no class, which teaches it to be quiet on scraps. (And most of its scenes were smaller, 40 × 40 pixels: notebook [03](03_lenet_gap.ipynb).)
#
# ## Predict first
#
# > Look at the first scene. If you could ask the network *“which parts of this picture made you say so?”*, what would it point at: the whole digit, one telling stroke of it, or the scraps around it as well? Decide before you look below.
#
# ## The first heat map
#
# A **class activation map** tells, for each cell of 4 × 4 pixels, how much it speaks for a class, *compared with the average class*. Here is the map of the true digit, laid over the scene.

# %%
seen = camlib.explain(network, scenes.images)
image, label = scenes.images[0], scenes.labels[0]
plot.heat_map(image, seen.maps[0, :, :, label], label=label)

# %% [markdown]
# (The map's range stands below it. The largest value is dark; the smaller a value, the paler and the more transparent, down to the smallest, which is clear. The next figure hides nothing.)
#
# Nearly all of the heat, the map's positive values, is in the digit's box or at most one cell beside it: the scraps are not what it points at. Whether it was the whole digit or one stroke, this map can not say, for each cell looks at 28 × 28 pixels, more than the digit. And the network never saw a box, an outline or a pointer. Is that so for the thousand scenes together, and is it learnt? The network before training sees the same ink:

# %%
margin, size = np.array([-4, -4, 4, 4]), (100, 100)
on_digit = box_masks((scenes.boxes + margin).clip(0, 100), size)

def heat_in(places, maps):
    """How much of the true classes' heat is in these places, in percent."""
    true = maps[np.arange(1000), :, :, scenes.labels]
    heat = np.maximum(camlib.upsample(true, size), 0)
    rows = np.stack([(heat * places).sum(axis=(1, 2)), heat.sum(axis=(1, 2))], axis=1)
    return camlib.bootstrap(rows, lambda m: 100 * m[0] / m[1], groups=scenes.digits)

# %%
trained = heat_in(on_digit, seen.maps)
untrained = heat_in(on_digit, camlib.explain(run.load(0), scenes.images).maps)
in_box = heat_in(box_masks(scenes.boxes, size), seen.maps)
print(f"box and one cell around: {100 * on_digit.mean():.1f} % of the pixels")
print(f"of the heat: {trained} %; before training {untrained} %")
print(f"in the box alone: {in_box} % of the heat")
assert trained.low > 85 and untrained.high < 60

# %% [markdown]
# (In brackets, a 95 % interval: what other digits might have given. That the heat is on the *only* digit does not yet show that the map knows *which* digit it is: notebook [05](05_measuring_localization.ipynb) asks for one of two.)
#
# There are ten classes, so there are ten maps. Red cells speak **for** a class, blue ones **against** it, compared with the average class: in every cell, the ten maps add up to zero. (Notebook [04](04_class_activation_maps.ipynb) says why.) All maps share one scale, and above each stands its class's score.

# %%
plot.maps_by_class(image, seen.maps[0], logits=seen.logits[0], label=label)

# %%
cells, largest = abs(seen.maps), abs(seen.maps).max()
assert abs(seen.maps.sum(axis=3)).max() < 1e-5 * largest  # ten maps: zero
assert (cells[0] < 0.05 * cells[0].max()).mean() > 0.8  # most cells: close to zero

# %% [markdown]
# ## Why it is exact
#
# Many methods paint a heat map over a picture. This one is special, because it is not an opinion *about* the network: it shows the terms of the network's own sum, before they are added. The number above each map is the class's **logit**, its score in the vote, and
#
# $$\text{mean of the map} \;+\; \text{bias} \;=\; \text{logit}$$
#
# holds, up to rounding, for every class of every picture. (The hottest cells are in the hundreds, and yet this logit is only between ten and twenty: it is a mean over 625 cells, and most of them are close to zero.) Check it on all thousand scenes and ten classes at once:

# %% tags=["nbval-check-output"]
logits = network.predict(scenes.images, verbose=0)  # knows nothing of maps
assert np.allclose(seen.maps.mean(axis=(1, 2)) + seen.bias, logits, atol=1e-3)
print(f"{logits.size:,} logits, all equal to the mean of their map plus a bias")

# %% [markdown]
# Notebook [04](04_class_activation_maps.ipynb) derives that line on half a page. It asks one thing of a network: that it ends in a mean and a weighted sum. Is a network with so plain an ending any good?

# %%
is_right = seen.logits.argmax(axis=1) == scenes.labels
right = camlib.bootstrap(100 * is_right, groups=scenes.digits)
print(f"{right} % of 1,000 scenes of unseen digits are classified correctly")
assert right.low > 95

# %% [markdown]
# ## Slide it
#
# Choose an image, a class, a training step. Point at a cell to read its share of the logit; the line below the picture adds all cells up. Two curves stand above the step slider: how often the network was right on 10,000 scenes, and the probability of the chosen class for *this* scene. The solid box surrounds the largest region above the threshold (a share of the map's maximum), the dashed one is the truth, and IoU is their overlap: 1 when they agree.
#
# Three things to try: (1) move the step from the first to the last and watch when the heat finds the digit; (2) stay on one image and go through the classes: which wrong class has heat too, and why? (3) move the threshold until the two boxes fit. When you know them, choose a class under *Against*: the map then compares with that class alone, in place of the average one.

# %%
story = camlib.explain_run(run, scenes.images[:6])
explorer = camlib.explorer(
    scenes.images[:6], story.maps, bias=story.bias, steps=run.steps,
    accuracy=run.accuracy, labels=scenes.labels[:6], boxes=scenes.boxes[:6],
)
explorer

# %% [markdown]
# The same story without sliders: the map of the true digit at each of the 20 snapshots, with the network's accuracy at that time. Here each panel is stretched to its own range, which stands below it: compare places, not strengths.

# %%
plot.maps_along_training(
    image, story.maps[:, 0, :, :, label], run.steps, accuracy=run.accuracy, label=label
)


# %% [markdown]
# ### Exercise 0.1 · Your first map
#
# Exercises are short, and a checker answers each with a verdict and a hint. Replace `None`, run the cell, then the next one.
#
# Write a function that finds, for one scene, the **cell with the most evidence** for the class that the network names, and returns its row and column. (`np.unravel_index` turns a flat index into a row and a column.) A cell covers 4 × 4 pixels: is yours inside the digit's box, `scenes.boxes[0]`? (A box is `(x0, y0, x1, y1)`: left, top, right, bottom. So compare the *column* with x and the *row* with y.)

# %% tags=["exercise"]
def hottest_cell(maps, logits):
    """maps: (rows, columns, classes), logits: (classes,). Return (row, column)."""
    named = maps[:, :, logits.argmax()]
    return np.unravel_index(named.argmax(), named.shape)


# %%
checks.hottest_cell(hottest_cell, seen.maps[0], seen.logits[0])

# %% [markdown] tags=["honest-failure"]
# ## An honest failure
#
# A map shows what the network *did*. It does not know whether that was right. Here is the scene, of these thousand, where the network was most sure of itself and wrong.

# %%
powers = np.exp(seen.logits)
probability = powers / powers.sum(axis=1, keepdims=True)  # softmax: adds up to 1
sure = np.where(is_right, 0, probability.max(axis=1))
worst = sure.argmax()
named, true = seen.logits[worst].argmax(), scenes.labels[worst]
print(f"the network says {named}, {sure[worst]:.0%} sure; the label says {true}")

pixels = camlib.upsample(seen.maps[worst, :, :, named], size)
assert on_digit[worst].flat[pixels.argmax()]  # it looked at the digit

# %%
plot.maps_by_class(
    scenes.images[worst], seen.maps[worst], logits=seen.logits[worst],
    classes=[named, true], label=true, width=2.1,
)

# %% [markdown]
# It looked at the right place and drew the wrong conclusion. Keep this picture in mind when somebody shows you a beautiful heat map as proof that a model works.
#
# ## The map of the course
#
# | notebook | question | minutes |
# | --- | --- | --- |
# | [01](01_cluttered_mnist.ipynb) | Where do the pictures come from, and how could a test set be spoilt? | 35 |
# | [02](02_a_network_by_hand.ipynb) | What happens between the pixels and the answer? | 60 |
# | [03](03_lenet_gap.ipynb) | Can a network learn without being told where? It trains in class | 45 |
# | [04](04_class_activation_maps.ipynb) | Which places cast the vote? The derivation, by hand | 45 |
# | [05](05_measuring_localization.ipynb) | How well does it point? | 60 |
# | [06](06_alexnet_caltech256.ipynb) | Can it point in photographs? AlexNet, transferred | 60 |
# | [07](07_beyond_cam.ipynb) | What came after, and when is it worth it? | 60 |
# | [08](08_audit_a_network.ipynb) | Would you sign for this network? | 120 |
#
# Each notebook runs on its own: none needs another to have run, though the texts build on each other. Each is made from a solved one in the folder `source`; look there after you have tried.
#
# **If something is odd:** *a slider does nothing* – the notebook may be untrusted: run its cell, or use File ▸ Trust Notebook. *The kernel died* – the machine ran out of memory: close other notebooks. *A download failed* – the message names the file and the command that fetches it.
#
# **References.** B. Zhou, A. Khosla, A. Lapedriza, A. Oliva, A. Torralba, *Learning Deep Features for Discriminative Localization*, CVPR 2016, arXiv:1512.04150.
#
# **Next:** [01 · Where do the pictures come from?](01_cluttered_mnist.ipynb)
