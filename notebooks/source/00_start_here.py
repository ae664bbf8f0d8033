# %% [markdown]
# # 00 · Where does a network look?
#
# Somewhere in a picture of ink blots there is a digit. A small neural network has learnt to name it from labels alone: nobody ever told it *where* the digit is. In the next minute you will see where it looks.
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

train_digits, test_digits = camlib.load_split()
scenes = camlib.make_scenes(test_digits, 1000, seed=2)  # of digits that training never saw
run = camlib.shipped_run()                              # 20 snapshots of one network, untrained to trained
network = run.load()                                    # as it was at the last step

# %%
plot.scene_grid(scenes, count=6)

# %% [markdown]
# Six of a thousand scenes: 100 × 100 pixels, one digit, and eight scraps torn from other digits (some in pieces, some blank). The number above each is its label. Labels are all that training was told; scenes of scraps alone, which it saw too, came without one.
#
# ## Predict first
#
# > Look at the first scene. If you could ask the network *“which parts of this picture made you say so?”*, what would it point at: the whole digit, one telling stroke of it, or the scraps around it as well? Decide before you look below.
#
# ## The first heat map
#
# A **class activation map** tells, for each small region of the picture, how much it speaks for a class. Here is the map of the true digit, laid over the scene.

# %%
seen = camlib.explain(network, scenes.images)
plot.heat_map(scenes.images[0], seen.maps[0, :, :, scenes.labels[0]], label=scenes.labels[0])

# %% [markdown]
# Nearly all the heat is on the digit. And the network never saw a box, an outline or a pointer. (This picture fades out low values; the next one hides nothing.)
#
# There are ten classes, so there are ten maps. Red regions speak **for** a class, blue ones **against** it; all maps share one scale, and each carries its class's score.

# %%
plot.maps_by_class(scenes.images[0], seen.maps[0], logits=seen.logits[0], label=scenes.labels[0])

# %% [markdown]
# ## Why it is exact
#
# Many methods paint a heat map over a picture. This one is special, because it is not an opinion *about* the network: it shows the terms of the network's own sum, before they are added. The number above each map is the class's **logit**, its score in the vote, and
#
# $$\text{mean of the map} \;+\; \text{bias} \;=\; \text{logit}$$
#
# holds exactly, for every class of every picture. (A cell's value is in the hundreds and the logit near ten, because most of the 625 cells are close to zero.) Check it on all thousand scenes and ten classes at once:

# %% tags=["nbval-check-output"]
logits = network.predict(scenes.images, verbose=0)  # the plain network, which knows nothing of maps
assert np.allclose(seen.maps.mean(axis=(1, 2)) + seen.bias, logits, atol=1e-4)
print(f"{logits.size:,} logits, all equal to the mean of their map plus a bias")

# %% [markdown]
# Notebook [03](03_class_activation_maps.ipynb) derives that line on half a page. It asks one thing of a network: that it ends in a mean and a weighted sum. Is a network with so plain an ending any good?

# %%
is_right = seen.logits.argmax(axis=1) == scenes.labels
assert is_right.mean() > 0.96
print(f"{is_right.mean():.1%} of 1,000 scenes of unseen digits are classified correctly")

# %% [markdown]
# ## Slide it
#
# Choose an image, a class, a training step. Point at a cell to read its share of the logit; the line below the picture adds all cells up. Two curves stand above the step slider: how often the network was right on 10,000 scenes, and the probability of the chosen class for *this* scene. The solid box surrounds the largest region above the threshold (a share of the map's maximum), the dashed one is the truth, and IoU is their overlap: 1 when they agree.
#
# Three things to try: (1) move the step from the first to the last and watch when the heat finds the digit; (2) stay on one image and go through the classes: which wrong class has heat too, and why? (3) move the threshold until the two boxes fit.

# %%
story = camlib.explain_run(run, scenes.images[:6])
explorer = camlib.explorer(
    scenes.images[:6], story.maps, bias=story.bias, steps=run.steps, accuracy=run.accuracy,
    labels=scenes.labels[:6], boxes=scenes.boxes[:6],
)
explorer

# %% [markdown]
# The same story without sliders: the map of the true digit at each of the 20 snapshots, with the network's accuracy at that time. Here each panel is stretched to its own range: dark is the largest value *of that panel*, and at step 0 that is about zero. Compare places, not strengths.

# %%
true = scenes.labels[0]
plot.maps_along_training(
    scenes.images[0], story.maps[:, 0, :, :, true], run.steps, accuracy=run.accuracy, label=true
)


# %% [markdown]
# ### Exercise 0.1 · Your first map
#
# Exercises are short, and a checker answers each with a verdict and a hint. Replace `None`, run the cell, then the next one.
#
# Write a function that finds, for one scene, the **cell with the most evidence** for the class that the network names, and returns its row and column. (`np.unravel_index` turns a flat index into a row and a column.) A cell covers 4 × 4 pixels: is yours inside the digit's box, `scenes.boxes[0]`?

# %% tags=["exercise"]
def hottest_cell(maps, logits):
    """maps: (rows, columns, classes), logits: (classes,) of one scene. Return (row, column)."""
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
probability = powers / powers.sum(axis=1, keepdims=True)  # softmax: ten shares that add up to 1
sure = np.where(is_right, 0, probability.max(axis=1))
worst = sure.argmax()
named = seen.logits[worst].argmax()
print(f"the network says {named}, {sure[worst]:.0%} sure; the label says {scenes.labels[worst]}")
plot.maps_by_class(
    scenes.images[worst], seen.maps[worst], logits=seen.logits[worst],
    classes=[named, scenes.labels[worst]], label=scenes.labels[worst], width=2.1,
)

# %% [markdown]
# It looked at a sensible place and drew the wrong conclusion. Keep this picture in mind when somebody shows you a beautiful heat map as proof that a model works.
#
# ## The map of the course
#
# | notebook | question | minutes |
# | --- | --- | --- |
# | [01](01_cluttered_mnist.ipynb) | Where do the pictures come from, and how could a test set be spoilt? | 35 |
# | [02](02_lenet_gap.ipynb) | Can a network learn without being told where? It trains in class | 45 |
# | [03](03_class_activation_maps.ipynb) | Which places cast the vote? The derivation, by hand | 45 |
# | [04](04_measuring_localization.ipynb) | How well does it point? | 45 |
# | [05](05_alexnet_caltech256.ipynb) | Can it point in photographs? AlexNet, transferred | 60 |
# | [06](06_beyond_cam.ipynb) | What came after, and when is it worth it? | 45 |
#
# Each notebook runs on its own: none needs another to have run, though the texts build on each other. Each is made from a solved one in the folder `source`; look there after you have tried.
#
# **If something is odd:** *a slider does nothing* – the notebook may be untrusted: run its cell, or use File ▸ Trust Notebook. *The kernel died* – the machine ran out of memory: close other notebooks. *A download failed* – the message names the file and the command that fetches it.
#
# **References.** B. Zhou, A. Khosla, A. Lapedriza, A. Oliva, A. Torralba, *Learning Deep Features for Discriminative Localization*, CVPR 2016, arXiv:1512.04150.
#
# **Next:** [01 · Where do the pictures come from?](01_cluttered_mnist.ipynb)
