# %% [markdown]
# # 03 · Which places cast the vote?
#
# A network looks at a scene and says “4”. It was never told where the 4 is: during training it saw a picture and a label, nothing else. And yet, if it ends in the right way, we can ask it *where*, and the answer is not a guess about the network or an approximation of it. It is the network's own arithmetic, written in another order.
#
# This notebook derives that answer, the **class activation map** (CAM) of Zhou, Khosla, Lapedriza, Oliva and Torralba (CVPR 2016). The derivation is one line long. You will do it by hand, in NumPy, and check it against the package.
#
# **You will be able to**
#
# 1. derive the class activation map from the last two layers of a network, and compute it in one line of NumPy;
# 2. state, and check, the identity that makes it exact: *the mean of a class's map, plus its bias, is its logit*;
# 3. say what a map's sign, size and resolution mean, and what is lost when a map is stretched to [0, 1] for a picture;
# 4. explain why the same trick fails for a network with dense layers in its middle.
#
# **Before you start:** notebook [02](02_lenet_gap.ipynb), or knowing what a convolution, a mean and a dense layer are. **Time:** 45 minutes; all cells run in about half a minute.

# %%
import matplotlib.pyplot as plt
import numpy as np

import camlib
from camlib import checks, plot
from camlib.backend import keras

train_digits, test_digits = camlib.load_split()
scenes = camlib.make_scenes(test_digits, 200, seed=7)  # of digits that training never saw
run = camlib.shipped_run()

# %%
plot.scene_grid(scenes, count=6, boxes=True)

# %% [markdown]
# Six scenes with their labels. The boxes are ours: the scene maker knows where it put the digit, the network does not.
#
# ## Predict first
#
# Before you run another cell, commit to an answer; a wrong guess made on paper teaches more than a right one read off a screen.
#
# > Take the first scene. The network computes a number for each of the ten digits, its *logits*, and calls out the largest. Suppose you could see, for **each** of the ten digits, which places of the scene speak for it and which against it. Where would the map of the *true* digit be large? Where would the map of a *wrong* digit be large: nowhere, on the clutter, or on the digit too?
#
# ## 1 · The end of the network
#
# Everything before the last two layers turns a scene into **features**: for each cell of a coarse grid, a list of numbers that say what kind of strokes are seen around there. The last two layers are called `gap`, the pooling, and `dense`. What goes into `gap` are the features; let us pull them out.

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
# So a 100 × 100 scene has become 25 × 25 cells with 64 features each: write $f_k(x, y)$ for feature $k$ in cell $(x, y)$. (NumPy counts rows first, so in code that is `features[y, x, k]`.) Two small steps remain between these and the output.
#
# **Global average pooling** forgets where: each feature is replaced by its mean over the grid,
#
# $$F_k = \frac{1}{N} \sum_{x, y} f_k(x, y), \qquad N = 25 \cdot 25 .$$
#
# **A dense layer** adds up: the logit of class $c$ is a weighted sum of these means, plus a bias,
#
# $$z_c = \sum_k w_{kc} F_k + b_c .$$
#
# Two lines of NumPy, and they must agree with Keras.

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
# Nothing was approximated. A weighted sum of means is the mean of the weighted sums, because both are linear. The bracket $M_c(x, y)$ has a value *for every cell*: the cell's **evidence** for class $c$. All cells together make the **class activation map**. One cell adds $M_c(x, y) / N$ to the logit, here a 625th of what the map shows.
#
# (This is equation 2 of the paper, which writes a sum where we, like Keras, write a mean, and leaves the bias out. The maps are the same up to the scale of the weights.)
#
# In words: **pooling throws the places away, so do it last.** Apply the dense layer first, in every cell by itself, and average at the end.

# %% [markdown]
# ### Exercise 3.1 · The map by hand
#
# Write the bracket. You have `features`, shaped (25, 25, 64), and `kernel`, shaped (64, 10); you want all ten maps at once, (25, 25, 10). One operator of NumPy is enough: `@` multiplies along the last axis, whatever stands before it.

# %% tags=["exercise"]
def maps_by_hand(features, kernel):
    """All class activation maps: (rows, columns, classes)."""
    return features @ kernel


# %%
checks.maps_by_hand(maps_by_hand, features, kernel)

# %% [markdown]
# Slowly, with the two loops that the formula means, for the class that the network named:

# %%
c = logits.argmax()
map_c = np.zeros(features.shape[:2])
for x in range(25):
    for y in range(25):
        map_c[y, x] = sum(kernel[k, c] * features[y, x, k] for k in range(64))

assert np.isclose(map_c.mean() + bias[c], logits[c], atol=1e-3)

# %% [markdown]
# The assertion is the identity that this course turns on. **The mean of the map, plus the bias, is the logit**; not roughly, but up to the rounding of 32-bit numbers. The package computes all maps of a whole batch in one forward pass, and says the same:

# %%
seen = camlib.explain(network, scenes.images)  # logits, maps and bias of all 200 scenes

assert np.allclose(seen.maps[0, :, :, c], map_c, atol=1e-3)
plain = network.predict(scenes.images, verbose=0)  # the network itself, which knows nothing of maps
assert np.allclose(seen.maps.mean(axis=(1, 2)) + seen.bias, plain, atol=1e-4)

# %% tags=["nbval-check-output"]
print("maps:", seen.maps.shape, "= scenes, rows, columns, classes")

# %% [markdown]
# ## 3 · Looking at it
#
# The paper draws the derivation as its figure 2, and so do we, for the first scene: some feature maps, the weight of each for the class, and their sum. The first three features shown raise this logit most, and the last lowers it most; each panel has its own range.

# %%
plot.framework(scenes.images[0], features, kernel[:, c], name=f"“{c}”")

# %% [markdown]
# A single feature is no map of a class. It answers to some kind of stroke, and it votes on every class at once, for some and against others. Its row of the kernel says how:

# %%
strongest = (features.mean(axis=(0, 1)) * kernel[:, c]).argmax()
votes = kernel[strongest]
print(f"feature {strongest} speaks for", *np.flatnonzero(votes > 0))
print("and against", *np.flatnonzero(votes < 0))
assert (votes > 0).any() and (votes < 0).any()

# %% [markdown]
# Now all ten maps of the same scene, **on one scale**, so that the colours compare across classes. Red speaks for the class, blue against it, and what is pale is silent. Above each map stands its logit. Was your prediction right?
#
# (The colour bar runs to several hundred while the logits are near ten: a logit is the *mean* over 625 cells, and most of them are close to zero.)

# %%
plot.maps_by_class(scenes.images[0], seen.maps[0], logits=seen.logits[0], label=scenes.labels[0])

# %% [markdown]
# You might expect the wrong classes' maps to be empty. They are not: *on the digit* some are blue and others red. The network has learnt that these strokes are evidence **against** one class and shared by another, and it says so in the same place. The clutter stays nearly silent. It was taught to: a fifth of the scenes in the first stage of training held scraps only, with no class preferred (notebook 02).
#
# One picture proves nothing, so measure all 200 scenes: the mean evidence inside the digit's box, on ink well away from it (which is clutter), and on blank paper well away from it.

# %%
large = camlib.upsample(seen.maps, (100, 100))
predicted = seen.logits.argmax(axis=1)
named = np.array([large[n, :, :, which] for n, which in enumerate(predicted)])
others = (large.sum(axis=3) - named) / 9
inside, near = np.zeros((2, 200, 100, 100), bool)
for n, (x0, y0, x1, y1) in enumerate(scenes.boxes):
    inside[n, y0:y1, x0:x1] = True
    near[n, max(y0 - 14, 0):y1 + 14, max(x0 - 14, 0):x1 + 14] = True
ink = scenes.images > 0

# %%
regions = {"inside the box": inside, "clutter": ink & ~near, "blank paper": ~ink & ~near}
for name, region in regions.items():
    print(f"{name:15} named class {named[region].mean():+7.1f}   other classes {others[region].mean():+7.1f}")
against = np.array([large[n][inside[n]].mean(axis=0) < 0 for n in range(200)])
print(f"{against.sum(axis=1).mean():.1f} of 10 classes have a map that is blue, on the whole, inside the box")
assert named[inside].mean() > 10 * abs(others[inside].mean()) and 2 < against.sum(axis=1).mean() < 8
assert abs(named[regions["clutter"]]).mean() < named[inside].mean() / 20


# %% [markdown]
# Be careful with “for” and “against”: they are about the logit, not yet about the decision. Add the same map to all ten classes and every logit rises, but softmax does not move. What decides between two classes is the **difference** of their maps.

# %% tags=["nbval-check-output"]
def softmax(logits):  # ten logits become ten shares that add up to 1
    return np.asarray(keras.ops.softmax(logits))

shifted = seen.logits[0] + seen.maps[0, :, :, 3].mean()  # one map, added to all ten
assert np.allclose(softmax(shifted), softmax(seen.logits[0]), atol=1e-5)
print("all ten maps changed alike: the probabilities stay")

# %% [markdown]
# ## 4 · From cells to pixels
#
# A map has 25 × 25 cells and the scene 100 × 100 pixels. To lay one over the other we **upsample**: a pixel's value is a mix of its four nearest cells, in proportion to how near they are. Along one line of $n$ cells stretched to $m$ pixels, the centre of pixel $i$ lies at
#
# $$u_i = \left(i + \tfrac12\right)\frac{n}{m} - \tfrac12$$
#
# on the scale of cells, and it takes the share $1 - |u_i - j|$ of cell $j$ where that is positive. Two cells to four pixels, worked by hand:

# %% tags=["nbval-check-output"]
u = (np.arange(4) + 0.5) * 2 / 4 - 0.5
u = u.clip(0, 1)  # beyond the outermost centres, the edge cell alone
shares = np.maximum(0, 1 - abs(u[:, None] - np.arange(2)))
stretched = shares @ np.array([0.0, 4.0])
assert np.allclose(stretched, camlib.upsample(np.array([[0.0, 4.0]]), (1, 4)))
print("two cells 0 and 4 become", stretched)

# %% [markdown]
# The half in the formula matters: it keeps the centres of cells where they are. Leave it out and the centre of cell $j$ is painted at pixel $4j$, not at $4j + 1.5$: every map slides to the upper left. Nobody sees that in a picture; notebook [04](04_measuring_localization.ipynb) measures it.
#
# Upsampling invents no detail: between cell centres you see interpolation. And a cell is not a block of 4 × 4 pixels either. Its features were computed from a window of 28 × 28, so red in a cell means that *this window* speaks for the class, and heat may lie beside the ink that caused it.

# %%
figure, axes = plt.subplots(1, 3, figsize=(6.6, 2.5), layout="constrained")
cells = seen.maps[0, :, :, c]
limit = abs(cells).max()
plot.show_image(axes[0], scenes.images[0])
axes[1].imshow(cells, cmap=plot.SIGNED, vmin=-limit, vmax=limit)
plot.show_signed(axes[2], cells, scenes.images[0], limit)
for panel, title in zip(axes, ["scene, 100 × 100", f"map of {c}, 25 × 25", "upsampled, overlaid"]):
    panel.set_title(title, fontsize=9)
    panel.set_axis_off()
plt.close(figure)
figure


# %% [markdown]
# ### Exercise 3.2 · What min–max hides
#
# For pictures, a map is often stretched so that its smallest value becomes 0 and its largest 1: `camlib.normalise`. Most published heat maps are painted so. Find out what that does to the *weakest* map of scene 0: return the class whose raw map has the smallest maximum, and the maximum of that map after normalising, as `(class, value)`.

# %% tags=["exercise"]
def weakest_after_normalising(maps):
    """maps: (rows, columns, classes) of one scene. Return (class, maximum of its normalised map)."""
    weakest = maps.max(axis=(0, 1)).argmin()
    return weakest, camlib.normalise(maps[..., weakest]).max()


# %%
checks.weakest_after_normalising(weakest_after_normalising, seen.maps[0])

# %% [markdown]
# ## 5 · Along training
#
# The run that this course ships keeps 20 snapshots, from the untrained network to the last step. One forward pass each gives the maps of all of them. The TensorFlow 1 project from which this course grew wrote such pictures to disk every hundred steps; ours are closest together at the start, where most happens. Each panel is the map of the true class, **stretched to its own range**: dark is the largest value *of that panel*, whatever it is, and at step 0 that is about zero. Compare places, not strengths. The percentage is the accuracy on all test scenes at that step.

# %%
story = camlib.explain_run(run, scenes.images[:6])
true = scenes.labels[0]
plot.maps_along_training(
    scenes.images[0], story.maps[:, 0, :, :, true], run.steps, accuracy=run.accuracy, label=true
)

# %% [markdown]
# The accuracy stumbles on its way: early steps are large, and a network unlearns as well as learns.
#
# The identity never needed a *good* network. It holds for each of these, the untrained one included, because it follows from the layers and not from training:

# %% tags=["nbval-check-output"]
early = run.load(run.steps[0])
for i, step in enumerate(run.steps):
    plain = run.load(step, early).predict(scenes.images[:6], verbose=0)
    assert np.allclose(story.maps[i].mean(axis=(1, 2)) + story.bias[i], plain, atol=1e-3)
print(f"the identity holds at all {len(run.steps)} snapshots, step {run.steps[0]} included")

# %% [markdown]
# Which is a warning as much as a comfort: an exact map of a network that knows nothing is an exact map of nothing.
#
# ### The explorer
#
# Now slide it yourself. Pick an image, a class and a training step; hover over a cell to read what it adds to the logit. Try this: stay on one image and on its true class, and move the step from the first to the last. At which step does the heat settle on the digit? And from which step on does the network name it rightly for good?

# %%
explorer = camlib.explorer(
    scenes.images[:6], story.maps, bias=story.bias, steps=run.steps, accuracy=run.accuracy,
    labels=scenes.labels[:6], boxes=scenes.boxes[:6],
)
explorer

# %% [markdown]
# Every control can be driven from code too, which is how you bring the class to the same view in a lecture:

# %%
explorer.step = run.steps[-1]
explorer.class_index = int(scenes.labels[0])
assert np.isclose(explorer.logit, logits[scenes.labels[0]], atol=1e-2)  # section 1, by hand

