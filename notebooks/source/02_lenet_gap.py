# %% [markdown]
# # 02 · Can a network learn without being told where?
#
# Each scene below holds one digit somewhere, among pieces of other digits. The number above it is all that training
# gives away: *what*, and not a word about *where*. In this notebook you take LeNet, put a mean where it is tied to one place
# and one size, and train it from random weights until it reads digits it has never seen.
#
# **When you are done you will be able to**
#
# - count the weights and the multiply–adds of a convolutional network by hand, and have Keras agree;
# - write global average pooling and the dense layer after it in one line of NumPy, equal to the network's logits;
# - say what a larger canvas does to a mean, and correct the last layer for it;
# - train the network to at least 97.6 % on 10,000 scenes of unseen digits, stop it half-way, and go on.
#
# **You need** Python with NumPy, and an idea of what a convolution and a softmax are. Notebook
# [01](01_cluttered_mnist.ipynb) explains the scenes. **Time:** 45 minutes, of which the machine needs two or three.

# %%
import matplotlib.pyplot as plt
import numpy as np

import camlib
from camlib import checks, digits, plot, runs, train
from camlib.backend import keras
from camlib.networks.head import spread

train_digits, test_digits = digits.load_split()
scenes = camlib.make_scenes(train_digits, 12, seed=2)
plot.scene_grid(scenes)


# %% [markdown]
# ### Predict first
#
# Write down three answers now.
#
# 1. LeNet has two convolutions and three dense layers. What share of its weights sits in the dense ones?
# 2. How many scenes in a hundred does the network get right before its first training step?
# 3. Trained on canvases of 40 px only, it is shown canvases of 100 px with twice as many distractors. How many in a
#    hundred now: 10, 50 or more than 90?

# %% [markdown]
# ## 1. What the dense layers cost
#
# LeNet (LeCun et al., 1998) looks with two 5×5 convolutions, each followed by a pooling that halves the map. What it saw
# becomes one long list of numbers, on which three dense layers of 120, 84 and 10 units decide. The weights, biases
# included, are
#
# $$n_\text{conv} = k^2\, c_\text{in}\, c_\text{out} + c_\text{out}, \qquad n_\text{dense} = n_\text{in}\, n_\text{out} + n_\text{out}.$$
#
# Without padding a 5×5 kernel takes 4 px off a side: 100 → 96, pooled to 48 → 44, pooled to 22. So the list has 22 · 22 · 16
# entries.

# %% tags=["nbval-check-output"]
def conv_weights(kernel, inputs, outputs):
    return kernel**2 * inputs * outputs + outputs

def dense_weights(inputs, outputs):
    return inputs * outputs + outputs

lenet = camlib.lenet_dense(size=100)
looking = conv_weights(5, 1, 6) + conv_weights(5, 6, 16)
deciding = dense_weights(22 * 22 * 16, 120) + dense_weights(120, 84) + dense_weights(84, 10)
assert looking + deciding == lenet.count_params()
share = deciding / (looking + deciding)
print(f"{looking:,} weights look, {deciding:,} decide: {share:.1%} are dense")

# %% [markdown]
# That was question 1. The price is more than memory. Each of those weights belongs to *one cell of one channel*: what the
# layer learns about a 4 in one corner says nothing about a 4 in another. And for a canvas of another size there are no
# weights at all, as you will see.

# %% [markdown]
# ## 2. A mean in their place
#
# Keep the convolutions. Of each channel $f_k$ of the last one keep a single number, its mean over all cells, and let one
# dense layer vote. This is *global average pooling*, GAP (Lin, Chen and Yan, 2013):
#
# $$F_k = \frac{1}{HW} \sum_{x,y} f_k(x, y), \qquad z_c = \sum_k w_{kc}\, F_k + b_c.$$
#
# $z_c$ is the logit of class $c$. Cut a trained network (one that ships with the course) before its GAP, take the features
# of one scene, and follow the formula:

# %%
network = runs.shipped_run().load()
trunk = keras.Model(network.input, network.get_layer("gap").input)
features = np.asarray(trunk(scenes.images))
kernel, bias = network.get_layer("dense").get_weights()
logits = np.asarray(network(scenes.images))

