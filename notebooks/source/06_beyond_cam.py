# %% [markdown]
# # 06 · And if the network ends some other way?
#
# The class activation map asks a price: the network must end convolution → global average pooling → dense. Since 2016 a family of methods has tried to do without. Grad-CAM is the best known; here are eight of them, and more are published every year.
#
# Below, two digits share a scene. Each method is asked for one, then for the other, about the same network. Seven give two answers, some clearer than others. One gives the same picture twice. By the end you will know why, what each method computes, what it costs, and which to take.
#
# **You will be able to**
#
# 1. derive that Grad-CAM *is* CAM, up to ReLU and a constant, on a network that ends in pooling;
# 2. say where Grad-CAM and HiResCAM part on a network with dense layers, and test which of them describes the network;
# 3. place the cells of a map on the right pixels of a scene;
# 4. choose a method by what you need and what it costs, and tell when its answer is no answer.
#
# **Before you start:** notebook [03](03_class_activation_maps.ipynb), and from [04](04_measuring_localization.ipynb) the pointing game and MaxBoxAccV2. **Time:** 45 minutes; all cells run in about a minute.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

import camlib
from camlib import attribution, checks, faithfulness, localize, plot
from camlib.backend import keras
from camlib.networks.head import lift, spread

# %%
train_digits, test_digits = camlib.load_split()
scenes = camlib.make_scenes(test_digits, 100, size=64, distractors=4, seed=7)
pairs = camlib.make_scenes(test_digits, 1000, size=64, distractors=4, digits_per_scene=2, seed=7)
disjoint = camlib.iou(pairs.boxes[:, 0], pairs.boxes[:, 1]) == 0
differ = pairs.labels[:, 0] != pairs.labels[:, 1]
pairs = type(pairs)(*(part[disjoint & differ][:40] for part in pairs))

network = camlib.shipped_run().load()
spread(network, 100, 64)  # its head was made for scenes of 100 px; notebook 02 says how this refits it

# %%
NAMES = dict(zip(attribution.METHODS, ["Grad-CAM", "Grad-CAM++", "HiResCAM", "XGrad-CAM", "LayerCAM",
                                       "Score-CAM", "Ablation-CAM", "Eigen-CAM"]))

answers = {
    method: attribution.attribute(network, pairs.images[[0, 0]], pairs.labels[0], method) for method in NAMES
}
figure, axes = plt.subplots(2, 8, figsize=(7, 2.1), layout="constrained")
for panels, (method, maps) in zip(axes.T, answers.items()):
    panels[0].set_title(NAMES[method], fontsize=8)
    for panel, map_ in zip(panels, maps):
        plot.overlay(panel, pairs.images[0], np.maximum(map_, 0))
for panel, digit in zip(axes[:, 0], pairs.labels[0]):
    panel.text(-14, 32, f"where is the {digit}?", fontsize=8, rotation=90, va="center", ha="center")
plt.close(figure)
figure

# %% [markdown]
# ## Predict first
#
# > The network above ends in pooling. Take one feature $k$ and raise its value in **one** cell by a little. How much does the logit of class $c$ rise, and does it matter which cell you chose? Now take a network that ends in dense layers instead: does it matter there?
#
# ## 1 · A map from gradients
#
# Your prediction concerned a derivative. With $N$ cells, pooling and the dense layer compute
#
# $$z_c = \sum_k w_{kc} \, \frac1N \sum_{x, y} f_k(x, y) + b_c \qquad\Longrightarrow\qquad \frac{\partial z_c}{\partial f_k(x, y)} = \frac{w_{kc}}{N} .$$
#
# No place on the right-hand side: every cell counts alike. Automatic differentiation agrees:

# %% tags=["nbval-check-output"]
halves = attribution.cut(network)  # cut in two: scene → features, features → logits
floats = scenes.images.astype(np.float32)
features, gradients = attribution.features_and_gradients(halves, floats, scenes.labels)
kernel, bias = network.get_layer("dense").get_weights()
N = features.shape[1] * features.shape[2]

assert np.allclose(gradients, kernel.T[scenes.labels][:, None, None] / N, atol=1e-6)
print("gradients:", gradients.shape, "and each of the", N, "cells of a scene has the same")

