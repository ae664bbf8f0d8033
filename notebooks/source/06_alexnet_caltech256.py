# %% [markdown]
# # 06 · Can it point in photographs?
#
# Digits are a toy. The paper's claim was about photographs: take AlexNet, which had learnt to name a million of them, replace its dense layers by a convolution and a mean, train it on, and it shows where the dog is, though nobody ever drew a box around one. The project that this course grew out of announced that part as "coming soon". Here it is.
#
# **You will be able to**
#
# 1. turn AlexNet into AlexNet-GAP: say what is cut, what is put on, and why the map has 13 × 13 cells;
# 2. teach it categories of your choice from a few photographs each, in seconds, and measure that as Caltech-256 is measured;
# 3. remake two of the paper's figures: the maps of the top predictions on one photograph, and one class across many;
# 4. say what a number on a stand-in is worth, and catch a network that is right for the wrong reason.
#
# **Before you start:** notebook [04](04_class_activation_maps.ipynb), and from [05](05_measuring_localization.ipynb) the pointing game. **Time:** 60 minutes; all cells run in about a minute on the stand-in, in a few on twenty real categories; the first time, a download of 64 MB goes before them.

# %%
import cv2
import matplotlib.pyplot as plt
import numpy as np
from matplotlib_inline.backend_inline import set_matplotlib_formats

import camlib
from camlib import alexnet, checks, localize, photos, plot, transfer
from camlib.backend import keras
from camlib.data import stand_in

set_matplotlib_formats("jpeg", pil_kwargs={"quality": 88})  # a figure of photographs is large as PNG

# %%
found = photos.find(categories=20)
train, test = photos.split(found, per_class=30, seed=0)
names, labels, side = found.names, found.labels[test], 224
pictures = np.stack([photos.read(found.files[i], side) for i in test])
print(found.about)

figure, axes = plt.subplots(2, 4, figsize=(6.8, 3.8), layout="constrained")
for panel, label in zip(axes.flat, range(len(names))):
    plot.show_image(panel, pictures[labels == label][0])
    panel.set_title(names[label], fontsize=9)
plt.close(figure)
figure

# %% [markdown]
# **Which photographs are these?** The line above the figure says. `photos.find` takes the best there is: the folder that you name in `CAMLIB_CALTECH256`; else what `photos.download(20)` brought, the first 20 categories of Caltech-256 (some 90 MB of its 1.2 GB); else, offline, a **stand-in**. That is eight kinds of object cut out of scikit-image's photographs, pasted at random places, sizes, turns and brightness on brick, grass, gravel, sky and moon.
#
# A stand-in is not Caltech-256. Every picture of its cat shows the same cat, so *its accuracies say nothing about photographs at large*. What it has, and Caltech-256 has not, is the truth about where things are. Every cell below runs on both.
#
# ## Predict first
#
# > A network gets a new last layer, trained on **five** photographs of each category. Once its convolutions come from ImageNet; once they have random weights. How many of the other photographs does each get right? And the better one, taught with thirty and shown a ground with nothing on it: what will it say, and how sure will it be?
#
# ## 1 · What is cut, what is put on
#
# AlexNet is five convolutions, with max-pools between, and three dense layers. A layer with kernel side $k$, stride $s$ and padding $p$ turns $n$ pixels (or cells) a side into
#
# $$n' = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1 .$$

# %% tags=["nbval-check-output"]
LAYERS = {"conv1": (11, 4, 2), "pool1": (3, 2, 0), "conv2": (5, 1, 2), "pool2": (3, 2, 0),
          "conv3": (3, 1, 1), "conv4": (3, 1, 1), "conv5": (3, 1, 1)}  # kernel, stride, padding
trunk, cells = alexnet.alexnet_features(), 224
for name, (kernel, stride, padding) in LAYERS.items():
    cells = (cells + 2 * padding - kernel) // stride + 1
    print(f"{name}: {cells} × {cells}", end="\n" if name == "conv5" else "   ")