n, c = 0, 7
z = bias[c]
for k in range(len(kernel)):
    z += kernel[k, c] * features[n, :, :, k].sum() / features[n, :, :, k].size
assert abs(z - logits[n, c]) < 1e-3

# %%
votes = features[n].mean(axis=(0, 1)) * kernel[:, scenes.labels[n]]
figure, panels = plt.subplots(1, 6, figsize=(7, 1.7), layout="constrained")
panels[0].imshow(255 - scenes.images[n], cmap="gray", vmin=0, vmax=255)
panels[0].set_title("scene", fontsize=9)
for panel, k in zip(panels[1:], np.argsort(-votes)):
    panel.imshow(features[n, :, :, k], cmap=plot.HEAT)
    panel.set_title(f"$F_{{{k}}}$ = {features[n, :, :, k].mean():.2f}", fontsize=9)
for panel in panels:
    panel.set_axis_off()
figure.suptitle(f"The five channels that speak loudest for {scenes.labels[n]}, and their means")
plt.close(figure)
figure


# %% [markdown]
# **Exercise 2.1.** Write GAP and the dense layer for a whole batch and all classes, without a loop.

# %% tags=["exercise"]
def gap_logits(features, kernel, bias):
    """The logits, (n, classes).

    features: (n, rows, columns, channels). kernel: (channels, classes). bias: (classes,).
    """
    return features.mean(axis=(1, 2)) @ kernel + bias


# %%
checks.gap_logits(gap_logits, features, kernel, bias)

# %% [markdown]
# The mean does not know where a cell lies: shuffle the cells, and the logits stay. So what the network learns about a 4 at
# one place it knows at every place. And it does not know how many cells there are: one set of weights fits every canvas.

# %% tags=["nbval-check-output"]
cells = features.reshape(len(features), -1, features.shape[-1])
shuffled = np.random.default_rng(0).permutation(cells, axis=1)
assert np.allclose(shuffled.mean(axis=1) @ kernel + bias, logits, atol=1e-3)
for size in (40, 100, 150):
    canvas = camlib.make_scenes(train_digits, 1, size=size).images
    rows, columns = trunk(canvas).shape[1:3]
    print(f"{size} px: {rows} × {columns} cells, {network(canvas).shape[1]} logits")
try:
    lenet(canvas)
except ValueError:
    print(f"{size} px: LeNet with dense layers refuses, its weights are for 100 px")


# %% [markdown]
# **Exercise 2.2.** Keep LeNet's two convolutions (6 and 16 channels). How many weights has the whole network on a canvas
# of `size` px with the three dense layers, and how many with GAP and one dense layer of 10? `conv_weights` and
# `dense_weights` from above are yours to use.