# %% [markdown]
# So a gradient can stand in for the weight, and a gradient exists whatever the ending. **Grad-CAM** (Selvaraju et al. 2017) averages it over the cells; **HiResCAM** (Draelos & Carin 2020) leaves it where it is:
#
# $$G_c = \mathrm{ReLU}\Big(\sum_k \alpha_k f_k\Big), \quad \alpha_k = \frac1N \sum_{x, y} \frac{\partial z_c}{\partial f_k(x, y)}; \qquad H_c = \sum_k \frac{\partial z_c}{\partial f_k} \odot f_k .$$
#
# Put $w_{kc} / N$ in for the derivative: on this network $G_c = \mathrm{ReLU}(M_c) / N$ and $H_c = M_c / N$, where $M_c$ is the class activation map.

# %%
cam = camlib.explain(network, scenes.images).maps[np.arange(100), :, :, scenes.labels]
positive = np.maximum(cam, 0)
for method, expected in (("grad_cam", positive), ("xgrad_cam", positive), ("hires_cam", cam)):
    maps = attribution.attribute(network, scenes.images, scenes.labels, method)
    assert np.allclose(N * maps, expected, atol=1e-3)


# %% [markdown]
# XGrad-CAM fell out as well: it averages the gradient with the features as weights, and the average of a constant is that constant, however weighted. If a network ends in pooling, these three tell you nothing that CAM did not, and CAM gives all classes in one pass.
#
# ### Exercise 6.1 · LayerCAM without a gradient
#
# LayerCAM is $\mathrm{ReLU}\big(\sum_k \mathrm{ReLU}(\partial z_c / \partial f_k) \odot f_k\big)$. On this network you need no gradient for it: write it from the features of one scene, (rows, columns, channels), and the class's column of the kernel, (channels,). The features are never negative.

# %% tags=["exercise"]
def layer_cam_by_hand(features, weights):
    """LayerCAM of a network that ends GAP → dense: (rows, columns)."""
    cells = features.shape[0] * features.shape[1]
    return features @ np.maximum(weights, 0) / cells


# %%
checks.layer_cam_by_hand(layer_cam_by_hand, features[0], kernel[:, scenes.labels[0]])

# %% [markdown]
# So LayerCAM drops every weight that speaks *against* the class, and on this network it is no longer CAM.
#
# ## 2 · A network that ends some other way
#
# Now LeNet with its dense layers left in, trained here on scenes with four pieces of clutter. CAM refuses it:

# %% tags=["nbval-check-output"]
lenet = camlib.lenet_dense(size=64)
try:
    camlib.explain(lenet, scenes.images)
except ValueError as error:
    print(str(error).split(". ")[0])

# %%
rate = keras.optimizers.schedules.CosineDecay(0.003, 800)
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
lenet.compile(keras.optimizers.Adam(rate), loss)
batches = camlib.scene_dataset(train_digits, 64, size=64, distractors=4, seed=0)
_ = lenet.fit(batches, steps_per_epoch=800, verbose=0, shuffle=False)

for model in (network, lenet):
    right = model.predict_on_batch(scenes.images).argmax(axis=1) == scenes.labels
    print(f"{model.name}: {right.mean():.0%} of the 100 scenes right")
assert right.mean() > 0.6

# %% [markdown]
# Eight hundred small batches make a mediocre network. That will do: maps explain networks, good or not.
#
# For a single scene, a ReLU is a switch: on or off. Fix the switches as this scene sets them, as diagonal matrices $D_1, D_2$ of ones and zeros, and what remains of three dense layers is one:
#
# $$z = f \, W + \beta, \qquad W = W_1 D_1 W_2 D_2 W_3 , \qquad \beta = \left( (b_1 D_1 W_2 + b_2) D_2 \right) W_3 + b_3$$
#
# where $f$ is the flat row of all features. So *for this scene* the network is linear after all, with a weight for every feature **and place**. Those weights are the gradient, and HiResCAM multiplies exactly them with the features. It keeps an identity that you know: **the sum of its cells, plus what the biases add, is the logit**,
#
# $$\sum_{x, y} H_c(x, y) + \beta_c = z_c .$$

# %%
deep = attribution.cut(lenet)
seen, slopes = attribution.features_and_gradients(deep, floats, scenes.labels)
w1, b1, w2, b2, w3, b3 = lenet.get_weights()[4:]
c, f = scenes.labels[0], seen[0].ravel()
hidden = np.maximum(f @ w1 + b1, 0)
on1, on2 = hidden > 0, hidden @ w2 + b2 > 0
W = w1 * on1 @ (w2 * on2) @ w3
beta = (b1 * on1 @ w2 + b2) * on2 @ w3 + b3