# %% [markdown]
# For readers of a printed page, the same views side by side: four scenes (rows), five steps (columns), the map of the true class.

# %%
chosen = [0, 4, 8, 12, len(run.steps) - 1]
figure, axes = plt.subplots(4, 5, figsize=(6.6, 5.6), layout="constrained")
for n, s in np.ndindex(axes.shape):
    plot.overlay(axes[n, s], scenes.images[n], story.maps[chosen[s], n, :, :, scenes.labels[n]])
    axes[n, s].set_title(f"step {run.steps[chosen[s]]:,}" if n == 0 else "", fontsize=9)
plt.close(figure)
figure

# %% [markdown]
# ## 6 · Why dense layers destroy it
#
# LeNet as it was published has three dense layers between its convolutions and its output. The package refuses it, and says what to do (notebook [06](06_beyond_cam.ipynb) does the second):

# %% tags=["nbval-check-output"]
try:
    camlib.explain(camlib.lenet_dense(), scenes.images[:1])
except ValueError as error:
    print(str(error).replace(". ", ".\n"))

# %% [markdown]
# Why? Flattening the grid would do no harm by itself: with one weight for every feature *and place*, a single dense layer is still a sum over cells, and each cell's term is its evidence. The harm is the **ReLU between two dense layers**. A hidden unit adds up what many cells send it and *then* bends the sum,
#
# $$\max(0, a + b) \;\ne\; \max(0, a) + \max(0, b) \quad\text{in general},$$
#
# so how much of what is left came from one cell has no exact answer. In its smallest form, two cells and one hidden unit:

# %% tags=["nbval-check-output"]
left, right = -1.0, 3.0
together = np.maximum(left + right, 0)
apart = np.maximum(left, 0) + np.maximum(right, 0)
assert together != apart
print("together:", together, "· each cell alone, added:", apart)


# %% [markdown]
# ### Exercise 3.3 · What pooling saves
#
# Count. `lenet_dense` flattens 22 × 22 cells of 16 features into a layer of 120 units. How many weights does that one layer have (without biases), and how many has the whole dense layer of `lenet_gap` (64 features, 10 classes, without biases)? Return both.

# %% tags=["exercise"]
def weight_counts():
    """Return (weights of lenet_dense's first dense layer, weights of lenet_gap's dense layer)."""
    return 22 * 22 * 16 * 120, 64 * 10


# %%
checks.weight_counts(weight_counts)

# %% [markdown] tags=["honest-failure"]
# ## An honest failure
#
# CAM tells you exactly what the network did. It does not tell you that the network was right, and a map can look just as convincing when it is wrong. Here is the most confident mistake among the 200 scenes, with the maps of the class it named and of the class that was true.

# %%
probability = softmax(seen.logits)
wrong = np.flatnonzero(predicted != scenes.labels)
worst = wrong[probability[wrong].max(axis=1).argmax()]
pair = [predicted[worst], scenes.labels[worst]]
print(f"named {pair[0]} with probability {probability[worst, pair[0]]:.0%}; the label says {pair[1]}")

# %%
plot.maps_by_class(
    scenes.images[worst], seen.maps[worst], logits=seen.logits[worst], classes=pair, label=pair[1], width=2.1
)

# %% [markdown]
# Nothing in the left map warns you. *Where* was answered well, *what* was not. How often maps point at the right place, measured against boxes and against baselines, is the business of notebook [04](04_measuring_localization.ipynb).
#
# ## Summary
#
# - Global average pooling followed by a dense layer is a mean followed by a weighted sum; both are linear, so they may change places. The class activation map is what stands inside the mean then.
# - `maps.mean(axis=(1, 2)) + bias == logits`, exactly, for any weights.
# - Maps are signed evidence. The blue of the wrong classes is part of the answer, and min–max pictures hide it.
# - A map has the resolution of its cells. Upsampling makes it pretty, not precise.
# - A non-linear step between features and logits, such as the ReLU of a hidden dense layer, breaks the identity.
#
# **Further exercises.** (a) How few cells, removed, change the answer of the worst mistake above? (Rank them by the difference of the two maps.) (b) Multiply the whole kernel by 2: what happens to the maps, the logits, the verdict, the probabilities? (c) Replace the mean by a maximum (`GlobalMaxPooling2D`): what is the best you can still say about cells and logits?
#
# **References.** B. Zhou, A. Khosla, A. Lapedriza, A. Oliva, A. Torralba, *Learning Deep Features for Discriminative Localization*, CVPR 2016, arXiv:1512.04150. M. Lin, Q. Chen, S. Yan, *Network in Network*, ICLR 2014, arXiv:1312.4400 (global average pooling).
#
# **Next:** [04 · How well does it point?](04_measuring_localization.ipynb)
