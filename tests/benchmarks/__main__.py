"""`make bench`: every figure that the course states about speed, measured in one run against a real baseline.

    make bench                    every row, a table, and bench.json
    make bench ROW=maps           one row: training, maps, scenes, start, canvas, batch, classes, features, explorer,
                                  live
    make bench ROW=ablation       what each ingredient of the training recipe brings (4 minutes), only when named
    make bench ROW=budget         how many scenes are enough, judged on training digits (8 minutes), only when named
    make bench ROW=long           what a quarter of an hour reaches, only when named
    make bench ROW=before         `python -m camlib localize` here and at an earlier commit in turns, only when named
    make bench ROW=classroom      1, 4 and 8 learners at once through JupyterHub, only when named

A row prints what was measured, ours, the baseline's, their ratio (baseline / ours, except where named), and the spread
over repeats. Machines are noisy: quote ratios, which were measured side by side.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from camlib.data import digits, registry
from camlib.data.scenes import Scenes, make_scenes

ROOT = Path(__file__).parents[2]
RESULTS = []


def report(what, ours, baseline=None, *, unit, against="", repeats=(), target=""):
    ratio = baseline / ours if baseline else None
    spread = (max(repeats) - min(repeats)) / statistics.median(repeats) if len(repeats) > 1 else None
    RESULTS.append({"what": what, "ours": ours, "baseline": baseline, "unit": unit, "against": against,
                    "ratio": ratio, "spread": spread, "target": target})
    cells = [f"{what:46}", f"{ours:12.4g} {unit:9}"]
    cells += [f"{baseline:12.4g} {against}, ratio {ratio:.3g}"] if baseline else []
    cells += [f"± {spread:.0%}"] if spread is not None else []
    print("  ".join(cells), f"  (target: {target})" if target else "", flush=True)


def seconds(action, repeats=5):
    """Times of `repeats` calls, after one that is not counted."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return times


def alternating(actions, repeats=7):
    """Times of several actions, taken in turns so that the machine's moods hit all alike."""
    for action in actions:
        action()
    times = [[] for _ in actions]
    for _ in range(repeats):
        for own, action in zip(times, actions):
            start = time.perf_counter()
            action()
            own.append(time.perf_counter() - start)
    return times


def scenes():
    """Scenes a second of processor time on one core, against a loop that pastes one patch at a time."""
    train, _ = digits.load_split()
    pieces = 8

    def loop(count=200):
        random = np.random.default_rng(0)
        out = np.zeros((count, 100, 100))
        for scene in out:
            for _ in range(pieces):
                y, x, v, u = *random.integers(0, 21, 2), *random.integers(0, 93, 2)
                scene[v:v + 8, u:u + 8] += train.images[random.integers(4000), y:y + 8, x:x + 8]
            v, u = random.integers(0, 73, 2)
            scene[v:v + 28, u:u + 28] += train.images[random.integers(4000)]
        return out.clip(0, 255).astype(np.uint8)

    def processor(action):
        start = time.process_time()
        action()
        return time.process_time() - start

    ours = [processor(lambda: make_scenes(train, 4000)) / 4000 for _ in range(7)]
    theirs = [processor(loop) / 200 for _ in range(7)]
    report("scenes a second, one core", 1 / statistics.median(ours), unit="scenes/s", target="20,000",
           repeats=ours)
    report("time of a scene", 1e6 * statistics.median(ours), 1e6 * statistics.median(theirs), unit="µs",
           against="a loop over patches", repeats=ours)


def maps():
    """Logits and maps of all ten classes, against the plain prediction, and tf-keras-vis's Grad-CAM of ten classes."""
    from camlib.maps import cam
    from camlib.training import runs

    network = runs.shipped_run().load()
    images = make_scenes(digits.load_split()[1], 128).images
    both = cam.with_maps(network)
    predict, explain = alternating(
        [lambda: network.predict_on_batch(images), lambda: both.predict_on_batch(images)], repeats=25)
    report("maps of 10 classes, 128 scenes", 1e3 * statistics.median(explain), 1e3 * statistics.median(predict),
           unit="ms", against="prediction alone", repeats=explain, target="ratio at least 1/1.05 = 0.952")
    gradcam = _peer_gradcam(network)
    if gradcam is None:
        return
    few = images[:32]
    ours, theirs = alternating([lambda: both.predict_on_batch(few), lambda: gradcam(few)], repeats=5)
    report("maps of 10 classes, 32 scenes", 1e3 * statistics.median(ours), 1e3 * statistics.median(theirs), unit="ms",
           against="tf-keras-vis Grad-CAM", repeats=ours, target="ratio at least 50")