logits = lenet.predict_on_batch(scenes.images[:1])[0]
hires, grad = (attribution.attribute(lenet, *scenes[:2], method) for method in ("hires_cam", "grad_cam"))
assert np.allclose(f @ W + beta, logits, atol=1e-3)
assert np.allclose(W[:, c], slopes[0].ravel(), atol=1e-4)
assert np.isclose(hires[0].sum() + beta[c], logits[c], atol=1e-3)

# %% [markdown]
# Grad-CAM weighs each cell's features with the average over *all* cells instead. Pooling made the two equal. Here they are not:

# %%
figure, axes = plt.subplots(1, 2, figsize=(6, 2.7), layout="constrained")
titles = "pooling: one value", "dense: each place its own"
for panel, gradient, title in zip(axes, (gradients[0], slopes[0]), titles):
    channel = gradient[..., gradient.sum(axis=(0, 1)).argmax()]
    heat = panel.imshow(channel / abs(channel).max(), cmap=plot.SIGNED, vmin=-1, vmax=1)
    panel.set_title(title, fontsize=10)
    panel.set(xlabel="column of cells", ylabel="row of cells", xticks=range(0, 13, 4), yticks=range(0, 13, 4))
figure.colorbar(heat, ax=axes, label="slope of the logit\n(1: the largest)")
plt.close(figure)
figure


# %% [markdown]
# ### Exercise 6.2 · Grad-CAM by hand
#
# From the features and gradients of one scene, both (rows, columns, channels), compute Grad-CAM, (rows, columns). Your function is checked on the dense LeNet, where the order of mean, product and ReLU matters.

# %% tags=["exercise"]
def grad_cam_by_hand(features, gradients):
    """Grad-CAM of one scene: (rows, columns)."""
    alpha = gradients.mean(axis=(0, 1))
    return np.maximum(features @ alpha, 0)


# %%
checks.grad_cam_by_hand(grad_cam_by_hand, seen[0], slopes[0])

# %% [markdown]
# ## 3 · Where does a cell lie?
#
# To lay 13 × 13 cells over 64 × 64 pixels, notebook 03 would stretch them. Here that is wrong. LeNet's convolutions have no padding, so its cells do not reach the edge. Going back through pool, convolution, pool and convolution, cell $i$ sees the pixels
#
# $$4i, \; \ldots, \; 4i + 15, \qquad \text{so its centre is } 4i + 7.5 .$$
#
# A test: keep these 16 × 16 pixels and replace all others by noise, and the cell must not notice; take one pixel off each side of them, and it must.

# %% tags=["nbval-check-output"]
i, noise = 4, np.random.default_rng(0).uniform(0, 255, (3, 64, 64)).astype(np.float32)
for other, kept in ((1, slice(4 * i, 4 * i + 16)), (2, slice(4 * i + 1, 4 * i + 15))):
    noise[other, kept, kept] = noise[0, kept, kept]
cell = np.asarray(deep.below(noise))[:, i, i]

assert np.allclose(cell[0], cell[1], atol=1e-5) and not np.allclose(cell[0], cell[2], atol=1e-2)
print(f"cell {i} sees pixels {4 * i} to {4 * i + 15} and no others")


# %% [markdown]
# The 13 cells stand for the middle 52 pixels, 4 each; a border of 6 belongs to none. (`lenet_gap` pads: its 16 cells of 4 cover all 64.) One function serves both:

# %%
def on_scene(maps):
    """Score maps, (n, 64, 64), of maps whose cells are 4 pixels apart, about the middle of the scene."""
    side = 4 * maps.shape[1]
    edge = (64 - side) // 2
    return np.pad(localize.score_maps(maps, (side, side)), [(0, 0), (edge, edge), (edge, edge)])


def inside(score_maps, boxes=scenes.boxes):
    return localize.pointing_game(score_maps, boxes, tolerance=1)


assert abs((0 + 0.5) * 64 / 13 - 0.5 - 7.5) > 5  # the first cell's centre, stretched and true
stretched, placed = inside(localize.score_maps(grad, (64, 64))), inside(on_scene(grad))
print(f"Grad-CAM of lenet_dense, inside the digit's box: stretched {stretched:.0f} %, placed {placed:.0f} %")
assert placed > stretched + 5

