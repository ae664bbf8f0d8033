# %% [markdown] tags=["slide"]
# # 08 · Can a map be exact, and point nowhere?
#
# Class activation maps ask one thing of a network: that it ends in a mean and a weighted sum. A **transformer** may end so, too. Then its maps are as exact as LeNet's. Do they point?

# %% [markdown] tags=["guide"]
# **Session 7, voluntary, 60 minutes: this notebook.** It needs nothing after 05, and can stand in place of 07's short tour and the start of 06.
#
# - **Prepare.** The day before: `make fetch` once for the digits (all networks come with the course), run all cells, `make slides ONLY=7`. Paper for everybody.
# - **Minutes.** Opening and prediction 5 · section 1, 14 · section 2, 12 · section 3, 12 · section 4, 9 · section 5, 5 · failure and summary 3 = 60. In class: 8.1, 8.3 and 8.4. At home: 8.2 and the investigation.
# - **Without network.** Nothing is fetched after `make fetch`; the deck needs no network either.
# - **Without projector.** Print the deck: `?print-pdf` after its address. On the board: four tokens in a square, arrows from each to each, and shares beside the arrows.
#
# ## Opening and prediction (5 min)
#
# - **Say:** Everything of session 4 holds for this network, to the last digit. Hold that against what you will see.
# - **They will predict** that an exact map points at the digit, for LeNet's does.
# - **Ask:** Where in the derivation of 04 did we use that a cell sees only its own surroundings? (Nowhere.)

# %% [markdown]
# **You will be able to**
#
# 1. compute attention by hand, and say what a token sees;
# 2. check the identity of [04](04_class_activation_maps.ipynb) on a transformer, and on attention alone find a second order of its sum;
# 3. measure where such maps point, and find out why;
# 4. say which other question may be asked, and what it costs.
#
# **Before you start:** notebooks 04 and [05](05_measuring_localization.ipynb). **Time:** 60 minutes; all cells run in 90 seconds.

# %%
import numpy as np

import camlib
from camlib import attention, checks, head, localize, plot, vit
from camlib.backend import keras

digits = camlib.load_split()[1]  # those that training never saw
scenes = camlib.make_scenes(digits, 400, size=64, seed=1)
transformer = camlib.shipped_run("vit_gap").load()

# %% tags=["fragment"]
plot.scene_grid(scenes, count=6, boxes=True)

# %% [markdown]
# A digit's box covers 8 % of a 64 px scene.
#
# ## Predict first
#
# > A network that mixes all places names 95 of 100 scenes rightly. Its map for the true class is exact. On which share of the scenes does the map's maximum lie in the digit's box? Write a number down.

# %% [markdown] tags=["guide", "slide"]
# ## Predict first
#
# > A network that mixes all places names 95 of 100 scenes rightly. Its maps are exact. How often does the true class's maximum lie in the digit's box?

# %% [markdown] tags=["notes"]
# A number from everybody, on paper. The boxes cover 8 % of the scenes; LeNet has nearly 100. Few will write less than chance: remember who did.

# %% [markdown]
# ## 1 · A token sees everything
#
# A convolution's cell looks at a window. **Attention** lets every place look at every other; a **transformer** is built of it. Cut the picture into **patches** and make a **token** of each, a short list of numbers. Four tokens, two numbers each:

# %% [markdown] tags=["guide"]
# ## 1 · A token sees everything (14 min)
#
# - **Minutes:** Five of them for 8.1.
# - **Say:** Each token asks a question. All tokens answer. It takes a mean of what they hand over, in which those count most that fit its question best.
# - **They will predict** that tokens look at their neighbours. Nothing in the formula knows what lies beside what.
# - **Usual mistakes** in 8.1: softmax along the wrong axis; no √d; the shares returned; queries and keys exchanged; x handed over in place of x V.
# - **Ask:** Shuffle the tokens: what happens to what comes out? (It is shuffled likewise.) And to its mean? (Nothing.)
# - **Short of time:** 8.1 at home; the printed shares at the board.

# %%
tokens = np.array([[1.0, 0], [0, 1], [1, 1], [0, 0]])  # of four patches

random = np.random.default_rng(0)
query, key, value = random.normal(size=(3, 2, 2))  # learnt in a network

