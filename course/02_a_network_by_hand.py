# %% [markdown] tags=["slide"]
# # 02 · What happens between the pixels and the answer?
#
# A picture enters a network as a table of numbers, and ten scores come out. Between them are a few simple operations: you do each by hand, then in **Keras**, our library.

# %% [markdown] tags=["guide"]
# **Session 2 of 6, 90 minutes: this notebook.**
#
# - **Prepare.** The day before: `make fetch` once for the digits (the trained network comes with the course), run all cells, `make slides ONLY=2`. Paper for everybody. With 300 people, pairs talk and hands vote.
# - **Minutes.** Opening and predictions 8 · section 1, 15 · section 2, 12 · section 3, 12 · section 4, 13 · section 5, 17 · section 6, 5 · section 7 and summary, 8 = 90. In class: 2.1, 2.3 and 2.4. At home: 2.2 and the investigation.
# - **Without network.** Nothing is fetched after `make fetch`; the deck needs no network either. Bring the folder `CAMLIB_DATA` on a stick.
# - **Without projector.** Print the deck: `?print-pdf` after its address. On the board: a 5 × 5 picture with a bar, the kernel of section 1, and one valley with three walks.
#
# ## Opening and predictions (8 min)
#
# - **Say:** Today every operation is done once by hand; after that, Keras only does it faster.
# - **They will predict** a large number on black (“much ink”), a loss of 0 (“it has done nothing wrong yet”), and “not sure” about a 5. Leave all three open until their sections.
# - **Ask:** Which of the five pictures could you still read?

# %%
import numpy as np

import camlib
from camlib import checks, plot
from camlib.backend import keras, tf

train_digits, test_digits = camlib.load_split()

# %% tags=["fragment"]
scene = camlib.make_scenes(test_digits, 1, seed=2).images[0]
plot.way_through(camlib.shipped_run().load(), scene)

# %% [markdown] tags=["notes"]
# Five pictures of the same scene. Ask who could still read the digit in the second, the third, the last. At the right end are ten scores: the network has no words, only numbers. Everything between is explained today.

# %% [markdown]
# A scene, a table of numbers from each of four stages (light is large), and ten scores.
#
# **You will be able to**
#
# 1. slide a kernel over a picture, and say what it finds;
# 2. turn features into votes, probabilities and a loss;
# 3. find a gradient by nudging, and go downhill;
# 4. train a small network, and read the course's own, line by line.
#
# **Before you start:** Python, NumPy and notebook [01](01_cluttered_mnist.ipynb). **Time:** 60 minutes; all cells run in half a minute.
#
# ## Predict first
#
# Write down:
#
# 1. Nine weights that add up to zero are multiplied with nine pixels, and the products added. What comes out on white paper? On solid black?
# 2. A network chooses between three digits, and knows nothing yet. Is its *loss*, the price of bad answers, about 0, 1 or 10?
# 3. A network has learnt only 0, 1 and 2. How sure can it be about a 5?
#
# ## 1 · A kernel slides over a picture
#
# A **pixel** is a number: 0 is paper, 255 is ink. We divide by 255, and take three digits only: 0, 1 and 2.

# %% [markdown] tags=["guide", "slide"]
# ## Predict first
#
# 1. Nine weights that add up to zero are multiplied with nine pixels, and the products added. What comes out on white paper? On solid black?
# 2. A network chooses between three digits, and knows nothing yet. Is its *loss*, the price of bad answers, about 0, 1 or 10?
# 3. A network has learnt only 0, 1 and 2. How sure can it be about a 5?

# %% [markdown] tags=["notes"]
# Three minutes, on paper, alone. Then hands for each answer, and write the counts on the board. Do not say who is right. Guess 1 is settled in section 1, guess 2 in section 3, guess 3 in section 6.

# %% [markdown] tags=["guide"]
# ## 1 · A kernel slides over a picture (15 min)
#
# - **Say:** Do one place at the board: nine weights, nine pixels, one sum. Then let the kernel slide. Red and blue are signs.
# - **They will predict** a large number on solid black: there is much ink. But 3 · 8 − 6 · 4 = 0.
# - **Usual mistakes:** 28 cells a side (26: the kernel has to fit); one map for each channel of the input (channels are added, each *kernel* makes a map).
# - **Ask:**
#   - How would you find vertical strokes?
#   - What remains of a bar ten pixels thick? (Its edges.)
# - **Short of time:** Skip the two-channel cell; say padding and stride in two sentences.

# %%
def three_classes(digits):
    """Pixels, (n, 28, 28, 1), from 0 to 1, and classes, (n,), of all 0, 1 and 2."""
    chosen = digits.labels <= 2
    images = digits.images[chosen].astype(np.float32) / 255
    return images[:, :, :, None], digits.labels[chosen]

pixels, classes = three_classes(train_digits)
print(pixels.shape, "= pictures, rows, columns, channels")

# %% [markdown]
# A **kernel** is a small table of numbers, its **weights**. Lay it on the picture, multiply each weight by the pixel under it, and add up. Do so at every place. The results are the **cells** of a **feature map**. With kernel $k$ and picture $s$:
#
# $$f(y, x) = \sum_{i} \sum_{j} k_{ij} \; s(y + i,\; x + j)$$

# %% [markdown] tags=["guide", "slide"]
# ## 1 · A kernel slides over a picture
#
# Multiply each weight by the pixel under it, add up, move on:  $f(y, x) = \sum_{i} \sum_{j} k_{ij} \; s(y + i,\; x + j)$

