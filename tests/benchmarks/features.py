"""Features of ever larger folders: photographs a second, and memory, which must not grow with the folder.

Run as a program, with a count, this file measures one folder, in a process of its own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(count):
    """Figures for a folder of `count` photographs, as a dict."""
    done = subprocess.run([sys.executable, __file__, str(count)], check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


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