# %% [markdown]
# Each token $x_i$ makes three lists of itself by a matrix each: a **query** $q_i = x_i Q$, what it asks for; a **key** $k_i = x_i K$, what it can be found by; a **value** $v_i = x_i V$, what it hands over. How well a key fits a query is their product, over $\sqrt d$, where $d$ is the length of a query. Softmax makes **shares** of it, and the token gets the mean of all values by these shares:
#
# $$A_{ij} = \frac{e^{q_i \cdot k_j / \sqrt d}}{\sum_m e^{q_i \cdot k_m / \sqrt d}}, \qquad y_i = \sum_j A_{ij} \, v_j .$$
#
# **Exercise 8.1 · mechanical.** Write it down.

# %% [markdown] tags=["guide", "slide"]
# ## 1 · A token sees everything
#
# $$A_{ij} = \frac{e^{q_i \cdot k_j / \sqrt d}}{\sum_m e^{q_i \cdot k_m / \sqrt d}}, \qquad y_i = \sum_j A_{ij} \, v_j$$
#
# - **query** $q_i = x_i Q$: what token $i$ asks for
# - **key** $k_j = x_j K$: what token $j$ can be found by
# - **value** $v_j = x_j V$: what it hands over

# %% [markdown] tags=["notes"]
# Let the class say the formula in words: I ask, all answer, I take a mean. Point at one row of shares: it adds up to 1. Then ask where in this formula it says which token lies beside which. Nowhere.

# %% tags=["exercise"]
def attend(tokens, query, key, value):
    """What each token gets.

    tokens: (n, width). query, key, value: matrices, (width, d). Returns (n, d).
    """
    fits = (tokens @ query) @ (tokens @ key).T / np.sqrt(query.shape[1])
    powers = np.exp(fits)
    shares = powers / powers.sum(axis=1, keepdims=True)
    return shares @ (tokens @ value)


# %%
checks.attend(attend)

# %% [markdown]
# The same in Keras, whose layer adds a last matrix, here the identity:

# %%
layer = keras.layers.MultiHeadAttention(num_heads=1, key_dim=2, use_bias=False)
layer.build((1, 4, 2), (1, 4, 2))
into_heads = [matrix[:, None] for matrix in (query, key, value)]  # (2, 1 head, 2)
layer.set_weights([*into_heads, np.eye(2)[None]])  # out of the head: as it is
mixed, shares = layer(tokens[None], tokens[None], return_attention_scores=True)
mixed, shares = np.asarray(mixed)[0], np.asarray(shares)[0, 0]
assert np.allclose(shares.sum(axis=1), 1)
assert np.allclose(shares @ (tokens @ value), mixed)
print(shares.round(2))

# %% [markdown]
# Row $i$: the shares that token $i$ takes. None is zero: *every* token gets something of every other. Nothing says which lie side by side: shuffle the tokens, and the same lists come out, shuffled, with the same mean. So a transformer adds to each token numbers for its place, its **position**.

# %%
order = np.array([2, 0, 3, 1])
shuffled = np.asarray(layer(tokens[None, order], tokens[None, order]))[0]
assert np.allclose(shuffled, mixed[order], atol=1e-6)
assert np.allclose(shuffled.mean(axis=0), mixed.mean(axis=0), atol=1e-6)

# %% [markdown]
# A **block** is attention, then a small dense network for each token by itself; what either makes is *added* to the tokens. Before both, every token is **normalised**: brought to mean 0 and standard deviation 1, then scaled and shifted by learnt numbers. Attention has several **heads**, with matrices of their own. `camlib.vit_gap` has 64 tokens, one for each 8 × 8 pixels, made by three convolutions from windows of 22, and two blocks of four heads.

# %% tags=["nbval-check-output"]
kinds = [type(layer).__name__ for layer in transformer.layers]
print(f"{transformer.count_params():,} weights;",
      f"{kinds.count('MultiHeadAttention')} layers of attention")
print("it ends", " → ".join(kinds[-3:]))

# %% [markdown]
# ## 2 · The same ending
#
# It ends in a mean and a dense layer. So the identity of 04 holds, with tokens in place of cells:

# %% [markdown] tags=["guide"]
# ## 2 · The same ending (12 min)
#
# - **Minutes:** Seven of them for 8.2, if it is done in class.
# - **Say:** The derivation of 04 never asked what a cell has seen.
# - **They will predict** that the identity fails, or holds nearly. It holds to rounding.
# - **Usual mistakes** in 8.2: the sum over j; votes of what was received; divided by the number of tokens; axis 1, whose sums are all 1.
# - **Ask:** Two maps, both exact, with maxima in different places. Which is *the* map? (Neither: a sum has as many orders as you like.)
# - **Short of time:** The identity alone; 8.2 at home.

# %% [markdown] tags=["guide", "slide"]
# ## 2 · The same ending
#
# tokens → normalised → **mean** → **dense**
#
# The derivation of session 4 never asked what a cell has seen.

# %% tags=["fragment"]
grid = vit.on_grid(transformer)  # its 64 tokens as 8 rows and 8 columns
seen = camlib.explain(grid, scenes.images)
residue = abs(seen.maps.mean(axis=(1, 2)) + seen.bias - seen.logits).max()
is_right = 100.0 * (seen.logits.argmax(axis=1) == scenes.labels)
right = camlib.bootstrap(is_right, groups=scenes.digits)
print(f"mean of map + bias − logit: {residue:.0e} at most, in 4,000 logits")
print(f"named rightly: {right} % of {len(scenes.labels)} scenes of unseen digits")
assert residue < 1e-3 and right.low > 90

# %%
def token_maps(tokens, kernel):
    """The function of exercise 4.1; tokens or cells, it is the same."""
    return tokens @ kernel

tokens_of = keras.Model(transformer.input, transformer.get_layer("gap").input)
last_tokens = np.asarray(tokens_of(scenes.images[:1])).reshape(8, 8, 64)
kernel, bias = transformer.get_layer("dense").get_weights()
checks.maps_by_hand(token_maps, last_tokens, kernel)
assert np.allclose(token_maps(last_tokens, kernel), seen.maps[0], atol=1e-3)

# %% [markdown]
# **Exercise 8.2 · derivation.** Take attention alone: one head, no normalisation, nothing added past it, the shares as they are: $y_i = \sum_j A_{ij} v_j$, and logits $z_c = \frac1n \sum_i \sum_k w_{kc} \, y_{ik} + b_c$. The class activation map gives each token $i$ the votes of *what it received*. Exchange the sums once more, and give each token $j$ the votes of *what it handed over*: a map $N_c(j)$ whose mean, plus bias, is the same logit.

# %% tags=["exercise"]
def maps_by_origin(shares, values, kernel):
    """For each token and class, the votes of what the token handed over, to all.

    shares: (n, n), row i of what token i takes. values: (n, d). kernel: (d, classes).
    Returns (n, classes); its mean over tokens is the logits' part without bias.
    """
    return shares.sum(axis=0)[:, None] * (values @ kernel)


# %%
checks.maps_by_origin(maps_by_origin)

# %% [markdown] tags=["answer"]
# $z_c - b_c = \frac1n \sum_i \sum_j A_{ij} \,(v_j \cdot w_c) = \frac1n \sum_j \big[ \sum_i A_{ij} \big] (v_j \cdot w_c)$. Both maps are exact, and they may lie in different places: a sum has more than one order. (Shares depend on all tokens, too. $N_c$ tells where the *values* came from, not all causes.)

# %% [markdown]
# ## 3 · Where it points
#
# As in 05: how often does the maximum lie in the digit's box, or within 15 px of it? LeNet, which differs in more than attention, shows what is possible here.

# %% [markdown] tags=["guide"]
# ## 3 · Where it points (12 min)
#
# - **Minutes:** Four of them for 8.3.
# - **Say:** Exact, and its maximum stands on paper beside the digit.
# - **They will predict** chance, once they have seen the first figure. It is less than chance.
# - **Usual mistakes** in 8.3: *B*, for pictures have neighbours; 0 %, as for LeNet; 100 %, for the nearest tokens change, too.
# - **Ask:** Is the map wrong? (No: it says where the sum's terms *stand*.)
# - **Short of time:** The table and the two matrices.