def _peer_gradcam(network):
    """tf-keras-vis's Grad-CAM, asked for each of ten classes, or None where it is not installed."""
    try:
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.utils.scores import CategoricalScore
    except ImportError as error:
        print(f"maps against tf-keras-vis: not measured ({error}); `make bench` installs it")
        return None
    from camlib.backend import keras

    # the same layers behind a float input with a channel axis, which is what tf-keras-vis can differentiate
    image = keras.Input((100, 100, 1))
    x = image
    for layer in network.layers:
        if layer.name.startswith(("rescaling", "conv", "norm", "relu", "gap", "dense")):
            twin = type(layer).from_config(layer.get_config())
            x = twin(x)
            twin.set_weights(layer.get_weights())
    peer = Gradcam(keras.Model(image, x), clone=False)

    def all_classes(images):
        seed = images[..., None].astype(np.float32)
        for which in range(10):
            peer(CategoricalScore([which] * len(seed)), seed, penultimate_layer="relu4")

    return all_classes


def batch():
    """Cost of an image's maps from 1 to 10,000 images: flat once a batch is full, memory bounded by the batch."""
    from camlib.maps import cam
    from camlib.training import runs

    network = runs.shipped_run().load()
    images = make_scenes(digits.load_split()[1], 10_000).images
    for count in (1, 10, 100, 1000, 10_000):
        times = seconds(lambda: cam.explain(network, images[:count]), 3 if count > 500 else 7)
        each = 1e3 * statistics.median(times) / count
        report(f"maps, {count:,} images: time of one", each, unit="ms", repeats=times)


def classes():
    """Cost of maps against the number of classes, 10 to 1,000, relative to the prediction."""
    from camlib.maps import cam
    from camlib.networks import lenet

    images = make_scenes(digits.load_split()[1], 64).images
    for count in (10, 100, 1000):
        network = lenet.lenet_gap(classes=count)
        both = cam.with_maps(network)
        predict, explain = alternating(
            [lambda: network.predict_on_batch(images), lambda: both.predict_on_batch(images)], 7)
        report(f"maps of {count:,} classes, 64 scenes", 1e3 * statistics.median(explain),
               1e3 * statistics.median(predict), unit="ms", against="prediction alone", repeats=explain)


def canvas():
    """Training cost of a scene against the side of its canvas."""
    from camlib.networks import lenet

    train, _ = digits.load_split()
    for size in (28, 40, 56, 72, 100):
        times = _step_times(lenet.lenet_gap(), "adam", train, size=size, batch=64, repeats=8)
        report(f"training, {size} px canvas: time of a scene", 1e3 * statistics.median(times) / 64, unit="ms",
               repeats=times)


def _step_times(network, optimiser, train, *, size, batch, repeats):
    from camlib.training.train import cross_entropy

    scenes = make_scenes(train, batch, size=size)
    network.compile(optimiser, cross_entropy)
    return seconds(lambda: network.train_on_batch(scenes.images, scenes.labels), repeats)


def training():
    """From random weights to the accuracy on 10,000 scenes of unseen digits, all in, against the original recipe."""
    from camlib.backend import keras
    from camlib.networks import lenet
    from camlib.training.accuracy import accuracy
    from camlib.training.train import COURSE, train

    train_digits, test_digits = digits.load_split()
    original = _step_times(lenet.lenet_gap_original(), keras.optimizers.SGD(0.5), train_digits,
                           size=100, batch=256, repeats=3)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        test_scenes = make_scenes(test_digits, 10_000)
        along = Scenes(*(part[:500] for part in test_scenes))
        run = train(COURSE, train_digits, along, Path(folder) / "run", progress=False)
        reached = accuracy(run.load(), test_scenes)
        wall = time.perf_counter() - start
    report("accuracy on 10,000 unseen-digit scenes", 100 * reached, unit="%", target="97")
    report("training, scenes and evaluation included", wall, 17.5e6 * statistics.median(original) / 256, unit="s",
           against="original recipe, 17.5 million scenes", target="180 s, ratio 2,000")