# %%
kernel = np.array([[-4, -4, -4],
                   [ 8,  8,  8],
                   [-4, -4, -4]], np.float32)

def slide(picture, kernel):
    """The feature map: a number for each place where the kernel fits."""
    side = len(kernel)
    rows, columns = picture.shape[0] - side + 1, picture.shape[1] - side + 1
    answer = np.zeros((rows, columns))
    for y in range(rows):
        for x in range(columns):
            under = picture[y:y + side, x:x + side]  # the pixels under the kernel
            answer[y, x] = (kernel * under).sum()
    return answer

# %% tags=["fragment"]
a_two = pixels[classes == 2][1, :, :, 0]  # one of the 2s: (28, 28)
by_hand = slide(a_two, kernel)            # (26, 26)

ink = (255 * a_two).astype(np.uint8)
plot.arrays({"a picture": ink, "a kernel": kernel, "its feature map": by_hand})

# %% [markdown] tags=["notes"]
# Before the picture: what will this kernel find? After it: why is the foot of the 2 dark red, with blue above and below? Why is the inside of plain paper white? Settle guess 1: the weights cancel on white *and* on black.

# %% [markdown]
# Red is positive, blue negative. This kernel finds **horizontal strokes**. On plain white or black its weights cancel. (Guess 1.)

# %%
paper, black = np.zeros((3, 3)), np.ones((3, 3))
assert slide(paper, kernel) == 0 and slide(black, kernel) == 0

# %% [markdown]
# This is called a **convolution**. (Mathematics first turns the kernel by 180°, and calls ours a *cross-correlation*. For learnt weights it makes no difference.) A picture may have several **channels**, numbers at the same place: a colour photograph has red, green and blue. A kernel has weights for each channel, and adds over all. Each kernel makes one channel of the output.

# %%
one_picture = a_two[None, :, :, None]  # (pictures, rows, columns, channels)
one_kernel = kernel[:, :, None, None]  # (rows, columns, channels in, channels out)
by_keras = keras.ops.conv(one_picture, one_kernel)
assert np.allclose(by_keras[0, :, :, 0], by_hand, atol=1e-4)

two_channels = np.concatenate([one_picture, one_picture], axis=3)
two_deep = np.concatenate([one_kernel, 2 * one_kernel], axis=2)
added = keras.ops.conv(two_channels, two_deep)  # 1 × the map and 2 × the map
assert np.allclose(added, 3 * by_keras, atol=1e-3)

# %% [markdown]
# **Padding** "same" adds a frame of zeros, so that (at stride 1) the map is as large as the picture; "valid" does not. **Stride** 2 moves the kernel two pixels at a time.

# %% tags=["nbval-check-output"]
for padding, stride in [("valid", 1), ("same", 1), ("same", 2)]:
    made = keras.ops.conv(one_picture, one_kernel, padding=padding, strides=stride)
    rows, columns = made.shape[1:3]
    print(f"padding {padding:5}  stride {stride}:  {rows} × {columns} cells")


# %% [markdown]
# The pixels that a cell depends on are its **receptive field**: here 3 × 3. After a second such convolution, 5 × 5.
#
# ## 2 · Drop, shrink, average
#
# Three operations without weights:
#
# - **ReLU** (rectified linear unit) turns negative numbers into 0: $\max(0, f)$.
# - **Max-pooling** keeps the largest number of each square of 2 × 2 cells.
# - **Global average pooling** (GAP) keeps the mean of a whole map.
#
# **Exercise 2.1 · mechanical.** Write max-pooling for a map with even sides.

# %% [markdown] tags=["guide"]
# ## 2 · Drop, shrink, average (12 min)
#
# - **Minutes:** Five of them for 2.1.
# - **Say:** Three operations without weights, and each forgets: ReLU what speaks against, pooling the exact place, the mean every place.
# - **They will predict** that two numbers a picture can not tell three digits apart. They overlap, and yet form groups.
# - **Usual mistakes** in 2.1: squares that overlap (25 × 25 instead of 13 × 13); one corner of each square; a maximum that starts at 0, wrong below zero; a `reshape` that groups four cells of one row.
# - **Ask:** What does the mean forget that a heat map needs? (Where. Notebook 04 gets it back.)
# - **Short of time:** 2.1 at home; go from the chain to the dots.