# %%
lenet = camlib.shipped_run().load()
head.spread(lenet, 100, 64)  # it was trained for canvases of 100 px

def own(maps, labels):
    """The map of one class an image: (n, rows, columns)."""
    return maps[np.arange(len(maps)), :, :, labels]

def inside(maps, scenes, within=1):
    """100 where the maximum is in the digit's box, or so many px from it: (n,)."""
    scores = localize.score_maps(maps, (64, 64))
    return 100.0 * localize.pointing_hits(scores, scenes.boxes, within)

# %% [markdown] tags=["guide", "slide"]
# ## 3 · Where it points

# %% tags=["fragment"]
lenets = camlib.explain(lenet, scenes.images).maps
ours = own(seen.maps, scenes.labels)
others = seen.logits + np.where(np.eye(10)[scenes.labels], -np.inf, 0)
ink = scenes.images.reshape(400, 8, 8, 8, 8).mean(axis=(2, 4))  # of each patch
rows = {"LeNet's CAM": own(lenets, scenes.labels), "the transformer's CAM": ours,
        "minus the runner-up's": ours - own(seen.maps, others.argmax(axis=1)),
        "blind to the class": seen.maps.std(axis=3),
        "another scene's CAM": np.roll(ours, 1, axis=0),
        "CAM, its sign turned": -ours, "ink of the patch": ink}
one = {}
for name, maps in rows.items():
    one[name], near = [camlib.bootstrap(inside(maps, scenes, px), groups=scenes.digits)
                       for px in (1, 15)]
    print(f"{name:22} inside {one[name]} %, 15 px: {near} %")

# %% tags=["own-test"]
# The course's own test of what it says below.
assert one["the transformer's CAM"].high < one["another scene's CAM"].low  # chance
assert one["LeNet's CAM"].low > 95
assert one["CAM, its sign turned"].low > 60
assert abs(kernel.sum(axis=1)).max() < 1e-5  # the canonical choice of 04

# %% [markdown] tags=["guide", "slide"]
# ## LeNet's maps and the transformer's, of the true class

# %% tags=["fragment"]
shown = [0, 1, 2, 3]
plot.grid(
    scenes.images[[*shown, *shown]],
    [*rows["LeNet's CAM"][shown], *ours[shown]],
    rows=["LeNet", "transformer"], columns=4, boxes=scenes.boxes[[*shown, *shown]],
    signed=True, width=1.4)

# %% [markdown] tags=["notes"]
# Red speaks for the true class, blue against it. Let them say what they see: in the lower row, red is everywhere, and palest on the digit. The sum is right nevertheless. Whose prediction was below chance?

# %% [markdown]
# The evidence *for* the digit stands everywhere, nearly flat, and least of all on the digit. Its maximum is on the digit more seldom than that of *another* scene's map. With its sign turned, it finds the digit; so does ink, without a network. Against the runner-up, which no choice of maps changes (04), it is chance.
#
# Is it this one training? Five, seeds 0 to 4, have 1.4 to 3.8 % of 2,000 scenes inside, each less than chance, and against the runner-up 7 to 12 %; the sign turned finds 46 to 90 %, so it is no law. Twice the training leaves 1.6 %; with tokens of 16 px it is 7 %, chance (`docs/places.md`).
#
# The sum is right. Were its terms carried away from where they were seen? We test that.
#
# First, was it ever otherwise? Move the step in the explorer, and count:

# %%
run = camlib.shipped_run("vit_gap")
hundred = camlib.Scenes(*(array[:100] for array in scenes))
story = camlib.explain_run(run, hundred.images)
along = story.maps.reshape(len(run.steps), 100, 8, 8, 10)  # 64 tokens, in rows
explorer = camlib.explorer(
    scenes.images[:4], along[:, :4], bias=story.bias, steps=run.steps,
    accuracy=run.accuracy, labels=scenes.labels[:4], boxes=scenes.boxes[:4])
explorer

# %%
for step, maps in zip(run.steps, along):
    hits = inside(own(maps, hundred.labels), hundred)
    hits = camlib.bootstrap(hits, groups=hundred.digits)
    print(f"step {step:5,}: inside {hits} %")