def ablation():
    """Accuracy of the course's recipe with one ingredient left out at a time, all from a tenth of its scenes."""
    from dataclasses import replace

    from camlib.networks import NETWORKS, lenet
    from camlib.training.train import COURSE

    first, second = (replace(stage, scenes=stage.scenes // 10) for stage in COURSE.stages)
    recipe = replace(COURSE, stages=(first, second))
    # as many pixels as both stages have, on large canvases from the start
    large = first.scenes * first.size**2 // second.size**2 + second.scenes
    # a recipe names a function of NETWORKS
    lenet.with_strides, lenet.pools_last, lenet.without_norm = _with_strides, _pools_last, _without_norm
    NETWORKS.update(dict.fromkeys(("with_strides", "pools_last", "without_norm"), "lenet"))
    variants = {
        "the course's recipe": recipe,
        "no small canvases": replace(recipe, stages=(replace(second, scenes=large, rate=first.rate),)),
        "no scenes of clutter alone": replace(recipe, stages=(replace(first, empty=0.0), second)),
        "no bent copies": replace(recipe, copies=1),
        f"rate 0.002 in place of {first.rate}": replace(recipe, stages=(replace(first, rate=0.002), second)),
        "no batch normalisation": replace(recipe, network="without_norm"),
        "no batch normalisation, rate 0.002":
            replace(recipe, network="without_norm", stages=(replace(first, rate=0.002), second)),
        "strides in place of pools": replace(recipe, network="with_strides"),
        "pools after ReLU": replace(recipe, network="pools_last"),
    }
    lessons = digits.load_split()[0]  # the choice of a recipe is not for test digits to make
    taught, held_out = (digits.take(lessons, range(*ends)) for ends in ((3000,), (3000, 4000)))
    test_scenes = make_scenes(held_out, 2000)
    for name, variant in variants.items():
        reached, wall = _trained(variant, taught, test_scenes)
        report(f"{name}: accuracy", 100 * reached, unit="%")
        report(f"{name}: training", wall, unit="s")


def budget():
    """Accuracy by the number of scenes: two draws of 3,200 training digits, judged on the other 800."""
    from dataclasses import replace

    from camlib.training.train import COURSE

    first, second = COURSE.stages
    for draw in (0, 1):
        taught, held_out = digits.split(digits.load_split()[0], 0.2, seed=draw)
        scenes_of_held_out = make_scenes(held_out, 4_000, seed=900 + draw)
        for number in (96_000, 128_000, 160_000):
            recipe = replace(COURSE, stages=(replace(first, scenes=number), second), seed=draw)
            reached, wall = _trained(recipe, taught, scenes_of_held_out)
            report(f"{number:,} scenes, draw {draw}: accuracy", 100 * reached, unit="%")
            report(f"{number:,} scenes, draw {draw}: training", wall, unit="s")


def _trained(recipe, taught, test_scenes):
    """Accuracy of a network trained by `recipe`, and the seconds that training took."""
    from camlib.training.accuracy import accuracy
    from camlib.training.train import train

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        along = Scenes(*(part[:500] for part in test_scenes))
        run = train(recipe, taught, along, Path(folder) / "run", snapshots=2, progress=False)
        wall = time.perf_counter() - start
        return accuracy(run.load(), test_scenes), wall


def _with_strides(seed):
    """`lenet_gap` with strides of 2 for pools, and even kernels, which keep its features centred on their cells."""
    sides = {"conv1": 6, "conv2": 4}
    changes = {name: {"kernel_size": side, "strides": 2} for name, side in sides.items()}
    return _rebuilt(seed, lambda name: changes.get(name, {}), without="pool")


def _without_norm(seed):
    """`lenet_gap` with biases in place of batch normalisation."""
    return _rebuilt(seed, lambda name: {"use_bias": True} if name.startswith("conv") else {}, without="norm")


def _pools_last(seed):
    """`lenet_gap` with each pool after the ReLU, where LeNet has it."""
    from camlib.backend import keras

    def pool(layer, x):
        return keras.layers.MaxPooling2D()(x) if layer.name in ("relu1", "relu2") else x

    return _rebuilt(seed, lambda name: {}, without="pool", then=pool)


def _rebuilt(seed, changes, *, without, then=lambda layer, x: x):
    """`lenet_gap` with `changes` to a layer's configuration, by its name, and the layers so called left out."""
    from camlib.backend import keras
    from camlib.networks import lenet

    def rebuild(layer):
        return type(layer).from_config(layer.get_config() | changes(layer.name))

    def call(layer, x, **options):
        return then(layer, x if layer.name.startswith(without) else layer(x, **options))

    return keras.models.clone_model(lenet.lenet_gap(seed=seed), clone_function=rebuild, call_function=call)


def long():
    """A quarter of an hour: ten times the scenes, and twice the bent copies."""
    from dataclasses import replace

    from camlib.training.train import COURSE

    first, second = COURSE.stages
    stages = replace(first, scenes=10 * first.scenes), replace(second, scenes=10 * second.scenes, empty=0.1)
    test_scenes = make_scenes(digits.load_split()[1], 10_000)
    reached, wall = _trained(replace(COURSE, stages=stages, copies=64), digits.load_split()[0], test_scenes)
    report("long training: accuracy, 10,000 scenes", 100 * reached, unit="%", target="98.8")
    report("long training: all in", wall, unit="s")


def start():
    """Import, first heat map from a cold process, and the second `make lab` to a server that answers."""
    def process(program):
        return lambda: subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)

    ours, empty = alternating([process("import camlib"), process("pass")])
    report("import camlib", statistics.median(ours), statistics.median(empty), unit="s", repeats=ours,
           against="an empty Python", target="0.3 s")
    first = ("import camlib; from camlib import plot; n = camlib.shipped_run().load()\n"
             "s = camlib.make_scenes(camlib.load_split()[1], 6); e = camlib.explain(n, s.images)\n"
             "plot.heat_map(s.images[0], e.maps[0, ..., s.labels[0]]).savefig('/dev/null', format='png')")
    times = seconds(process(first), 3)
    report("cold process to first heat map", statistics.median(times), unit="s", repeats=times, target="10 s")
    times = [_lab_seconds() for _ in range(3)]
    report("second make lab to a ready server", statistics.median(times), unit="s", repeats=times, target="8 s")


def _lab_seconds():
    import requests

    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "HOME": home, "CAMLIB_DATA": str(registry.cache_folder())}
        begin = time.perf_counter()
        lab = subprocess.Popen(["make", "lab", "PORT=8977", "ARGS=--no-browser --IdentityProvider.token=x"],
                               cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               start_new_session=True)
        try:
            while time.perf_counter() - begin < 60:
                try:
                    if requests.get("http://127.0.0.1:8977/lab?token=x", timeout=1).ok:
                        return time.perf_counter() - begin
                except requests.ConnectionError:
                    time.sleep(0.05)
            raise TimeoutError("JupyterLab did not answer within a minute")
        finally:
            os.killpg(lab.pid, 15)
            lab.wait(20)


