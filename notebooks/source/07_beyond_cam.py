# %% [markdown]
# # 07 · And if the network ends some other way?
#
# The class activation map asks a price: the network must end convolution → global average pooling → dense. Since 2016 a family of methods has tried to do without; here are eight.
#
# Below, two digits share a scene. Each method is asked for one, then for the other. Seven give two answers. One gives the same picture twice.
#
# **You will be able to**
#
# 1. derive that Grad-CAM *is* CAM, up to ReLU and a constant, on a network that ends in pooling;
# 2. say where Grad-CAM and HiResCAM part on a network with dense layers, and test which of them describes the network;
# 3. say which maps change when no probability does, and build one that cannot;
# 4. choose a method by what you need and what it costs, and tell when its answer is no answer.
#
# **Before you start:** notebook [04](04_class_activation_maps.ipynb), and from [05](05_measuring_localization.ipynb) the pointing game and MaxBoxAccV2. **Time:** 60 minutes; all cells run in about 90 seconds.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

import camlib
from camlib import attribution, checks, faithfulness, localize, plot
from camlib.backend import keras
from camlib.networks.head import spread

# %%
train_digits, test_digits = camlib.load_split()
scenes = camlib.make_scenes(test_digits, 100, size=64, distractors=4, seed=7)
options = dict(size=64, distractors=4, digits_per_scene=2, seed=7)
pairs = camlib.make_scenes(test_digits, 500, **options)
apart = camlib.iou(pairs.boxes[:, 0], pairs.boxes[:, 1]) == 0
differ = pairs.labels[:, 0] != pairs.labels[:, 1]
pairs = camlib.Scenes(*(part[apart & differ][:50] for part in pairs))
asked = pairs.images.repeat(2, axis=0), pairs.labels.ravel()  # for one, then the other
asked_boxes = pairs.boxes.reshape(-1, 4)

network = camlib.shipped_run().load()
spread(network, 100, 64)  # its head was made for scenes of 100 px (notebook 03)

# %%
NAMES = dict(zip(attribution.METHODS, [
    "Grad-CAM", "Grad-CAM++", "HiResCAM", "XGrad-CAM",
    "LayerCAM", "Score-CAM", "Ablation-CAM", "Eigen-CAM",
]))