# %% tags=["exercise"]
def max_pool(feature_map):
    """The largest number of each 2 × 2 square.

    feature_map: (rows, columns). Returns (rows / 2, columns / 2).
    """
    rows, columns = feature_map.shape
    pooled = np.zeros((rows // 2, columns // 2))
    for y in range(rows // 2):
        for x in range(columns // 2):
            square = feature_map[2 * y:2 * y + 2, 2 * x:2 * x + 2]
            pooled[y, x] = square.max()
    return pooled


# %%
checks.max_pool(max_pool, by_hand)

# %% [markdown]
# The chain in Keras, where each operation is a **layer**, with a second kernel for *vertical* strokes:

# %% [markdown] tags=["guide", "slide"]
# ## 2 · Drop, shrink, average
#
# **ReLU** turns negative numbers into 0. **Max-pooling** keeps the largest number of 2 × 2 cells. **Global average pooling** keeps the mean of a whole map.

# %% tags=["fragment"]
two_kernels = np.stack([kernel, kernel.T], axis=2)[:, :, None, :]  # (3, 3, 1, 2)

def chain(pixels):
    """Feature maps after convolution, after ReLU, and after max-pooling."""
    convolved = keras.ops.conv(pixels, two_kernels, padding="same")  # (n, 28, 28, 2)
    positive = keras.ops.relu(convolved)
    pooled = keras.ops.max_pool(positive, 2)                         # (n, 14, 14, 2)
    return np.asarray(convolved), np.asarray(positive), np.asarray(pooled)

convolved, positive, pooled = chain(one_picture)
plot.arrays({"a picture": ink, "convolution": convolved[0, :, :, 0],
             "ReLU": positive[0, :, :, 0], "max-pooling": pooled[0, :, :, 0]})

# %% [markdown] tags=["notes"]
# Read from left to right. What did ReLU throw away? What did the pool? The range stands below each picture. Ask how many numbers are left if we now take the mean of this last map: one.

# %% [markdown]
# The means of both maps are the picture's **features**. Do they tell 0, 1 and 2 apart?

# %% [markdown] tags=["guide", "slide"]
# ## Two means a picture: enough to tell 0, 1 and 2 apart?

# %% tags=["fragment"]
def features_of(pixels):
    """Two numbers for each picture, (n, 2): horizontal strokes, vertical strokes."""
    pooled = chain(pixels)[2]
    return pooled.mean(axis=(1, 2))  # global average pooling

features = features_of(pixels)
plot.features_by_class(features, classes, [0, 1, 2],
                       axes=("horizontal strokes", "vertical strokes"))

# %% [markdown] tags=["notes"]
# Before the dots: where will the 1s lie? After: draw with a finger the lines that you would separate them by. That is what the weights of the next section do. Some dots can not be separated by any line: remember them.

# %% [markdown]
# A 1 has few horizontal strokes, a 0 has many of both kinds. The groups overlap.

# %%
zeros, ones, twos = [features[classes == c].mean(axis=0) for c in range(3)]
assert ones[0] < 0.6 * min(zeros[0], twos[0]) and zeros[1] > 1.15 * twos[1]

# %% [markdown]
# ## 3 · Votes, probabilities, a price
#
# **Votes.** Class $c$ has a weight $w_{kc}$ for each feature $k$: its vote is $w_{kc} F_k$. The votes and a **bias** $b_c$, a weight without a feature, add up to the class's score, its **logit**:
#
# $$z_c = \sum_k w_{kc} F_k + b_c$$
#
# Such a layer is called **dense**. Weights that suit the dots above:

# %% [markdown] tags=["guide"]
# ## 3 · Votes, probabilities, a price (12 min)
#
# - **Say:** Weight times feature is a vote, votes and bias make a logit, softmax shares out 100 %, and the price looks at the label's share alone.
# - **They will predict** a loss of 0 (“nothing learnt, nothing wrong”) or 10 (“everything wrong”). One of three costs 1.10.
# - **Usual mistakes:** A probability read as “how often it is right”; logits thought to be positive; the largest *vote* taken for the answer.
# - **Ask:**
#   - Add 5 to all three logits: what changes? (Nothing. Notebook 04 needs it.)
#   - What does a network of ten classes pay that knows nothing? (log 10 = 2.3.)
# - **Short of time:** Skip the code of `cross_entropy`; keep the curve of prices.

# %% [markdown] tags=["guide", "slide"]
# ## 3 · Votes, probabilities, a price
#
# A class's **logit** is its votes and its bias:
#
# $$z_c = \sum_k w_{kc} F_k + b_c$$

# %% [markdown] tags=["guide", "fragment"]
# **Softmax** shares out 100 %:
#
# $$p_c = \frac{e^{z_c}}{\sum_d e^{z_d}}$$

# %% [markdown] tags=["guide", "fragment"]
# **Cross-entropy** is the price; the **loss** is its mean over many pictures:
#
# $$L = -\log p_\text{label}$$

# %% [markdown] tags=["notes"]
# One formula at a time. Do the printed example at the board: features 1.10 and 0.78 of a 2, logits 1.01, −2.90, 1.89, probabilities 0.29, 0.01, 0.70. Then ask: what happens to the probabilities if all logits grow by 5?

# %%
#                     0    1    2
weights = np.array([[ 2, -12, 10],               # horizontal strokes
                    [10,  -6, -4]], np.float32)  # vertical strokes
bias = np.array([-9, 15, -6], np.float32)

logits = features @ weights + bias  # (n, 3)
n = np.flatnonzero(classes == 2)[1]  # the 2 from above
print("features", features[n].round(2), " logits", logits[n].round(2))

# %% [markdown]
# **Probabilities.** **Softmax** makes positive numbers of the logits, and they add up to 1:
#
# $$p_c = \frac{e^{z_c}}{\sum_d e^{z_d}}$$
#
# (They are what it *claims*, not how often it is right.)

# %%
def softmax(logits):
    """Probabilities from logits, both (n, classes)."""
    powers = keras.ops.exp(logits)
    return powers / keras.ops.sum(powers, axis=1, keepdims=True)

probabilities = np.asarray(softmax(logits))
assert np.allclose(probabilities.sum(axis=1), 1)
print("probabilities of 0, 1, 2:", probabilities[n].round(2))

# %% [markdown]
# **A price.** **Cross-entropy** is minus the logarithm of the probability that the label got:
#
# $$L = -\log p_\text{label}$$
#
# Sure and right costs almost nothing, sure and wrong much. The mean price of many pictures, which training makes small, is the **loss**.

# %%
def cross_entropy(labels, logits):
    """The price of each picture, (n,), from classes, (n,), and logits, (n, classes)."""
    probabilities = softmax(logits)
    is_label = keras.ops.one_hot(labels, logits.shape[1])  # 1 at the label, else 0
    of_label = keras.ops.sum(is_label * probabilities, axis=1)
    return -keras.ops.log(of_label)

peer = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # Keras's own
mean_price = np.mean(cross_entropy(classes, logits))
assert np.isclose(mean_price, peer(classes, logits), rtol=1e-4)

# %% [markdown] tags=["guide", "slide"]
# ## What does a sure mistake cost?

# %% tags=["fragment"]
plot.price_of_probability({"sure and right": 0.98, "one of three": 1 / 3,
                           "sure and wrong": 0.01})

# %% [markdown] tags=["notes"]
# Settle guess 2: one of three costs 1.10. A sure mistake costs 4.61, more than two hundred sure hits at 0.02. Then the weights chosen by eye: 81.7 % of 300 test digits, interval 76.9 to 85.6. Who thinks that learning will beat us?

# %% [markdown]
# A network that knows nothing gives each class 1/3, and pays $-\log \tfrac13 = 1.10$. (Guess 2.) We chose our weights with **training** digits in view. **Test** digits, which took no part, judge them:

# %%
def right(logits, labels):
    """100 where the largest logit is the label's, else 0: (n,)."""
    return 100 * (np.asarray(logits).argmax(axis=1) == labels)

test_pixels, test_classes = three_classes(test_digits)
test_logits = features_of(test_pixels) @ weights + bias
hand_right = right(test_logits, test_classes)
accuracy = camlib.bootstrap(hand_right)
print(f"by hand, {accuracy} % of {len(test_classes)} test digits are right")
assert accuracy.low > 33.4

# %% [markdown]
# (In brackets, a 95 % interval: what other test digits might have given.) We beat guessing, 33 %. Nobody chooses thousands of weights: they are *learnt*.
#
# ## 4 · Downhill
#
# Forget one weight, the 2's for horizontal strokes. The loss is a curve over it:

# %% [markdown] tags=["guide"]
# ## 4 · Downhill (13 min)
#
# - **Say:** Somebody blindfolded on a hill: feel both sides, step down, again.
# - **They will predict** that the largest rate arrives first. At 100 it jumps from side to side.
# - **Usual mistakes:**
#   - Stepping *with* the slope; taking the slope for the step.
#   - 2.2: the label's logit forgotten above the fraction line, a turned sign, the slope in the probability.
# - **Ask:**
#   - The learnt weights have a lower loss, 0.41 against our 0.50. More test digits right? (83.3 %; difference 1.7, from −3.9 to 7.3.)
#   - So what has to become better? (The features.)
# - **Short of time:** Show the three walks and the tape; the loop and 2.2 at home.

# %%
is_unknown = np.array([[0, 0, 1], [0, 0, 0]], np.float32)  # where the weight stands
others = weights * (1 - is_unknown)

def loss_at(weight):
    """The mean price of all training digits when the unknown weight has this value."""
    logits = keras.ops.matmul(features, others + weight * is_unknown) + bias
    return keras.ops.mean(cross_entropy(classes, logits))

# %% [markdown]
# Which way is down? **Nudge** the weight to both sides (a *finite difference*):
#
# $$\text{slope} \approx \frac{L(w + h) - L(w - h)}{2h}$$
#
# Then take a **step** against the slope, $w \leftarrow w - \eta \cdot \text{slope}$, where $\eta$ is the **learning rate**. Ten steps with three rates:

# %%
def nudged_slope(weight, h=0.01):
    """How fast the loss grows with the weight."""
    return float(loss_at(weight + h) - loss_at(weight - h)) / (2 * h)

def walk(learning_rate):
    """The weight at the start, and after each of ten steps."""
    places = [0.0]
    for _ in range(10):
        weight = places[-1]
        places.append(weight - learning_rate * nudged_slope(weight))
    return places

# %% [markdown] tags=["guide", "slide"]
# ## 4 · Downhill
#
# Feel the slope by nudging, $\;\frac{L(w + h) - L(w - h)}{2h}\,$, then step against it: $\;w \leftarrow w - \eta \cdot \text{slope}$. Which rate $\eta$ wins: 1, 10 or 100?

# %% tags=["fragment"]
walks = {rate: walk(rate) for rate in (1, 10, 100)}
curve = np.linspace(-12, 42, 109, dtype=np.float32)
heights = [float(loss_at(weight)) for weight in curve]

ends = {rate: float(loss_at(walks[rate][-1])) for rate in walks}
assert ends[10] < min(heights) + 0.02  # near the bottom
assert min(ends[1], ends[100]) > min(heights) + 0.1
plot.descent(curve, heights, walks)

# %% [markdown] tags=["notes"]
# Hands first: who bets on 1, on 10, on 100? The most frequent bet is 100, because large steps are fast. Ask where the eleventh step at 100 would land. What would you change while you walk?

# %% [markdown]
# A small rate is slow; a large one jumps across the valley.
#
# The slopes in all weights are the **gradient**. Nudging costs two losses *a weight*. TensorFlow, on which Keras runs, needs one pass for all. `keras.ops` is like NumPy. A `GradientTape` notes each of its operations on the way *forward* to the loss, then goes *back* through them and finds all slopes at once (by the chain rule).

# %% [markdown] tags=["guide", "slide"]
# ## All slopes at once
#
# Nudging costs two losses *a weight*. The **tape** notes every operation on the way to the loss, then goes back with the chain rule.

# %% tags=["fragment"]
unknown = tf.Variable(0.0)  # a number that the tape watches
with tf.GradientTape() as tape:
    loss = loss_at(unknown)
slope = float(tape.gradient(loss, unknown))
assert np.isclose(slope, nudged_slope(0.0), atol=1e-3)
print(f"by nudging {nudged_slope(0.0):.4f}, by the tape {slope:.4f}")

# %% [markdown] tags=["notes"]
# The same number by two ways: that is why we may trust the tape. Our course network has 61,658 weights: how many losses would nudging cost for one step? Twice as many.

# %% [markdown]
# So all weights and biases, six and three, can be learnt at once, from zero:

# %%
learnt, learnt_bias = tf.Variable(tf.zeros((2, 3))), tf.Variable(tf.zeros(3))
for _ in range(1000):
    with tf.GradientTape() as tape:
        logits = keras.ops.matmul(features, learnt) + learnt_bias
        loss = keras.ops.mean(cross_entropy(classes, logits))
    slopes, bias_slopes = tape.gradient(loss, [learnt, learnt_bias])
    learnt.assign_sub(5.0 * slopes)        # a step: take 5 × slope away
    learnt_bias.assign_sub(5.0 * bias_slopes)

# %%
learnt_logits = features_of(test_pixels) @ learnt.numpy() + learnt_bias.numpy()
learnt_right = right(learnt_logits, test_classes)
loss_by_hand = peer(classes, features @ weights + bias)
more = camlib.bootstrap(learnt_right - hand_right)  # digit by digit
print(f"loss: by hand {loss_by_hand:.2f}, learnt {loss:.2f}")
print(f"learnt, {camlib.bootstrap(learnt_right)} % of test digits are right, "
      f"{more} more than by hand")
assert loss < 0.95 * loss_by_hand and more.low < 0 < more.high


# %% [markdown]
# The loss is lower than ours. (Weights fitted to given features through softmax: **softmax regression**.) On test digits there is no clear difference: the interval holds 0. We need better features.
#
# **Exercise 2.2 · derivation.** (It needs derivatives: of $e^x$ and of a logarithm. Without them, nudge one logit after the other, as above, and look for the pattern.) One picture's loss is $L = -\log p_\text{label}$, where $p$ is the softmax of its logits. Find $\partial L / \partial z_c$, the slope in *every* logit. On paper it shrinks to one short line.

# %% tags=["exercise"]
def logit_gradient(logits, label):
    """The slopes of the loss in the logits, (classes,).

    logits: (classes,). label: int, the true class.
    """
    powers = np.exp(logits)
    slopes = powers / powers.sum()
    slopes[label] -= 1
    return slopes


# %%
checks.logit_gradient(logit_gradient)

# %% [markdown]
# ## 5 · A network learns its kernels
#
# Kernels are weights too, so they have slopes. A Keras **model** is a chain of layers with their weights, at first random:

# %% [markdown] tags=["guide"]
# ## 5 · A network learns its kernels (17 min)
#
# - **Minutes:** Four each for 2.3 and 2.4.
# - **Say:** Kernels are weights, so the same tape finds their slopes.
# - **They will predict** small digits in the kernels; they become strips and edges.
# - **Usual mistakes:**
#   - Step, batch and epoch mixed up (1,200 digits by 32: 38 steps an epoch); judging by training digits.
#   - 2.3: *B*, “pooling forgives”, and *D*, “it saw digits in the middle”; 8 cells instead of 4, for one pool halves.
#   - 2.4: *A* and *B*; a floor of 0, or log 3. (Softmax twice: the floor is 0.55 for three classes.)
# - **Ask:** What share is right before training? (33.3 %; after it 95.0.)
# - **Short of time:** Skip `alike`; 2.4 at home.

# %% [markdown] tags=["guide", "slide"]
# ## 5 · A network learns its kernels

# %% tags=["fragment"]
def small_network(seed=0, second=16):
    """Pixels, (n, rows, columns, 1), to logits, (n, 3).

    second: how many kernels the second layer of kernels has.
    """
    keras.utils.set_random_seed(seed)
    return keras.Sequential([
        keras.Input((None, None, 1)),  # rows and columns: any; one channel
        # 8 kernels of 5 × 5 weights; its activation, what comes after, is ReLU
        keras.layers.Conv2D(8, 5, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(second, 3, padding="same", activation="relu"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3),
    ])

# %% [markdown] tags=["notes"]
# Read it line by line, with the class naming what each layer does: all of them were done by hand today. How many weights has the first layer? 8 × 25 and 8 biases. Where do places get lost? In one line: the global average.

# %% [markdown]
# - A **batch** is a few digits. Its gradient is rough, and quick to find (*stochastic gradient descent*, SGD).
# - An **epoch** is once through all digits.
# - An **optimiser** is a way to step. **Adam** (Kingma and Ba, 2015) is a kind of SGD that fits each weight's step to earlier slopes.
#
# `compile` sets optimiser and loss; `train_on_batch` takes one step.

# %%
def train(network, epochs=8, batch=32, rate=0.01):
    """Train a network; returns the loss of each step and the first kernels by epoch."""
    network.compile(keras.optimizers.Adam(rate), cross_entropy)
    random = np.random.default_rng(0)
    losses, kernels = [], [network.weights[0].numpy()]
    for _ in range(epochs):
        order = random.permutation(len(classes))
        for start in range(0, len(classes), batch):
            some = order[start:start + batch]
            losses.append(float(network.train_on_batch(pixels[some], classes[some])))
        kernels.append(network.weights[0].numpy())
    return losses, kernels

# %%
network = small_network()
before = camlib.bootstrap(right(network(test_pixels), test_classes))
losses, kernels = train(network)
assert abs(losses[0] - np.log(3)) < 0.2  # guess 2: at first it knows nothing
plot.learning_curves({"small network": losses}, every=38)

# %% [markdown]
# Each batch is another sample: the thin line jumps. The first layer's kernels:

# %% [markdown] tags=["guide", "slide"]
# ## What will its eight kernels look like?

# %% tags=["fragment"]
moments = [0, 1, 8]  # epochs
first_kernels = [kernels[epoch][:, :, 0, :] for epoch in moments]  # each (5, 5, 8)
plot.kernels_along_training(first_kernels, ["random", "epoch 1", "epoch 8"])

# %% [markdown] tags=["notes"]
# Let them draw one kernel first. Many draw a small 2. Specks became strips and edges: nobody asked for strokes. On test digits: 33.3 % before training, 95.0 % (91.9 to 96.9) after; 13.3 points more than our weights chosen by eye.

# %% [markdown]
# Specks have become strips and edges: neighbouring weights are alike now.

# %%
def alike(kernels):
    """How alike a weight and the one below it are: 1 if equal, near 0 if random."""
    above, below = kernels[:-1], kernels[1:]
    return (above * below).mean() / (kernels**2).mean()

print("alike:", *[f"{alike(moment):.2f}" for moment in first_kernels])
assert alike(first_kernels[0]) < 0.25 and alike(first_kernels[-1]) > 0.3

# %% [markdown]
# On test digits, in percent:

# %%
network_right = right(network(test_pixels), test_classes)
on_training = right(network(pixels), classes).mean()
gain = camlib.bootstrap(network_right - hand_right)
print(f"before training {before}, after {camlib.bootstrap(network_right)}")
print(f"more than by hand: {gain}; on the training digits {on_training:.1f}")
assert before.high < 60 and camlib.bootstrap(network_right).low > 90 and gain.low > 0

# %% [markdown] tags=["slide"]
# A network may learn training digits by heart, and fail on new ones: **overfitting**. Only test digits tell.
#
# ### A digit moves
#
# **Exercise 2.3 · predict and explain.** A 2 on a sheet of 64 × 64 pixels, far from the edges, moves 8 pixels to the right. What happens in the trained network? Commit *before* you go on.
#
# - **A** The maps change, and so do their means: the ink is in other cells.
# - **B** The maps stay: pooling makes them blind to such moves.
# - **C** The maps move along; their means and the logits stay.
# - **D** The maps move along; the logits change: it learnt digits in the middle.
#
# And by how many *cells* do the last maps, before their means, move?

# %% [markdown] tags=["notes"]
# One minute alone, then hands for A, B, C, D, then two minutes with a neighbour who voted otherwise, then hands again. Only now the next slide. The count of cells is a second question: how often does this network pool?

# %% tags=["exercise"]
def moved_digit():
    """Your letter, and by how many cells the last maps move: such as ("A", 0)."""
    return "C", 4


# %%
checks.moved_digit(moved_digit)

# %% [markdown] tags=["guide", "slide"]
# ## The maps move along

# %% tags=["fragment", "answer"]
sheets = np.zeros((3, 64, 64, 1), np.float32)
for sheet, left in zip(sheets, (10, 18, 19)):  # then 8 pixels to the right, then 9
    sheet[18:46, left:left + 28, 0] = a_two

last_maps_of = keras.Model(network.inputs[0], network.layers[3].input)  # ends earlier
last_maps = np.asarray(last_maps_of(sheets))  # (3, rows, columns, 16)
strongest = last_maps.mean(axis=(0, 1, 2)).argmax()
plot.arrays({"before, 32 × 32 cells": last_maps[0, :, :, strongest],
             "8 pixels to the right": last_maps[1, :, :, strongest]}, width=2.2)

# %% [markdown] tags=["notes"]
# C, and four cells: one pool halves. The logits change by 0.0000: the same numbers stand in other cells, and a mean does not ask where. With 9 pixels they change by 0.02. This is the point on which the course turns: the place is in the maps until the mean.

# %% tags=["answer"]
moved = np.asarray(network(sheets))  # logits, (3, 3)
by_eight = abs(moved[1] - moved[0]).max()
by_nine = abs(moved[2] - moved[0]).max()
print(f"8 pixels to the right, the logits change by {by_eight:.4f} at most")
print(f"9 pixels to the right, by {by_nine:.4f}")
assert by_eight < 1e-3 < by_nine

# %% [markdown]
# (Nine pixels are no whole number of cells.)
#
# ### A loss that stays high
#
# A friend wants a network that ends in probabilities. All else is as above.

# %% [markdown] tags=["guide", "slide"]
# ### A loss that stays high
#
# A friend's network ends in probabilities. All else is as above. It reads well; its loss stays up. Why?

# %% tags=["fragment"]
friend = keras.Sequential([small_network(), keras.layers.Softmax()])
friend_losses, _ = train(friend)
friend_right = right(friend(test_pixels), test_classes)
print(f"test digits right: ours {network_right.mean():.0f} %, "
      f"the friend's {friend_right.mean():.0f} %")
assert friend_right.mean() > 85 and min(friend_losses) > 2 * np.mean(losses[-38:])
plot.learning_curves({"ours": losses, "the friend's": friend_losses}, every=38)


# %% [markdown] tags=["notes"]
# Exercise 2.4: hands for learning rate, wrong answers, the loss is fed something else, wrong labels. Accuracy, 94 against 95 %, rules two of them out. Let them compute the lowest loss that a perfect network reaches here: softmax of (1, 0, 0) gives the label 0.58, so at least 0.55.

# %% [markdown]
# **Exercise 2.4 · diagnose.** The friend's network reads digits well, and yet its loss stays high. Why?
#
# - **A** The learning rate is too small: more steps would bring the loss to 0.
# - **B** Too many answers are wrong for a lower loss.
# - **C** `cross_entropy` is given something else than it takes.
# - **D** Its labels do not belong to its pictures.
#
# As evidence, find the lowest loss that even a perfect network could reach here, for any number of classes.

# %% tags=["exercise"]
def high_loss(classes):
    """Your letter, and the lowest possible loss for this many classes: ("A", 0.0)."""
    best_output = np.zeros(classes)
    best_output[0] = 1  # sure of the label
    powers = np.exp(best_output)  # the second softmax
    return "C", -np.log(powers[0] / powers.sum())


# %%
checks.high_loss(high_loss)

# %% [markdown] tags=["honest-failure", "slide"]
# ## 6 · An honest failure: digits it never saw
#
# What does our network say of seven digits it never saw?

# %% [markdown] tags=["guide"]
# ## 6 · An honest failure: digits it never saw (5 min)
#
# - **Say:** Every notebook shows one failure that we do not mend. Softmax has to share out 100 % among the classes that it has.
# - **They will predict** about a third for each class, as for a network that knows nothing. But it is more than 90 % sure on 37.1 % (33.6 to 40.8) of the other digits.
# - **Usual mistakes:** Taking “sure” for “known”; hoping that more training mends it.
# - **Ask:** What would you add, so that it can say “none of these”? (Pictures of nothing in training: the course's network gets scenes of scraps alone.)
# - **Short of time:** The row of seven digits, and guess 3.

# %%
never_seen = test_digits.labels > 2
foreign, foreign_labels = test_digits.images[never_seen], test_digits.labels[never_seen]
foreign_pixels = foreign[:, :, :, None].astype(np.float32) / 255
claims = np.asarray(softmax(network(foreign_pixels)))  # (700, 3)
surest = claims.max(axis=1)
very_sure = camlib.bootstrap(100 * (surest > 0.9))
print(f"more than 90 % sure of 0, 1 or 2 on {very_sure} % of the other digits")
assert very_sure.low > 10

# %% tags=["fragment"]
shown, titles = [], []
for digit in range(3, 10):
    members = np.flatnonzero(foreign_labels == digit)
    i = members[surest[members].argmax()]  # the one it is surest of
    shown.append(foreign[i])
    titles.append(f"“{claims[i].argmax()}”\n{surest[i]:.1%}")
plot.grid(shown, titles=titles, width=1)

# %% [markdown] tags=["notes"]
# Settle guess 3. These are the seven that it is surest of, one of each digit: chosen to be bad, so say so. Over all: more than 90 % sure on 37 % of the digits it never saw. Ask what the 3 and the 2 have in common.

# %% [markdown]
# It can be very sure, and can not be right. (Guess 3.) Softmax shares 100 % among its classes; none is “something else”.
#
# ## 7 · The course's network, line by line
#
# `lenet_gap`, which notebook [03](03_lenet_gap.ipynb) trains on scenes, has the same parts and a new one. **Batch normalisation** (Ioffe and Szegedy, 2015) shifts and scales each channel so that over a batch its mean is 0 and its standard deviation (the usual distance from the mean) is 1. Two learnt numbers then scale and shift it again. It is meant to allow larger steps. (After training it uses averages that it kept.)

# %% [markdown] tags=["guide"]
# ## 7 · The course's network, line by line, and the summary (8 min)
#
# - **Say:** The network of all further sessions; one part is new, batch normalisation, and it only shifts and scales each channel.
# - **They will predict** that a “real” network needs other code. 18 layers, all but one kind known by now, give the same logits.
# - **Usual mistakes:** `None` read as zero (it means: any number); “non-trainable” read as “frozen by us” (averages that are kept); weights sought in a pool.
# - **Ask:**
#   - Why 25 × 25 cells from 100 × 100 pixels?
#   - Which two layers will a map need? (`gap` and `dense`.)
#   - What did you guess wrongly today, and why?
# - **Short of time:** The slide with the blocks, then the summary.

# %% [markdown] tags=["guide", "slide"]
# ## 7 · The course's network
#
# | part | what leaves it, for a 100 px scene |
# | --- | --- |
# | block: convolution 5 × 5, pool, batch normalisation, ReLU | 50 × 50 cells, 16 channels |
# | block: convolution 3 × 3, pool, batch normalisation, ReLU | 25 × 25, 32 |
# | block: convolution 3 × 3, batch normalisation, ReLU | 25 × 25, 64 |
# | the same again | 25 × 25, 64 |
# | global average pooling | 64 features |
# | dense | 10 logits |

# %% [markdown] tags=["notes"]
# The only new word is batch normalisation: each channel to mean 0 and standard deviation 1, then scaled and shifted by two learnt numbers. Ask where the places are still known: in all lines but the last two. Session 4 starts from these two lines.

# %%
normalise = keras.layers.BatchNormalization()  # scale 1, shift 0 until it learns
convolved, _, _ = chain(pixels[:64])
normal = np.asarray(normalise(convolved, training=True))
assert np.allclose(normal.mean(axis=(0, 1, 2)), 0, atol=1e-2)
assert np.allclose(normal.std(axis=(0, 1, 2)), 1, atol=1e-2)

# %% [markdown]
# Four blocks follow. Convolutions need no bias: that shift does its work.

# %%
layers = keras.layers

def block(x, channels, side, halve):
    """What one block of layers makes of x."""
    x = layers.Conv2D(channels, side, padding="same", use_bias=False)(x)
    if halve:
        x = layers.MaxPooling2D()(x)
    x = layers.BatchNormalization(momentum=0.9)(x)  # how slowly its averages follow
    return layers.ReLU()(x)

# %%
image = keras.Input((None, None), dtype="uint8")  # shapes below: for a 100 px scene
x = layers.Rescaling(1 / 255)(image)
x = keras.ops.expand_dims(x, -1)                  # (n, 100, 100, 1): one channel
x = block(x, channels=16, side=5, halve=True)     # (n, 50, 50, 16)
x = block(x, channels=32, side=3, halve=True)     # (n, 25, 25, 32)
x = block(x, channels=64, side=3, halve=False)    # (n, 25, 25, 64)
x = block(x, channels=64, side=3, halve=False)    # (n, 25, 25, 64)
x = layers.GlobalAveragePooling2D()(x)            # (n, 64)
logits = layers.Dense(10)(x)                      # (n, 10)
ours = keras.Model(image, logits)

# %% [markdown]
# A line for each layer: what leaves it for one scene of 100 px, and its weights, which notebook [03](03_lenet_gap.ipynb) counts. (Half of batch normalisation's are averages that it keeps, not learns.)

# %%
all_outputs = keras.Model(image, [layer.output for layer in ours.layers])
made = all_outputs(np.zeros((1, 100, 100), np.uint8))
for layer, output in zip(ours.layers, made):
    sizes = " × ".join(str(size) for size in output.shape[1:])
    kind = type(layer).__name__
    print(f"{kind:24} {sizes:14} {layer.count_params():7,} weights")
print(f"{ours.count_params():,} in all")

# %% [markdown]
# Is it the same network? Compare layers, copy the trained weights, compare answers.

# %% tags=["nbval-check-output"]
theirs = camlib.lenet_gap()
for our_layer, their_layer in zip(ours.layers, theirs.layers, strict=True):
    assert type(our_layer) is type(their_layer)
    assert our_layer.output.shape == their_layer.output.shape

trained = camlib.shipped_run().load().get_weights()
ours.set_weights(trained)
theirs.set_weights(trained)
scenes = camlib.make_scenes(test_digits, 50, seed=2)
assert np.allclose(ours(scenes.images), theirs(scenes.images), atol=1e-3)
print(f"{len(ours.layers)} layers of the same kinds and shapes, the same logits")

# %% [markdown] tags=["slide"]
# ## Summary
#
# - A kernel multiplies and adds at every place. ReLU drops, pooling shrinks, GAP averages.
# - Features vote; softmax makes probabilities; the loss is minus the log of the label's.
# - A gradient is what nudging finds. Learning is many steps against it.
# - Test digits judge. Probabilities speak of known classes only.
#
# **Open investigation: did the kernels have to learn?** Set `trainable = False` on the convolutions of `small_network()` before training: random kernels stay. Compare on test digits. How many kernels and seeds would convince you?

# %% [markdown] tags=["notes"]
# Let them say each line before it is read. The investigation is homework for the curious: let everybody guess now whether random kernels do as well, and how many seeds would convince them. Exercise 2.2 is for next time.

# %% [markdown] tags=["guide"]
# ## The investigation: one answer
#
# Three seeds, with the kernels learnt and with random ones that stay. To be fair to the random ones, they get a second chance: four times as many kernels in the second layer, and a learning rate ten times as large, with which their *training* loss gets lower. Differences are taken digit by digit.

# %% tags=["guide"]
def rights(learn_kernels, seed, second=16, rate=0.01):
    """Which test digits a network gets right after training: (n,), 0 or 100."""
    model = small_network(seed, second)
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            layer.trainable = learn_kernels
    train(model, rate=rate)
    return right(model(test_pixels), test_classes)

# %% tags=["guide"]
gains = []
for seed in range(3):
    with_learning, random = rights(True, seed), rights(False, seed)
    many_random = rights(False, seed, second=64, rate=0.1)
    gain = camlib.bootstrap(with_learning - many_random)
    gains.append(gain.low)
    assert 40 < random.mean() < many_random.mean()
    print(f"seed {seed}: learnt {with_learning.mean():.1f} %, random "
          f"{random.mean():.1f} %, 64 random {many_random.mean():.1f} %, "
          f"learnt − 64 random {gain}")
assert min(gains) > 0

# %% [markdown] tags=["guide"]
# ### What we found
#
# Random kernels do better than chance, and more of them do better still; learnt ones win with each seed, by far. So here learning the kernels is worth it. What we did not try: thousands of random kernels, larger random kernels, or two dense layers on top. Somebody who finds random ones at 97 % has refuted us.

# %% [markdown]
# **References.** Y. LeCun et al., *Gradient-Based Learning Applied to Document Recognition*, Proceedings of the IEEE 86, 1998 (convolutional networks). M. Lin et al., *Network in Network*, ICLR 2014, arXiv:1312.4400 (global average pooling). D. Kingma, J. Ba, *Adam: A Method for Stochastic Optimization*, ICLR 2015, arXiv:1412.6980. S. Ioffe, C. Szegedy, *Batch Normalization*, ICML 2015, arXiv:1502.03167. A. Nguyen et al., *Deep Neural Networks are Easily Fooled*, CVPR 2015, arXiv:1412.1897 (sure of what it never saw).
#
# **Next:** [03 · Can a network learn without being told where?](03_lenet_gap.ipynb)