# %% [markdown]
# Same network, same maps: at the corners of the scene, stretching moves a cell by more than five pixels each way. If an off-the-shelf network seems to point poorly, look at its padding first.
#
# With the cells in their places, here is the family on three scenes (of signed maps, the positive part):

# %%
figure, axes = plt.subplots(3, 8, figsize=(7, 3), layout="constrained")
for panels, method in zip(axes.T, NAMES):
    maps = attribution.attribute(lenet, scenes.images[:3], scenes.labels[:3], method)
    panels[0].set_title(NAMES[method], fontsize=8)
    for panel, image, heat in zip(panels, scenes.images, on_scene(np.maximum(maps, 0))):
        plot.overlay(panel, image, heat)
plt.close(figure)
figure

# %% [markdown]
# ### The explorer, for a network without pooling
#
# The matrix $W$ of this scene gives a map for *each* class. Times the number of cells, they obey the course's identity, mean plus bias is the logit, so the explorer shows them honestly: for this one scene, with the bias $\beta$ that this scene has. (It shows the middle 52 pixels.)

# %%
evidence = np.einsum("yxk,yxkc->yxc", seen[0], W.reshape(*seen[0].shape, 10)) * 13 * 13
middle = scenes.images[:1, 6:58, 6:58]
explorer = camlib.explorer(middle, evidence[None], bias=beta, labels=scenes.labels[:1])
explorer

# %%
explorer.class_index = int(c)
assert np.isclose(explorer.logit, logits[c], atol=1e-2)
plot.maps_by_class(middle[0], evidence, logits=logits, classes=np.argsort(-logits)[:5], label=c, width=1.1)


# %% [markdown]
# ## 4 · Which of them describes the network?
#
# Pointing at the object is one question. Saying what the *network* used is another, and it has a direct test that needs no boxes. Set all features of one cell to zero and see how far the logit falls, for every cell in turn:
#
# $$\Delta_c(x, y) = z_c(f) - z_c(f \text{ with cell } (x, y) \text{ erased}).$$
#
# On the network with pooling, that is $M_c / N$ again, exactly. On the other, ReLUs may switch while the cell goes, so a map can only come close. How close, we measure as the rank correlation of map and $\Delta_c$.

# %%
def effect_of_erasing(model, images, classes):
    """How far each image's logit falls when one cell's features become zero: (n, rows, columns)."""
    halves, images = attribution.cut(model), images.astype(np.float32)
    features = np.asarray(halves.below(images))
    before = attribution.scores(halves, images, features, classes)
    falls = np.zeros(features.shape[:3], np.float32)
    for y, x in np.ndindex(falls.shape[1:]):
        without = features.copy()
        without[:, y, x] = 0
        falls[:, y, x] = before - attribution.scores(halves, images, without, classes)
    return falls


# %%
erased = {model: effect_of_erasing(model, scenes.images, scenes.labels) for model in (network, lenet)}
assert np.allclose(N * erased[network], cam, atol=1e-2)

agreement = {}
for name, maps in (("HiResCAM", hires), ("Grad-CAM", grad)):
    agreement[name] = faithfulness.rank_similarity(maps, erased[lenet])
    print(f"lenet_dense, {name}: rank correlation with the effect of erasing {agreement[name].mean():.2f}")
same = (hires.reshape(100, -1).argmax(axis=1) == grad.reshape(100, -1).argmax(axis=1)).mean()
print(f"both have their maximum in the same cell in {same:.0%} of the scenes")
assert agreement["HiResCAM"].mean() > 0.9 > 0.8 > agreement["Grad-CAM"].mean() and same < 0.7

# %%
worst = agreement["Grad-CAM"].argmin()
image = scenes.images[worst, 6:58, 6:58]
figure, axes = plt.subplots(1, 4, figsize=(7, 2.1), layout="constrained")
plot.show_image(axes[0], image)
for panel, values in zip(axes[1:], (erased[lenet], hires, grad)):
    plot.show_signed(panel, values[worst], image, abs(values[worst]).max())
titles = f"scene: {scenes.labels[worst]}", "effect of erasing", "HiResCAM", "Grad-CAM"
for panel, title in zip(axes, titles):
    panel.set_title(title, fontsize=9)
