# %% [markdown] tags=["slide"]
# # 04 · Which places cast the vote?
#
# A network looks at a scene and says “7”. Nobody ever told it where the digit is. If the network ends in the right way, we can still ask it *where*. The answer is its own arithmetic, in another order: the **class activation map** (CAM) of Zhou and others (CVPR 2016).

# %% [markdown] tags=["guide"]
# **Session 4 of 6, 90 minutes: this notebook.**
#
# - **Prepare.** The day before: `make fetch` once for the digits (the trained network comes with the course), run all cells, `make slides ONLY=4`. Try the explorer in the deck once. Paper for everybody. After the prediction, all run all cells (half a minute). With 300 people, pairs talk and hands vote.
# - **Minutes.** Opening and predictions 7 · section 1, 8 · section 2, 18 · section 3, 8 · section 4, 17 · section 5, 11 · section 6, 10 · section 7, 5 · failure and summary, 6 = 90. In class: 4.1, 4.3 and 4.4. At home: 4.2; the investigation is voluntary.
# - **Without network.** Nothing is fetched after `make fetch`. The deck needs none, and its explorer works without Python. Bring the folder `CAMLIB_DATA` on a stick.
# - **Without projector.** Print the deck: `?print-pdf` after its address. On the board: 2 × 2 cells, features (4, 0, 0, 0) and (0, 2, 2, 0), weights 2 and −1, no bias. Both orders of the sum give the logit 1; the map is (8, −2, −2, 0).
#
# ## Opening and predictions (7 min)
#
# - **Say:** We shall not guess where it looked, we shall read it off.
# - **They will predict** for a wrong digit: nothing, or the clutter. It is the digit, too: against some classes, and a little for others. Leave it open until section 4.
# - **Ask:** How would you find out from the outside?

# %% [markdown] tags=["notes"]
# Ask first: where would *you* look? Then: how would anybody find out where the network does, from the outside? Erasing parts of the picture is the usual answer; today we read it off.

# %% [markdown]
# **You will be able to**
#
# 1. derive the map, and check the identity that makes it exact;
# 2. say which part of a map is a choice, and what every choice agrees on;
# 3. predict logits from maps, and find a fault that the identity does not notice;
# 4. explain why several dense layers destroy the map.
#
# **Before you start:** notebook [03](03_lenet_gap.ipynb); 02 explains logit, ReLU, dense layer. **Time:** 60 minutes; all cells run in half a minute.

# %%
import numpy as np

import camlib
from camlib import checks, plot
from camlib.backend import keras
from camlib.boxes import box_masks

scenes = camlib.make_scenes(camlib.load_split()[1], 200, seed=7)  # of unseen digits
run = camlib.shipped_run()

# %% tags=["slide"]
plot.scene_grid(scenes, count=6, boxes=True)

# %% [markdown] tags=["fragment"]
# The boxes are for us: the network never sees them.

# %% [markdown] tags=["notes"]
# Six scenes of digits that training never saw. Let somebody point at each digit: easy for us. The network was told the numbers above, never the boxes.

# %% [markdown] tags=["slide"]
# ## Predict first
#
# > Which places of the first scene speak for the *true* digit? And for a *wrong* one: none, the clutter, or the digit too? Write it down.

# %% [markdown] tags=["notes"]
# Two minutes, on paper, before anything else is shown. Collect three answers for the wrong digit by raised hands; section 4 comes back to them.

# %% [markdown]
# ## 1 · The end of the network
#
# Into the last two layers, `gap` and `dense`, go **features**: for each cell of a coarse grid, 64 numbers that say what strokes are around there.

# %% [markdown] tags=["guide"]
# ## 1 · The end of the network (8 min)
#
# - **Say:** Forget the first layers; all of today happens in the last two. First means, then weighted sums.
# - **They will predict** that each of 64 features is a part of a digit with a name. Nobody told them what to be.
# - **Usual mistakes:** The mean taken over features instead of places; `features[x, y]` for `features[y, x]` (exercise 4.4 lives on that); the bias forgotten; logits taken for probabilities.
# - **Ask:**
#   - How many numbers go into the mean, how many come out? (40,000 and 64.)
#   - Where is the place after that? (Nowhere.)
# - **Short of time:** The two equations, and no code.

# %%
network = run.load()  # as it was at the last step
features_of = keras.Model(network.input, network.get_layer("gap").input)
features = np.asarray(features_of(scenes.images[:1]))[0]
kernel, bias = network.get_layer("dense").get_weights()

# %% tags=["nbval-check-output"]
print("features:", features.shape, "= rows, columns, channels")
print("kernel:  ", kernel.shape, "= channels, classes")
print("bias:    ", bias.shape, "= classes")

# %% [markdown] tags=["slide"]
# Write $f_k(x, y)$ for feature $k$ in cell $(x, y)$; in code, rows come first: `features[y, x, k]`. **Global average pooling** replaces each feature by its mean over the grid,
#
# $$F_k = \frac{1}{N} \sum_{x, y} f_k(x, y), \qquad N = 25 \cdot 25 .$$
#
# and the **dense layer** makes the logit of class $c$ from these means,
#
# $$z_c = \sum_k w_{kc} F_k + b_c .$$

# %% [markdown] tags=["notes"]
# Begin: the picture has become a grid of 25 × 25 cells, and each cell holds 64 numbers, the features, about the strokes around it. Let somebody say both equations in words. Ask how many numbers go in and how many come out of the first: 40,000 and 64. What is lost? The place. Then leave both equations on the board: the next slide puts one into the other.