# %% tags=["exercise"]
def weights_at(size):
    """Two ints: all weights of LeNet with its dense layers, all weights of LeNet with GAP."""
    side = ((size - 4) // 2 - 4) // 2
    looking = conv_weights(5, 1, 6) + conv_weights(5, 6, 16)
    deciding = dense_weights(side**2 * 16, 120) + dense_weights(120, 84) + dense_weights(84, 10)
    return looking + deciding, looking + dense_weights(16, 10)


# %%
checks.weights_at(weights_at, 100)


# %% [markdown]
# ## 3. Why the first recipe takes days
#
# The project this course starts from trained such a network: two 5×5 convolutions of 32 and 64 channels on the scene
# tiled to three equal channels, two max-pools, GAP, one dense layer; weights from $N(0, 0.01)$; plain gradient descent at
# 0.5 with batches of 256. It reports 97.6 %, after 17.5 million scenes. What does a scene cost? For every cell of its
# output, a convolution does one multiply–add per weight:
#
# $$M = \sum_\text{convolutions} H_\text{out} W_\text{out} \cdot k^2\, c_\text{in}\, c_\text{out}.$$

# %% tags=["nbval-check-output"]
def multiply_adds(model, size):
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    probe = keras.Model(model.input, [layer.output for layer in convolutions])
    maps = probe(np.zeros((1, size, size), np.uint8))
    cells = [int(a.shape[1] * a.shape[2]) for a in maps]
    return sum(n * int(np.prod(layer.kernel.shape)) for n, layer in zip(cells, convolutions))

original = camlib.lenet_gap_original()
cost = multiply_adds(original, 100)
assert cost == 100 * 100 * 5**2 * 3 * 32 + 50 * 50 * 5**2 * 32 * 64
print(f"one scene: {cost / 1e6:.0f} million multiply–adds")

# %% [markdown]
# Training costs about three times that, and starts slowly: weights this small shrink the signal from layer to layer, until
# the untrained network's logits are zero to three digits. What would 17.5 million scenes take on your machine? (Roughly:
# this times three small batches.)

# %%
import time

assert abs(np.asarray(original(scenes.images))).max() < 5e-4
original.compile(keras.optimizers.SGD(0.5), train.cross_entropy)
batch = camlib.make_scenes(train_digits, 32)
original.train_on_batch(batch.images, batch.labels)  # the first call compiles
start = time.perf_counter()
for _ in range(3):
    original.train_on_batch(batch.images, batch.labels)
speed = 3 * 32 / (time.perf_counter() - start)
print(f"{speed:.0f} scenes a second: 17.5 million would take {17.5e6 / speed / 86_400:.1f} days here")

# %% [markdown]
# ## 4. A recipe for minutes
#
# Here is what the course does instead, to be taken apart one ingredient at a time.

# %%
recipe = train.COURSE
for stage in recipe.stages:
    print(stage)
print(f"{recipe.network}, {recipe.copies} versions of each digit, {recipe.steps:,} steps")

# %% [markdown]
# ### Small canvases
#
# Most of a large canvas is blank, and a GAP network does not care about size. So most steps are taken on small canvases,
# and only the last on the size that counts. The cost of a convolution goes with the area:
#
# $$\frac{M(100)}{M(40)} = \left(\frac{100}{40}\right)^2.$$

# %% tags=["nbval-check-output"]
saving = multiply_adds(network, 100) / multiply_adds(network, 40)
assert saving == (100 / 40) ** 2
print(f"a 40 px canvas costs {saving} times less")

figure, panels = plt.subplots(1, 2, figsize=(4.2, 3.8), width_ratios=(40, 100), layout="constrained")
for panel, stage in zip(panels, (recipe.stages[0], recipe.stages[-1])):
    options = {"size": stage.size, "distractors": stage.distractors}
    panel.imshow(255 - camlib.make_scenes(train_digits, 1, seed=5, **options).images[0], cmap="gray")
    panel.set(xticks=[], yticks=[], title=f"{stage.size} px,\n{stage.distractors} pieces")
figure.suptitle("Same digits at the same scale, less paper")
plt.close(figure)
figure

# %% [markdown]
# ### A larger canvas dilutes the mean
#
# There is a catch. Put a scene on a canvas of $r$ times the area. Its features now fill only $1/r$ of the cells; the rest
# holds $B$, the features of blank paper. The mean becomes
#
# $$F' = \tfrac1r F + \left(1 - \tfrac1r\right) B.$$

# %%
B = np.asarray(trunk(np.zeros((1, 100, 100), np.uint8)))[0, 12, 12]  # a cell far from every edge
field = np.tile(B, (50, 50, 1))  # four times as many cells
field[12:37, 8:33] = features[0]
r, F = 4, features[0].mean(axis=(0, 1))
assert np.allclose(field.mean(axis=(0, 1)), F / r + (1 - 1 / r) * B, atol=1e-4)


# %% [markdown]
# **Exercise 2.3.** Find the kernel $w'$ and the bias $b'$ that give the old logits back, whatever the scene: solve
# $w'^\top F' + b' = w^\top F + b$.

# %% tags=["exercise"]
def spread_head(kernel, bias, blank, r):
    """The new kernel, (channels, classes), and the new bias, (classes,), as a pair.

    kernel, bias: the old ones, same shapes. blank: (channels,), features of blank paper.
    r: new area over old area.
    """
    return r * kernel, bias - (r - 1) * (blank @ kernel)


# %%
checks.spread_head(spread_head, kernel, bias, B, r)

# %% [markdown]
# <details><summary>The derivation, once you have tried</summary>
#
# Insert $F'$ on the left: $\tfrac1r w'^\top F + (1 - \tfrac1r)\, w'^\top B + b'$. This must equal $w^\top F + b$ for every
# $F$, so the factors of $F$ agree: $w' = r\,w$. What is left over must agree too: $b' = b - (r - 1)\, w^\top B$.
#
# </details><br>
#
# `spread` does this to a network, and training calls it wherever the canvas grows. Below, the twelve scenes lie in
# the middle of 200 px canvases. Uncorrected, the logits shrink; corrected, they are back, but for the old edge.

# %%
canvas = np.zeros((12, 200, 200), np.uint8)
canvas[:, 48:148, 48:148] = scenes.images
diluted = np.asarray(network(canvas))
spread(network, old_size=100, new_size=200)  # changes the network's last layer
restored = np.asarray(network(canvas))
assert abs(restored - logits).mean() < 0.2 * abs(diluted - logits).mean()

figure, axes = plt.subplots(figsize=(4.6, 3.6), layout="constrained")
axes.plot(logits.ravel(), diluted.ravel(), "x", color=plot.QUIET, label="as trained for 100 px")
axes.plot(logits.ravel(), restored.ravel(), ".", color=plot.ACCENT, label="after spread")
axes.axline((0, 0), slope=1, color=plot.INK, lw=0.8)
axes.set(xlabel="logit on 100 px", ylabel="logit on 200 px", title="A larger canvas dilutes")
axes.legend(frameon=False)
plt.close(figure)
figure


# %% [markdown]
# ### Clutter should vote for nobody
#
# Every cell has a vote, so on a large canvas many pieces of clutter outvote one digit if they lean to any class. One in
# five of the small scenes therefore holds clutter and *no* digit. Its target is every class alike, its loss
#
# $$L = -\tfrac{1}{10} \sum_c \log p_c \;\ge\; \log 10, \qquad \text{least when all } p_c = \tfrac{1}{10}.$$

# %%
def softmax(z):
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)

