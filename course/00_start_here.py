# %% [markdown]
# # 00 · Where does a network look?
#
# Somewhere in a picture of ink blots there is a digit. A small neural network has learnt to name it from labelled pictures. Nobody ever told it *where* the digit is. In the next minute you will see where it looks.
#
# This is the first notebook of a course on **class activation maps**, after *Learning Deep Features for Discriminative Localization* (Zhou, Khosla, Lapedriza, Oliva, Torralba, CVPR 2016). **Shift+Enter** runs a cell and goes to the next: read, run, and answer the question under the first picture *before* you run on. Closed cells (•••) would give an exercise away, or hold the course's own tests: open them after your attempt.
#
# **You will be able to**
#
# 1. make a class activation map of any scene, in one call, and read its colours;
# 2. check the one equation that makes such a map exact, and say for which networks it holds;
# 3. slide the class and the training step (how long the network has learnt), and say what changes;
# 4. find your way through the course.
#
# **Before you start:** a little Python and NumPy; no deep learning yet. **Time:** 20 minutes; all cells run in about 15 seconds.

# %% [markdown] tags=["guide"]
# **Session 1 of 6, 90 minutes: this notebook, 40, then [01](01_cluttered_mnist.ipynb), 50.**
#
# - **Prepare.** The day before: `make fetch` once for the digits (the trained network comes with the course), run all cells, `make slides ONLY=1`. Let everybody install at home; ten minutes of installing cost a class of 300 the lecture. Paper for predictions.
# - **Minutes.** Opening and prediction 5 · first heat map and 0.1, 10 · why it is exact, 0.2 and 0.3, 11 · slide it 5 · now you 3 · failure, map of the course 6 = 40. In class: 0.1 and 0.3. In pairs, if time is left: 0.2. At home: the investigation.
# - **Without network.** Nothing is fetched after `make fetch`. The deck needs none, and its explorer and its pen work without Python.
# - **Without projector.** Print the deck: `?print-pdf` after its address. On the board: a map of 2 × 2 cells, 8, 0, 0 and −4, with bias 2. Its mean is 1, the logit 3.
#
# ## Opening and prediction (5 min)
#
# - **Say:** It was told *what*, never *where*; where does it look?
# - **They will predict** the digit, and many that scraps confuse it. The heat is on the digit; whether all of it or one stroke counts, this map can not say.
# - **Ask:** How did *you* find the digit among the scraps?

# %% [markdown] tags=["guide", "slide"]
# # 00 · Where does a network look?
#
# A small network has learnt to name the digit. Nobody ever told it *where* the digit is.

# %%
import numpy as np

import camlib
from camlib import checks, plot
from camlib.boxes import box_masks

# %%
digits = camlib.load_split()[1]  # those that training never saw
scenes = camlib.make_scenes(digits, 1000, seed=2)
run = camlib.shipped_run()  # 20 snapshots of one network, untrained to trained
network = run.load()  # as it was at the last step

# %% tags=["fragment"]
plot.scene_grid(scenes, count=6)

# %% [markdown] tags=["notes"]
# Six of a thousand scenes: one digit, and eight scraps torn from other digits. The number above is the label, and all that training told. Give the class ten seconds for the second and the fifth. How did you know which ink was the digit?

# %% [markdown]
# Six of a thousand scenes: 100 × 100 pixels, one digit, and eight scraps torn from other digits (some blank). The number above each is its label. In training the network got scenes and labels, never a place. About a fifth of its scenes held scraps alone, and there it was asked to prefer no digit. (Notebook [03](03_lenet_gap.ipynb) trains it.)
#
# ## Predict first
#
# > Look at the first scene. If you could ask the network *“which parts of this picture made you say so?”*, what would it point at: the digit alone, the digit and some scraps, or a bit of everything? Decide before you look below.
#
# ## 1 · The first heat map
#
# There are ten **classes**, the digits 0 to 9. A **class activation map** tells for each **cell** of 4 × 4 pixels how much it speaks for a class, *compared with the average class*. Here is the map of the true digit, laid over the scene.

# %% [markdown] tags=["guide", "slide"]
# ## Predict first
#
# > Ask the network *“which parts of this picture made you say 3?”* What does it point at?
#
# - the digit alone
# - the digit and some scraps
# - a bit of everything

# %% [markdown] tags=["notes"]
# One minute, on paper, alone; then hands for each, and write the counts on the board. Ask one of each camp for a reason. Nobody is right yet. The next slide answers it.