def features():
    """AlexNet's features against its forward passes or decoding alone; cost and memory by how many photographs."""
    from features import measure, stages

    with tempfile.TemporaryDirectory() as folder:
        passes, decoding, both = alternating(stages(folder), repeats=5)
    report("512 photographs, from JPEG to the head", statistics.median(both),
           max(statistics.median(passes), statistics.median(decoding)), unit="s", repeats=both,
           against="forward passes or decoding alone, whichever is longer", target="ratio 1 / 1.1")
    for count in (500, 5000, 30_000):
        figures = measure(count)
        report(f"features, {count:,} photographs: each", 1e3 * figures["first"], 1e3 * figures["cached"], unit="ms",
               against="from the cache")
        report(f"features, {count:,} photographs: memory", figures["gib"], unit="GiB", target="2 GiB")


def explorer():
    """From the key press on the step slider to changed pixels, in JupyterLab."""
    from explorer import measure

    rows = measure()
    for name, row in rows.items():
        print(f"{name:46}", ", ".join(f"{key} {value}" for key, value in row.items()))
        RESULTS.append({"what": f"explorer: {name}", **row})


def live():
    """From the pointer that draws or drags on one's own picture to changed pixels, in JupyterLab."""
    from live import measure

    for name, row in measure().items():
        print(f"{name:48}", ", ".join(f"{key} {value}" for key, value in row.items()))
        RESULTS.append({"what": f"live: {name}", **row})


def classroom():
    """Learners at once on JupyterHub: seconds, memory, failures."""
    from classroom import measure

    RESULTS.extend({"what": "classroom", **row} for row in measure((1, 4, 8)))


def before(commit="34a3005"):
    """`python -m camlib localize` here and at a commit, in turns; any command: tests/benchmarks/commits.py."""
    from commits import measure

    figures, alike = measure(commit, ["python", "-m", "camlib", "localize"])
    for unit, (here, there) in figures.items():
        report(f"localize{'' if alike else ', other numbers'}", statistics.median(here), statistics.median(there),
               unit=unit, against=f"at {commit}", repeats=here, target="s: ratio 1 / 0.35" if unit == "s" else "")


ROWS = [scenes, maps, batch, classes, canvas, start, features, explorer, live, training]
ON_REQUEST = [ablation, budget, long, before, classroom]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    names = [row.__name__ for row in ROWS + ON_REQUEST]
    parser.add_argument("row", nargs="*", metavar="ROW", help=", ".join(names))
    parser.add_argument("--json", type=Path, default=ROOT / "bench.json")
    options = parser.parse_args()
    unknown = set(options.row) - set(names)
    if unknown:
        parser.error(f"no row {', '.join(sorted(unknown))}: there are {', '.join(names)}")
    processor = platform.processor() or platform.machine()
    machine = f"{processor}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(machine)
    for row in ROWS + ON_REQUEST:
        if row.__name__ in options.row or (not options.row and row in ROWS):
            row()
    options.json.write_text(json.dumps({"machine": machine, "rows": RESULTS}, indent=1))


if __name__ == "__main__":
    main()