z = np.random.default_rng(1).normal(size=(1, 10)).astype(np.float32)
loss = float(train.cross_entropy(np.array([-1]), z)[0])  # −1 stands for "no digit"
assert np.isclose(loss, -np.log(softmax(z)).mean(), rtol=1e-5) and loss > np.log(10)
assert np.isclose(float(train.cross_entropy(np.array([-1]), 0 * z)[0]), np.log(10), rtol=1e-5)

# %%
spread(network, old_size=200, new_size=100)  # back to 100 px
figure, axes = plt.subplots(figsize=(5.6, 2.6), layout="constrained")
for count, colour, name in ((1, plot.ACCENT, "one digit in clutter"), (0, plot.INK, "clutter alone")):
    images = camlib.make_scenes(test_digits, 300, digits_per_scene=count, seed=6).images
    surest = softmax(np.asarray(network(images))).max(axis=1)
    axes.hist(surest, bins=np.linspace(0, 1, 41), color=colour, alpha=0.8, label=name)
axes.set(xlabel="largest probability", ylabel="scenes of 300", title="The trained network can abstain")
axes.legend(frameon=False)
assert np.median(surest) < 0.3  # of clutter alone: near one in ten
plt.close(figure)
figure

# %% [markdown]
# ### Bent copies
#
# 4,000 digits are few: after a while the network knows each by heart. So scenes are made from bent copies of them as well:
# turned, stretched, sheared and waved a little (Simard et al., 2003), never so far that you could not read them.

# %%
bent = digits.augment(digits.take(train_digits, range(4)), copies=9)
assert (bent.images[:4] == train_digits.images[:4]).all()  # the first copy is the digit as it is
assert (bent.labels.reshape(9, 4) == train_digits.labels[:4]).all()  # a bent digit keeps its label
sheet = bent.images.reshape(9, 4, 28, 28).transpose(1, 2, 0, 3).reshape(4 * 28, 9 * 28)
figure, axes = plt.subplots(figsize=(5.4, 2.7), layout="constrained")
axes.imshow(255 - sheet, cmap="gray")
axes.set_axis_off()
axes.set_title("Four digits (left column) and eight bent copies of each", fontsize=10)
plt.close(figure)
figure