# %%
pooled = features.mean(axis=(0, 1))  # (64,): one mean a feature
votes = pooled[:, None] * kernel  # (64, 10): of each feature, for each class
logits = votes.sum(axis=0) + bias  # (10,)

by_keras = np.asarray(network(scenes.images[:1]))[0]
assert np.allclose(logits, by_keras, atol=1e-3)

# %% tags=["nbval-check-output"]
print(f"the network says {logits.argmax()}, the label is {scenes.labels[0]}")


# %% [markdown] tags=["slide"]
# ## 2 · The same sum, in another order
#
# Put the first equation into the second, and exchange the two sums:
#
# $$z_c \;=\; \sum_k w_{kc} \left[ \frac{1}{N} \sum_{x, y} f_k(x, y) \right] + b_c \;=\; \frac{1}{N} \sum_{x, y} \underbrace{\left[ \sum_k w_{kc} \, f_k(x, y) \right]}_{M_c(x, y)} + \; b_c .$$

# %% [markdown] tags=["guide"]
# ## 2 · The same sum, in another order (18 min)
#
# - **Minutes:** Six of them for 4.1.
# - **Say:** Exchange two sums; nothing else happens. The mean of the map, plus the bias, *is* the logit.
# - **They will predict** that a map needs another training, or is an estimate. Neither.
# - **Usual mistakes:**
#   - 4.1: ten numbers (the mean came first); one map instead of ten; a 1/N inside the bracket; ReLU or stretching, so that nothing is negative.
#   - 4.2: the factor N forgotten; 625 written into the code; weights averaged over places.
# - **Ask:** Where in the picture is the bias? (Nowhere.)
# - **Short of time:** Skip the loops; 4.2 at home.

# %% [markdown] tags=["fragment"]
# The bracket $M_c(x, y)$ has a value *for every cell*, its **evidence** for class $c$. All cells together are the **class activation map**, the paper's equation 2. One cell adds $M_c(x, y) / N$ to the logit. **Pooling throws the places away, so do it last.**

# %% [markdown] tags=["notes"]
# Let them exchange the sums themselves: who can say what may be pulled out of the inner sum, and why is the bias left alone? One cell adds a 625th of its evidence.

# %% [markdown] tags=["slide"]
# **Exercise 4.1 · mechanical.** Write the bracket. Return all ten maps, (25, 25, 10). NumPy can do it without a loop.

# %% [markdown] tags=["notes"]
# Six minutes at the keyboard. The checker knows the usual answers: ten numbers, one map, a division too many, nothing negative. Ask at the end how they would check the maps themselves, without a checker: mean plus bias is the logit.

# %% tags=["exercise"]
def maps_by_hand(features, kernel):
    """All class activation maps: (rows, columns, classes).

    features: (rows, columns, channels). kernel: (channels, classes).
    """
    return features @ kernel


# %%
checks.maps_by_hand(maps_by_hand, features, kernel)

# %% [markdown]
# With the formula's loops, for the class that was named:

# %% tags=["answer"]
c = logits.argmax()
map_c = np.zeros((25, 25))
for x in range(25):
    for y in range(25):
        map_c[y, x] = sum(kernel[k, c] * features[y, x, k] for k in range(64))

assert np.isclose(map_c.mean() + bias[c], logits[c], atol=1e-3)

# %% [markdown]
# On this identity the course turns: **the mean of the map, plus the bias, is the logit**, up to rounding. The package makes all maps at once:

# %%
seen = camlib.explain(network, scenes.images)  # logits, maps and bias of all scenes
assert np.allclose(seen.maps[0, :, :, c], map_c, atol=1e-2)

plain = network.predict(scenes.images, verbose=0)  # knows nothing of maps
assert np.allclose(seen.maps.mean(axis=(1, 2)) + seen.bias, plain, atol=1e-3)

# %% tags=["nbval-check-output"]
print("maps:", seen.maps.shape, "= scenes, rows, columns, classes")


# %% [markdown]
# **Exercise 4.2 · derivation.** Suppose a network did not pool. One dense layer has a weight for every place, feature and class, `weights[y, x, k, c]`, and the logit is $\sum_{x, y, k} w_{yxkc} f_k(x, y) + b_c$. Find maps for it that obey the same identity.

# %% tags=["exercise"]
def maps_of_flattened(features, weights):
    """Maps whose mean, plus the bias, is the logit: (rows, columns, classes).

    features: (rows, columns, channels), any numbers of each.
    weights: (rows, columns, channels, classes).
    """
    rows, columns, _ = features.shape
    products = features[:, :, :, None] * weights
    return rows * columns * products.sum(axis=2)


# %%
checks.maps_of_flattened(maps_of_flattened)

# %% [markdown]
# ## 3 · The freedom: other maps, the same probabilities
#
# Softmax does not notice what is added to all logits alike. So add any number $a_k$ to the weights of feature $k$ for *all* ten classes:
#
# $$w_{kc} + a_k \;\text{ for } w_{kc} \quad\Longrightarrow\quad M_c + \sum_k a_k f_k \;\text{ for } M_c, \;\text{ and the same probabilities.}$$
#
# All maps gain one shared picture, and labels can not tell these networks apart.