assert trunk.compute_output_shape((1, 224, 224, 3)) == (1, cells, cells, 256)


# %% [markdown]
# ### Exercise 5.1 · The side of the map
#
# Convolutions do not mind how large a photograph is. How many cells a side has the map of a photograph of `pixels` px?

# %% tags=["exercise"]
def map_side(pixels):
    """pixels: side of a square photograph. Return the cells a side after conv5, an int. LAYERS is above."""
    for kernel, stride, padding in LAYERS.values():
        pixels = (pixels + 2 * padding - kernel) // stride + 1
    return pixels


# %%
checks.map_side(map_side, 448)

# %% [markdown]
# The dense layers are what does mind. A last max-pool makes 6 × 6 cells of the 13 × 13, and each of the 4,096 units of the first dense layer has a weight for each of those 6 × 6 × 256 numbers: it fits one size. They also hold most of the network. (This is Krizhevsky's AlexNet of 2014, as torchvision ships it; the one of 2012 has more channels in its first layers.)

# %% tags=["nbval-check-output"]
kept = trunk.count_params()
cut = (6 * 6 * 256 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000
assert kept + cut == 61_100_840  # AlexNet, as torchvision counts it
print(f"kept: {kept:,} weights.  cut: {cut:,}, {cut / (kept + cut):.0%} of the network")

# %% [markdown]
# So 4 % of AlexNet stays. What does it see? Here is one photograph, and the five channels of conv5 that answer it most strongly. Nobody told a channel what to answer: which of them found the object, and which its surroundings?

# %%
photo = pictures[labels == 1][0]
answer = trunk.predict(photo[None], verbose=0)[0]
strongest = answer.mean(axis=(0, 1)).argsort()[::-1][:5]
figure, axes = plt.subplots(1, 6, figsize=(6.8, 1.5), layout="constrained")
plot.show_image(axes[0], photo)
for panel, channel in zip(axes[1:], strongest):
    panel.imshow(answer[:, :, channel], cmap=plot.FEATURE)
    panel.set(xticks=[], yticks=[])
    panel.set_title(f"channel {channel}", fontsize=8)
plt.close(figure)
figure

# %% [markdown]
# Now put on global average pooling and one dense layer. The paper puts a convolution with 1,024 new channels in between and trains on ImageNet's million photographs. We have a few hundred, so nothing will be trained but the last layer, and two refinements take the convolution's place (further exercise (a) measures them). The maps of **conv4** are averaged beside those of conv5: 512 numbers instead of 256. And before the mean comes a max-pool, 7 × 7 at stride 1, so that a strong answer in one place outvotes a weak one everywhere.
#
# A max-pool would smear each peak over 7 × 7 cells, and the class map with it. But the mean cannot tell whether a peak of height $f$ was copied to $n$ places or stayed in one with height $n f$. If $n(x, y)$ counts the windows in which the value at $(x, y)$ is the largest,
#
# $$\sum_{x, y} \max_{7 \times 7 \text{ around } (x, y)} f \;=\; \sum_{x, y} n(x, y) \, f(x, y),$$
#
# and the right-hand side leaves each value where it was found. The layer is called *winners*:

# %%
network = alexnet.alexnet_gap(len(names))
single = answer[None, :, :, strongest[1:2]]
spread = np.asarray(keras.layers.MaxPooling2D(7, 1, padding="same")(single))
kept_in_place = np.asarray(network.get_layer("winners")(single))
assert np.isclose(spread.sum(), kept_in_place.sum(), rtol=1e-5)

figure, axes = plt.subplots(1, 3, figsize=(5, 1.9), layout="constrained")
for panel, values, title in zip(axes, (single, spread, kept_in_place), ("a channel", "max-pooled", "winners")):
    panel.imshow(values[0, :, :, 0], cmap=plot.FEATURE)
    panel.set(xticks=[], yticks=[])
    panel.set_title(f"{title}\nmean {values.mean():.1f}, highest {values.max():.0f}", fontsize=8)
plt.close(figure)
figure

# %% [markdown]
# Each picture has its own range. The middle and the right one have the same mean, so both give the same vote; the map is drawn from the right one.
#
# ## 2 · A new vote from a few photographs
#
# The convolutions stay as they are. So what the mean hands to the dense layer, $F_k$, need be computed only once for each photograph. It is kept on disk, and the second run of the next cell takes no time.

# %%
features = camlib.gap_features(network, found.files, progress=False)
print(f"{len(features):,} photographs → {features[0].size} numbers each")
by_hand = keras.Model(network.inputs, network.get_layer("gap").output).predict(pictures[:4], verbose=0)
assert np.allclose(features[test[:4]], by_hand, rtol=0.01, atol=0.01)  # kept in half precision


# %% [markdown]
# What is left to train is softmax regression: 512 numbers in, one logit a category out. Channels differ in strength, so each is first made comparable, $\hat F_k = (F_k - \mu_k) / \sigma_k$, with mean and deviation over the training photographs. The logits are then
#
# $$z_c = \sum_k v_{kc}\, \frac{F_k - \mu_k}{\sigma_k} + b_c = \sum_k \underbrace{\frac{v_{kc}}{\sigma_k}}_{w_{kc}} F_k + \underbrace{b_c - \sum_k \frac{v_{kc}\, \mu_k}{\sigma_k}}_{b'_c} .$$
#
# Standardising between the mean and the vote would break the form, mean → dense, on which [04](04_class_activation_maps.ipynb) rests. But it is linear, so it folds in: the network with $w$ and $b'$ has that form, and says the same.
#
# ### Exercise 5.2 · Fold it in
#
# Turn the vote on standardised features into a vote on the features as they are.

# %% tags=["exercise"]
def fold(v, b, mean, deviation):
    """v: (channels, classes), b: (classes,), mean, deviation: (channels,). Return w and b', shaped as v and b."""
    w = v / deviation[:, None]
    return w, b - mean @ w


# %%
random = np.random.default_rng(0)
v, b, some = random.normal(size=(512, 8)), random.normal(size=8), features[train]
mean, deviation = some.mean(axis=0), some.std(axis=0) + 1e-6
checks.fold(fold, v, b, mean, deviation)

w = np.diag(1 / deviation) @ v
assert np.allclose((some - mean) / deviation @ v + b, some @ w + (b - mean @ w), rtol=1e-3, atol=1e-3)


# %% [markdown]
# The usual protocol of Caltech-101 and Caltech-256: so many photographs of each category to train on, drawn by a seed, and the rest to test. Caltech's categories have unlike numbers of photographs, so what is reported is the **mean of the per-class accuracies**,
#
# $$A = \frac1C \sum_{c=1}^{C} \frac{\text{photographs of } c \text{ named rightly}}{\text{photographs of } c} .$$
#
# ### Exercise 5.3 · Every class counts alike

# %% tags=["exercise"]
def mean_of_classes(guesses, truth):
    """guesses, truth: int, (n,), class numbers. Return the mean of the per-class accuracies, a float from 0 to 1."""
    return np.mean([(guesses[truth == which] == which).mean() for which in np.unique(truth)])


# %%
checks.mean_of_classes(mean_of_classes, np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 0, 0, 1, 1]))
truth, guesses = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 2])
assert camlib.class_accuracy(np.eye(3)[guesses], truth) == (3 / 4 + 1 / 2) / 2