# %% [markdown]
# ### Large steps
#
# Two things let the network take steps many times as large as Adam's usual 0.001. *Batch normalisation* (Ioffe and
# Szegedy, 2015) brings every channel to mean 0 and deviation 1 over the batch, so that no signal shrinks away. And the
# learning rate $\eta$ rises over the first tenth $w$ of the $T$ steps, then falls along a cosine to a hundredth of its
# peak:
#
# $$\hat f = \frac{f - \mu}{\sqrt{\sigma^2 + \varepsilon}}, \qquad \varepsilon = 0.001;$$
#
# $$\eta(t) = \eta_\text{max}\, t / w \;\; (t < w), \qquad
# \eta(t) = \eta_\text{max} \left[0.01 + 0.99\, \tfrac12 \left(1 + \cos \pi\, \tfrac{t - w}{T - w}\right)\right] \;\; (t \ge w).$$

# %%
fresh = recipe.build()
first_block = [fresh.get_layer(name).output for name in ("conv1", "pool1", "norm1")]
conv, f, normed = map(np.asarray, keras.Model(fresh.input, first_block)(scenes.images, training=True))
mean, variance = f.mean(axis=(0, 1, 2)), f.var(axis=(0, 1, 2))
assert np.allclose(normed, (f - mean) / np.sqrt(variance + 0.001), atol=0.01)
assert 4 * f.size == conv.size  # pooled first: a quarter of the values to normalise

def rate(t, stage):
    T, w = stage.steps, stage.steps // 10
    falling = 0.01 + 0.99 * (1 + np.cos(np.pi * (t - w) / (T - w))) / 2
    return stage.rate * np.where(t < w, t / max(w, 1), falling)


# %%
figure, axes = plt.subplots(figsize=(6, 2.4), layout="constrained")
begin = 0
for stage, colour in zip(recipe.stages, (plot.ACCENT, plot.INK, plot.QUIET)):
    t, warm = np.arange(stage.steps), stage.steps // 10
    cosine = keras.optimizers.schedules.CosineDecay
    peer = cosine(0.0, stage.steps - warm, 0.01, warmup_target=stage.rate, warmup_steps=warm)
    assert np.allclose([float(peer(k)) for k in t[::50]], rate(t[::50], stage), rtol=1e-3, atol=1e-7)
    label = f"{stage.size} px, batches of {stage.batch}"
    axes.plot(begin + t, rate(t, stage), color=colour, label=label)
    begin += stage.steps
axes.set(xlabel="training step", ylabel="learning rate")
axes.set_title("Large steps on small canvases, small steps on large ones", fontsize=10)
axes.legend(frameon=False)
plt.close(figure)
figure

# %% [markdown]
# ### Pool first
#
# LeNet's pools close their blocks. Here each comes straight after the convolution, so that normalising and ReLU have a
# quarter of the values left to do. ReLU does not mind the order, since for any four values $a_i$
#
# $$\max_i\, \mathrm{relu}(a_i) = \mathrm{relu}\left(\max_i a_i\right).$$

# %%
windows = conv.reshape(12, 50, 2, 50, 2, -1)
assert (windows.max(axis=(2, 4)) == f).all()
assert (np.maximum(windows, 0).max(axis=(2, 4)) == np.maximum(f, 0)).all()

# %% [markdown]
# The whole network is twenty lines of Keras: `camlib.lenet_gap`. What each ingredient is worth at the end of a longer run,
# `make bench ROW=ablation` measures in a few minutes. (`recipe.lift`, the one entry left, is
# for maps and changes no probability: notebook 04.)
#
# ## 5. Train
#
# The next cell trains from random weights. As it goes, it redraws the accuracy on 500 scenes of *unseen* digits. The stop
# button loses nothing: training finishes its step and saves, and running the cell again goes on from there, to the weights
# it would have had. A finished run is returned at once; delete the folder `runs/lenet_gap`, beside `notebooks`, to train
# again.

# %%
watched = camlib.make_scenes(test_digits, 500, seed=1)
curve = plot.LiveCurve(target=0.976)
run = train.train(recipe, train_digits, watched, runs.MINE / "lenet_gap", watch=curve, progress=False)

# %% [markdown]
# Back to questions 2 and 3 (`spread` fits every snapshot to 100 px before it is judged), and to the line to beat.
# Five hundred scenes are enough for a curve. The verdict takes 10,000, made from 1,000 digits that training never saw.
# The original project made its scenes first and split them after, so its test scenes show digits that training had seen.

