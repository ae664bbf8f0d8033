"""~ is the home folder in every path that a person may write, to a function or to a command."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from camlib import cli, files
from camlib.backend import keras
from camlib.data import photos, pixels
from camlib.data.digits import load_split
from camlib.data.scenes import make_scenes
from camlib.explore.photograph import own_photo
from camlib.explore.widget import explorer
from camlib.networks import imagenet
from camlib.plot import saved
from camlib.training import audit, features, runs, train, transfer, vgg_sample


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with two categories of photographs, and another folder to work in, which stays empty: there is no ~."""
    home, here = tmp_path / "home", tmp_path / "here"
    for name in ("cats", "dogs"):
        (home / "photos" / name).mkdir(parents=True)
        Image.new("RGB", (40, 30), "red").save(home / "photos" / name / "1.png")
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))  # Windows'
    monkeypatch.chdir(here)
    yield home
    assert list(here.iterdir()) == []


@pytest.fixture(scope="module")
def network():
    image = keras.Input((None, None, 3), dtype="uint8")
    x = keras.layers.GlobalAveragePooling2D(name="gap")(keras.layers.Rescaling(1 / 255)(image))
    return keras.Model(image, keras.layers.Dense(2, name="dense")(x))


def test_photographs_are_found_and_read(home, network, monkeypatch):
    found = photos.open_folder("~/photos")
    assert found.folder == home / "photos" and len(found.files) == 2
    monkeypatch.setenv(photos.VARIABLE, "~/photos")
    assert photos.find().files == found.files
    assert photos.read("~/photos/cats/1.png").shape == (30, 40, 3)
    assert pixels.size_of("~/photos/cats/1.png") == (40, 30)
    assert "image 0" in repr(own_photo(network, ["a", "b"], path="~/photos/cats/1.png", side=32))
    seen = features.gap_features(network, ["~/photos/cats/1.png"], side=32, folder="~/features", progress=False)
    assert np.allclose(seen, [[1, 0, 0]], atol=1e-3) and len([*(home / "features").iterdir()]) == 1
    again = features.gap_features(network, found.files[:1], side=32, folder="~/features", progress=False)
    assert np.array_equal(seen, again) and len([*(home / "features").iterdir()]) == 1  # known by the same name


@pytest.mark.parametrize("look", [
    runs.open_run, runs.read_arrays, audit.read_seal, audit.open_dossiers, transfer.load, vgg_sample.read,
    lambda path: imagenet.read_package(path, "AlexNet"),
    lambda path: train.train(train.COURSE, load_split()[1], make_scenes(load_split()[1], 1), path),
], ids=["run", "arrays", "seal", "dossiers", "transfer", "vgg_sample", "weights", "train"])
def test_what_is_looked_for_is_looked_for_there(look, home):
    """Where a file is, not a folder, or no whole one: each says where it looked."""
    (home / "x").write_bytes(b"no such thing")
    with pytest.raises(ValueError) as raised:
        look("~/x")
    assert str(home / "x") in str(raised.value)


def test_files_are_written_there(home, network, monkeypatch):
    with files.whole_file("~/a/b.txt") as part:
        part.write_text("b")
    runs.write_arrays("~/c.npz", {"c": np.zeros(1)})
    assert explorer(np.zeros((1, 8, 8), np.uint8), np.zeros((1, 2, 2, 2))).save_html("~/d.html") == home / "d.html"
    transfer.save(SimpleNamespace(model=network, numbers={"side": 32}, photos=photos.open_folder("~/photos")), "~/e")
    assert transfer.load("~/e/model.keras")[1:] == (("cats", "dogs"), 32)
    monkeypatch.setattr(audit, "_make", lambda *_: ({"a": np.zeros(1)}, 0.5))
    audit.make_dossiers("~/f", 1, progress=lambda line: None)
    monkeypatch.setattr(vgg_sample, "before_gap", lambda files: np.ones((483, 2, 2, 4), np.float32))
    vgg_sample.write("~/g.npz")
    trained = runs.shipped_run().load()
    monkeypatch.setattr(runs.Run, "load", lambda run, step, model: trained)
    saved.write_heatmaps(runs.shipped_run(), make_scenes(load_split()[1], 1), "~/h")
    there = {path.relative_to(home).as_posix() for path in home.rglob("*") if path.is_file()}
    assert there >= {"a/b.txt", "c.npz", "d.html", "e/model.keras", "e/transfer.json", "f/network_d.npz",
                     "f/seal.json", "g.npz", "h/accuracy.png", "h/img_0/cmap_0.png"}


@pytest.mark.parametrize("arguments, name", [
    (["picture", "--out=~/x.png"], "out"), (["heatmaps", "--out=~/x"], "out"), (["audit", "--folder=~/x"], "folder"),
    (["ship", "--folder=~/x"], "folder"), (["accuracy", "--run=~/x"], "run"), (["localize", "--json=~/x"], "json"),
    (["transfer", "--data=~/x"], "data"), (["grid", "--json=~/x"], "json"), (["boxes", "--data=~/x"], "data"),
    (["vgg-sample", "--out=~/x"], "out"), (["maps", "~/model", "~/x"], "photos"), (["maps", "~/x", "y"], "model"),
    (["vote", "--out=~/x"], "out"), (["grade", "~/x", "--csv=y"], "folder"), (["grade", "y", "--csv=~/x"], "csv"),
], ids=lambda given: " ".join(given) if isinstance(given, list) else given)
def test_commands_take_it(arguments, name, home, monkeypatch):
    """A shell leaves --out=~/x as it is."""
    given, parser = [], cli._parser()
    options = parser.parse_args(arguments)
    monkeypatch.setattr(cli, "_parser", lambda: SimpleNamespace(parse_args=lambda _: options))
    options.command = given.append
    cli.main(arguments)
    path = vars(given[0])[name]
    assert (path[0] if isinstance(path, list) else path) in (home / "x", home / "x.png")