plt.close(figure)
figure

# %% [markdown]
# This is the scene where Grad-CAM agrees least. HiResCAM follows what erasing does, blue included. Grad-CAM has no blue, and warms cells whose erasing changes little, or helps. (The test asks HiResCAM's own question, the effect of *one* cell. Erase many at once, as the deletion curves of notebook 04 do, and no map has the answer built in.)
#
# ## 5 · The family, measured
#
# Now all eight on both networks, on the same 100 scenes, with four numbers and a price. *Inside*: the maximum lies in the digit's box. *Boxes*: MaxBoxAccV2. *Of two*: asked for one of the two digits in the 40 pairs, the maximum lies in that digit's box. *Erasing*: section 4. *Cost*: processor time over that of a plain prediction of the same scenes.

# %%
asked = pairs.images.repeat(2, axis=0), pairs.labels.ravel()
asked_boxes = pairs.boxes.reshape(-1, 4)

def seconds(function, *arguments):
    """(processor time of a call, its result); what else the machine does counts little."""
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result

def judge(score_maps, score_maps_of_asked):
    boxes = localize.max_box_acc_v2(score_maps, scenes.boxes).score
    return inside(score_maps), boxes, inside(score_maps_of_asked, asked_boxes)


# %%
table = {}
for model in (network, lenet):
    plain = min(seconds(model.predict_on_batch, scenes.images)[0] for _ in range(5))
    for method, name in NAMES.items():
        cost, maps = seconds(attribution.attribute, model, scenes.images, scenes.labels, method)
        numbers = judge(on_scene(maps), on_scene(attribution.attribute(model, *asked, method)))
        agreed = faithfulness.rank_similarity(maps, erased[model]).mean()
        table[model.name, name] = *numbers, agreed, cost / plain

# %%
baselines = {"centre": localize.centre_maps, "uniform": localize.uniform_maps}
rows = {name: judge(make(100, (64, 64)), make(80, (64, 64))) for name, make in baselines.items()}
rows["ink"] = judge(localize.ink_maps(scenes.images), localize.ink_maps(asked[0]))
print(f"{'':24}inside  boxes  of two  erasing   cost")
for (model, name), (*numbers, agreed, cost) in table.items():
    print(f"{model:12}{name:12}{numbers[0]:6.0f}{numbers[1]:7.0f}{numbers[2]:8.0f}{agreed:9.2f}{cost:6.0f}×")
for name, numbers in rows.items():
    print(f"{'baseline':12}{name:12}{numbers[0]:6.0f}{numbers[1]:7.0f}{numbers[2]:8.0f}")

# %%
columns = {m: np.array([table[m.name, name] for name in NAMES.values()]).T for m in (network, lenet)}
styles = {network: dict(marker="o", color=plot.INK), lenet: dict(marker="s", color=plot.ACCENT, mfc="white")}
titles = ["inside (%)", "boxes, V2 (%)", "of two (%)", "erasing (rank corr.)", "cost (× prediction)"]
figure, axes = plt.subplots(1, 5, figsize=(7, 2.6), layout="constrained", sharey=True)
for (model, values), (column, panel) in ((m, p) for m in columns.items() for p in enumerate(axes)):
    panel.plot(values[column], range(8), ls="", ms=5, label=model.name, **styles[model])
    panel.set_title(titles[column], fontsize=8)
for panel, ink in zip(axes, rows["ink"]):
    panel.axvline(ink, color=plot.QUIET, ls="--", lw=1, label="baseline: ink")
    panel.set_xlim(0, 104)
axes[4].set_xscale("log")
axes[0].set(yticks=range(8), yticklabels=NAMES.values(), ylim=(7.5, -0.5))
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
plt.close(figure)
figure

# %% [markdown]
# Read it down the columns.
#
# **Inside.** With pooling every method points at the digit, all but always; even Eigen-CAM, which never hears the class. One object in a scene cannot show whether a map found the class *you* asked for.
#
# **Boxes.** Ink beats all eight maps: the digit is a blob of its own in most scenes, and MaxBoxAccV2 takes the best box of any contour. Without its baseline, the column would have impressed you.
#
# **Of two.** Here the question counts. Eigen-CAM cannot pass 50: both questions get the same map. The rest follow the class on `lenet_gap`; on the mediocre `lenet_dense` all stumble.
#
# **Erasing.** HiResCAM is alone at the top on both networks. (Grad-CAM's lower number on `lenet_gap` is due to ReLU only, which ties all cells that speak against the class.) And yet on `lenet_dense` it does not draw the best boxes. *True to the network* and *neat around the object* are two virtues; know which you want.
#
# **Cost.** One gradient is a few predictions' worth. Score-CAM predicts once a channel.