# %% [markdown]
# Now your prediction. Same photographs, same last layer, same fit (`fit_head` is that regression, and its `penalty` keeps the weights small); only the convolutions differ.

# %%
keras.utils.set_random_seed(0)
untaught = alexnet.alexnet_gap(len(names), weights=None)
rivals = {"from ImageNet": features, "random": camlib.gap_features(untaught, found.files, progress=False)}

def accuracy_with(rows, per_class, seed):
    train, test = photos.split(found, per_class, seed)
    kernel, bias = camlib.fit_head(rows[train], found.labels[train], penalty=0.03)
    return 100 * camlib.class_accuracy(rows[test] @ kernel + bias, found.labels[test])

counts = (1, 2, 5, 10, 30)
curves = {name: [np.mean([accuracy_with(rows, count, seed) for seed in range(3)]) for count in counts]
          for name, rows in rivals.items()}

# %%
figure, axes = plt.subplots(figsize=(6.4, 3.2), layout="constrained")
for (name, curve), style in zip(curves.items(), ("-o", "--s")):
    axes.plot(counts, curve, style, color=plot.ACCENT if name != "random" else plot.INK, ms=4, label=name)
axes.set(xlabel="training photographs a category", ylabel="mean of the per-class accuracies (%)", xscale="log",
         ylim=(0, 102), title="What convolutions learnt elsewhere is worth here (mean of 3 draws)")