# %% [markdown] tags=["guide"]
# ## 3 · The freedom: other maps, the same probabilities (8 min)
#
# - **Say:** Softmax sees differences only. So each feature's ten weights may move together, and all ten maps gain one picture.
# - **They will predict** that the probabilities change. They do not.
# - **Usual mistakes:** “one number for all features”: each feature has its own; centring taken for a repair that makes maps *true*: it is a choice; the freedom taken for noise.
# - **Ask:**
#   - What can no choice change? (Differences of maps, and how far they lie apart.)
#   - A heat map in the news: against what?
# - **Short of time:** The slide, and skip the smallest squares.

# %% [markdown] tags=["guide", "slide"]
# ## 3 · The freedom: other maps, the same probabilities
#
# Softmax does not notice what is added to all logits alike. So add $a_k$ to the weights of feature $k$ for *all* ten classes:
#
# $$w_{kc} + a_k \;\text{ for } w_{kc} \quad\Longrightarrow\quad M_c + \sum_k a_k f_k \;\text{ for } M_c$$

# %% [markdown] tags=["guide", "fragment"]
# All ten maps gain one shared picture. No probability changes; no difference of two maps does.
#
# > So ask of every heat map: *against what?*

# %% [markdown] tags=["notes"]
# Before the second step: hands for “the probabilities change”. Then why not: ask what softmax does if 5 is added to all logits, as in session 2. The course chooses weights that sum to zero: a map is evidence against the average class.

# %%
a = np.random.default_rng(0).normal(size=64)
maps = features @ kernel
others = features @ (kernel + a[:, None])
shared = features @ a  # (25, 25)
assert np.allclose(others, maps + shared[:, :, None], atol=1e-2)

# %% tags=["nbval-check-output"]
other_logits = others.mean(axis=(0, 1)) + bias
ours, theirs = camlib.softmax(logits), camlib.softmax(other_logits)
assert np.allclose(ours, theirs, atol=1e-5)
print("ten other maps, the same ten probabilities")

# %% [markdown]
# So somebody must choose. In the course, the ten weights of each feature sum to zero (`camlib.head.centre`). This choice makes the sum of their squares smallest: adding $a_k$ to ten such weights makes it larger by $10\, a_k^2$.

# %%
assert abs(kernel.sum(axis=1)).max() < 1e-4 and abs(bias.sum()) < 1e-4

squares = (kernel**2).sum(axis=1)  # (64,): over the ten classes
larger = ((kernel + a[:, None]) ** 2).sum(axis=1)
assert np.allclose(larger - squares, 10 * a**2, atol=1e-2)

# %% [markdown]
# A map then means: evidence for this class, **against the average class**. In every cell the ten maps add up to zero, and so do the logits.

# %%
largest = abs(seen.maps).max()
assert abs(seen.maps.sum(axis=3)).max() < 1e-5 * largest
assert abs(seen.logits.sum(axis=1)).max() < 1e-3

# %% [markdown]
# Every choice agrees on the **difference of two maps**, $M_c - M_d$: the shared picture cancels. Its mean, plus $b_c - b_d$, is $z_c - z_d$: what decides between two classes.

# %% tags=["nbval-check-output"]
our_differences = maps - maps[:, :, :1]  # of every class and class 0
their_differences = others - others[:, :, :1]
assert np.allclose(our_differences, their_differences, atol=1e-2)
assert np.allclose(maps.std(axis=2), others.std(axis=2), atol=1e-2)
print("other maps, the same differences")

# %% [markdown]
# So ask of every heat map: *against what?* (Wang & Wang, 2022, ask it; Finer-CAM, 2025, maps such a difference.)

# %% [markdown] tags=["slide"]
# ## 4 · Looking at it
#
# As in the paper's figure 2: the three features that raise this logit most, the one that lowers it most, the sum of all.

# %% [markdown] tags=["guide"]
# ## 4 · Looking at it (17 min)
#
# - **Minutes:** Five of them for 4.3.
# - **Say:** One scale for all ten, red for, blue against.
# - **They will predict** nothing, or clutter, for a wrong class. It is the digit, too: blue for 6 and 8, pale red for 1, 2 and 9; the ten add up to zero.
# - **Usual mistakes:**
#   - Pale clutter taken for proof, before the untrained network was asked (1.8 against 140.7); the hottest cell taken for the logit.
#   - 4.3: *A* forgets the cells that were wiped, *B* the number of cells, *D* that features see 28 px only.
# - **Ask:** What was learnt, silence or the digit?
# - **Short of time:** The ten maps, then the two printed factors.

# %% tags=["fragment"]
plot.framework(scenes.images[0], features, kernel[:, c], name=f"“{c}”")

# %% [markdown] tags=["notes"]
# The three features that raise this logit most, the one that lowers it most, and the sum of all 64. Ask what the fourth one saw: mostly the left end of the bar. It takes only 0.13. Only the sum of all has the identity; no single feature has.

# %% [markdown] tags=["slide"]
# All ten maps, **on one scale**. The logit above each is a *mean* over 625 cells, most close to zero: far smaller than the hottest. The wrong classes' maps are not blank: the digit speaks for and against them, too.

# %% tags=["fragment"]
plot.maps_by_class(
    scenes.images[0], seen.maps[0], logits=seen.logits[0], label=scenes.labels[0]
)

# %%
cells = abs(seen.maps[0])
assert (cells < 0.05 * cells.max()).mean() > 0.8  # most are close to zero