# %%
def sheet(image, maps, titles):
    """The positive part of each map over one scene, four panels a row."""
    rows = -(-len(maps) // 4)
    size = 6.6, 1.8 * rows
    figure, axes = plt.subplots(rows, 4, figsize=size, layout="constrained")
    for panel, map_, title in zip(axes.flat, maps, titles):
        plot.overlay(panel, image, np.maximum(map_, 0))
        panel.set_title(title, fontsize=9)
    plt.close(figure)
    return figure


# %%
first_two = asked[0][:2], asked[1][:2]
answers = {m: attribution.attribute(network, *first_two, m) for m in NAMES}
fours = list(NAMES)[:4], list(NAMES)[4:]
order = [(m, i) for four in fours for i in (0, 1) for m in four]
titles = [f"{NAMES[m]}: {asked[1][i]}?" for m, i in order]
sheet(pairs.images[0], [answers[m][i] for m, i in order], titles)

# %% [markdown]
# ## Predict first
#
# > The network above ends in pooling. Raise one feature $k$ in **one** cell by a little. How much does the logit of class $c$ rise, and does it matter which cell you chose? And in a network that ends in dense layers?
#
# ## 1 · A map from gradients
#
# You predicted a derivative. With $N$ cells,
#
# $$z_c = \sum_k w_{kc} \, \frac1N \sum_{x, y} f_k(x, y) + b_c \qquad\Longrightarrow\qquad \frac{\partial z_c}{\partial f_k(x, y)} = \frac{w_{kc}}{N} .$$
#
# No place on the right-hand side: every cell counts alike.

# %% tags=["nbval-check-output"]
halves = attribution.cut(network)  # in two: scene → features, features → logits
floats, labels = scenes.images.astype(np.float32), scenes.labels
features, gradients = attribution.features_and_gradients(halves, floats, labels)
kernel, bias = network.get_layer("dense").get_weights()
N = features.shape[1] * features.shape[2]

assert np.allclose(gradients, kernel.T[labels][:, None, None] / N, atol=1e-6)
print("gradients:", gradients.shape, "and each of the", N, "cells has the same")

# %% [markdown]
# So a gradient can stand in for the weight, and it exists whatever the ending. **Grad-CAM** (Selvaraju et al. 2017) averages it over the cells; **HiResCAM** (Draelos & Carin 2020) leaves it where it is:
#
# $$G_c = \mathrm{ReLU}\Big(\sum_k \alpha_k f_k\Big), \quad \alpha_k = \frac1N \sum_{x, y} \frac{\partial z_c}{\partial f_k(x, y)}; \qquad H_c = \sum_k \frac{\partial z_c}{\partial f_k} \odot f_k .$$
#
# Put $w_{kc} / N$ in: on this network $G_c = \mathrm{ReLU}(M_c) / N$ and $H_c = M_c / N$, with $M_c$ the class activation map. XGrad-CAM averages the gradient with the features as weights. The average of a constant is that constant, so XGrad-CAM is $\mathrm{ReLU}(M_c) / N$, too.

# %%
cam = camlib.explain(network, scenes.images).maps[np.arange(100), :, :, labels]
positive = np.maximum(cam, 0)
expected = {"grad_cam": positive, "xgrad_cam": positive, "hires_cam": cam}
for method, maps in expected.items():
    found = attribution.attribute(network, scenes.images, labels, method)
    assert np.allclose(N * found, maps, atol=1e-3)


# %% [markdown]
# ### Exercise 6.1 · LayerCAM without a gradient
#
# LayerCAM is $\mathrm{ReLU}\big(\sum_k \mathrm{ReLU}(\partial z_c / \partial f_k) \odot f_k\big)$. On this network, write it from the features of one scene, (rows, columns, channels), and the class's column of the kernel, (channels,). The features are never negative.

# %% tags=["exercise"]
def layer_cam_by_hand(features, weights):
    """LayerCAM of a network that ends GAP → dense: (rows, columns)."""
    cells = features.shape[0] * features.shape[1]
    return features @ np.maximum(weights, 0) / cells


# %%
checks.layer_cam_by_hand(layer_cam_by_hand, features[0], kernel[:, labels[0]])

# %% [markdown]
# So LayerCAM drops every weight that speaks *against* the class: it is no longer CAM.
#
# ## 2 · A network that ends some other way
#
# CAM refuses LeNet with its dense layers left in:

# %% tags=["nbval-check-output"]
try:
    camlib.explain(camlib.lenet_dense(size=64), scenes.images)
except ValueError as error:
    print(str(error).split(". ")[0])


# %% [markdown]
# We train three, from different seeds, to tell the method from one network's luck. Eight hundred small batches make mediocre networks. That will do. At the end each gets the choice of notebook 04: last weights that sum to zero over the classes.

# %%
def choose(model, shared):
    """Take from the last layer's weights and biases what `shared` finds in each."""
    last = model.layers[-1]
    last.set_weights([w - shared(w) for w in last.get_weights()])

def mean_of_classes(w):
    return w.mean(axis=-1, keepdims=True)

# %%
def trained(seed):
    model = camlib.lenet_dense(size=64, seed=10 * seed)
    rate = keras.optimizers.schedules.CosineDecay(0.003, 800)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss)
    options = dict(size=64, distractors=4, seed=seed)
    batches = camlib.scene_dataset(train_digits, 64, **options)
    model.fit(batches, steps_per_epoch=800, verbose=0, shuffle=False)
    choose(model, mean_of_classes)
    return model


# %%
lenets = [trained(seed) for seed in (0, 1, 2)]
lenet = lenets[0]
for model in (network, *lenets):
    right = model.predict_on_batch(scenes.images).argmax(axis=1) == labels
    share = camlib.bootstrap(100 * right, groups=scenes.digits)
    print(f"{model.name}: {share} % right")
    assert right.mean() > 0.6

# %% [markdown]
# (In brackets: 95 % bootstrap intervals, over digits; of pairs, over scenes. Where 100 of 100 are right, the interval shrinks to a point, since there is no failure to draw again. It does not mean *never wrong*: 97 % would often look the same.)
#
# For a single scene, a ReLU is a switch: on or off. Fix the switches as this scene sets them, as diagonal matrices $D_1, D_2$ of ones and zeros, and three dense layers become one:
#
# $$z = f \, W + \beta, \qquad W = W_1 D_1 W_2 D_2 W_3 , \qquad \beta = \left( (b_1 D_1 W_2 + b_2) D_2 \right) W_3 + b_3$$
#
# where $f$ is the flat row of all features. So there is a weight for every feature **and place**. It is the gradient, and HiResCAM multiplies exactly it with the features: **the sum of its cells, plus what the biases add, is the logit**,
#
# $$\sum_{x, y} H_c(x, y) + \beta_c = z_c .$$

# %%
deep = attribution.cut(lenet)
seen, slopes = attribution.features_and_gradients(deep, floats, labels)
w1, b1, w2, b2, w3, b3 = lenet.get_weights()[4:]
c, f = labels[0], seen[0].ravel()
hidden = np.maximum(f @ w1 + b1, 0)
on1, on2 = hidden > 0, hidden @ w2 + b2 > 0
W = w1 * on1 @ (w2 * on2) @ w3
beta = (b1 * on1 @ w2 + b2) * on2 @ w3 + b3

logits = lenet.predict_on_batch(scenes.images[:1])[0]
hires, grad = (attribution.attribute(lenet, *scenes[:2], method)
               for method in ("hires_cam", "grad_cam"))
assert np.allclose(f @ W + beta, logits, atol=1e-3)
assert np.allclose(W[:, c], slopes[0].ravel(), atol=1e-4)
assert np.isclose(hires[0].sum() + beta[c], logits[c], atol=1e-3)