# %% tags=["nbval-check-output"]
first, second = (values[2, :7] for values in columns.values())  # "of two", without Eigen-CAM
assert columns[network][0].min() >= 90 and first.min() > second.max()
for _, boxes, of_two, agreed, cost in columns.values():
    assert rows["ink"][1] > boxes.max() and of_two[7] <= 50
    assert agreed.argmax() == 2 and cost.argmax() == 5  # HiResCAM, Score-CAM
assert columns[lenet][1].argmax() != 2
blind = [NAMES[method] for method, maps in answers.items() if np.allclose(*maps, rtol=1e-3)]
print("the same map whatever you ask for:", *blind)
print(f"ink: {rows['ink'][1]:.0f} in boxes, but {rows['ink'][0]:.0f} inside")


# %% [markdown]
# ### Exercise 6.3 · Score-CAM's bill
#
# Score-CAM reads the features in one prediction, then makes one more for each channel, on the image masked by that channel. How many seconds does it take for `photos` photographs, on a layer of `channels` channels, when one prediction takes `each` seconds? (ResNet-50 has 2,048 channels at its end.)

# %% tags=["exercise"]
def score_cam_seconds(photos, channels, each):
    """Seconds that Score-CAM takes."""
    return photos * (channels + 1) * each


# %%
checks.score_cam_seconds(score_cam_seconds, 100, 2048, 0.02)

# %% [markdown]
# ### When to use which
#
# | you have, or want | take | since, above |
# | --- | --- | --- |
# | a network that ends GAP → dense | CAM | exact, all classes in one pass; Grad-CAM is its positive part |
# | any other ending, and what the *network* used | HiResCAM | agrees best with erasing; keeps the sign |
# | any other ending, and a rough “where” | Grad-CAM | as cheap, and points about as well; do not read single cells |
# | no gradients, a small part above the layer | Ablation-CAM | one pass of that part a channel; check the logit's sign (below) |
# | no gradients, and time | Score-CAM | by far the dearest here |
# | no class in mind | Eigen-CAM | shows where features are, never why *this* class |
#
# The evidence is two small networks and simple scenes. LayerCAM's strength, early layers, was not measured.
#
# ## 6 · Any Keras network
#
# `attribute` takes any functional or sequential model and any layer with a map. Here is MobileNetV2 as `keras.applications` builds it, twice, with random weights. It ends in pooling too, so $H_c = M_c / N$ must hold, of the logits before its softmax.

# %%
photo = np.repeat(camlib.make_scenes(test_digits, 1, size=96, seed=7).images[..., None], 3, axis=3)
figure, axes = plt.subplots(2, 3, figsize=(4.6, 3.3), layout="constrained")
for seed, panels in enumerate(axes):
    keras.utils.set_random_seed(seed)
    stranger = keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=10)
    for panel, layer in zip(panels, ["block_3_expand_relu", "block_6_expand_relu", "out_relu"]):
        heat = attribution.attribute(stranger, photo, [3], "hires_cam", layer)[0]
        plot.overlay(panel, photo[0, ..., 0], heat)
        panel.set_title(f"{layer.removesuffix('_relu')}: {heat.shape[0]} × {heat.shape[1]}", fontsize=8)
    map_ = camlib.explain(stranger, photo).maps[0, ..., 3]
    assert np.allclose(heat * heat.size, map_, atol=1e-3 * abs(map_).max())  # the values are tiny
plt.close(figure)
figure

# %% [markdown] tags=["honest-failure"]
# Earlier layers give finer maps. None of these means anything: the weights are random, and the second draw (lower row) paints another picture. A method that runs has not thereby explained.
#
# ## An honest failure
#
# Ablation-CAM weighs a channel by the share of the score that is lost without it, $w_k = (y - y_k) / y$. On a network with pooling, taking channel $k$ away takes $w_{kc} F_k$ off the logit, $F_k$ being the feature's mean, so
#
# $$w_k = \frac{w_{kc} \, F_k}{z_c} .$$
#
# Now let $z_c$ be negative, as it may be for the second digit of a pair, or for any class that you ask about because the network did *not* name it. (The lift of notebook 04 raises all logits of a scene alike. No probability notices, but signs do; so take the network as training left it.)

