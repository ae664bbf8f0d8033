"""The page on which a reader runs Python in the browser, for the folder that Sphinx reads: `make site TRY=1`.

It holds Pyodide, which is Python as WebAssembly, NumPy, the part of `camlib` that needs no more, and what the shipped
network makes of six scenes.
"""

import io
import shutil
import zipfile
from pathlib import Path

import numpy as np

import camlib
from camlib.plot.style import SIGNED

PAGE = Path(__file__).parent / "browser"
CAMLIB = Path(camlib.__file__).parent
NUMPY_ALONE = ("__init__.py", "boxes.py", "maps/__init__.py", "maps/arrays.py", "checks/*.py")  # of camlib
PYODIDE = ("pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json",
           "numpy-*.whl")
LINK = """
```{toctree}
:caption: In the browser
:maxdepth: 1

try
```
"""


def add(folder, pyodide):
    """Put the page into the folder of `pages.gather`, and a link to it at the end of that folder's first page.

    pyodide: the folder of Pyodide's files, NumPy's among them. Raises FileNotFoundError where one of them is missing.
    """
    place = folder / "extra" / "browser"
    (place / "pyodide").mkdir(parents=True)
    for pattern in PYODIDE:
        for file in list(Path(pyodide).glob(pattern)) or [Path(pyodide) / pattern]:
            shutil.copy(file, place / "pyodide")
    for name in ("page.js", "worker.js", "page.css"):
        shutil.copy(PAGE / name, place)
    shutil.copy(PAGE / "try.md", folder)
    write_course(place / "course.zip")
    with (folder / "index.md").open("a", encoding="utf-8") as index:
        index.write(LINK)


def write_course(path):
    """Write what the page's Python needs besides NumPy: `run.py`, a part of `camlib`, and `scenes.npz`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(PAGE / "run.py", "run.py")
        for file in (file for pattern in NUMPY_ALONE for file in sorted(CAMLIB.glob(pattern))):
            archive.write(file, Path("camlib", file.relative_to(CAMLIB)))
        scenes = io.BytesIO()
        np.savez(scenes, **arrays())
        archive.writestr("scenes.npz", scenes.getvalue())


def arrays(count=6):
    """Of notebook 04's first scenes: images, labels, features, (n, 25, 25, 64), logits, and the network's last layer.

    `signed` are the colours of maps, uint8, (256, 3).
    """
    from camlib.backend import keras

    scenes = camlib.make_scenes(camlib.load_split()[1], 200, seed=7)
    network = camlib.shipped_run().load()
    kernel, bias = network.get_layer("dense").get_weights()
    images = scenes.images[:count]
    features = keras.Model(network.input, network.get_layer("gap").input).predict(images, verbose=0)
    return {"images": images, "labels": scenes.labels[:count], "features": features, "kernel": kernel, "bias": bias,
            "logits": network.predict(images, verbose=0), "signed": SIGNED(np.arange(256), bytes=True)[:, :3]}