# %% [markdown] tags=["guide"]
# ## 1 · The first heat map (10 min)
#
# - **Minutes:** Four of them for 0.1.
# - **Say:** Ten classes, ten maps; red speaks for, blue against, compared with the average class.
# - **They will predict** that an untrained network's heat is spread evenly: 24.7 % is on 6.6 % of the pixels, for there is ink. After training it is 94.0 (93.7 to 94.3).
# - **Usual mistakes** in 0.1: the flat index; row and column exchanged; the hottest cell of *all* classes; the true class instead of the one that is named.
# - **Ask:**
#   - Why is the 5 warm on a 3?
#   - Does heat on the *only* digit show that the map knows which digit it is? (No: session 5.)
# - **Short of time:** 0.1 by pointing at the picture.

# %% [markdown] tags=["guide", "slide"]
# ## 1 · The first heat map

# %% tags=["fragment"]
seen = camlib.explain(network, scenes.images)
image, label = scenes.images[0], scenes.labels[0]
plot.heat_map(image, seen.maps[0, :, :, label], label=label)

# %% [markdown] tags=["notes"]
# Silence for ten seconds. Then settle the prediction: the heat is on the digit, not on the scraps. Whole digit or one stroke? Each cell looks at 28 × 28 pixels, more than the digit, so the map can not say.

# %% [markdown]
# (The map's range stands below it. The largest value is dark; smaller ones are paler and more transparent. `seen.maps` holds all maps, (scenes, rows, columns, classes), and `seen.logits` the scores, (scenes, classes).)
#
# Nearly all of the **heat**, the map's positive values, is on the digit. Whether it was the whole digit or one stroke, this map can not say: each cell looks at 28 × 28 pixels, more than the digit.
#
# Is that so in all thousand scenes, and was it learnt? Count the share of heat in the digit's box or at most one cell beside it. The network *before* training sees the same ink:

# %% [markdown] tags=["guide", "slide"]
# ## In all thousand scenes? And was it learnt?

# %%
one_cell = np.array([-4, -4, 4, 4])  # in pixels, to each side of a box
on_digit = box_masks((scenes.boxes + one_cell).clip(0, 100), (100, 100))
print(f"box and one cell around: {100 * on_digit.mean():.1f} % of the pixels")

# %% tags=["fragment"]
before = camlib.explain(run.load(0), scenes.images)
trained = camlib.heat_in_boxes(seen.maps, scenes, margin=4)
untrained = camlib.heat_in_boxes(before.maps, scenes, margin=4)
print(f"of the heat: {trained} %; before training {untrained} %")
assert trained.low > 85 and untrained.high < 60

# %% [markdown] tags=["notes"]
# One picture convinces, a thousand count. Before the last line appears, ask what the network *before* training gives. Chance for places would be 6.6 %; it is 24.7, because the scene's ink is there. In brackets: what other digits might have given.

# %% [markdown]
# (In brackets, a 95 % interval: what other digits might have given. `camlib.bootstrap` makes it, and notebook 03 says how. That the heat is on the *only* digit does not yet show that the map knows *which* digit it is. Notebook [05](05_measuring_localization.ipynb) asks for one of two.)
#
# Ten classes have ten maps. Red cells speak **for** a class, blue ones **against** it, compared with the average class: in every cell, the ten maps add up to zero. (Notebook [04](04_class_activation_maps.ipynb) says why.) All maps share one scale, and above each stands its class's score.

# %% [markdown] tags=["guide", "slide"]
# ## 2 · Ten classes, ten maps

# %% tags=["fragment"]
plot.maps_by_class(image, seen.maps[0], logits=seen.logits[0], label=label)

# %% [markdown] tags=["notes"]
# The score stands above each map. Which wrong class has the most red? The 5, on the lower half of the 3. What do both have there? In every cell the ten add up to zero: red somewhere is blue elsewhere. Exercise 0.1 now: find the hottest cell of the class that is named.

# %%
largest = abs(seen.maps).max()
assert abs(seen.maps.sum(axis=3)).max() < 1e-5 * largest  # ten maps: zero

sizes = abs(seen.maps[0])
assert (sizes < 0.05 * sizes.max()).mean() > 0.8  # most cells: close to zero

# %% [markdown]
# **Exercise 0.1 · mechanical.** Exercises are short, and a checker answers each with a verdict and a hint. Replace `None`, run the cell, then the next one.
#
# Find, in one scene, the **cell with the most evidence** for the class that the network names: the one with the highest score. (`np.unravel_index` turns a flat index into a row and a column.)