# %%
label = scenes.labels[0]
explorer.class_index = int(label)
plot.maps_along_training(
    scenes.images[0], along[:, 0, :, :, label], run.steps,
    accuracy=run.accuracy, label=label)

# %% [markdown]
# Once, when a quarter of the scenes were named rightly, the maximum was on the digit more often.
#
# Erase one patch after the other: what each cell of the map loses is the **effect matrix**.

# %%
few = slice(0, 40)
images, labels = scenes.images[few], scenes.labels[few]
by_transformer = camlib.effects(grid, images, labels, patch=8, batch_size=128)
by_lenet = camlib.effects(lenet, images, labels, patch=8, batch_size=128)
by_lenet = by_lenet.reshape(40, 8, 8, 8, 2, 8, 2).mean(axis=(4, 6))  # of 2 × 2 cells

# %%
middles = 8 * np.arange(8) + 4  # px
apart = abs(middles[:, None] - middles) > 18  # (patch, cell)
far = apart[:, None, :, None] | apart[None, :, None, :]  # (patch y, x, cell y, x)
x0, y0, x1, y1 = scenes.boxes[few].T[:, :, None]
meets = [abs(middles - (a + b) / 2) < (b - a) / 2 + 4 for a, b in ((y0, y1), (x0, x1))]
on_digit = (meets[0][:, :, None] & meets[1][:, None])[..., None, None]  # the box

def far_share(effects):
    """Percent of the change by the digit's patches that lies far away: (n,)."""
    size = abs(effects) * on_digit
    return 100 * (size * far).sum(axis=(1, 2, 3, 4)) / size.sum(axis=(1, 2, 3, 4))

# %% [markdown]
# **Exercise 8.3 · predict and explain.** A patch on the digit is erased. Which cells of the transformer's map change?
#
# - **A** Those over the patch, and those whose windows meet it.
# - **B** Mostly the neighbours: tokens attend to what lies beside them.
# - **C** Nearly all, by similar amounts.
# - **D** Hardly any but the patch's own.
#
# And how much of all the change, in percent, lies in cells *farther* than 18 px away, beyond the reach of LeNet's windows? (15 points off is accepted.)

# %% [markdown] tags=["guide", "slide"]
# ### Exercise 8.3 · One patch of the digit is erased: which cells of the map change?
#
# - **A** those over the patch, and those whose windows meet it
# - **B** mostly the neighbours
# - **C** nearly all, by similar amounts
# - **D** hardly any but the patch's own
#
# And how much of the change lies farther than 18 px away?

# %% [markdown] tags=["notes"]
# One minute alone, hands for the four letters, two minutes with a neighbour who voted otherwise, hands again. Then a number. For *B* ask: the formula knows no neighbours, but positions do; so how would you find out?

# %% tags=["exercise"]
def one_patch_erased():
    """Your letter, and the percentage of the change that is far away: ("A", 5)."""
    return "C", 65


# %%
checks.erased_patch(one_patch_erased, far_share(by_transformer).mean())

# %% tags=["answer"]
alike = np.ones_like(by_transformer)
for name, effects in {"LeNet": by_lenet, "transformer": by_transformer,
                      "if all cells changed alike": alike}.items():
    share = far_share(effects)
    share = camlib.bootstrap(share, groups=scenes.digits[few], share=False)
    print(f"{name:26} {share} % of the change is far away")

# %% [markdown] tags=["guide", "slide"]
# ## What erasing each patch does to each cell

# %% tags=["fragment", "answer"]
count = on_digit.sum(axis=0).clip(1)  # how often each patch is on a digit
matrices = {name: ((effects * on_digit).sum(axis=0) / count).reshape(64, 64)
            for name, effects in
            {"LeNet": by_lenet, "transformer": by_transformer}.items()}
plot.arrays(matrices, width=3)

# %% [markdown] tags=["notes"]
# A row for each erased patch, from the upper left one to the lower right, a column for each cell of the map. LeNet: a band, the window of 28 px. The transformer: stripes. Whichever patch of a digit is erased, nearly all cells lose, its own less than most (the pale diagonal). A cell's value is not *about* its place.