# %%
test_scenes = camlib.make_scenes(test_digits, 10_000)
trained = run.load()
logits = trained.predict(test_scenes.images, batch_size=250, verbose=0)
guess = logits.argmax(axis=1)
accuracy = np.mean(guess == test_scenes.labels)
first, small = run.accuracy[0], run.accuracy[run.scenes <= recipe.stages[0].scenes][-1]
assert first < 0.3 and small > 0.9 and accuracy >= 0.976
print(f"before the first step {first:.0%}, having seen {recipe.stages[0].size} px only {small:.1%}")
print(f"at the end {accuracy:.1%} of 10,000 scenes, after {run.scenes[-1]:,} seen in training")

# %%
figure, axes = plt.subplots(figsize=(6.2, 3.2), layout="constrained")
axes.semilogx(run.scenes[1:], 100 * run.accuracy[1:], "o-", color=plot.ACCENT, ms=4, label="this run")
axes.semilogx(17.5e6, 97.6, "*", color=plot.INK, ms=13, label="the original project's last")
axes.axhline(97.6, color=plot.INK, ls="--", lw=0.8)
axes.set(xlabel="scenes seen in training", ylabel="accuracy on test scenes (%)", ylim=(0, 103))
axes.set_title(f"{17.5e6 / run.scenes[-1]:.0f} times fewer scenes to the same line")
axes.legend(frameon=False, loc="lower right")
axes.spines[["top", "right"]].set_visible(False)
plt.close(figure)
figure

# %% [markdown]
# ### Which ingredient does the work?
#
# Take one away at a time and train for 120 steps, seconds each. The full-size run gets as many multiply–adds as the
# others, so fewer scenes. So few steps tell what starts a network quickly, not where it ends: bent copies, for one, pay only
# once digits come round again. Another `seed` in the `Recipe` moves the bars by several percent. Change a row, or add
# one, and run the cell again.

# %%
import tempfile
from dataclasses import replace

