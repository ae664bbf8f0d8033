"""Training from scratch on scenes made on the fly, with snapshots along the way, resumable to the same result."""

import gc
import hashlib
import json
import signal
import sys
import threading
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import numpy as np
from tqdm.auto import tqdm

from ..data.digits import SIDE, Digits, augment
from ..data.scenes import Scenes, scene_dataset
from ..files import expanded, one_process_at_a_time
from ..networks import head
from . import runs
from .accuracy import accuracy
from .distributed import share_batches, writes
from .runs import Recipe, Run, Stage

COURSE = Recipe(
    stages=(
        Stage(128_000, size=40, distractors=4, empty=0.2, batch=64, rate=0.014),
        Stage(6_400, size=100, distractors=8, batch=64, rate=0.001),
    ),
    copies=32,
)

AGAIN = "delete it, and training starts again from the untrained network"


def train(recipe, digits, test_scenes, folder, *, snapshots=20, watch=None, progress=True, strategy=None):
    """Train a network from scratch on scenes of `digits`, or go on where an interrupted run stopped; returns a `Run`.

    digits: `Digits` to make training scenes from; keep the digits of `test_scenes` out of them.
    test_scenes: `Scenes` on which the accuracy of each snapshot is measured; snapshots suit their size.
    folder: where the run is kept. A finished run there is returned as it is; an interrupted one is resumed and ends
        with the weights that it would have had; the folder of another recipe or other digits raises ValueError.
        While another process trains there, this one waits.
    snapshots: how many, at least 2: the untrained network and the last step are among them. Closest together at the
        start.
    watch: called with the `Run` so far after each snapshot, say to draw its curve; once where it was finished.
    strategy: a `tf.distribute.MirroredStrategy` or `MultiWorkerMirroredStrategy` to train on several devices or
        machines. Each replica takes an equal share of every batch, gradients are averaged, and batch normalisation
        uses the statistics of the whole batch, so the result is that of one device but for rounding. Every worker
        makes the same call, with a folder that all of them see; the first alone writes to it. A stage's batch must
        divide by the number of replicas.
    Raises ValueError, before any work, for arguments that can not be trained with.
    Interrupting (Ctrl-C, or the kernel's stop button) finishes the step, saves, and raises KeyboardInterrupt.
    Of several workers the first saves; the others fail once it has gone, and all are called again to go on.
    On a GPU, `keras.mixed_precision.set_global_policy("mixed_bfloat16")` before the call has the layers compute in
    half precision; weights and loss stay float32.
    """
    folder = expanded(folder)
    _check(recipe, digits, test_scenes, folder, snapshots, strategy)
    run = _begin_or_reopen(recipe, digits, folder)
    if not run.finished:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder, strategy):
            run = _begin_or_reopen(recipe, digits, folder)  # another process may have finished it meanwhile
            if not run.finished:
                run = _until_the_end(_Session(run, digits, test_scenes, snapshots, strategy), watch, progress)
                gc.collect()  # 9 MB of a network's graphs refer to each other: Python would find them much later
                return run
    if watch:
        watch(run)
    return run


def _until_the_end(session, watch, progress):
    """Train and take snapshots to the last step, or to an interruption; returns the finished `Run`."""
    steps = session.recipe.steps
    with _stop_between_steps() as stop, tqdm(total=steps, unit="step", disable=not progress) as bar:
        while session.step < steps or session.snapshot_is_due():
            if session.snapshot_is_due():
                session.snapshot()
                bar.set_postfix(accuracy=f"{session.run.accuracy[-1]:.1%}")
                if watch:
                    watch(session.run)
            elif stop.is_set():
                session.save()
                raise KeyboardInterrupt(f"saved at step {session.step} of {steps}: train again to go on")
            else:
                session.advance()
                bar.update(session.step - bar.n)
    session.finish()
    return session.run


def snapshot_steps(steps, count):
    """About `count` steps from 0 to `steps`, both included, closer together at the start: ascending ints."""
    return np.unique(np.round(steps * np.linspace(0, 1, count) ** 2).astype(int)).tolist()


def cross_entropy(labels, logits):
    """Softmax cross-entropy, (n,); a label of −1 (a scene of clutter) has every class alike as its target."""
    from ..backend import keras

    classes = logits.shape[-1]
    target = keras.ops.one_hot(labels, classes)  # all zeros for −1
    target = target + keras.ops.cast(labels < 0, logits.dtype)[:, None] / classes
    return keras.losses.categorical_crossentropy(target, logits, from_logits=True)