# %% [markdown] tags=["notes"]
# Come back to the predictions. The digit speaks about wrong classes too: against 6 and 8, a little for 1, 2 and 9. Clutter is silent. Ask why the ten maps must add up to zero.

# %% [markdown]
# Some maps must be blue on the digit: the ten add up to zero. But the clutter is pale in *all* of them: a discovery? Measure what no choice can change: how far the ten maps lie apart, the standard deviation of their ten values at a pixel.
#
# *Clutter* is ink 18 pixels or more away from the digit's box: erase the digit, and no map changes there. Is it quiet only because it is less ink? Then an untrained network must be as quiet.

# %% [markdown] tags=["guide", "slide"]
# ### Is clutter silent because the network learnt it?
#
# How far the ten maps lie apart (standard deviation), in the digit's box against clutter 18 pixels or more away, with 95 % intervals:

# %%
size, ink = (100, 100), scenes.images > 0
inside = box_masks(scenes.boxes, size)  # (200, 100, 100), True in the digit's box
wider = scenes.boxes + np.array([-18, -18, 18, 18])
away = ~box_masks(wider.clip(0, 100), size)

erased = camlib.explain(network, scenes.images * ~inside).maps
change = abs(camlib.upsample(erased - seen.maps, size)).max(axis=3)
assert change[away].max() < 1e-6 * largest and change[inside].max() > 0.1 * largest

# %%
def apart(network, region):
    """Of each scene: how far maps lie apart, summed over a region; and its pixels."""
    maps = camlib.explain(network, scenes.images).maps
    spread = camlib.upsample(maps, size).std(axis=3)  # (200, 100, 100)
    sums = (spread * region).sum(axis=(1, 2))
    pixels = region.sum(axis=(1, 2))
    return np.stack([sums, pixels], axis=1)  # (200, 2)

def times_more(means):
    """Mean in the box over mean on clutter."""
    box_sum, box_pixels, clutter_sum, clutter_pixels = means
    return (box_sum / box_pixels) / (clutter_sum / clutter_pixels)

# %% tags=["fragment"]
ratio = {}
for name, model in {"trained": network, "untrained": run.load(0)}.items():
    in_box, on_clutter = apart(model, inside), apart(model, ink & away)
    both = np.concatenate([in_box, on_clutter], axis=1)  # (200, 4)
    ratio[name] = camlib.bootstrap(both, times_more, groups=scenes.digits)
    print(f"{name:9} in the box, {ratio[name]} times what they lie apart on clutter")

assert ratio["trained"].low > 30 and ratio["untrained"].high < 3

# %% [markdown] tags=["notes"]
# First the question: perhaps clutter is quiet because it is little ink. Then an untrained network has to be as quiet. Hands. It is not: 1.8 against 140.7. Silence was learnt; training showed scenes of scraps alone.

# %% [markdown]
# (95 % intervals, as in 03.) The silence was learnt: on the same ink, the untrained network's factor is below 3. Training asked for it, with scenes of scraps only.
#
# **Exercise 4.3 · predict and explain.** Lay two scenes side by side on one canvas, 100 × 200. As 3.3 found, its logits are the means of theirs. You have its ten maps. Now somebody wipes the right half: blank paper. What is the mean of each map then?
#
# - A: what it was: the evidence in the left half stands where it stood;
# - B: the mean of the left half, the only one with ink;
# - C: the mean over all cells, those of the right half holding what blank paper does;
# - D: the maps do not tell: the network would have to look again.
#
# Reason, do not try. Return the letter and the ten means. `paper` is what the ten maps hold in a cell of blank paper.

# %% [markdown] tags=["guide", "slide"]
# **Exercise 4.3 · predict and explain.** Two scenes side by side on one canvas, 100 × 200. Somebody wipes the right half: blank paper. What is the mean of each map then?
#
# - A: what it was: the evidence in the left half stands where it stood;
# - B: the mean of the left half, the only one with ink;
# - C: the mean over all cells, those of the right half holding what blank paper does;
# - D: the maps do not tell: the network would have to look again.

# %% [markdown] tags=["notes"]
# One minute alone, hands for the four letters, two minutes with a neighbour who voted otherwise, hands again. Whoever says D has a point: at the seam. How large is it? Then ask what a map of the wide canvas will show that its logit hides.