start = replace(recipe.stages[0], scenes=120 * 64)
changes = {"the recipe": {},
           "no scenes of clutter alone": {"empty": 0},
           "Adam's usual rate, 0.001": {"rate": 0.001},
           "100 px from the start": {"size": 100, "distractors": 8, "scenes": 120 * 64 * 4 // 25}}
result = {}
for name, change in changes.items():
    with tempfile.TemporaryDirectory() as folder:
        short = runs.Recipe((replace(start, **change),), copies=1)
        tried = train.train(short, train_digits, watched, folder, snapshots=2, progress=False)
        result[name] = tried.accuracy[-1]
assert result["the recipe"] > max(result["100 px from the start"], result["Adam's usual rate, 0.001"])

# %%
figure, axes = plt.subplots(figsize=(6, 2), layout="constrained")
percent = [100 * value for value in result.values()]
bars = axes.barh(list(result), percent, color=[plot.ACCENT, plot.QUIET, plot.QUIET, plot.QUIET])
axes.bar_label(bars, fmt="%.0f %%", padding=3, fontsize=9)
axes.set(xlim=(0, 100), xlabel="accuracy on 100 px scenes of unseen digits (%)", title="After 120 steps")
axes.axvline(10, color=plot.INK, ls=":", lw=1)  # chance
axes.spines[["top", "right"]].set_visible(False)
axes.invert_yaxis()
plt.close(figure)
figure

# %% [markdown] tags=["honest-failure"]
# ## 6. Where it fails
#
# About two scenes in a hundred are read wrongly, some of them with great confidence. Here are the most confident
# mistakes, each digit once, with the true boxes. (Numbering the digits tells which one a scene holds.)

# %%
which = camlib.make_scenes(digits.Digits(test_digits.images, np.arange(1000)), 10_000).labels
assert (test_digits.labels[which] == test_scenes.labels).all()  # same scenes, digits numbered
p = softmax(logits)
wrong = np.flatnonzero(guess != test_scenes.labels)
wrong = wrong[np.argsort(-p[wrong, guess[wrong]])]  # the most confident first
_, first_seen = np.unique(which[wrong], return_index=True)
worst = wrong[np.sort(first_seen)[:12]]
print(f"{len(wrong)} mistakes, made on {len(first_seen)} of the 1,000 digits")
titles = [f"{test_scenes.labels[i]} read as {guess[i]}\n({p[i, guess[i]]:.0%})" for i in worst]
plot.scene_grid(camlib.Scenes(*(part[worst] for part in test_scenes)), boxes=True, titles=titles)

# %%
confusion = np.zeros((10, 10), int)
np.add.at(confusion, (test_scenes.labels[wrong], guess[wrong]), 1)
figure, axes = plt.subplots(figsize=(4.4, 3.8), layout="constrained")
axes.imshow(confusion, cmap=plot.HEAT)
for (true, read), count in np.ndenumerate(confusion):
    if count:
        axes.text(read, true, count, ha="center", va="center", fontsize=8,
                  color="white" if count > confusion.max() / 2 else plot.INK)
axes.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="true digit")
axes.set_title(f"All {len(wrong)} mistakes in 10,000 scenes", fontsize=10)
plt.close(figure)
figure

# %% [markdown]
# Is clutter to blame? Take it away, or show four times as much, and the accuracy hardly moves (above each scene below). The
# digits themselves are hard, and there are only 4,000 to learn from. What does break the network is the last panel: the
# first panel's scenes, every pixel doubled. Any size of *canvas*, said section 2. It never said any size of *digit*: a
# feature sees 28×28 px, and half a digit is not a digit.

# %%
as_trained, bare, crowded = (
    camlib.make_scenes(test_digits, 300, distractors=number, seed=4) for number in (8, 0, 32))
doubled = as_trained._replace(images=as_trained.images.repeat(2, axis=1).repeat(2, axis=2))
spread(larger := run.load(), old_size=100, new_size=200)
cases = {"as in training": (trained, as_trained), "no distractors": (trained, bare),
         "32 distractors": (trained, crowded), "twice the size": (larger, doubled)}
result = {name: camlib.accuracy(model, tried, batch_size=50) for name, (model, tried) in cases.items()}
assert min(result["no distractors"], result["32 distractors"]) > 0.9 and result["twice the size"] < 0.7
figure, panels = plt.subplots(1, 4, figsize=(7, 3.6), width_ratios=(1, 1, 1, 2), layout="constrained")
for panel, (name, (_, tried)) in zip(panels, cases.items()):
    panel.imshow(255 - tried.images[0], cmap="gray")
    panel.set(xticks=[], yticks=[], title=f"{name}\n{result[name]:.0%}")
plt.close(figure)
figure

# %% [markdown]
# ## What you have seen
#
# - LeNet's dense layers hold nearly all its weights, and tie them to one place and one size. A mean over all cells has no
#   weights, forgets places, and takes any size.
# - A larger canvas dilutes the mean; $w' = r w$ and $b' = b - (r-1)\, w^\top B$ undo it.
# - Small canvases, clutter that votes for nobody and large steps turn days into minutes.
# - The network learned digits without being told where they are. Does it *know* where? Each logit is a mean of votes, one
#   from each cell; before the mean, they are a map.
#
# **Further exercises.** (a) Train with `recipe = replace(train.COURSE, copies=1)` into another folder and compare both
# accuracies: what did bent copies bring in the end? (b) Make scenes with `digits_per_scene=2`. Are the two largest logits
# the two digits? (c) Global *max* pooling lets one cell per channel vote. What would a larger canvas do to it, and what would become of
# `spread`?
#
# **References.** Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to document recognition,
# Proc. IEEE, 1998. · M. Lin, Q. Chen, S. Yan: Network in network, 2013, arXiv 1312.4400. · P. Simard,
# D. Steinkraus, J. Platt: Best practices for convolutional neural networks, ICDAR 2003. · S. Ioffe, C. Szegedy: Batch
# normalization, 2015, arXiv 1502.03167. · I. Loshchilov, F. Hutter: SGDR (the cosine), 2016, arXiv 1608.03983. · B. Zhou
# et al.: Learning deep features for discriminative localization, CVPR 2016, arXiv 1512.04150.
#
# **Next:** [03_class_activation_maps](03_class_activation_maps.ipynb) takes the mean apart, and finds the map.