class _Session:
    """A training run in progress: a network, its optimiser, and the step that they have reached."""

    def __init__(self, run, digits, test_scenes, snapshots, strategy):
        self.run, self.test_scenes, self.strategy = run, test_scenes, strategy
        self.recipe = recipe = run.recipe
        self.due = snapshot_steps(recipe.steps, snapshots)
        self.resume_file = run.folder / "resume.npz"
        state = self._saved_state()
        self.digits = augment(digits, recipe.copies, recipe.seed)
        with self._scope():
            self.model = recipe.build()  # under a strategy workers wait for each other here
        self.judge = recipe.build()
        self.step, self.losses = 0, []
        self._enter(0)
        if state:
            self._restore(state)
        rows = {name: getattr(run, name)[run.steps <= self.step] for name in runs.COLUMNS}
        self.run = replace(run, **rows)  # what comes later is measured again

    def advance(self):
        """Train on one batch."""
        if self.step == self.stage_end:
            self._enter(self.stage_number + 1)
        images, labels = next(self.batches)
        self.losses.append(float(self.train_on_batch(images, labels)))
        self.step += 1

    def snapshot_is_due(self):
        return self.step in self.due and self.step not in self.run.steps

    def snapshot(self):
        """Save the weights as they suit the test scenes' canvas, centred (`head.centre`), and measure what was saved.

        Whoever is stopped before the last of three writes goes on from the first of them, and makes the others again.
        """
        self.save()
        runs.assign(self.judge, runs.arrays(self.model))
        head.spread(self.judge, self.stage.size, self.test_scenes.images.shape[1])
        head.centre(self.judge)
        weights = {name: array.astype(np.float16) for name, array in runs.arrays(self.judge).items()}
        runs.assign(self.judge, weights)
        scenes = self.stage.batch * (self.step - self.stage_end + self.stage.steps)
        scenes += sum(past.steps * past.batch for past in self.recipe.stages[: self.stage_number])
        loss = np.mean(self.losses) if self.losses else np.nan
        row = self.step, scenes, accuracy(self.judge, self.test_scenes), loss
        columns = {name: np.append(getattr(self.run, name), value) for name, value in zip(runs.COLUMNS, row)}
        self.run, self.losses = replace(self.run, **columns), []
        if writes(self.strategy):
            runs.write_arrays(self.run.folder / runs.snapshot_name(self.step), weights)
            runs.save_run(self.run)

    def save(self):
        """Keep what an interrupted run needs: weights and optimiser in full precision, and where they are."""
        if writes(self.strategy):
            runs.write_arrays(self.resume_file, {"identity": json.dumps(self.run.identity)} | self._state())

    def finish(self):
        """Drop what only an interrupted run needs. No worker returns before all files are written."""
        if writes(self.strategy):
            self.resume_file.unlink(missing_ok=True)
        if self.strategy:
            self.strategy.reduce("sum", np.zeros(()), axis=None)

    def _scope(self):
        return self.strategy.scope() if self.strategy else nullcontext()

    def _state(self):
        """What training goes on from: arrays by name."""
        state = {f"model/{name}": array for name, array in runs.arrays(self.model).items()}
        state |= {f"adam/{i}": np.asarray(value) for i, value in enumerate(self.model.optimizer.variables)}
        state |= {f"draws/{i}": np.asarray(value) for i, value in enumerate(self._draws())}
        return state | {"step": np.array(self.step), "losses": np.array(self.losses, float)}

    def _draws(self):
        """How far dropout's random numbers have come: the model's variables that are no weights."""
        weights = {id(weight) for weight in self.model.weights}
        return [value for value in self.model.non_trainable_variables if id(value) not in weights]

    def _saved_state(self):
        """What `save` wrote, or None; ValueError where it is damaged or another run's."""
        if not self.resume_file.exists():
            return None
        state = runs.read_arrays(self.resume_file, AGAIN)
        if str(state.pop("identity", "")) != json.dumps(self.run.identity):
            raise ValueError(f"{self.resume_file} is of another recipe or of other digits: {AGAIN}")
        return state

    def _restore(self, state):
        try:
            self.step, self.losses = int(state["step"]), [float(loss) for loss in state["losses"]]
            ends = np.cumsum([stage.steps for stage in self.recipe.stages])
            for number in range(1, np.searchsorted(ends, self.step) + 1):
                self._enter(number)
            self._open_batches()
            runs.check_layout(state, self._state(), "no state of this training")
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{self.resume_file} is damaged ({error!r}): {AGAIN}") from error
        for index, variable in enumerate(self.model.optimizer.variables):
            variable.assign(state[f"adam/{index}"])
        for index, variable in enumerate(self._draws()):
            variable.assign(state[f"draws/{index}"])
        runs.assign(self.model, {weight.path: state[f"model/{weight.path}"] for weight in self.model.weights})
        if self.step in self.run.steps:
            self.losses = []  # that snapshot's row has them

    def _enter(self, number):
        """Begin a stage: fit the head to its canvas, and start an optimiser of its own."""
        from ..backend import keras

        stage = self.recipe.stages[number]
        if number:
            head.spread(self.model, self.stage.size, stage.size)
            head.freeze_statistics(self.model)
        self.stage, self.stage_number = stage, number
        self.stage_end = sum(begun.steps for begun in self.recipe.stages[: number + 1])
        warm_up = stage.steps // 10
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, stage.steps - warm_up, alpha=0.01, warmup_target=stage.rate, warmup_steps=warm_up
        )
        with self._scope():
            self.model.compile(keras.optimizers.Adam(rate), cross_entropy)
            self.model.optimizer.build(self.model.trainable_variables)
        self.train_on_batch = share_batches(self.model, self.strategy) if self.strategy else self.model.train_on_batch
        self._open_batches()

    def _open_batches(self):
        stage = self.stage
        options = {"size": stage.size, "distractors": stage.distractors, "empty": stage.empty}
        seed = self.recipe.seed
        self.batches = iter(scene_dataset(self.digits, stage.batch, seed=seed, start=self.step, **options))