# %%
run = camlib.shipped_run()
plain = run.load()
lift(plain, 1 - 1 / (1 - run.recipe.lift))  # takes the lift back
spread(plain, 100, 64)
head = np.asarray(plain.get_layer("dense").kernel)

images, digits = asked
z = plain.predict_on_batch(images)[np.arange(80), digits]
ablation = attribution.attribute(plain, images, digits, "ablation_cam")
low = z.argmin()
f = np.asarray(halves.below(images[low : low + 1].astype(np.float32)))[0]
weights = head[:, digits[low]] * f.mean(axis=(0, 1)) / z[low]
assert z[low] < 0 and np.allclose(np.maximum(f @ weights, 0), ablation[low], rtol=1e-2, atol=1e-3)

# %%
figure, axes = plt.subplots(1, 3, figsize=(6, 2.3), layout="constrained")
pictures = {"Grad-CAM": attribution.attribute(plain, images, digits, "grad_cam"), "Ablation-CAM": ablation}
plot.show_image(axes[0], images[low])
axes[0].set_title(f"where is the {digits[low]}? (logit {z[low]:+.1f})", fontsize=9)
for panel, (name, maps) in zip(axes[1:], pictures.items()):
    plot.overlay(panel, images[low], maps[low])
    panel.set_title(name, fontsize=9)
for panel in axes:
    plot.draw_box(panel, asked_boxes[low])
plt.close(figure)
figure

# %%
for model in (plain, lenet):
    z = model.predict_on_batch(images)[np.arange(80), digits]
    maps = on_scene(attribution.attribute(model, images, digits, "ablation_cam"))
    for name, chosen in (("negative", z < 0), ("positive", z > 0)):
        hits = inside(maps[chosen], asked_boxes[chosen])
        print(f"{model.name}, Ablation-CAM, {chosen.sum():3} {name} logits: {hits:.0f} % in the digit's box")
        assert hits < 40 if name == "negative" else hits > 40

# %% [markdown]
# The division turns the map round: what spoke *for* the digit is cut off by ReLU, and what spoke against it is shown as heat. No error, no warning; a map like any other. Look at the logit before you look at the map.
#
# ## Summary
#
# - On convolution → GAP → dense the gradient is $w_{kc} / N$ in every cell. Grad-CAM and XGrad-CAM are $\mathrm{ReLU}(\mathrm{CAM}) / N$, HiResCAM is $\mathrm{CAM} / N$.
# - With dense ReLU layers, each scene has a linear piece of its own, whose weights are the gradient. HiResCAM's cells plus the biases add up to the logit; Grad-CAM's do not.
# - Know where a cell lies before you judge where a map points.
# - With one object in a scene, a class-blind method points as well as any. Ask for one of two.
# - Cost, sign and class-sensitivity differ more than the pictures do.
#
# **Further exercises.** (a) Leave the division out of Ablation-CAM and measure the negative logits again. (b) Run the table at `layer="conv2"` of `lenet_dense`; its cells lie 2 pixels apart, so `on_scene` needs a change. (c) Randomise `dense3` of the trained LeNet: which of the eight maps change (the sanity check of notebook 04)?
#
# **References.** R. R. Selvaraju et al., *Grad-CAM*, ICCV 2017, arXiv:1610.02391. A. Chattopadhay et al., *Grad-CAM++*, WACV 2018, arXiv:1710.11063. R. L. Draelos, L. Carin, *Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks*, 2020, arXiv:2011.08891. R. Fu et al., *Axiom-based Grad-CAM*, BMVC 2020, arXiv:2008.02312. P.-T. Jiang et al., *LayerCAM*, IEEE TIP 2021. H. Wang et al., *Score-CAM*, CVPR Workshops 2020, arXiv:1910.01279. S. Desai, H. G. Ramaswamy, *Ablation-CAM*, WACV 2020. M. B. Muhammad, M. Yeasin, *Eigen-CAM*, IJCNN 2020, arXiv:2008.00299.
#
# **Back to** [05 · Can it point in photographs?](05_alexnet_caltech256.ipynb) · **start** [00](00_start_here.ipynb)