axes.set_xticks(counts, counts)
axes.minorticks_off()
axes.legend(title="convolutions", frameon=False, fontsize=8)
plt.close(figure)
at_five = {name: curve[2] for name, curve in curves.items()}
print(", ".join(f"{name}: {value:.0f} %" for name, value in at_five.items()), "with five photographs a category")
if found.stand_in:
    assert at_five["from ImageNet"] > curves["random"][-1]
figure

# %% [markdown]
# On the stand-in, thirty photographs with random convolutions do not bring what five bring with ImageNet's; on real ones read your own curve. That is **transfer**: features learnt for a thousand names of their own serve these.
#
# `run_transfer` does the whole of it: features of every photograph and of the mirrored training ones, the penalty on large weights chosen by cross-validation *on training photographs*, the folded head, the protocol. From a terminal it is `python -m camlib transfer`. (On a stand-in this easy its care gains nothing over the curve above; it is for photographs.)

# %%
result = transfer.run_transfer(found, per_class=30, seed=0, progress=False)
network, numbers = result.model, result.numbers
kind = "the STAND-IN" if found.stand_in else "real photographs"
print(f"{kind}: {numbers['accuracy']:.1%} right on {numbers['test']} pictures of {len(names)} categories, "
      f"30 of each to train on; fitting the head took {numbers['seconds']['head']:.1f} s")
assert np.array_equal(result.test, test)

# %% [markdown]
# ## 3 · What it mixes up
#
# A mean hides who is taken for whom. With thirty photographs a category there may be little to see, so here is what five give (one draw, the first of the three above): rows are what a photograph shows, columns what it is called. On the stand-in, mind the column that is never quite dark. It comes back at the end.

# %%
few, rest = photos.split(found, per_class=5, seed=0)
kernel, bias = camlib.fit_head(features[few], found.labels[few], penalty=0.03)
said, true = (features[rest] @ kernel + bias).argmax(axis=1), found.labels[rest]
table = np.zeros((len(names), len(names)))
np.add.at(table, (true, said), 1)
table = 100 * table / table.sum(axis=1, keepdims=True)
assert np.isclose(table.diagonal().mean(), 100 * np.mean([(said[true == c] == c).mean() for c in set(true)]))

# %%
figure, axes = plt.subplots(figsize=(5.4, 4.2), layout="constrained")
heat = axes.imshow(table, cmap=plot.FEATURE, vmin=0, vmax=100)
axes.set(xticks=range(len(names)), yticks=range(len(names)), yticklabels=names, ylabel="what it shows")
axes.set_xticks(range(len(names)), names, rotation=40, ha="right", fontsize=8)
axes.set(xlabel="what it is called", title=f"Five photographs a category: {table.diagonal().mean():.0f} %")
figure.colorbar(heat, label="of the row's photographs (%)")
plt.close(figure)
worst = np.unravel_index(np.argmax(table - 1000 * np.eye(len(names))), table.shape)
print(f"the commonest slip: {names[worst[0]]} called {names[worst[1]]}, {table[worst]:.0f} % of the time")
figure

