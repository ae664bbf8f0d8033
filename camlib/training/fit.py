"""A head fitted to features: softmax regression, its penalty chosen by cross-validation."""

import functools

import numpy as np

from ..blas import one_threaded
from .accuracy import class_accuracy

PENALTIES = (0.003, 0.03, 0.3)  # L2, tried in turn


def fit_head(rows, labels, penalty):
    """Softmax regression on standardised features: (kernel, bias) for features as they are.

    Minimises mean cross-entropy + penalty/2 · ‖V‖², V the weights of z = (x − mean) / deviation. Then
    V·z + b = (V/deviation)·x + (b − V·mean/deviation), and kernel and bias are those brackets.
    rows: float32, (n, channels). labels: int, (n,), each of 0 to classes − 1 at least once. L-BFGS to convergence:
    same rows, same head. Returns float32, (channels, classes) and (classes,).
    """
    from ..backend import tf

    rows = np.asarray(rows, np.float64)
    mean, deviation = rows.mean(axis=0), rows.std(axis=0)
    deviation = np.where(deviation > 1e-6, deviation, 1)
    data = [tf.constant((rows - mean) / deviation, tf.float32), tf.constant(labels, tf.int64),
            tf.constant(penalty, tf.float32)]
    classes, channels = int(np.max(labels)) + 1, rows.shape[1]

    def in_double(flat):
        loss, gradient = _loss_and_gradient()(tf.constant(flat.reshape(channels + 1, classes), tf.float32), *data)
        return float(loss), gradient.numpy().astype(np.float64).ravel()

    start, optimize = np.zeros((channels + 1) * classes), one_threaded("scipy.optimize")
    found = optimize.minimize(in_double, start, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x
    kernel = found[:-classes].reshape(channels, classes) / deviation[:, None]
    return kernel.astype(np.float32), (found[-classes:] - mean @ kernel).astype(np.float32)


@functools.cache
def _loss_and_gradient():
    """Compiled once. TensorFlow, since NumPy's threads wait in busy loops: a minute, on a machine with other work."""
    from ..backend import tf

    anything = tf.TensorSpec((None, None)), tf.TensorSpec((None, None)), tf.TensorSpec((None,), tf.int64)

    @tf.function(input_signature=[*anything, tf.TensorSpec(())])
    def loss_and_gradient(weights, z, labels, penalty):
        with tf.GradientTape() as tape:
            tape.watch(weights)
            kernel, bias = weights[:-1], weights[-1]
            cross_entropy = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, z @ kernel + bias)
            loss = tf.reduce_mean(cross_entropy) + penalty / 2 * tf.reduce_sum(kernel**2)
        return loss, tape.gradient(loss, weights)

    return loss_and_gradient


def cross_validate(views, labels, penalties=PENALTIES, folds=5, seed=0):
    """The penalty whose heads are right most often on photographs they were not fitted to, and all their scores.

    views: float32, (views, n, channels): each photograph as it is, mirrored, …; all views of one are in one fold,
    and the first is what a head is tested on. Returns (penalty, {penalty: mean of per-class accuracies}).
    """
    fold = _folds(labels, folds, seed)
    folds = fold.max() + 1
    if folds < 2:  # one photograph a class: nothing to hold out
        return penalties[len(penalties) // 2], {}
    scores = {}
    for penalty in penalties:
        logits = np.empty((len(labels), labels.max() + 1), np.float32)
        for held_out in range(folds):
            rest = fold != held_out
            kernel, bias = fit_head(np.concatenate(views[:, rest]), np.tile(labels[rest], len(views)), penalty)
            logits[~rest] = views[0, ~rest] @ kernel + bias
        scores[penalty] = class_accuracy(logits, labels)
    best = max(scores.values())
    return max(penalty for penalty in penalties if scores[penalty] == best), scores  # of equals, the most cautious


def _folds(labels, folds, seed):
    """A fold for each photograph, so that every fold has about as many of each class: int, (n,)."""
    random = np.random.default_rng(seed)
    fold = np.empty(len(labels), int)
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        fold[members] = np.arange(len(members)) % min(folds, np.bincount(labels).min())
    return fold