# %%
average = attribution.weighted_sum(slopes.mean(axis=(1, 2)), seen).sum(axis=(1, 2))
whole = hires.sum(axis=(1, 2))  # Grad-CAM's cells add up to less, without ReLU, too
assert np.median(abs(average - whole) / abs(whole)) > 0.1

# %% [markdown]
# Grad-CAM uses the average over *all* cells instead. Pooling made the two equal. Here they are not:

# %%
figure, axes = plt.subplots(1, 2, figsize=(6, 2.7), layout="constrained")
titles = "pooling: one value", "dense: each place its own"
for panel, gradient, title in zip(axes, (gradients[0], slopes[0]), titles):
    channel = gradient[..., gradient.sum(axis=(0, 1)).argmax()]
    heat = panel.imshow(channel / abs(channel).max(), cmap=plot.SIGNED, vmin=-1, vmax=1)
    panel.set_title(title, fontsize=10)
    panel.set(xlabel="column of cells", ylabel="row of cells")
    panel.set(xticks=range(0, 13, 4), yticks=range(0, 13, 4))
figure.colorbar(heat, ax=axes, label="slope of the logit\n(1: the largest)")
plt.close(figure)
figure


# %% [markdown]
# ### Exercise 6.2 · Grad-CAM by hand
#
# From the features and gradients of one scene, both (rows, columns, channels), compute Grad-CAM, (rows, columns).

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
# Notebook 04 would stretch these 13 × 13 cells over all 64 × 64 pixels. But LeNet's convolutions have no padding, so its cells do not reach the edge. Back through pool, convolution, pool and convolution, cell $i$ sees the pixels
#
# $$4i, \; \ldots, \; 4i + 15, \qquad \text{so its centre is } 4i + 7.5 .$$
#
# Replace all other pixels by noise, and the cell must not notice; replace one pixel more on each side, and it must.

# %% tags=["nbval-check-output"]
i, draw = 4, np.random.default_rng(0)
noise = draw.uniform(0, 255, (3, 64, 64)).astype(np.float32)
for other, taken in ((1, 0), (2, 1)):
    kept = slice(4 * i + taken, 4 * i + 16 - taken)
    noise[other, kept, kept] = noise[0, kept, kept]
cell = np.asarray(deep.below(noise))[:, i, i]

assert np.allclose(cell[0], cell[1], atol=1e-5)
assert not np.allclose(cell[0], cell[2], atol=1e-2)
print(f"cell {i} sees pixels {4 * i} to {4 * i + 15} and no others")


# %% [markdown]
# The 13 cells stand for the middle 52 pixels; a border of 6 belongs to none. (`lenet_gap` pads: its 16 cells cover all 64.) One function serves both:

# %%
def on_scene(maps):
    """Score maps, (n, 64, 64), of cells that are 4 pixels apart, about the middle."""
    side = 4 * maps.shape[1]
    edge = (64 - side) // 2
    placed = localize.score_maps(maps, (side, side))
    return np.pad(placed, [(0, 0), (edge, edge), (edge, edge)])

def hits(score_maps, boxes=scenes.boxes):
    return 100 * localize.pointing_hits(score_maps, boxes, tolerance=1)


# %%
stretched, placed = hits(localize.score_maps(grad, (64, 64))), hits(on_scene(grad))
gain = camlib.bootstrap(placed - stretched, groups=scenes.digits)
print(f"Grad-CAM's maximum is in the digit's box: stretched {stretched.mean():.0f} %, "
      f"placed {placed.mean():.0f} %, gain {gain}")
assert gain.low > 0

# %% [markdown]
# If a network seems to point poorly, look at its padding first. The family, with the cells in their places:

# %%
one = scenes.images[:1], labels[:1]
maps = [attribution.attribute(lenet, *one, m) for m in NAMES]
placed = [on_scene(np.maximum(map_, 0))[0] for map_ in maps]
sheet(scenes.images[0], placed, NAMES.values())

# %% [markdown]
# ### The explorer, for a network without pooling
#
# This scene's $W$ gives a map for *each* class. Times the number of cells, its mean plus $\beta_c$ is the logit, so the explorer can show it. (It shows the middle 52 pixels.)

# %%
evidence = np.einsum("yxk,yxkc->yxc", seen[0], W.reshape(*seen[0].shape, 10)) * 13 * 13
middle = scenes.images[:1, 6:58, 6:58]
explorer = camlib.explorer(middle, evidence[None], bias=beta, labels=labels[:1])
explorer

# %%
explorer.class_index = int(c)
assert np.isclose(explorer.logit, logits[c], atol=1e-2)
best = np.argsort(-logits)[:4]
plot.maps_by_class(
    middle[0], evidence, logits=logits, classes=best, label=c, width=1.45)