# %% [markdown]
# ## 4 · Where it looks
#
# The network ends convolutions → winners → mean → dense, so the maps are there to be read off, for all classes at once, and their mean is still the logit:
#
# $$z_c = \frac1N \sum_{x, y} M_c(x, y) + b'_c .$$

# %%
views = camlib.explain(network, pictures)
assert np.allclose(views.maps.mean(axis=(1, 2)) + views.bias, views.logits, rtol=1e-4, atol=1e-3)
print(f"{len(pictures)} photographs: maps of {views.maps.shape[1]} × {views.maps.shape[2]} cells, {len(names)} classes")

# %% [markdown]
# Now the first of the two figures: one picture, and the maps of its five most probable classes. On the stand-in the picture is one of those with several objects; the network has trained on single ones only.

# %%
crowded = stand_in.several(found.folder) or [found.files[i] for i in random.permutation(test)]
crowd = np.stack([photos.read(file, side) for file in crowded[:40]])
seen = camlib.explain(network, crowd)
shown = 5
plot.top_classes(crowd[shown], seen.maps[shown], seen.logits[shown], names)

# %% [markdown]
# Each map is stretched to its own range here, so even a class that nobody would name glows somewhere. Its percentage says how far to believe it.
#
# The other: one class across many photographs. What does the network mean by it?

# %%
which = 1
own = np.flatnonzero(labels == which)[:10]
figure, axes = plt.subplots(2, 5, figsize=(6.8, 3.1), layout="constrained")
for panel, i in zip(axes.flat, own):
    plot.overlay(panel, pictures[i], views.maps[i, :, :, which])
figure.suptitle(f"Where the evidence for “{names[which]}” lies, in ten photographs", fontsize=10)
plt.close(figure)
figure


# %% [markdown]
# ## 5 · Does it point at the object?
#
# They look convincing, and [05](05_measuring_localization.ipynb) taught what that is worth. On the stand-in it can be measured, since it knows which pixel belongs to what. The box is the paper's, around the largest piece above 20 %, here of the way from the map's minimum to its maximum.

# %%
def true_boxes(file):
    """Boxes of the objects in a picture of the stand-in, by class, on the 224 × 224 px that the network sees."""
    return stand_in.boxes(cv2.resize(stand_in.truth(file), (side, side), interpolation=cv2.INTER_NEAREST))

marked = found.stand_in  # Caltech-256 has no boxes: there the next cells have nothing to measure, and say so
if marked:
    boxes = np.array([true_boxes(found.files[i])[label] for i, label in zip(test, labels)])
    own_maps = views.maps[np.arange(len(labels)), :, :, labels]
    scored = {"CAM": localize.score_maps(own_maps, (side, side)),
              "centre": localize.centre_maps(len(labels), (side, side))}

# %%
if marked:
    for name, maps in scored.items():
        pointed = localize.pointing_game(maps, boxes, tolerance=1, labels=labels)
        right = [camlib.iou(localize.box_at(map_, 0.2), box) >= 0.5 for map_, box in zip(maps, boxes)]
        print(f"{name:7} points inside {pointed:5.1f} %   box with IoU ≥ 0.5 {100 * np.mean(right):5.1f} %")
    assert localize.pointing_game(scored["CAM"], boxes, tolerance=1) > 95
    assert localize.pointing_game(scored["centre"], boxes, tolerance=1) < 80
print("measured on the stand-in" if marked else "no boxes in these photographs: nothing measured")


# %% [markdown]
# On the stand-in, look at the baseline before you cheer: a single object is often large, and large objects cover the middle. So the harder question is the one that the middle cannot answer: with two or three objects in one picture, does **each class point at its own**?

# %%
def hits(file, maps):
    """For each object in a picture: does its own class's map point inside its box, and does the centre?"""
    for which, box in true_boxes(file).items():
        score = localize.score_maps(maps[None, :, :, which], (side, side))
        yield [localize.pointing_game(some, box[None], tolerance=1)
               for some in (score, localize.centre_maps(1, (side, side)))]