# %% tags=["exercise"]
def hottest_cell(maps, logits):
    """Return (row, column).

    maps: of one scene, (rows, columns, classes). logits: the scores, (classes,).
    """
    named = maps[:, :, logits.argmax()]
    return np.unravel_index(named.argmax(), named.shape)


# %%
checks.hottest_cell(hottest_cell, seen.maps[0], seen.logits[0])

# %% [markdown]
# ## 3 · Why it is exact
#
# Many methods paint a heat map over a picture. This one is not an opinion *about* the network. The network computes one number for each cell and class, then takes their mean. The map shows these numbers. The score above each map is called the class's **logit**. The largest one is the network's answer. And
#
# $$\text{mean of the map} \;+\; \text{bias} \;=\; \text{logit}$$
#
# holds, up to rounding, for every class of every scene, in this trained network. (The **bias** is one number for each class, whatever the scene.) The hottest cells are in the hundreds and this logit is only between ten and twenty: most cells are close to zero. Check it for a thousand scenes and ten classes at once:

# %% [markdown] tags=["guide"]
# ## 3 · Why it is exact (11 min)
#
# - **Minutes:** Four for 0.2 and five for 0.3.
# - **Say:** The map is not an opinion about the network; it is the network's sum before it is added.
# - **They will predict** *A*, “it has not learnt, so its maps mean nothing”, or *B*.
# - **Usual mistakes:**
#   - 0.2: the map as it is (far more than the logit); shares that add up to 1; divided by rows only; negative cells dropped; 625 written down as a number.
#   - 0.3: *D*, though the equation hears no label; 10,000 for the count.
# - **Ask:** Does “exact” mean “right”? (Before training 0 logits differ, and 12% of the scenes are named rightly.)
# - **Short of time:** 0.2 at the board, with 2 × 2 cells.

# %% [markdown] tags=["guide", "slide"]
# ## 3 · Why it is exact
#
# $$\text{mean of the map} \;+\; \text{bias} \;=\; \text{logit}$$

# %% tags=["nbval-check-output", "fragment"]
logits = network.predict(scenes.images, verbose=0)  # knows nothing of maps
means = seen.maps.mean(axis=(1, 2))  # (1000, 10)
assert np.allclose(means + seen.bias, logits, atol=1e-3)
print(f"{logits.size:,} logits, all equal to the mean of their map plus a bias")


# %% [markdown] tags=["notes"]
# The logit is the score above the map; the largest is the answer. Do it at the board: cells 8, 0, 0, −4, bias 2: the mean is 1, the logit 3. What does the cell with 8 add? (8 / 4 = 2: that is 0.2.) Then the check: 10,000 logits, no exception.

# %% [markdown]
# **Exercise 0.2 · derivation.** Then what does *one* cell add to the logit? Write it for all cells of a map, such that the results and the bias add up to the logit.

# %% tags=["exercise"]
def added_by_each_cell(values):
    """What each cell adds to the logit: (rows, columns).

    values: the map of one class, (rows, columns), of any size.
    """
    return values / values.size


# %%
checks.added_by_each_cell(added_by_each_cell)

# %% [markdown]
# **Exercise 0.3 · predict and explain.** Before training, the same network's numbers are random. Does the equation hold for it?
#
# - **A** No: it has not learnt where digits are, so its maps mean nothing.
# - **B** Nearly: maps and logits grow alike in training, and at first they differ.
# - **C** Yes: it ends in the same sum, whatever the numbers are.
# - **D** Only in those scenes that it happens to name rightly.
#
# And in how many of its 10,000 logits will the two sides differ by more than 0.001?

# %% [markdown] tags=["guide", "slide"]
# ### Exercise 0.3 · Before training, does the equation hold?
#
# - **A** No: it has not learnt where digits are, so its maps mean nothing.
# - **B** Nearly: maps and logits grow alike in training, and at first they differ.
# - **C** Yes: it ends in the same sum, whatever the numbers are.
# - **D** Only in those scenes that it happens to name rightly.
#
# In how many of 10,000 logits do the two sides differ?

# %% [markdown] tags=["notes"]
# One minute alone, hands, two minutes with a neighbour who voted otherwise, hands again; then everybody writes the letter into the cell. *A* is half true: the maps mean nothing to us. Ask whose sum they show. After the vote: 0 of 10,000 differ, and 12% are named rightly. Exact is not good.