# %% [markdown] tags=["answer"]
# A row for each patch of a digit that is erased, row after row of the picture; a column for each cell of the map. LeNet has a band, since its windows are 28 px. The transformer has stripes: nearly all cells lose, and as much of the change is far away as if all cells lost alike. What stands in a cell is not about its place. (Clutter, erased, changes little.)

# %% [markdown]
# ## 4 · What can be asked instead
#
# If shares carry evidence away, follow the shares back. **Rollout** (Abnar and Zuidema, 2020) multiplies the shares of all blocks:
#
# $$R = \tilde A_2 \, \tilde A_1, \qquad \tilde A = \tfrac12 \big(\text{mean of heads of } A\big) + \tfrac12 I .$$
#
# (Half of a token comes through attention, half stays: the method's guess.) **Gradient-weighted attention** (Chefer, Gur and Wolf, 2021) takes the logit's slope in each share, times the share, where that is positive. $R = (I + \bar A_2)(I + \bar A_1) - I$, with $\bar A$ the mean of heads of these. The network takes a mean of tokens, so we take the mean of $R$'s rows (the papers: one row). **Erasing** needs a pass for each patch with ink.

# %% [markdown] tags=["guide"]
# ## 4 · What can be asked instead (9 min)
#
# - **Minutes:** Four of them for 8.4.
# - **Say:** Ask where it came *from*, not where it arrived.
# - **They will predict** that rollout knows the class, for it is warm on the digit.
# - **Usual mistakes** in 8.4: *A*; a number that is measured between two scenes instead of two classes.
# - **Ask:** What does a class-blind map get when asked for each of two digits? (Half, but for boxes that overlap.)
# - **Short of time:** The table, and 8.4 by hands.

# %%
def in_rows(maps):
    """Maps of tokens, (n, 64), in rows and columns."""
    return maps.reshape(-1, 8, 8)

def erasing(images, labels):
    """What the logit loses when each patch is erased: (n, 8, 8)."""
    return -camlib.effects(grid, images, labels, 8, batch_size=128).mean(axis=(3, 4))

# %%
pairs = camlib.pair_scenes(digits, 200, size=64, seed=1)
a, b = pairs.boxes[:, 0], pairs.boxes[:, 1]
apart = (np.maximum(a, b)[:, :2] >= np.minimum(a, b)[:, 2:]).any(axis=1)  # no overlap
pairs = camlib.Scenes(*(array[apart] for array in pairs))
print(f"{apart.sum()} of 200 scenes of two digits have boxes apart")

def asked(method, which):
    """Hits of a method on scenes of two digits, asked for one of them: (n,)."""
    boxes = pairs._replace(boxes=pairs.boxes[:, which])
    return inside(method(pairs.images, pairs.labels[:, which]), boxes)

# %%
methods = {
    "LeNet's CAM": lambda x, c: own(camlib.explain(lenet, x).maps, c),
    "the transformer's CAM": lambda x, c: own(camlib.explain(grid, x).maps, c),
    "rollout": lambda x, c: in_rows(attention.attention_rollout(transformer, x)),
    "gradient-weighted": lambda x, c: in_rows(
        attention.gradient_attention(transformer, x, c)),
    "erasing": erasing,
}

# %% [markdown] tags=["guide", "slide"]
# ## 4 · What can be asked instead
#
# - **rollout**: follow the shares back
# - **gradient-weighted**: those from which the class gains
# - **erasing**: what if it were not there?

# %% tags=["fragment"]
for name, method in methods.items():
    hits = inside(method(hundred.images, hundred.labels), hundred)
    hits = camlib.bootstrap(hits, groups=hundred.digits)
    both = (asked(method, 0) + asked(method, 1)) / 2  # both questions of each
    both = camlib.bootstrap(both, groups=pairs.digits[:, 0], share=False)
    print(f"{name:22} one digit {hits} %, of two {both} %")

# %% [markdown]
# Followed back, the shares find a lone digit. So would ink: only “of two” shows that a map knows its class. Rollout ignores what is handed over.
#
# **Exercise 8.4 · diagnose.** A colleague has a scene of two digits. “Rollout is warmest on the digit that the network names. So it shows where the network saw *this* digit.” What is wrong?
#
# - **A** Nothing: the network names it rightly, so the map is right.
# - **B** The warm place belongs to the other digit.
# - **C** No class enters rollout: asked for the other digit, it is the same map.
# - **D** Rollout's shares do not add up to 1.
#
# As evidence, give the largest difference, in any cell, between rollout asked for one of the digits and asked for the other.