# %% tags=["exercise"]
def on_a_wide_canvas(maps, paper):
    """maps: the canvas's, (rows, columns, 10). paper: (10,), what a blank cell holds.

    Return (letter, the ten means once the right half is wiped).
    """
    left = maps[:, : maps.shape[1] // 2].mean(axis=(0, 1))
    return "C", (left + paper) / 2


# %%
checks.on_a_wide_canvas(on_a_wide_canvas)

# %% [markdown]
# Now the network, on a hundred such canvases:

# %% tags=["answer"]
left, right = slice(0, 200, 2), slice(1, 200, 2)
wide = np.concatenate([scenes.images[left], scenes.images[right]], axis=2)
wide_seen = camlib.explain(network, wide)  # maps of 25 × 50 cells
wiped = np.where(np.arange(200) < 100, wide, 0).astype(np.uint8)
after = camlib.explain(network, wiped).maps.mean(axis=(1, 2))  # (100, 10)

paper = camlib.explain(network, np.zeros_like(wide[:1])).maps[0, 12, 25]
assert not paper.any()  # this network has learnt that paper says nothing at all
predicted = (wide_seen.maps[:, :, :25].mean(axis=(1, 2)) + paper) / 2
off = abs(after - predicted)
print(f"off by {off.mean():.3f} on average; the means' own size is "
      f"{abs(predicted).mean():.1f}")
assert off.mean() < 0.03 * abs(predicted).mean()

# %% [markdown] tags=["guide", "slide"]
# ### The mean hides which half spoke; the maps tell

# %% tags=["fragment", "answer"]
first, second = scenes.labels[:2]
asked = [wide_seen.maps[0, :, :, first], wide_seen.maps[0, :, :, second]]
plot.grid([wide[0]] * 2, asked, width=3.3, signed=True,
          titles=[f"map of {first}", f"map of {second}"])

# %% [markdown] tags=["notes"]
# C, and off by 0.005 on average, at a size of 1.7: at the seam, features see both scenes. Paper holds exactly 0 here, so half the left mean would do; a network that never saw paper alone holds other numbers there. One canvas, two questions. In the map of 2, the 7 is pale red and pale blue: ask why it is not blank. Ten logits alone could not tell.

# %% [markdown]
# The mean hides which half spoke; the maps tell. (At the seam, features see both scenes.)
#
# ## 5 · From cells to pixels
#
# To lay 25 × 25 cells over 100 × 100 pixels we **upsample**: a pixel mixes the cells nearest to it.

# %% [markdown] tags=["guide"]
# ## 5 · From cells to pixels (11 min)
#
# - **Minutes:** Eight of them for 4.4.
# - **Say:** A map has 25 × 25 numbers, however smooth it looks.
# - **They will predict** that finer pixels show finer places. They are invented.
# - **Usual mistakes** in 4.4: upside down, mirrored, half a turn or a quarter turn, where rows and columns are exchanged; a map made positive; *mean* or *classes* as the check, though neither knows places.
# - **Ask:** Hottest cells reach from 1 to 582: what is left of that when each map is stretched to [0, 1]?
# - **Short of time:** The picture of 4.4, and hands for the three checks.

# %% [markdown] tags=["guide", "slide"]
# ## 5 · From cells to pixels
#
# A pixel mixes the cells nearest to it. Then a map is often stretched to [0, 1].

# %% tags=["nbval-check-output"]
print("two cells 0 and 4 become", camlib.upsample(np.array([[0.0, 4.0]]), (1, 4))[0])

# %% [markdown]
# That invents no detail. A cell's features see 28 × 28 pixels, so heat may lie beside the ink that caused it. Often a map is stretched to [0, 1], which hides its strength: each of these ten then reaches 1.

# %% tags=["fragment"]
peaks = seen.maps[0].max(axis=(0, 1))
stretched = [camlib.normalise(seen.maps[0, :, :, k]).max() for k in range(10)]
print("hottest cell, class by class:", *(f"{peak:.0f}" for peak in peaks))
assert np.allclose(stretched, 1) and peaks.max() > 50 * peaks.min()

# %% [markdown] tags=["notes"]
# 25 × 25 numbers, however smooth the picture. Stretching makes each of these ten reach 1: a class with a hottest cell of 1 would look as strong as one with 582. Ask what a picture of a single stretched map can not tell.

# %% [markdown]
# **Exercise 4.4 · diagnose.** Somebody makes maps of the true classes and writes: “Mean plus bias is the logit, in all 200 scenes. Yet the heat is beside the digits. So the network does not look at digits.” Both observations are true:

# %% [markdown] tags=["guide", "slide"]
# **Exercise 4.4 · diagnose.** Somebody writes: “Mean plus bias is the logit, in all 200 scenes. Yet the heat is beside the digits. So the network does not look at digits.” Both observations are true:

# %% tags=["fragment"]
def somebodys_maps(features, weights):
    """One class's maps of some scenes: (n, 25, 25)."""
    maps = np.zeros(features.shape[:3])
    for x in range(25):
        for y in range(25):
            maps[:, x, y] = (features[:, y, x] * weights).sum(axis=1)
    return maps

saved = []
for image, label in zip(scenes.images, scenes.labels):
    its_features = np.asarray(features_of(image[None]))
    saved.append(somebodys_maps(its_features, kernel[:, label])[0])
saved = np.array(saved)

# %% [markdown] tags=["notes"]
# Two minutes of reading, in silence. Do not point at a line. Ask those who see nothing: write down row and column of the digit and of the heat, in one scene. Their picture is on the next slide.

# %% [markdown] tags=["guide", "slide"]
# ### Which check notices?
#
# Mend the maps, from these maps alone, and name the check:
#
# `"mean"`: plus bias, it is the logit · `"classes"`: ten maps add up to zero in every cell · `"box"`: the hottest cell lies in the digit's box

# %% tags=["fragment"]
labels = scenes.labels
true_logits = np.array([z[k] for z, k in zip(seen.logits, labels)])
assert np.allclose(saved.mean(axis=(1, 2)) + bias[labels], true_logits, atol=1e-2)

plot.grid(scenes.images[:4], saved[:4], boxes=scenes.boxes[:4])

# %% [markdown] tags=["notes"]
# In the first two scenes the heat is off the digit. In the last two, near the diagonal, it hardly moved: one scene is no check. Hands for the three checks before anybody mends the maps. The fault: `maps[:, x, y]` for `maps[:, y, x]`. Ask of each: what would it say if all cells were shuffled? The identity checks numbers, not places. That is the lesson, more than the fault itself.

# %% [markdown]
# Mend the maps, from these maps alone. And name the check that notices the fault: `"mean"` (plus bias, it is the logit), `"classes"` (ten maps made like this add up to zero in every cell) or `"box"` (the hottest cell lies in the digit's box).

# %% tags=["exercise"]
def mended_maps(saved):
    """saved: (n, side, side). Return (mended maps, name of the check)."""
    return saved.transpose(0, 2, 1), "box"


# %%
checks.mended_maps(mended_maps)

# %% [markdown]
# The identity checks the numbers, not their places.
#
# ## 6 · Along training
#
# The map of the true class at 20 steps, with the accuracy on 10,000 test scenes. Each has **its own range**: compare places, not strengths.

# %% [markdown] tags=["guide"]
# ## 6 · Along training (10 min)
#
# - **Say:** The identity holds at every step, untrained included: an exact map of a network that knows nothing is an exact map of nothing.
# - **They will predict** that maps become exact as accuracy rises.
# - **Usual mistakes:** Strengths compared, where each picture has its own range; heat on the digit at an early step taken for knowledge (session 5 measures that of untrained networks); *Against* left on a rival, and another map read.
# - **Ask:**
#   - At which step does the heat settle?
#   - Is the accuracy high by then? (In the figure: mostly by step 93, alone by 145; accuracy 21 % and 59 %. The explorer has every third step, and no step 0.)
# - **Short of time:** The explorer alone; let one person drive and the class call.

# %% [markdown] tags=["guide", "slide"]
# ## 6 · Along training
#
# The map of the true class at 20 steps. Each has **its own range**: compare places, not strengths.

# %% tags=["fragment"]
story = camlib.explain_run(run, scenes.images[:6])  # maps: (20, 6, 25, 25, 10)
true = scenes.labels[0]
plot.maps_along_training(
    scenes.images[0], story.maps[:, 0, :, :, true], run.steps,
    accuracy=run.accuracy, label=true,
)

# %% [markdown] tags=["notes"]
# Ask first: at which of these steps is the map exact? Most say the last. At all of them: the identity follows from the layers, not from training. Then: at which step would you believe the place?

# %% [markdown]
# The identity follows from the layers, not from training:

# %% tags=["nbval-check-output"]
for i, step in enumerate(run.steps):
    at_step = run.load(step)
    plain = at_step.predict(scenes.images[:6], verbose=0)
    by_maps = story.maps[i].mean(axis=(1, 2)) + story.bias[i]
    assert np.allclose(by_maps, plain, atol=1e-3)
print(f"the identity holds at all {len(run.steps)} steps, untrained included")

# %% [markdown]
# So an exact map of a network that knows nothing is an exact map of nothing.

# %% [markdown] tags=["guide", "slide"]
# **The explorer:** one image, its true class. When does the heat settle?

# %% [markdown]
# ### The explorer
#
# Point at a cell, or use the arrow keys, to read what it adds to the logit. Stay on one image and its true class, and move the step: when does the heat settle on the digit?

# %%
warmest = np.unravel_index(story.maps[-1, 0, :, :, true].argmax(), (25, 25))
cell = [int(place) for place in warmest]  # row and column
tour = [
    ("This is a 7. [Look at the 1]: the stem is for it, the bar's right end against.",
     {"class_index": 1, "scale": "map"}),
    ("[Take the map of 1 off that of 7]: what is left decides between the two.",
     {"class_index": 7, "against": 1}),
    ("[Open the sum] of the cell that says most for the 7: its 64 features, weighed.",
     {"class_index": 7, "cell": cell, "show_terms": True}),
    ("[The sum for the 1] there: the same features, but other weights, so others lead.",
     {"class_index": 1, "cell": cell, "show_terms": True}),
]
start = {"image_index": 0, "step": run.steps[-1]}
tour = [(sentence, start | controls) for sentence, controls in tour]

# %% tags=["fragment"]
third = slice(1, None, 3)  # every third snapshot, the last included
explorer = camlib.explorer(
    scenes.images[:2], story.maps[third, :2], bias=story.bias[third],
    steps=run.steps[third], accuracy=run.accuracy[third],
    labels=scenes.labels[:2], boxes=scenes.boxes[:2], network=run, tour=tour,
)
explorer

# %% tags=["own-test"]
# The course's own test of what the explorer's words say.
x0, y0, x1, y1 = np.ceil(scenes.boxes[0] / 4).astype(int)  # in cells
of_one = story.maps[-1, 0, y0:y1, x0:x1, 1]
assert true == 7 and of_one[0, -4:].mean() < 0 < of_one[2:].mean()  # bar and stem
terms = features[tuple(cell)][:, None] * kernel[:, [7, 1]]
assert np.allclose(terms.sum(axis=0), story.maps[-1, 0, *cell, [7, 1]], rtol=1e-3)
leading = [set(np.argsort(-abs(some))[:8]) for some in terms.T]
assert len(leading[0] & leading[1]) < 5  # of eight

# %% [markdown] tags=["notes"]
# The arrow keys move the cell once the picture has been clicked; click beside the explorer to turn pages again.

# %% [markdown]
# **Now you.** The last thumbnail is an empty sheet: draw on it, or choose a scene and *Draw on this picture*. Predict, then try:
#
# 1. Erase the stroke with most evidence for a 7. Which digit is read then, and was its heat there before?
# 2. Draw a 3 and an 8 side by side. Whose map lies where?
# 3. Move one slowly over the edge. What does that do to the *other's* map, and to its logit?
#
# Code can drive the explorer too:

# %%
explorer.step = run.steps[-1]
explorer.class_index = int(true)
assert np.isclose(explorer.logit, logits[true], atol=1e-2)  # section 1, by hand

rival = (int(true) + 1) % 10
explorer.against = rival  # logits differ as maps do
assert np.isclose(explorer.logit, logits[true] - logits[rival], atol=1e-2)
explorer.against = None  # the average class again

# %% [markdown]
# For print, each map in its own range:

# %%
images, pictures = [], []
chosen = [0, 4, 8, 12, 19]
for n in range(2):
    for s in chosen:
        images.append(scenes.images[n])
        pictures.append(story.maps[s, n, :, :, scenes.labels[n]])
titles = [f"step {run.steps[s]:,}" for s in chosen]
plot.grid(images, pictures, columns=5, titles=titles, width=1.3)

# %% [markdown]
# ## 7 · Why dense layers destroy it
#
# `lenet_dense` ends in three dense layers, as LeNet-5 did (1998). The package refuses it:

# %% [markdown] tags=["guide"]
# ## 7 · Why dense layers destroy it (5 min)
#
# - **Say:** What bends is the ReLU *between* dense layers: it bends a sum of many cells.
# - **They will predict** that flattening destroys the map. Exercise 4.2, at home, gives maps after flattening: each place has weights of its own.
# - **Usual mistakes:** “dense layers” blamed in general: our network ends in one; the example read as rounding (2 and 3 differ); the conclusion that nothing can be shown for such networks (session 5 ends with other methods).
# - **Ask:** For which a and b are both sides equal? (Of one sign, or one of them 0.)
# - **Short of time:** The two cells alone.

# %% tags=["nbval-check-output"]
try:
    camlib.explain(camlib.lenet_dense(), scenes.images[:1])
except ValueError as error:
    print(str(error).replace(". ", ".\n"))

# %% [markdown] tags=["slide"]
# Not flattening does the harm (exercise 4.2), but the **ReLU between two dense layers**. A hidden unit (one number of the layer between) adds up what many cells send and *then* sets a negative sum to 0,
#
# $$\max(0, a + b) \;\ne\; \max(0, a) + \max(0, b) \quad\text{in general},$$
#
# so what one cell adds depends on the others. With two cells and one hidden unit:

# %% tags=["nbval-check-output", "fragment"]
left_cell, right_cell = -1.0, 3.0
together = max(0, left_cell + right_cell)
alone = max(0, left_cell) + max(0, right_cell)
assert together != alone
print("together:", together, "· each cell alone, added:", alone)

# %% [markdown] tags=["notes"]
# Let them compute both before the code appears: 2 and 3. The cells, added, claim 1 too much: from which should it be taken? The arithmetic does not say; other methods make a choice. For which a and b are both sides equal? Of one sign, or one of them zero.

# %% [markdown] tags=["guide", "slide"]
# ## An honest failure
#
# CAM tells what the network did, not whether it was right. The most confident mistake among the 200 scenes:

# %% [markdown] tags=["honest-failure"]
# ## An honest failure
#
# CAM tells what the network did, not whether it was right. The most confident mistake among the 200 scenes:

# %% [markdown] tags=["guide"]
# ## An honest failure, and the summary (6 min)
#
# - **Say:** *Where* was answered well, *what* was not.
# - **They will predict** that the heat of a mistake lies beside the digit. Its hottest pixel is in the box.
# - **Usual mistakes:** A map on the object taken for a reason to trust; one mistake taken for all; a low peak taken for an alarm (9 % of the right answers peak lower still).
# - **Ask:**
#   - What would the map of the true class have to look like, to warn you?
#   - What did you guess wrongly today, and why?
# - **Short of time:** The picture and the first line of the summary. Home: 4.2 for all, the investigation for the curious.

# %%
probability = camlib.softmax(seen.logits)
named = seen.logits.argmax(axis=1)
wrong = np.flatnonzero(named != scenes.labels)
surest = probability[wrong].max(axis=1).argmax()
worst = wrong[surest]
said, label = named[worst], scenes.labels[worst]
print(f"named {said} with probability {probability[worst, said]:.0%}; "
      f"the label says {label}")

# %%
pixels = camlib.upsample(seen.maps[worst, :, :, said], size)
assert inside[worst].flat[pixels.argmax()]  # its hottest pixel lies in the digit's box

peaks = np.array([maps[:, :, k].max() for maps, k in zip(seen.maps, named)])
of_right = peaks[named == scenes.labels]
weaker = (of_right < peaks[worst]).mean()
print(f"its map peaks at {peaks[worst]:.0f}; {weaker:.0%} of the right ones peak lower")

# %% tags=["fragment"]
plot.maps_by_class(
    scenes.images[worst], seen.maps[worst], logits=seen.logits[worst],
    classes=[said, label], label=label, width=2.1,
)

# %% [markdown] tags=["notes"]
# It says 0 with 97 %, the label says 6. Ask where the evidence for the 0 lies: on the digit. Would this map have warned you? Hardly: its place is right. The strength does a little: 9 % of the right answers peak lower.

# %% [markdown]
# *Where* was answered well, *what* was not. So the *place* does not warn you. The *strength* does, a little: few right answers peak so low.

# %% [markdown] tags=["slide"]
# ## Summary
#
# - `maps.mean(axis=(1, 2)) + bias == logits`, for any weights. A ReLU between dense layers breaks it.
# - All maps may gain one shared picture, and no probability notices; their differences stay. With weights that sum to zero, a map is evidence against the average class.
# - A map is as coarse as its cells, and stretching hides its strength. It is exact about the network's *last* sum; that the terms come from where they stand, the sum does not say (notebook 08).

# %% [markdown] tags=["notes"]
# Let them say each line before it is read. For the curious: how many of 625 cells decide an answer? Everybody writes down a guess; the investigation counts them.

# %% [markdown]
# **Open investigation · How few cells decide?** Take cells away until the answer changes. To begin: subtract the second-best class's map from the named one's, and remove the largest cells first (each then counts 0). Compare with the cells in the digit's box, with a random order, and mistakes with right answers. Then take *pixels* away and run the network again. What does each way overlook?
#
# **References.** B. Zhou et al., *Learning Deep Features for Discriminative Localization*, CVPR 2016, arXiv:1512.04150. M. Lin et al., *Network in Network*, ICLR 2014, arXiv:1312.4400 (global average pooling). Y. LeCun et al., *Gradient-Based Learning Applied to Document Recognition*, Proceedings of the IEEE 86, 1998. Y. Wang, X. Wang, *“Why Not Other Classes?”*, NeurIPS 2022. Z. Zhang et al., *Finer-CAM*, CVPR 2025, arXiv:2501.11309. On one page: `docs/cam_card.md`.
#
# **Next:** [05 · How well does it point?](05_measuring_localization.ipynb)

# %% [markdown] tags=["guide"]
# ## The investigation: one way through
#
# A cell that is removed adds nothing to the two logits, so their difference is the mean of what is left, plus the difference of the biases.

# %% tags=["guide"]
def two_best(scene):
    """The classes with the largest and the second largest logit."""
    order = np.argsort(-seen.logits[scene])
    return order[0], order[1]

def difference(scene):
    first, second = two_best(scene)
    maps = seen.maps[scene]
    return (maps[:, :, first] - maps[:, :, second]).ravel()  # (625,)

# %% tags=["guide"]
def cells_needed(scene, order):
    """How many cells, removed in this order, change the answer; else 625."""
    first, second = two_best(scene)
    left_over = difference(scene).sum() - np.cumsum(difference(scene)[order])
    lead = left_over / 625 + seen.bias[first] - seen.bias[second]
    return np.argmax(lead < 0) + 1 if lead.min() < 0 else 625

# %% tags=["guide"]
draw = np.random.default_rng(0)
orders = {"by the difference": lambda scene: np.argsort(-difference(scene)),
          "by the named map": lambda scene: np.argsort(
              -seen.maps[scene, :, :, two_best(scene)[0]].ravel()),
          "in random order": lambda scene: draw.permutation(625)}
needed = {}
for name, order_of in orders.items():
    needed[name] = np.array([cells_needed(n, order_of(n)) for n in range(200)])

# %% tags=["guide"]
right_ones = named == scenes.labels
for name, counts in needed.items():
    low, median, high = np.quantile(counts[right_ones], [0.05, 0.5, 0.95])
    print(f"{name:18} median {median:.0f}, middle 90 %: {low:.0f} to {high:.0f}; "
          f"mistakes:", *counts[~right_ones])
by_difference = needed["by the difference"]
assert np.median(needed["by the named map"]) > np.median(by_difference[right_ones])
assert by_difference[~right_ones].max() < np.median(by_difference[right_ones])

# %% tags=["guide"]
def squares_needed(scene):
    """How many squares of 4 × 4 px, painted over, change the answer; 100 at most."""
    image, views = scenes.images[scene].copy(), []
    for cell in np.argsort(-difference(scene))[:100]:
        y, x = np.divmod(cell, 25)
        image[4 * y : 4 * y + 4, 4 * x : 4 * x + 4] = 0
        views.append(image.copy())
    says = network.predict(np.array(views), verbose=0).argmax(axis=1)
    changed = says != named[scene]
    return np.argmax(changed) + 1 if changed.any() else 100

# %% tags=["guide"]
some = np.flatnonzero(right_ones)[:60]
squares = np.array([squares_needed(scene) for scene in some])
cells_less_squares = by_difference[some].clip(max=100) - squares
fewer = camlib.bootstrap(cells_less_squares, groups=scenes.digits[some])
x0, y0, x1, y1 = scenes.boxes.T
in_cells = (x1 - x0) * (y1 - y0) / 16
print(f"squares painted over: median {np.median(squares):.0f}, "
      f"fewer than cells by {fewer}")
print(f"a digit's box covers {in_cells.mean():.0f} cells of 625")
assert fewer.low > 5

# %% [markdown] tags=["guide"]
# ### What we found
#
# Removed in the best order, about 28 cells change a right answer (12 to 50 in most scenes): somewhat more than the 20 that a digit's box covers. Ordered by the named map alone it takes more, about 39, and in some scenes the answer never changes: that map does not know which cells the second-best class shares. In random order nearly all must go, so evidence sits in few cells. The four mistakes change with 6 to 10 cells: they hang by less.
#
# But painting over three squares of 4 × 4 px changes half of the answers. Cells that are removed leave the others as they are; pixels that are painted over change every feature within 14 pixels, and leave a torn stroke such as training never showed. The first count overlooks that cells share pixels, the second that a torn digit is a new question. Neither is *the* number of places that a verdict needs.
