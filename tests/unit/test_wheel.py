"""camlib from its wheel: what the course ships is inside, and is found without the checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_wheel

import camlib

ROOT = Path(__file__).parents[2]
PROGRAM = """
from pathlib import Path
import camlib
from camlib import audit, photos, runs, vgg_sample

assert Path(camlib.__file__).parent == Path("site/camlib").resolve(), camlib.__file__
scenes = camlib.make_scenes(camlib.load_split()[1], 8, seed=0)
run = camlib.shipped_run()
explanation = camlib.explain(run.load(), scenes.images)
assert abs(explanation.maps.mean(axis=(1, 2)) + explanation.bias - explanation.logits).max() < 1e-4
camlib.explorer(scenes.images, explanation.maps, bias=explanation.bias, network=run).save_html("page.html")
for folder in runs.SHIPPED_RUNS.values():
    runs.open_run(folder).load()
sample = photos.find()
assert len(sample.files) == len(photos.boxes(sample)) == len(vgg_sample.read().features) == 483
assert photos.read(sample.files[0]).ndim == 3 and len(photos.clutter(sample)) == 25
assert len(audit.open_dossiers()) == 4 and runs.MINE == Path("runs").resolve()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder whose folder `site` holds what pip would install."""
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        wheel = folder / build_wheel(str(folder))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder


def contents(folder):
    """Of each file below `folder`, its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts}


def test_the_package_and_the_data_are_inside_and_nothing_else(installed):
    expected = {f"camlib/{name}": data for name, data in contents(ROOT / "camlib").items()}
    expected |= {f"camlib/shipped/{name}": data for name, data in contents(ROOT / "data").items()}
    metadata = f"camlib-{camlib.__version__}.dist-info/"
    packed = contents(installed / "site")
    assert {name: data for name, data in packed.items() if not name.startswith(metadata)} == expected
    assert packed[f"{metadata}licenses/LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_what_the_course_ships_is_found_without_the_checkout(installed):
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=installed, capture_output=True, text=True,
                          env=os.environ | {"PYTHONPATH": os.pathsep.join(["site", *sys.path[1:]])})
    assert done.returncode == 0, done.stderr