# %% tags=["exercise"]
def before_training():
    """Your letter, and in how many logits the sides differ: such as ("A", 5000)."""
    return "C", 0


# %%
checks.before_training(before_training)

# %% tags=["answer"]
untrained_logits = run.load(0).predict(scenes.images, verbose=0)
by_maps = before.maps.mean(axis=(1, 2)) + before.bias
differ = abs(by_maps - untrained_logits) > 0.001
named_rightly = (untrained_logits.argmax(axis=1) == scenes.labels).mean()
print(f"before training: {differ.sum()} of {differ.size:,} logits differ; "
      f"{named_rightly:.0%} of the scenes are named rightly")
assert not differ.any() and named_rightly < 0.5

# %% [markdown]
# An exact map says what a network computes, not that it is any good. Notebook [04](04_class_activation_maps.ipynb) derives the equation on half a page. It asks one thing of a network: that it ends in a mean and a weighted sum. Can a network with so plain an ending learn?

# %%
is_right = seen.logits.argmax(axis=1) == scenes.labels
right = camlib.bootstrap(100 * is_right, groups=scenes.digits)
print(f"{right} % of 1,000 scenes of unseen digits are classified correctly")
assert right.low > 95

# %% [markdown]
# ## 4 · Slide it
#
# Choose an image, a class, a training step. Point at a cell to read what it adds to the logit. Two curves stand above the step slider: how often the network was right on 10,000 scenes, and the probability of the chosen class for *this* scene. The solid box surrounds the largest region above the threshold (a share of the map's maximum), the dashed one is the truth, and IoU is their overlap: 1 when they agree.
#
# Three things to try: move the step from the first to the last; stay on one image and go through the classes; move the threshold until the two boxes fit. The words on top set the explorer for you.

# %% [markdown] tags=["guide"]
# ## 4 · Slide it (5 min)
#
# - **Minutes:** Two to show, three for them.
# - **Say:** One thing at a time: first the step, then the class, then the threshold.
# - **They will predict** that the heat finds the digit at the end of training. It is there by about step 145, when 59 % are right.
# - **Usual mistakes:** Colours of two steps compared as strengths, though each has its own range; the threshold's box taken for the network's own answer; IoU read as accuracy.
# - **Ask:**
#   - When is the network right already, and the box still wrong?
#   - Which wrong class has heat on this digit, and why?
# - **Short of time:** The step slider alone.

# %% [markdown] tags=["guide", "slide"]
# ## 4 · Slide it

# %% tags=["fragment"]
story = camlib.explain_run(run, scenes.images[:6])
tour = [
    ("[Go to step 0] and play: when is the heat on the digit? (Its scale grows along.)",
     {"image_index": 0, "class_index": 3, "step": 0}),
    ("Wrong classes have heat, too. [Look at the 5]: which part of this 3 fits it?",
     {"image_index": 0, "class_index": 5, "step": run.steps[-1]}),
    ("[Look at the 2], colours for its map alone: what speaks for it, what against?",
     {"image_index": 0, "class_index": 2, "step": run.steps[-1], "scale": "map"}),
]
explorer = camlib.explorer(
    scenes.images[:6], story.maps, bias=story.bias, steps=run.steps,
    accuracy=run.accuracy, labels=scenes.labels[:6], boxes=scenes.boxes[:6],
    network=run, tour=tour,
)
explorer

# %% [markdown] tags=["notes"]
# Move the step from first to last, slowly; let the class call “now” when the heat finds the digit. Then stay on one image and go through the classes. Point at a cell and read what it adds. Last: the threshold, until both boxes fit.

# %% [markdown]
# ## 5 · Now you
#
# The last thumbnail above is **yours**: an empty sheet, and the network looks at it while you draw. It runs in this page, on your machine; nothing is sent anywhere.
#
# > **Predict first.** You draw a 7 and choose class 1. Part of what makes a 7 is also part of a 1. What will a bar through the stem do to the 1: more heat, or less?
#
# 1. Click the last thumbnail. Draw a 7, as high as the dashed square: that is the size of the digits in training.
# 2. Choose class 1 and read its logit. Now draw the bar, and watch.
# 3. Scatter scraps, erase a stroke, move the digit with *Move* or the arrow keys. What you draw stays, whatever you slide.
#
# Code can draw, too. It hands the explorer a picture, and Keras's network finds what the page finds:

# %% [markdown] tags=["guide"]
# ## 5 · Now you (3 min)
#
# - **Say:** Now it is your picture, and nobody knows the answer before.
# - **They will predict** that the bar makes the 7 stronger and leaves the 1 alone; have them write “more” or “less” heat for class 1 first.
# - **Usual mistakes:** A digit drawn far larger or smaller than the dashed square (training had one size); a thin, shaky line; judging by the percentage alone, which hides the logit.
# - **Ask:**
#   - Does the answer change when the digit moves?
#   - When scraps are added?
#   - What did you draw that it could not read?
# - **Short of time:** One volunteer at the projector, or as homework.

# %% [markdown] tags=["guide", "slide"]
# ## 5 · Now you
#
# > You draw a 7 and choose class 1. What will a bar through the stem do to the 1: more heat, or less?
#
# Open the explorer of notebook 00, or of the slide before; the last thumbnail is an empty sheet.
#
# 1. Draw a 7, as high as the dashed square.
# 2. Choose class 1, read its logit, draw the bar.
# 3. Scatter scraps, erase a stroke, move the digit.

# %% [markdown] tags=["notes"]
# Hands for more and less before anybody draws. One volunteer here, all others on their own machines; it needs no network. Collect what surprised them: a digit that fools it is more use to the course than one that it reads.

# %%
explorer.own_image = scenes.images[0]  # uint8, (100, 100)
explorer.image_index = 6  # the picture after the six
checked = camlib.explain(network, explorer.own_image[None])
assert np.isclose(explorer.logit, checked.logits[0, explorer.class_index], atol=1e-3)
explorer.own_image = np.zeros((100, 100), np.uint8)  # an empty sheet again
explorer.image_index = 0

# %% [markdown]
# The same story without sliders: the map of the true digit at each of the 20 snapshots, with the network's accuracy then. Each panel has its own range: compare places, not strengths.

# %% [markdown] tags=["guide", "slide"]
# ## The same story without sliders

# %% tags=["fragment"]
plot.maps_along_training(
    image, story.maps[:, 0, :, :, label], run.steps, accuracy=run.accuracy, label=label
)

# %% [markdown] tags=["notes"]
# Each panel has its own range: compare places, not strengths. At step 93 the heat lies on the digit already, with 21 % accuracy; at step 145, 59 %. Ask where accuracy comes from between these two. Leave it open: session 3 trains this network.

# %% [markdown] tags=["honest-failure", "slide"]
# ## An honest failure
#
# A map shows what the network *did*. It does not know whether that was right. Here is the scene, of these thousand, where the network was most sure of itself and wrong.

# %% [markdown] tags=["guide"]
# ## An honest failure, and the map of the course (6 min)
#
# - **Say:** Every notebook ends with a failure that we do not mend.
# - **They will predict** that it looked at a scrap. It looked at the digit and was 98% sure of a 7; the label says 9.
# - **Usual mistakes:** “the map is wrong” (it shows what the network did); “the label is wrong, so it does not count”; believing that a good map means a right answer.
# - **Ask:**
#   - What would *you* have said?
#   - What must a heat map in a newspaper show besides itself?
# - **Short of time:** The picture, and one row of the table for today.

# %%
probability = camlib.softmax(seen.logits)  # ten a scene, adding up to 1 (notebook 02)
sure = probability.max(axis=1)
sure[is_right] = 0  # look at the wrong ones only
worst = sure.argmax()
named, true = seen.logits[worst].argmax(), scenes.labels[worst]
print(f"the network says {named}, {sure[worst]:.0%} sure; the label says {true}")

pixels = camlib.upsample(seen.maps[worst, :, :, named], (100, 100))
assert on_digit[worst].flat[pixels.argmax()]  # it looked at the digit

# %% tags=["fragment"]
plot.maps_by_class(
    scenes.images[worst], seen.maps[worst], logits=seen.logits[worst],
    classes=[named, true], label=true, width=2.1,
)

# %% [markdown] tags=["notes"]
# It says 7, 98% sure; the label says 9. Heat on the right place, wrong conclusion. Let them argue for a minute whether a person would do better. Keep this picture for the last session.