if marked:
    found_own = np.array([hit for file, maps in zip(crowded, seen.maps) for hit in hits(file, maps)])
    ours, centre = found_own.mean(axis=0)
    print(f"{len(found_own)} objects in {len(crowd)} pictures: own map hits {ours:.0f} %, the centre {centre:.0f} %")
    assert ours > 85 > 3 * centre

# %% [markdown]
# Slide it yourself. Choose a picture, then go through its classes and see where the heat goes. Under it, three pictures and the classes in them.

# %%
truths = [list(true_boxes(file).values()) for file in crowded[:8]] if marked else None
explorer = camlib.explorer(crowd[:8], seen.maps[:8], bias=seen.bias, class_names=names, boxes=truths,
                           colormap="magma", scale="map")  # red and blue would drown in a photograph's own
explorer

# %%
figure, axes = plt.subplots(3, 4, figsize=(6.8, 5.2), layout="constrained")
for row, i in zip(axes, (1, 3, 5)):
    truth = true_boxes(crowded[i]) if marked else dict.fromkeys(seen.logits[i].argsort()[::-1][:3])
    plot.show_image(row[0], crowd[i])
    for panel, (which, box) in zip(row[1:], truth.items()):
        plot.overlay(panel, crowd[i], seen.maps[i, :, :, which])
        panel.set_title(f"{names[which]}  {camlib.softmax(seen.logits[i])[which]:.0%}", fontsize=9)
        if box is not None:
            plot.draw_box(panel, box, color="white")
explorer.image_index, explorer.class_index = 3, int(seen.logits[3].argmax())
assert np.isclose(explorer.logit, seen.logits[3].max(), atol=0.01)
plt.close(figure)
figure

# %% [markdown] tags=["honest-failure"]
# ## An honest failure: an empty ground
#
# The last question of the prediction. Here are forty grounds, brick, grass, gravel, sky and moon, with **no object at all**.

# %%
grounds = np.stack([cv2.resize(stand_in.draw([], (9, i))[0], (side, side)) for i in range(40)])
empty = camlib.explain(network, grounds)
verdicts, sure = empty.logits.argmax(axis=1), camlib.softmax(empty.logits).max(axis=1)
favourite = np.bincount(verdicts).argmax()
print(f"{(verdicts == favourite).mean():.0%} of the empty grounds are called {names[favourite]}, "
      f"half of all verdicts with a probability above {np.median(sure):.0%}")
if found.stand_in:
    assert (verdicts == favourite).mean() > 0.8 and np.median(sure) > 0.8

# %%
figure, axes = plt.subplots(2, 5, figsize=(6.9, 2.8), layout="constrained")
objects = np.flatnonzero(labels == favourite)[:5]
limit = abs(views.maps[objects, :, :, favourite]).max()
for column, i, j in zip(axes.T, range(5), objects):
    plot.show_signed(column[0], empty.maps[i, :, :, favourite], grounds[i], limit)
    heat = plot.show_signed(column[1], views.maps[j, :, :, favourite], pictures[j], limit)
axes[0, 0].set_ylabel("nothing there", fontsize=8)
axes[1, 0].set_ylabel(names[favourite], fontsize=8)
figure.colorbar(heat, ax=axes, label="evidence in a cell")
figure.suptitle(f"What speaks for “{names[favourite]}” (red) and against it (blue)", fontsize=10)
plt.close(figure)
figure

# %% [markdown]
# A verdict, and next to nothing in the map. But a map is only one part of a logit. The other is the bias, and this one has a history: Exercise 5.2 made $b'_c = b_c - \sum_k w_{kc}\,\mu_k$ of the bias $b_c$ that was learnt and of the channels' means. Take it apart again:

# %%
kernel = network.get_layer("dense").get_weights()[0]
mirrored = camlib.gap_features(network, [found.files[i] for i in train], mirror=True, progress=False)
folded = -(features[train].mean(axis=0) + mirrored[:].mean(axis=0)) / 2 @ kernel
evidence = empty.maps.mean(axis=(0, 1, 2))  # of each class, mean over the empty grounds
assert np.allclose(evidence + empty.bias, empty.logits.mean(axis=0), atol=1e-3)
print(f"{'':12}  map  + bias    bias = learnt + folded in")
for c in (evidence + empty.bias).argsort()[::-1][:3]:
    print(f"{names[c]:12} {evidence[c]:+5.1f}  {empty.bias[c]:+5.1f}           {empty.bias[c] - folded[c]:+5.1f}   "
          f"{folded[c]:+5.1f}")
if found.stand_in:
    assert empty.bias.argmax() == favourite and evidence[favourite] < 0 > (empty.bias - folded)[favourite]

# %% [markdown]
# On the stand-in the map speaks, on the whole, *against* the rocket, and the bias overrules it. Yet the bias that was *learnt* is below zero. What the head did learn is to take votes off the rocket wherever features are strong: a sliver on a ground, its pictures have the weakest features of all. Counted from the average picture, then, a ground where little answers *is* evidence for the rocket. A class activation map counts from zero instead, and the same votes sit in the bias. Where the map ends and the bias begins is a convention: **read both.**
#
# How many of the real rockets owe their name to it? Give the class a bias like the others':

# %%
own = labels == favourite
weakest = np.argmin([features[test][labels == c].mean() for c in range(len(names))])
bias = empty.bias.copy()
bias[favourite] = np.delete(bias, favourite).mean()
kept = (views.logits[own] - views.bias + bias).argmax(axis=1) == favourite
was = views.logits[own].argmax(axis=1) == favourite
print(f"pictures of {names[favourite]} named rightly: {was.mean():.0%}, with a bias like the others' {kept.mean():.0%}")
if found.stand_in:
    assert weakest == favourite and was.mean() > 0.9 and kept.mean() < 0.5

# %% [markdown]
# On the stand-in, most rockets were named rightly for how little there is around them, not for what is on them. Networks that are right for the wrong reason have a name, *Clever Hans*, after a horse that could not count. Test accuracy cannot see it, since every test picture has an object. (Notebook [03](03_lenet_gap.ipynb) has the remedy: scenes of clutter alone, whose target is every class alike.)
#
# ## Summary
#
# - Everything after conv5 goes, 96 % of the weights; a mean and one dense layer come on. Any size of photograph will do, and 224 px give 13 × 13 cells.
# - Features computed once, a head fitted in seconds. What convolutions learnt from ImageNet serves categories that they were not trained for.
# - Standardising folds into the dense layer, and a max-pool can leave its winners where they were: neither breaks the identity.
# - On the stand-in each class points at its own object, though the network was only ever told *what*. It also names something where there is nothing, and then the bias speaks, which no map shows.
#
# **Further exercises.** (a) Set `network={"taps": ("conv5",), "pool": 1}` in `run_transfer`, the plainest head. What do its accuracy with five photographs, its pointing and its boxes lose or gain? (b) `run_transfer(found, fine_tune=4)` goes on to train conv4, conv5 and the head on augmented photographs. Does it pay with thirty a category? (c) Add the empty grounds as a category of their own and ask again: what becomes of the bias? (d) Hand the network photographs at 448 px: finer maps, but do they still point?
#
# **References.** B. Zhou et al., *Learning Deep Features for Discriminative Localization*, CVPR 2016, arXiv:1512.04150. A. Krizhevsky, I. Sutskever, G. Hinton, *ImageNet Classification with Deep Convolutional Neural Networks*, NIPS 2012. A. Krizhevsky, *One weird trick for parallelizing convolutional neural networks*, 2014, arXiv:1404.5997. G. Griffin, A. Holub, P. Perona, *Caltech-256 Object Category Dataset*, Caltech, 2007. S. Lapuschkin et al., *Unmasking Clever Hans predictors*, Nature Communications 2019, arXiv:1902.10178.
#
# **Next:** [07 · And if the network ends some other way?](07_beyond_cam.ipynb)
