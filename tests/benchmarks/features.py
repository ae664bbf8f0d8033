"""Features of ever larger folders: photographs a second, and memory, which must not grow with the folder.

    python tests/benchmarks/features.py [COUNT …]

Each count runs in a process of its own, over links to the stand-in's pictures, with random weights at 95 px.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def measure(count):
    from camlib import alexnet, photos, transfer

    pictures = photos.find().files
    with tempfile.TemporaryDirectory() as folder:
        links = [Path(folder) / f"{n:06}.jpg" for n in range(count)]
        for n, link in enumerate(links):
            link.symlink_to(pictures[n % len(pictures)])
        model = alexnet.alexnet_gap(2, weights=None)
        began = time.perf_counter()
        made = transfer.gap_features(model, links, side=95, folder=Path(folder) / "cache", progress=False)
        cold = time.perf_counter() - began
        began = time.perf_counter()
        transfer.gap_features(model, links, side=95, folder=Path(folder) / "cache", progress=False)
        warm = time.perf_counter() - began
        disk = sum(file.stat().st_size for file in (Path(folder) / "cache").iterdir())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform != "darwin" else 2**30)
    print(f"{count:7,} photographs  {count / cold:6.0f}/s first  {count / warm:8.0f}/s from the cache  "
          f"{peak:5.2f} GiB at most  {disk / count:6.0f} bytes each on disk  ({len(made):,} rows)", flush=True)


if __name__ == "__main__":
    if os.environ.get("COUNT"):
        measure(int(os.environ["COUNT"]))
    else:
        for count in sys.argv[1:] or ("500", "2000", "8000", "30000"):
            subprocess.run([sys.executable, __file__], env=os.environ | {"COUNT": count}, check=True)