# %% [markdown]
# ## 4 · Which of them describes the network?
#
# What the *network* used can be tested without boxes. Set all features of one cell to zero and see how far the logit falls, for every cell in turn:
#
# $$\Delta_c(x, y) = z_c(f) - z_c(f \text{ with cell } (x, y) \text{ erased}).$$
#
# With pooling, that is $M_c / N = H_c$ **by construction**: there HiResCAM cannot lose. On the dense LeNet, ReLUs may switch while the cell goes, so a map can only come close. How close, the rank correlation of map and $\Delta_c$ says.

# %%
def effect_of_erasing(model, images, classes):
    """How far the logit falls when a cell's features become 0: (n, rows, columns)."""
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
erased = {m: effect_of_erasing(m, scenes.images, labels) for m in (network, *lenets)}
assert np.allclose(N * erased[network], cam, atol=1e-2)

def agreement(model, method):
    maps = attribution.attribute(model, scenes.images, labels, method)
    return 100 * faithfulness.rank_similarity(maps, erased[model])

print("rank correlation with the effect of erasing, × 100")
for model in lenets:
    both = [agreement(model, method) for method in ("hires_cam", "grad_cam")]
    hi, lo, gap = (camlib.bootstrap(rows, groups=scenes.digits)
                   for rows in (*both, both[0] - both[1]))
    print(f"HiResCAM {hi}   Grad-CAM {lo}   difference {gap}")
    assert hi.low > 90 and gap.low > 15

# %%
worst = agreement(lenet, "grad_cam").argmin()
image = scenes.images[worst, 6:58, 6:58]
figure, axes = plt.subplots(1, 4, figsize=(7, 2.1), layout="constrained")
plot.show_image(axes[0], image)
for panel, values in zip(axes[1:], (erased[lenet], hires, grad)):
    plot.show_signed(panel, values[worst], image, abs(values[worst]).max())
titles = f"scene: {labels[worst]}", "effect of erasing", "HiResCAM", "Grad-CAM"
for panel, title in zip(axes, titles):
    panel.set_title(title, fontsize=9)
plt.close(figure)
figure

# %% [markdown]
# The scene where Grad-CAM agrees least (red for, blue against, each panel in its own range). HiResCAM follows what erasing does. Grad-CAM has no blue, and warms cells whose erasing changes little, or helps.
#
# The test asks HiResCAM's own question, though: the effect of *one* cell. And its boxes?

# %%
def fits(score_maps):
    """(n, 3, thresholds): is a box right, at each IoU that MaxBoxAccV2 asks for?"""
    best = localize.box_ious(score_maps, scenes.boxes).best
    return best[:, None] >= localize.DELTAS[:, None]

def v2(mean):
    return 100 * mean.max(axis=-1).mean()

def difference(mean):
    return v2(mean[0]) - v2(mean[1])


# %%
for model in lenets:
    signed, rival = (attribution.attribute(model, scenes.images, labels, method)
                     for method in ("hires_cam", "grad_cam"))
    cut = np.maximum(signed, 0)
    whole, part, other = (fits(on_scene(maps)) for maps in (signed, cut, rival))
    gaps = [camlib.bootstrap(np.stack([rows, other], axis=1), difference,
                             groups=scenes.digits) for rows in (whole, part)]
    values = " ".join(f"{v2(rows.mean(axis=0)):.0f}" for rows in (whole, part, other))
    print(f"HiResCAM, its positive part, Grad-CAM: {values}; less Grad-CAM:", *gaps)
    nearer = (100 * faithfulness.rank_similarity(cut, erased[model])
              - agreement(model, "grad_cam"))
    assert gaps[0].value < 0 and abs(gaps[1].value) < 8
    assert camlib.bootstrap(nearer, groups=scenes.digits).low > 5

# %% [markdown]
# (MaxBoxAccV2.) HiResCAM's boxes are worse, but not because it is true. Boxes are read from a map whose *minimum* is set to 0, and only HiResCAM has negative cells. Cut them off, as Grad-CAM does, and its boxes are about as good as Grad-CAM's, while it still agrees better with erasing. *Before you compare two maps, give both the same ReLU.*
#
# ## 5 · Which of these survive the freedom?
#
# Softmax does not hear what is added to all logits (notebook [04](04_class_activation_maps.ipynb)). Add $a_k$ to the weights of feature $k$ for **all** classes: no probability changes, but each logit does, and its gradient, and what erasing takes from it. Three choices that anybody might make:

# %%
CHOICES = {
    "the sum is zero": mean_of_classes,
    "class 0 is zero": lambda w: w[..., :1],  # as statistics textbooks write it
    "none is negative": lambda w: w.min(axis=-1, keepdims=True),
}

