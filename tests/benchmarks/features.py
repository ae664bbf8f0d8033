"""Features of ever larger folders: photographs a second, and memory, which must not grow with the folder; and what
passes and decoding take by themselves.

Run as a program, with a count, this file measures one folder, in a process of its own.
"""

import itertools
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def measure(count):
    """Figures for a folder of `count` photographs, as a dict."""
    done = subprocess.run([sys.executable, __file__, str(count)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def stages(folder, count=512):
    """What `count` photographs take, as three actions: the network's forward passes alone, decoding alone by as many
    threads, and both, as features are made, from JPEG to what the head is fitted to, in files of `folder`."""
    from camlib.data import photos
    from camlib.networks import alexnet
    from camlib.training import features

    files = [photos.find().files[n % len(photos.find().files)] for n in range(count)]
    model, caches = features.before_head(alexnet.alexnet_gap(2, weights=None)), itertools.count()
    batches = [range(start, min(start + features.BATCH, count)) for start in range(0, count, features.BATCH)]
    decode = lambda: features.read_ahead(lambda n: photos.read(files[n], features.SIDE), batches)
    pictures = [np.stack([*batch.values()]) for batch in decode()]
    view = features.View(model, False, np.ones(count, bool))
    return (lambda: [model.predict_on_batch(batch) for batch in pictures], lambda: [*decode()],
            lambda: features.features([view], files, folder=Path(folder) / str(next(caches)), progress=False))


def main(count):
    """Features with random weights at 95 px, over links to the photographs at hand: computed, then from the cache."""
    from camlib.data import photos
    from camlib.networks import alexnet
    from camlib.training import features

    pictures = photos.find().files
    with tempfile.TemporaryDirectory() as folder:
        links = [Path(folder) / f"{n:06}.jpg" for n in range(count)]
        for n, link in enumerate(links):
            link.symlink_to(pictures[n % len(pictures)])
        model = alexnet.alexnet_gap(2, weights=None)
        marks = [time.perf_counter()]
        for _ in range(2):
            features.gap_features(model, links, side=95, folder=Path(folder) / "cache", progress=False)
            marks.append(time.perf_counter())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform != "darwin" else 2**30)
    print(json.dumps({"first": (marks[1] - marks[0]) / count, "cached": (marks[2] - marks[1]) / count, "gib": peak}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