def _alone_in(folder, strategy):
    """No other training in this folder; the workers of one training share it."""
    waiting = f"{folder}: another process is training there; waiting for that."
    return one_process_at_a_time(folder / "run.json", waiting) if writes(strategy) else nullcontext()


def _check(recipe, digits, test_scenes, folder, snapshots, strategy):
    """ValueError for arguments of `train` that can not be trained with."""
    replicas = strategy.num_replicas_in_sync if strategy else 1
    if uneven := [stage.batch for stage in recipe.stages if stage.batch % replicas]:
        raise ValueError(f"a batch of {uneven[0]} has no equal shares for {replicas} replicas: choose a multiple")
    if not isinstance(snapshots, int) or snapshots < 2:
        raise ValueError(f"snapshots is {snapshots!r}: expected an int from 2 on, the untrained network and the last")
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: expected a folder, or the name of a new one")
    _check_pictures("digits", digits, Digits, [SIDE])
    _check_pictures("test_scenes", test_scenes, Scenes, range(SIDE, sys.maxsize))


def _check_pictures(name, given, kind, sides):
    """ValueError unless `given` is a NamedTuple of that kind, its images square with one of those sides, in px."""
    images, labels = (np.asarray(getattr(given, part, None)) for part in ("images", "labels"))
    square = images.ndim == 3 and len(images) and images.shape[1] == images.shape[2] and images.shape[1] in sides
    labelled = images.shape[:1] == labels.shape and labels.dtype.kind in "iu" and np.isin(labels, range(10)).all()
    if not (isinstance(given, kind) and square and labelled and images.dtype == np.uint8):
        raise ValueError(
            f"{name} can not be trained with ({type(given).__name__}, {images.dtype} {images.shape}): expected "
            f"{kind.__name__} of one or more square uint8 images, {SIDE} px or larger, each with a label from 0 to 9"
        )


def _begin_or_reopen(recipe, digits, folder):
    """The run in `folder`, or an empty one; ValueError when the folder is another run's."""
    made_from = hashlib.sha256(digits.images.tobytes() + digits.labels.tobytes()).hexdigest()
    none = np.empty(0, int)
    new = Run(folder, recipe, none, none, np.empty(0), np.empty(0), made_from)
    if not (folder / "run.json").exists():
        return new
    run = runs.open_run(folder)
    if run.identity != new.identity:
        raise ValueError(
            f"{folder} holds the run of another recipe or of other digits: choose another folder, or delete that one"
        )
    return run


@contextmanager
def _stop_between_steps():
    """An event that Ctrl-C sets, in place of an exception in the middle of a weight update."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # only the main thread hears Ctrl-C
        return
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