# %% [markdown]
# Eigen-CAM reads no score, so no choice moves it. The others read the logit. Let them read $\log p_c = z_c - \log \sum_j e^{z_j}$ instead, whose gradient is
#
# $$\frac{\partial \log p_c}{\partial f_k} = \frac{\partial z_c}{\partial f_k} - \sum_j p_j \, \frac{\partial z_j}{\partial f_k} .$$
#
# What all classes share is in both terms, and cancels, since $\sum_j p_j = 1$. With pooling, HiResCAM of $\log p_c$ is $\big(M_c - \sum_j p_j M_j\big) / N$: the map of the class **against the classes still in the running**, each as probable as the network thinks.
#
# ### Exercise 6.3 · A map that no choice moves
#
# From the class activation maps of one scene, (rows, columns, classes), its probabilities, (classes,), and a class, write $M_c - \sum_j p_j M_j$.

# %% tags=["exercise"]
def map_of_log_probability(maps, probabilities, c):
    """Evidence for class c against the classes in the running: (rows, columns)."""
    return maps[..., c] - maps @ probabilities


# %%
two = camlib.explain(network, pairs.images)
p = camlib.softmax(two.logits)
checks.map_of_log_probability(
    map_of_log_probability, two.maps[0], p[0], pairs.labels[0, 0])


# %%
def maps_of(model, images, classes, method):
    """By a method of the family, or "log_p": HiResCAM of the log-probability."""
    if method != "log_p":
        return attribution.attribute(model, images, classes, method, batch_size=100)
    halves = attribution.cut(model, batch_size=100)
    log_p = keras.ops.log_softmax(halves.above.output)
    halves = halves._replace(above=keras.Model(halves.above.inputs, log_p))
    return attribution.hires_cam(halves, images.astype(np.float32), classes)


against = two.maps - np.einsum("nyxc,nc->nyx", two.maps, p)[..., None]
for i in (0, 1):  # asked for the first digit, and for the second
    first = against[np.arange(50), :, :, pairs.labels[:, i]]
    found = maps_of(network, pairs.images, pairs.labels[:, i], "log_p")
    assert np.allclose(N * found, first, atol=0.05)

# %% [markdown]
# Now the three choices, on both kinds of network. Which maps stay?

# %%
ROWS = NAMES | {"log_p": "HiRes, log p"}
watched = [m for m in ROWS if m != "score_cam"]  # it takes long; its turn comes below
few, moves = (asked[0][:20], asked[1][:20]), {}
for model in (network, lenet):
    for shared in CHOICES.values():
        choose(model, shared)
        chance = camlib.softmax(model.predict_on_batch(few[0]))
        maps = {m: maps_of(model, *few, m) for m in watched}
        for name, found in {"probabilities": chance, **maps}.items():
            moves.setdefault((model.name, name), []).append(found)
    choose(model, mean_of_classes)  # back

# %% tags=["nbval-check-output"]
stay = "probabilities", "eigen_cam", "log_p"
for (_, name), (sum_zero, *others) in moves.items():
    moved = max(abs(other - sum_zero).max() for other in others) / abs(sum_zero).max()
    assert moved < 1e-3 if name in stay else moved > 0.1
print("stay:", *stay)
print("move:", *(m for m in watched if m not in stay))

# %% [markdown]
# ## 6 · The family, measured
#
# All eight, and the ninth that no choice moves, on two networks. *Inside*: the maximum lies in the digit's box. *Boxes*: MaxBoxAccV2. *Of two*: asked for each of the two digits in 50 pairs, the maximum lies in that digit's box. *Choices*: the range of *of two* over the three choices, questions for a 0 left out. *Erasing*: section 4. *Cost*: processor time over a plain prediction's.

# %%
def seconds(function, *arguments):
    """(processor time of a call, its result); what else runs counts little."""
    start = time.process_time()
    result = function(*arguments)
    return time.process_time() - start, result


# %%
READ = {"inside": np.mean, "boxes": v2, "of two": np.mean}
GROUPS = dict.fromkeys(READ, scenes.digits) | {"of two": np.arange(50).repeat(2)}

def judge(score_maps, asked_maps):
    """What the figures are read off, a row a scene."""
    of_two = hits(asked_maps, asked_boxes)
    return dict(zip(READ, (hits(score_maps), fits(score_maps), of_two)))

def figures(rows):
    return [camlib.bootstrap(rows[name], READ[name], groups=GROUPS[name])
            for name in READ]


# %%
raw, price = {}, {}
for model in (network, lenet):
    plain = min(seconds(model.predict_on_batch, scenes.images)[0] for _ in range(5))
    for m in ROWS:
        cost, maps = seconds(maps_of, model, scenes.images, labels, m)
        raw[model, m] = judge(on_scene(maps), on_scene(maps_of(model, *asked, m)))
        agreed = faithfulness.rank_similarity(maps, erased[model]).mean()
        price[model, m] = 100 * agreed, cost / plain

# %%
others = asked[1] != 0  # with weights of zero, class 0 has no map to judge
ranges = {key: [rows["of two"][others].mean()] for key, rows in raw.items()}
for model in (network, lenet):
    for choice in ("class 0 is zero", "none is negative"):
        choose(model, CHOICES[choice])
        for m in ROWS:
            found = hits(on_scene(maps_of(model, *asked, m)), asked_boxes)
            ranges[model, m].append(found[others].mean())
    choose(model, mean_of_classes)