# %% [markdown] tags=["guide", "slide"]
# ### Exercise 8.4 · “Rollout is warmest on the digit that it names: it shows where the network saw *this* digit.”
#
# - **A** nothing is wrong
# - **B** the warm place belongs to the other digit
# - **C** no class enters rollout
# - **D** its shares do not add up to 1

# %% [markdown] tags=["notes"]
# Hands. Who says *A* should say what the map would look like if the network were asked for the other digit. Then the difference: zero, for there is no class in the formula. Gradients bring the class in.

# %% tags=["exercise"]
def rollout_of_two():
    """Your letter, and the largest difference between the two maps: ("A", 1.0)."""
    return "C", 0.0


# %%
checks.same_for_all(rollout_of_two)

# %% [markdown]
# Asked for *each* of two digits, a map without a class is right once. Gradient-weighted attention and erasing know the class; LeNet's CAM is better than both here. Cost: CAM and rollout take one forward pass for all classes, gradient-weighted attention one and its way back for each class.
#
# And 04's freedom? What is added to the weights of all classes alike changes every CAM, and no probability. Rollout stays. Gradient-weighted attention and erasing change, for they ask for one logit; with a *difference* of two logits neither would.

# %%
other = camlib.shipped_run("vit_gap").load()
head.lift(other, 1)  # adds the same to a feature's weights for all classes
x, c = hundred.images[:8], hundred.labels[:8]
same = [attention.attention_rollout(net, x) for net in (transformer, other)]
moved = [attention.gradient_attention(net, x, c) for net in (transformer, other)]
assert np.allclose(*same, atol=1e-6) and not np.allclose(*moved, rtol=0.05)
assert np.allclose(*[camlib.softmax(net.predict(x, verbose=0))
                     for net in (transformer, other)], atol=1e-4)

# %% [markdown]
# ## 5 · Can places be taught?
#
# Two remedies, each trained from the start. **Neighbours**: attention only to the tokens next to it; after two such blocks, a token depends on 54 of the 64 px at most. **Dropped tokens**: in training, half of the tokens become zeros, so that no token can rely on another. Write down first: which brings the map back to the digit, and at what cost?

# %% [markdown] tags=["guide"]
# ## 5 · Can places be taught? (5 min)
#
# - **Say:** If carrying is what moves evidence, forbid long carries, or make carrying unreliable.
# - **They will predict** that both help. Neighbours do: 18 % inside (before, 1 %), all within 15 px. Dropped tokens: 5 %.
# - **Usual mistakes:** Reading one seed as a law. Each row is one training.
# - **Ask:** What does the first remedy take away, for which people use transformers?
# - **Short of time:** The printed lines.

# %% [markdown] tags=["guide", "slide"]
# ## 5 · Can places be taught?
#
# - **neighbours**: attention only to the tokens next to it
# - **dropped tokens**: in training, half of the tokens are zeros

# %% tags=["fragment"]
remedies = {"as it was": "vit_gap", "neighbours": "vit_gap_neighbours",
            "dropped tokens": "vit_gap_token_dropout"}
for name, which in remedies.items():
    trained = camlib.shipped_run(which)
    view = camlib.explain(vit.on_grid(trained.load()), scenes.images)
    maps = own(view.maps, scenes.labels)
    points, near = [camlib.bootstrap(inside(maps, scenes, px), groups=scenes.digits)
                    for px in (1, 15)]
    print(f"{name:15} names {trained.accuracy[-1]:.1%} of 10,000 scenes rightly;",
          f"\n{'':15} inside {points} %, within 15 px {near} %")

# %% [markdown] tags=["notes"]
# Compare with what they wrote down. One training each: differences of some points may be another seed's.

# %% [markdown]
# Neighbours bring the maximum to within 15 px of the digit, and onto it more often than chance, at hardly a price here. Even so it is beside the digit four times in five. Dropped tokens change little, and cost more. (One training each.)