# %% [markdown]
# It looked at the right place and drew the wrong conclusion. Keep this picture in mind when somebody shows you a beautiful heat map as proof that a model works.
#
# ## The map of the course
#
# | notebook | question | minutes |
# | --- | --- | --- |
# | [01](01_cluttered_mnist.ipynb) | Where do the pictures come from, and how could a test set be spoilt? | 50 |
# | [02](02_a_network_by_hand.ipynb) | What happens between the pixels and the answer? | 60 |
# | [03](03_lenet_gap.ipynb) | Can a network learn without being told where? It trains in class | 75 |
# | [04](04_class_activation_maps.ipynb) | Which places cast the vote? The derivation, by hand | 60 |
# | [05](05_measuring_localization.ipynb) | How well does it point? | 80 |
# | [06](06_alexnet_caltech256.ipynb) | Can it point in photographs? AlexNet, transferred | 75 |
# | [07](07_beyond_cam.ipynb) | What came after, and when is it worth it? | 70 |
# | [08](08_a_network_without_places.ipynb) | Can a map be exact, and point nowhere? A transformer | 60 |
# | [09](09_audit_a_network.ipynb) | Would you sign for this network? | 120 |
#
# Each notebook runs on its own: none needs another to have run, though the texts build on each other. `make solutions` writes them solved to `out/solutions`: after you have tried.
#
# **If something is odd:** *a slider does nothing* – the notebook may be untrusted: run its cell, or use File ▸ Trust Notebook. *The kernel died* – the machine ran out of memory: close other notebooks. *A download failed* – the message names the file and the command that fetches it.
#
# **Open investigation.** On which wrong classes does a digit put heat, and is that chance? Begin with the mean of each class's heat over all scenes of one digit. Evidence may come from the other half of the scenes, from turning the question round (a 4's heat on 9, a 9's on 4), and from the network before training.

# %% [markdown] tags=["guide", "slide"]
# ## The map of the course
#
# | session | question |
# | --- | --- |
# | 1 | Where do the pictures come from, and how could a test set be spoilt? |
# | 2 | What happens between the pixels and the answer? |
# | 3 | Can a network learn without being told where? |
# | 4 | Which places cast the vote? |
# | 5 | How well does it point? And what came after? |
# | 6 | Can it point in photographs? Would you sign for this network? |

# %% [markdown] tags=["notes"]
# One sentence for each session. Each notebook runs on its own, so whoever misses one is not lost. `make solutions` writes solutions to `out/solutions`: after trying, not before. A wrong prediction costs nothing here. Now notebook 01.

# %% [markdown] tags=["guide"]
# ## The investigation: one way through
#
# A table of ten digits by ten classes, made from each half of the scenes, trained and untrained.

# %% tags=["guide"]
def heat_table(maps, some):
    """Mean heat of each class (column) in scenes of each digit (row): (10, 10)."""
    heat = np.maximum(maps[some], 0).mean(axis=(1, 2))  # (scenes, classes)
    labels = scenes.labels[some]
    return np.array([heat[labels == digit].mean(axis=0) for digit in range(10)])

def alike(table, other):
    """Correlation of two tables, off their diagonals: of wrong classes only."""
    wrong = ~np.eye(10, dtype=bool)
    return np.corrcoef(table[wrong], other[wrong])[0, 1]

# %% tags=["guide"]
first = np.unique(scenes.digits)[::2]
in_first = np.isin(scenes.digits, first)  # no digit is in both halves
turned = {}
for name, maps in (("trained", seen.maps), ("untrained", before.maps)):
    one, two = heat_table(maps, in_first), heat_table(maps, ~in_first)
    halves, turned[name] = alike(one, two), alike(one, two.T)
    print(f"{name}: halves agree {halves:.2f}, turned round {turned[name]:.2f}")
    assert halves > 0.9
assert turned["trained"] > 0.4 and turned["untrained"] < 0.2

# %% tags=["guide"]
table = heat_table(seen.maps, np.full(1000, True))
for digit in range(10):
    second = np.argsort(-table[digit])[1]
    print(f"a {digit} puts {table[digit, second]:.1f} on class {second}, "
          f"{table[digit, digit]:.1f} on its own")

# %% [markdown] tags=["guide"]
# ### What we found
#
# Both halves agree (correlation 0.98), but so they do before training (1.00): random numbers have their favourite classes, the same in every scene. So a result that comes back on other scenes need not be learnt. Turned round, the two differ: 0.68 after training, −0.17 before. The trained network's pairs look alike: 4 and 9, 3 and 5, 1 and 7 put most on each other. Is it the shape that they share, or did training scenes teach it in another way? One network cannot say; another seed could.

# %% [markdown]
# **References.** B. Zhou, A. Khosla, A. Lapedriza, A. Oliva, A. Torralba, *Learning Deep Features for Discriminative Localization*, CVPR 2016, arXiv:1512.04150.
#
# **Next:** [01 · Where do the pictures come from?](01_cluttered_mnist.ipynb)