# %%
baselines = {"centre": localize.centre_maps, "uniform": localize.uniform_maps}
for name, make in baselines.items():
    raw["baseline", name] = judge(make(100, (64, 64)), make(100, (64, 64)))
raw["baseline", "ink"] = judge(*map(localize.ink_maps, (scenes.images, asked[0])))
table = {key: figures(rows) for key, rows in raw.items()}


# %%
print(f"{'':24}{'inside':>9}{'boxes':>10}{'of two':>10}{'choices':>12} erasing  cost")
for (model, m), three in table.items():
    text = f"{getattr(model, 'name', model):12}{ROWS.get(m, m):13}"
    text += "".join(f"{f.value:6.0f} ±{(f.high - f.low) / 2:2.0f}" for f in three)
    if model != "baseline":
        low, high = min(ranges[model, m]), max(ranges[model, m])
        agreed, cost = price[model, m]
        text += f"{low:7.0f} to {high:2.0f}{agreed:8.0f}{cost:5.0f}×"
    print(text)

# %%
def draw(axes, model, shift, **style):
    """Three figures of the table, a row a method, with interval and range."""
    y = np.arange(len(ROWS)) + shift
    for column, panel in enumerate(axes):
        value, low, high = np.array([table[model, m][column] for m in ROWS]).T
        panel.errorbar(value, y, xerr=(value - low, high - value), label=model.name,
                       ls="", ms=5, lw=1, **style)
    ends = [(min(ranges[model, m]), max(ranges[model, m])) for m in ROWS]
    axes[-1].hlines(y, *np.transpose(ends), lw=6, color=style["color"], alpha=0.25)


# %%
figure, axes = plt.subplots(1, 3, figsize=(7, 3.6), layout="constrained", sharey=True)
draw(axes, network, -0.17, marker="o", color=plot.INK)
draw(axes, lenet, 0.17, marker="s", color=plot.ACCENT, mfc="white")
for panel, ink, title in zip(axes, table["baseline", "ink"], READ):
    panel.axvline(ink.value, color=plot.QUIET, ls="--", lw=1, label="baseline: ink")
    panel.set(xlim=(0, 104), xlabel=f"{title} (%)")
axes[0].set(yticks=range(len(ROWS)), yticklabels=ROWS.values(), ylim=(8.6, -0.6))
handles, names = axes[0].get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize=8)
plt.close(figure)
figure

# %% [markdown]
# Thin lines: 95 % intervals. Pale bars: the range over the three choices.
#
# **Inside.** With pooling every method points at the digit, even Eigen-CAM, which never hears the class. One object cannot show whether a map found the class *you* asked for; notebook 05 puts a number to it.
#
# **Boxes.** Ink beats all maps: most digits are blobs of their own, and MaxBoxAccV2 takes the best box of any contour. On `lenet_dense` HiResCAM's are the worst of the eight: its negative cells, not its truth (section 4).
#
# **Of two.** Eigen-CAM cannot pass 50: both questions get the same map. The other seven follow the class on `lenet_gap`, and stumble on `lenet_dense`.
#
# **Choices.** No probability moved, yet *of two* moves for all seven on `lenet_gap`; Score-CAM, without a gradient, is not spared. So say with which choice a figure was measured. HiResCAM of $\log p_c$ needs none, and pays in boxes.
#
# **Erasing, cost.** HiResCAM is alone at the top: by construction with pooling, as a finding without. (With pooling, the ten points that Grad-CAM lacks are its ReLU alone.) A gradient costs a few predictions. Score-CAM needs one a channel (64 here, 16 on `lenet_dense`), and pays more than that: each mask is stretched and multiplied first.

# %%
def less(one, other, name):
    """A figure of one row of the table minus another's, same scenes: an interval."""
    both = np.stack([raw[one][name], raw[other][name]], axis=1)
    read, groups = READ[name], GROUPS[name]
    return camlib.bootstrap(both, lambda m: read(m[0]) - read(m[1]), groups=groups)


# %%
ink = "baseline", "ink"
hearing = [m for m in NAMES if m != "eigen_cam"]
for m in ROWS:
    assert raw[network, m]["inside"].mean() >= 90
    assert all(less(ink, (model, m), "boxes").low > 0 for model in (network, lenet))
for m in hearing:
    assert table[network, m][2].low > 60 and np.ptp(ranges[network, m]) > 5
    assert less((network, m), (lenet, m), "of two").low > 0

# %%
for model in (network, lenet):
    agreed, cost = np.array([price[model, m] for m in NAMES]).T
    assert agreed.argmax() == 2 and cost.argmax() == 5  # HiResCAM, Score-CAM
    assert table[model, "eigen_cam"][2].value <= 50
    assert all(np.ptp(ranges[model, m]) <= 2 for m in ("eigen_cam", "log_p"))
    for name in ("boxes", "of two"):
        change = less((model, "log_p"), (model, "hires_cam"), name)
        print(f"{model.name}, log p less logit, {name}: {change}")
        assert change.value < 0 or name == "of two"