# %% [markdown] tags=["slide", "honest-failure"]
# ## An honest failure: a deceived reader
#
# Nothing on a heat map tells whether its terms stayed where they were seen. Here is the transformer's map of its surest scene, as it would be printed: positive values only.

# %% [markdown] tags=["guide"]
# ## An honest failure, and the summary (3 min)
#
# - **Say:** The check of 04 passes, and the picture misleads. Both are true.
# - **They will predict** that one sees it on the picture. One does, if one knows where the digit is.
# - **Usual mistakes:** Concluding that transformers cannot be explained. *This* sum, read *here*, does not point.
# - **Ask:** Which test finds it, without any box? (Erasing: compare with the map.)
# - **Short of time:** The picture, and the first line of the summary.

# %% tags=["fragment"]
surest = (seen.logits.max(axis=1) * (is_right > 0)).argmax()
by_erasing = erasing(scenes.images[[surest]], scenes.labels[[surest]])[0]
plot.grid(scenes.images[[surest] * 2],
          [ours[surest].clip(0), by_erasing.clip(0)],
          titles=["its exact map", "erasing"], boxes=scenes.boxes[[surest] * 2],
          width=2)

# %% [markdown]
# A reader who does not know the digit's place takes the left one for an answer. Erasing shows the digit.

# %% [markdown] tags=["slide"]
# ## Summary
#
# - Attention gives each token a mean of all tokens' values, by shares.
# - A transformer that ends in a mean and a dense layer has exact class activation maps.
# - Exact is about the network's last sum. Where its terms come from, it does not say: here, in five trainings, the maximum is on the digit in 1 to 4 of 100 scenes; by chance, 8. Large transformers with other endings are reported to keep places better (Raghu and others, 2021).
# - Follow the shares back, with the class's gradient, or erase: then the digit is found.
#
# **Open investigation: tokens that store.** In large vision transformers, a few tokens of plain background are reported to get large and store what concerns the whole picture; extra tokens, *registers*, take over this work (Darcet and others, 2024). Are there such tokens here? `keras.Model(transformer.input, transformer.get_layer("norm").input)` gives tokens before the last normalisation. What would convince you that a token stores?

# %% [markdown] tags=["guide"]
# ## The investigation: one way through
#
# How long is each token before the last normalisation, and does its length tell ink from paper?

# %% tags=["guide"]
before = keras.Model(transformer.input, transformer.get_layer("norm").input)
lengths = np.linalg.norm(before.predict(scenes.images, verbose=0), axis=2)
inked = scenes.images.reshape(-1, 8, 8, 8, 8).any(axis=(2, 4)).reshape(-1, 64)
largest = lengths.max(axis=1) / np.median(lengths, axis=1)
print(f"largest over median length: {np.median(largest):.2f}, at most {largest.max():.2f}")
print(f"mean length on ink {lengths[inked].mean():.1f}, on paper {lengths[~inked].mean():.1f}")

# %% [markdown] tags=["guide"]
# ### What we found
#
# No: the longest token is 1.2 times as long as the median one, at most 1.5 times, and tokens on ink are as long as those on paper (40.6 and 39.6). So there are no registers *by length* in this small network; a token could store something without being long. Erasing single tokens before the last block would be a better test.

# %% [markdown]
# **References.** M. Raghu et al., *Do Vision Transformers See Like Convolutional Neural Networks?*, NeurIPS 2021, arXiv:2108.08810. A. Vaswani et al., *Attention Is All You Need*, NeurIPS 2017, arXiv:1706.03762. A. Dosovitskiy et al., *An Image is Worth 16x16 Words*, ICLR 2021, arXiv:2010.11929. S. Abnar, W. Zuidema, *Quantifying Attention Flow in Transformers*, ACL 2020, arXiv:2005.00928. H. Chefer, S. Gur, L. Wolf, *Generic Attention-model Explainability for Interpreting Bi-Modal and Encoder-Decoder Transformers*, ICCV 2021, arXiv:2103.15679. M. Zeiler, R. Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014, arXiv:1311.2901. T. Darcet, M. Oquab, J. Mairal, P. Bojanowski, *Vision Transformers Need Registers*, ICLR 2024, arXiv:2309.16588.
#
# **Next:** [09 · Would you sign for this network?](09_audit_a_network.ipynb)