boxes = {m: table[lenet, m][1].value for m in NAMES}
assert min(boxes, key=boxes.get) == "hires_cam"
blind = [NAMES[m] for m, maps in answers.items() if np.allclose(*maps, rtol=1e-3)]
print("the same map whatever you ask for:", *blind)
assert blind == ["Eigen-CAM"]


# %% [markdown]
# ### Exercise 6.4 · Score-CAM's bill
#
# Score-CAM makes one prediction for the features, then one for each channel, on the image masked by it. How many seconds does it take for `photos` photographs, on a layer of `channels` channels, when one prediction takes `each` seconds? (Predictions only: making the masks costs extra, as the table shows.)

# %% tags=["exercise"]
def score_cam_seconds(photos, channels, each):
    """Seconds that Score-CAM takes."""
    return photos * (channels + 1) * each


# %%
checks.score_cam_seconds(score_cam_seconds, 100, 2048, 0.02)  # ResNet-50's last layer

# %% [markdown]
# ### When to use which
#
# | you have, or want | take | since, above |
# | --- | --- | --- |
# | a network that ends GAP → dense | CAM | exact, all classes in one pass; Grad-CAM is its positive part |
# | any other ending, and what the *network* used | HiResCAM | agrees with erasing one cell: by construction with pooling, measured on three dense LeNets; for boxes, take its positive part |
# | any other ending, and a rough “where” | the positive part of HiResCAM | boxes like Grad-CAM's, and nearer to erasing |
# | a map that no choice of weights moves | HiResCAM of $\log p_c$ | against the classes in the running; boxes suffer |
# | no gradients, a small part above the layer | Ablation-CAM | one pass of that part a channel; check the logit's sign (below) |
# | no gradients, and time | Score-CAM | by far the dearest here, and it reads the logit too |
# | no class in mind | Eigen-CAM | shows where features are, never why *this* class |
#
# The evidence is small networks and simple scenes. LayerCAM's strength, early layers, was not measured.
#
# ## 7 · Any Keras network
#
# `attribute` takes any functional or sequential model and any layer with a map. Here is MobileNetV2 from `keras.applications`, twice, with random weights. It ends in pooling, so $H_c = M_c / N$ must hold.

# %%
photo = camlib.make_scenes(test_digits, 1, size=96, seed=7).images
photo = photo[..., None].repeat(3, axis=3)
layers = ["block_3_expand_relu", "block_6_expand_relu", "out_relu"]

# %%
drawn = []
figure, axes = plt.subplots(2, 3, figsize=(4.8, 3.6), layout="constrained")
for seed, panels in enumerate(axes):
    keras.utils.set_random_seed(seed)
    options = dict(alpha=0.35, weights=None, classes=10)
    stranger = keras.applications.MobileNetV2((96, 96, 3), **options)
    for panel, layer in zip(panels, layers):
        heat = attribution.attribute(stranger, photo, [3], "hires_cam", layer)[0]
        drawn.append(heat[None])
        plot.overlay(panel, photo[0, ..., 0], heat)
        panel.set_title(f"{layer[:-5]}: {heat.shape[0]} × {heat.shape[1]}", fontsize=8)
    map_ = camlib.explain(stranger, photo).maps[0, ..., 3]  # its values are tiny
    assert np.allclose(heat * heat.size, map_, atol=1e-3 * abs(map_).max())
plt.close(figure)
figure

# %%
alike = [faithfulness.rank_similarity(f(drawn[0]), f(drawn[3]))[0]
         for f in (np.asarray, np.abs)]  # block_3 of both draws
print(f"rank correlation of the two draws: {alike[0]:.2f}; without signs: {alike[1]:.2f}")
assert abs(alike[0]) < 0.5 < alike[1]

# %% [markdown] tags=["honest-failure"]
# Earlier layers give finer maps. Their signs mean nothing: the second draw of weights (lower row) gives others. *Where* they are strong is much the same in both: ink under random filters, nothing learnt (notebook [05](05_measuring_localization.ipynb)).
#
# ## An honest failure
#
# Ablation-CAM weighs a channel by the share of the score that is lost without it, $w_k = (y - y_k) / y$. With pooling, taking channel $k$ away takes $w_{kc} F_k$ off the logit, $F_k$ being the feature's mean, so
#
# $$w_k = \frac{w_{kc} \, F_k}{z_c} .$$
#
# Now let $z_c$ be negative. Of logits that add up to zero, about half are; a digit that stands in the scene can have one too. Over the three dense LeNets:

# %%
def ablation_hits(model, constant):
    """Hits of Ablation-CAM with a constant added to every logit."""
    last = model.layers[-1]
    own = np.asarray(last.bias)
    last.bias.assign(own + constant)
    maps = attribution.attribute(model, *asked, "ablation_cam")
    last.bias.assign(own)
    return hits(on_scene(maps), asked_boxes)


# %%
z = np.concatenate([model.predict_on_batch(asked[0])[np.arange(100), asked[1]]
                    for model in lenets])
found, raised = (np.concatenate([ablation_hits(model, constant) for model in lenets])
                 for constant in (0, 100))
scene = np.tile(GROUPS["of two"], 3)
for name, chosen in (("negative", z < 0), ("positive", z > 0)):
    share, control = (camlib.bootstrap(rows[chosen], groups=scene[chosen])
                      for rows in (found, raised))
    print(f"{chosen.sum():3} {name} logits: {share} % in the digit's box; "
          f"all logits raised by 100: {control} %")
turned = camlib.bootstrap((raised - found)[z < 0], groups=scene[z < 0])
assert turned.low > 0 and found[z < 0].mean() < 35

# %% [markdown]
# The same questions, with 100 added to all logits, are answered much better: it is the divisor's sign, not the digit. The division turns the map round: ReLU cuts off what spoke *for* the digit, and shows what spoke against it as heat.
#
# Worse, even the sign of a logit is a choice. Take 20 from *all* of them, and no probability changes:

# %%
at = np.arange(100), asked[1]
last = network.layers[-1]
shifts = {}
for constant in (0, -20):
    last.bias.assign(bias + constant)
    z = network.predict_on_batch(asked[0])
    maps = attribution.attribute(network, *asked, "ablation_cam")
    shifts[constant] = camlib.softmax(z), z[at], maps, hits(on_scene(maps), asked_boxes)
    share = camlib.bootstrap(shifts[constant][3], groups=GROUPS["of two"])
    print(f"{constant:3} added: {(z < 0).mean():.0%} of all logits negative, "
          f"{(z[at] < 0).sum():3} of the 100 asked for; of two: {share} %")
last.bias.assign(bias)
assert np.allclose(shifts[0][0], shifts[-20][0], atol=1e-4)
assert shifts[0][3].mean() > 80 and shifts[-20][3].mean() < 20

# %%
low = shifts[0][1].argsort()[50]  # a logit of middling size
f = np.asarray(halves.below(asked[0][[low]].astype(np.float32)))[0]
figure, axes = plt.subplots(1, 3, figsize=(6, 2.3), layout="constrained")
plot.show_image(axes[0], asked[0][low])
axes[0].set_title(f"where is the {asked[1][low]}?", fontsize=9)
for panel, (_, z, maps, _) in zip(axes[1:], shifts.values()):
    weights = kernel[:, asked[1][low]] * f.mean(axis=(0, 1)) / z[low]  # by the formula
    assert np.allclose(np.maximum(f @ weights, 0), maps[low], rtol=1e-2, atol=1e-2)
    plot.overlay(panel, asked[0][low], maps[low])
    panel.set_title(f"Ablation-CAM, logit {z[low]:+.1f}", fontsize=9)
for panel in axes:
    plot.draw_box(panel, asked_boxes[low])
plt.close(figure)
figure

# %% [markdown]
# Same probabilities, opposite answers. No error, no warning; a map like any other. Look at the logit before you look at the map.
#
# ## Summary
#
# - On convolution → GAP → dense the gradient is $w_{kc} / N$ in every cell. Grad-CAM and XGrad-CAM are $\mathrm{ReLU}(\mathrm{CAM}) / N$, HiResCAM is $\mathrm{CAM} / N$.
# - With dense ReLU layers, HiResCAM's cells plus the biases add up to the logit; Grad-CAM's do not.
# - Maps that read a logit change with a choice that no probability hears. Maps of $\log p_c$, or of the difference of two logits, do not.
# - With one object in a scene, a class-blind method points as well as any. Ask for one of two.
#
# **Further exercises.** (a) Leave the division out of Ablation-CAM and measure the negative logits again. (b) Run the table at `layer="conv2"` of `lenet_dense`; its cells lie 2 pixels apart, so `on_scene` needs a change. (c) Randomise `dense3` of the trained LeNet: which maps change (the sanity check of notebook 05)?
#
# **References.** R. R. Selvaraju et al., *Grad-CAM*, ICCV 2017, arXiv:1610.02391. A. Chattopadhay et al., *Grad-CAM++*, WACV 2018, arXiv:1710.11063. R. L. Draelos, L. Carin, *Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural networks*, 2020, arXiv:2011.08891. R. Fu et al., *Axiom-based Grad-CAM*, BMVC 2020, arXiv:2008.02312. P.-T. Jiang et al., *LayerCAM*, IEEE TIP 2021. H. Wang et al., *Score-CAM*, CVPR Workshops 2020, arXiv:1910.01279. S. Desai, H. G. Ramaswamy, *Ablation-CAM*, WACV 2020. M. B. Muhammad, M. Yeasin, *Eigen-CAM*, IJCNN 2020, arXiv:2008.00299.
#
# **Next:** [08 · Would you sign for this network?](08_audit_a_network.ipynb)
