import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import camlib
from camlib.backend import keras
from camlib.cli import main
from camlib.data import caltech, photos, registry
from camlib.data.scenes import make_scenes
from camlib.maps.arrays import softmax, upsample
from camlib.maps.cam import explain
from camlib.measure.intervals import bootstrap
from camlib.training import audit, runs, transfer, vgg_sample
from camlib.training.recipes import VIT
from camlib.training.train import COURSE

SIDE = 63  # px


def test_fetch_without_a_name_prints_where_the_digits_are(capsys):
    main(["fetch"])
    assert capsys.readouterr().out.strip() == str(registry.cached("mnist_5k.csv.gz"))


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"camlib {camlib.__version__}\n"


def test_an_unknown_file_is_answered_in_one_line(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["fetch", "mnist_5k"])
    assert "Did you mean 'mnist_5k.csv.gz'?" in str(stop.value)


def test_list_names_every_file(capsys):
    main(["list"])
    text = capsys.readouterr().out
    assert all(name in text for name in registry.REGISTRY)


def test_audit_makes_networks_of_a_seed_or_of_one_that_nobody_knows(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("camlib.training.audit.make_dossiers", lambda *given: calls.append(given))
    for arguments in (["--seed", "3"], [], []):
        main(["audit", "--folder", str(tmp_path), *arguments])
    assert calls[0] == (tmp_path, 3) and calls[1] != calls[2]


@pytest.mark.parametrize("network, side", [("lenet_gap", 100), ("vit_gap", 64)])
def test_accuracy_counts_right_answers(network, side, capsys, split):
    main(["accuracy", "--scenes", "120", "--run", str(runs.SHIPPED_RUNS[network])])
    text = capsys.readouterr().out
    scenes = make_scenes(split[1], 120, size=side)
    logits = runs.shipped_run(network).load().predict(scenes.images, verbose=0)
    right = logits.argmax(axis=1) == scenes.labels
    _, low, high = bootstrap(100 * right, groups=scenes.digits)
    assert f"{np.mean(right):.2%}  {low:.1f} to {high:.1f}\n" in text and "120 scenes" in text and low < high


def test_deletion_blanks_the_highest_pixels_first(capsys, split):
    """CAM's mean area, against a loop over steps."""
    main(["deletion", "--scenes", "3"])
    text = capsys.readouterr().out
    network, scenes = runs.shipped_run().load(), make_scenes(split[1], 3, seed=2)
    probabilities = []
    for image, label, maps in zip(scenes.images, scenes.labels, explain(network, scenes.images).maps):
        highest = np.argsort(-upsample(maps[:, :, label], (100, 100)).ravel(), kind="stable")
        for step in range(21):
            left = image.copy()
            left.flat[highest[:500 * step]] = 0
            probabilities.append(softmax(network.predict(left[None], verbose=0))[0, label])
    mean = np.reshape(probabilities, (3, 21)).mean(axis=0)
    area = (mean[1:] + mean[:-1]).sum() / 2 / 20
    found = re.search(r"mean of all:\n +CAM +(\S+)", text)[1]
    assert abs(float(found) - area) < 0.001 and re.search(r"misled in \d scenes", text)


@pytest.mark.parametrize("arguments, recipe, snapshots, side", [
    ([], COURSE, 20, 100), (["--seed", "7"], replace(COURSE, seed=7), 20, 100),
    (["--network", "vit_gap", "--seed", "3"], replace(VIT, seed=3), 8, 64),
])
def test_ship_trains_a_networks_recipe_of_a_seed(arguments, recipe, snapshots, side, tmp_path, monkeypatch, capsys):
    def trained(given, digits, scenes, folder, **options):
        assert folder == tmp_path and given == recipe
        assert options == {"snapshots": snapshots} and scenes == (10_000, {"size": side, "distractors": 8})
        return runs.shipped_run()

    monkeypatch.setattr("camlib.training.train.train", trained)
    monkeypatch.setattr("camlib.cli.make_scenes", lambda digits, number, **options: (number, options))
    main(["ship", "--folder", str(tmp_path), *arguments])
    assert f"{tmp_path}: {runs.shipped_run().accuracy[-1]:.2%}" in capsys.readouterr().out


def test_heatmaps_writes_the_pictures(tmp_path, capsys):
    main(["heatmaps", "--images", "2", "--out", str(tmp_path / "out")])
    assert len(list((tmp_path / "out").glob("img_*/cmap_*.png"))) == 2 * 20
    assert (tmp_path / "out" / "accuracy.png").exists()


def test_picture_is_drawn(tmp_path):
    main(["picture", "--out", str(tmp_path / "course.png")])
    assert (tmp_path / "course.png").stat().st_size > 20_000


@pytest.mark.parametrize("arguments, complaint", [
    (["accuracy", "--run", "nowhere"], "holds no training run"),
    (["paint"], "invalid choice"),
])
def test_bad_arguments_end_in_a_sentence_and_no_traceback(arguments, complaint):
    result = subprocess.run([sys.executable, "-m", "camlib", *arguments], capture_output=True, text=True)
    assert result.returncode and complaint in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("arguments, complaint", [
    (["accuracy", "--scenes", "0"], "--scenes: 0 is not a number from 1 on"),
    (["heatmaps", "--images", "-1"], "--images: -1 is not a number from 1 on"),
    (["localize", "--seed", "-1"], "--seed: -1 is not a number from 0 on"),
    (["transfer", "--download", "0"], "--download: 0 is not a number from 2 to 257"),
    (["transfer", "--download", "258"], "--download: 258 is not a number from 2 to 257"),
    (["transfer", "--download", "3", "--data", "x"], "leave out --data and --categories"),
    (["transfer", "--download", "3", "--categories", "2"], "leave out --data and --categories"),
    (["transfer", "--categories", "-1"], "--categories: -1 is not a number from 2 on"),
    (["transfer", "--per-class", "0"], "--per-class: 0 is not a number from 1 on"),
    (["transfer", "--side", "20"], "--side: 20 is not a number from 31 to 1024"),
    (["transfer", "--side", "100000"], "--side: 100000 is not a number from 31 to 1024"),
    (["transfer", "--fine-tune", "-1"], "--fine-tune: -1 is not a number from 0 on"),
    (["transfer", "--curve", "--fine-tune", "3"], "leave out --seed and --fine-tune"),
    (["transfer", "--curve", "1"], "--curve: 1 is not a number from 2 on"),
    (["transfer", "--seed", "-1"], "--seed: -1 is not a number from 0 on"),
    (["transfer", "--json", "FOLDER", "--out", "FOLDER"], "is a folder: expected the name of a file to write"),
    (["transfer", "--json", "FILE/numbers.json", "--out", "FOLDER"], "nothing can be written to"),
    (["transfer", "--out", "FILE"], "nothing can be written to"),
    (["transfer", "--out", "FILE/below"], "nothing can be written to"),
    (["grid", "--network", "resnet"], "invalid choice: 'resnet'"),
    (["boxes", "--seeds", "0"], "--seeds: 0 is not a number from 1 on"),
    (["grid", "--mosaics", "0"], "--mosaics: 0 is not a number from 1 on"),
    (["grid", "--json", "FOLDER"], "is a folder: expected the name of a file to write"),
    (["localize", "--json", "FOLDER"], "is a folder: expected the name of a file to write"),
    (["heatmaps", "--out", "FILE"], "nothing can be written to"),
    (["audit", "--folder", "FILE"], "nothing can be written to"),
    (["vote", "--out", "FILE"], "nothing can be written to"),
    (["maps", "FOLDER", "x.jpg", "--out", "FILE"], "nothing can be written to"),
    (["picture", "--out", "FOLDER/x.png"], "is a folder: expected the name of a file to write"),
    (["picture", "--out", "FILE/x.png"], "nothing can be written to"),
    (["picture", "--out", "FOLDER"], "expected a name that ends in .png"),
    (["picture", "--out", "FOLDER/x.docx"], "expected a name that ends in .png"),
    (["maps", "FOLDER", "x.jpg", "--top", "0"], "--top: 0 is not a number from 1 on"),
])
def test_options_without_a_sense_are_refused_before_any_work(arguments, complaint, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    (tmp_path / "x.png").mkdir()
    for module, name in ((photos, "find"), (photos, "open_folder"), (photos, "download"), (runs, "open_run"),
                         (audit, "make_dossiers"), (transfer, "load"), (runs, "shipped_run")):
        monkeypatch.setattr(module, name, lambda *arguments, name=name: pytest.fail(f"{name} was called"))
    places = {"FOLDER": str(tmp_path), "FILE": str(tmp_path / "file")}
    with pytest.raises(SystemExit) as stop:
        main([re.sub("FOLDER|FILE", lambda found: places[found[0]], argument) for argument in arguments])
    said = f"{capsys.readouterr().err}{stop.value.code}"
    assert stop.value.code and complaint in said and "Traceback" not in said


@pytest.mark.parametrize("arguments, code", [
    (["list"], None),
    (["list", "--all"], 2),
    (["transfer", "--download", "3", "--data", "x"], 2),
    (["transfer", "--curve", "--seed", "1"], 2),
    (["picture", "--out", "x.psd"], 2),
    (["accuracy", "--run", "nowhere"], 1),
    (["picture", "--out", "FILE/x.png"], 1),
])
def test_exit_codes_tell_misuse_from_failure(arguments, code, tmp_path, monkeypatch, capsys):
    """0, 2 for the options, 1 for what else goes wrong, as argparse and the shell have them."""
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    try:
        exited = main([argument.replace("FILE", str(tmp_path / "file")) for argument in arguments])
    except SystemExit as stop:
        exited = stop.code if isinstance(stop.code, int) else 1  # a text is told, and is 1
    assert exited == code and [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_picture_that_cannot_be_finished_leaves_what_was_there(tmp_path, monkeypatch):
    def savefig(self, path, **options):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "x.pdf").write_text("old")
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", savefig)
    with pytest.raises(SystemExit, match="No space left"):
        main(["picture", "--out", str(tmp_path / "x.pdf")])
    assert (tmp_path / "x.pdf").read_text() == "old"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three categories of 6 photographs, each of one colour, and a file that is none."""
    root, random = tmp_path_factory.mktemp("photos"), np.random.default_rng(0)
    for name, colour in {"001.red": (210, 40, 40), "002.green": (40, 190, 60), "003.blue é x": (50, 60, 220)}.items():
        (root / name).mkdir()
        for k in range(6):
            pixels = np.clip(colour + random.normal(0, 20, (70, 90, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / name / f"{k}.jpg")
    (root / "002.green" / "7.jpg").write_text("not a photograph")
    return root


@pytest.fixture
def small_network(monkeypatch, tmp_path):
    """In AlexNet's place, a convolution with random weights; features go to a folder of the test's own."""
    def build(classes, **options):
        keras.utils.set_random_seed(1)
        image = keras.Input((None, None, 3), dtype="uint8", name="image")
        x = keras.layers.Conv2D(6, 5, strides=4, activation="relu")(keras.layers.Rescaling(1 / 255)(image))
        x = keras.layers.GlobalAveragePooling2D(name="gap")(x)
        return keras.Model(image, keras.layers.Dense(classes, name="dense")(x))

    monkeypatch.setitem(transfer.NETWORKS, "alexnet", build)
    monkeypatch.setenv("CAMLIB_DATA", str(tmp_path / "cache"))


def command(*arguments):
    main([str(argument) for argument in arguments])


def test_transfer_then_maps(folder, small_network, tmp_path, capsys):
    out, numbers = tmp_path / "model folder", tmp_path / "numbers.json"
    command("transfer", "--data", folder, "--per-class", 4, "--side", SIDE, "--json", numbers, "--out", out)
    said, stated = capsys.readouterr().out, json.loads(numbers.read_text())
    assert stated["per_class"] == 4 and f"{stated['accuracy']:.1%}" in said and "1 unreadable" in said
    assert all(name in said for name in ("red", "green", "blue é x"))
    assert sorted(path.name for path in out.iterdir()) == ["model.keras", "transfer.json"]

    wanted = [folder / "001.red" / "2.jpg", folder / "003.blue é x" / "3.jpg"]
    command("maps", out, *wanted, folder / "002.green" / "7.jpg", "--top", 2, "--out", tmp_path / "maps")
    assert "7.jpg cannot be read" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "maps").iterdir()) == ["2.png", "3.png"]
    assert photos.read(tmp_path / "maps" / "2.png").std() > 10
    assert transfer.load(out)[1:] == (("red", "green", "blue é x"), SIDE)


def test_a_vote_is_about_as_many_right_names_as_wrong_ones(folder, small_network, tmp_path, monkeypatch):
    """One photograph of each kind; what the key says of a file is what its colour says."""
    monkeypatch.setattr("camlib.cli.vote_command.EACH", 1)
    real = transfer.run_transfer

    def one_name_for_all(found, **options):
        result = real(found, per_class=4, side=SIDE, **options)
        return result._replace(logits=np.eye(3)[np.zeros(len(result.test), int)])  # red, whatever it is

    monkeypatch.setattr(transfer, "run_transfer", one_name_for_all)
    command("vote", "--data", folder, "--out", tmp_path / "vote")
    key = (tmp_path / "vote" / "key.txt").read_text(encoding="utf-8").splitlines()
    assert len(key) == 2 and sorted(line.split(" is ")[1].split(",")[0] for line in key) == ["right", "wrong"]
    for number, line in enumerate(key, 1):
        alone, under = (photos.read(tmp_path / "vote" / f"{number:02}_{kind}.png") for kind in ("alone", "map"))
        middle = alone[len(alone) // 2, alone.shape[1] // 2].astype(int)
        assert (middle.argmax() == 0) == line.endswith("right")
        assert under.std() > 10 and not np.array_equal(alone, under)
    monkeypatch.setattr("camlib.cli.vote_command.EACH", 5)
    with pytest.raises(SystemExit, match="photographs are named rightly: expected at least 5"):
        command("vote", "--data", folder, "--out", tmp_path / "vote")


def test_grid_measures_maps_beside_what_points_by_chance(small_network, tmp_path, monkeypatch, capsys):
    """Eight categories, each a colour: a network that sees colours points at the quarter that has it."""
    for number in range(8):
        colour = [230 * (number >> bit & 1) + 12 for bit in range(3)]
        (tmp_path / f"{number:03}.colour").mkdir()
        for k in range(8):
            pixels = np.clip(colour + np.random.default_rng(k).normal(0, 12, (70, 70, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / f"{number:03}.colour" / f"{k}.png")
    read, names = photos.read, []
    monkeypatch.setattr(photos, "read", lambda path, side: names.append(path) or read(path, side))
    command("grid", "--data", tmp_path, "--per-class", 2, "--side", SIDE, "--mosaics", 9, "--json", tmp_path / "j")
    assert len(names) == len(set(names)) == 64  # for both networks, their mirror images and the mosaics
    said, stated = capsys.readouterr().out, json.loads((tmp_path / "j").read_text())
    rows = {name: row["maximum"]["value"] for name, row in stated["grid"].items()}
    assert list(rows) == ["maps", "maps, weights lifted to ≥ 0", "random convolutions", "class-blind"]
    assert all(name in said for name in rows) and f"{rows['maps']:.1f} (" in said
    assert rows["maps"] > 60 > 2 * rows["class-blind"] == 50 and stated["mosaics"] == 9
    assert 0 <= stated["absent classes at the class-blind peak"]["value"] <= 100


def test_boxes_measures_the_network_that_it_is_told(folder, small_network, tmp_path, monkeypatch, capsys):
    """Photographs of one colour, boxed as a whole: the whole picture is right, whatever the threshold."""
    for name in ("004.black", "005.white"):
        (tmp_path / name).mkdir()
        for k in range(6):
            noise = np.random.default_rng(k).integers(0, 30, (70, 90, 3), np.uint8)
            Image.fromarray(noise + (200 if name == "005.white" else 0)).save(tmp_path / name / f"{k}.png")
    for shelf in folder.iterdir():
        if shelf.is_dir():
            shutil.copytree(shelf, tmp_path / shelf.name)
    lines = [f"{file.parent.name}/{file.name},0,0,90,70,0" for file in sorted(tmp_path.glob("0*/[0-5].*"))]
    (tmp_path / "boxes.csv").write_text("\n".join(["file,x0,y0,x1,y1,group", *lines]))
    monkeypatch.setitem(transfer.NETWORKS, "vgg16", transfer.NETWORKS["alexnet"])
    options = "--network", "vgg16", "--per-class", 2, "--seeds", 2, "--side", SIDE, "--json", tmp_path / "j"
    command("boxes", "--data", tmp_path, *options)
    said, stated = capsys.readouterr().out, json.loads((tmp_path / "j").read_text())
    assert stated["seeds"] == 2 and stated["test"] == 20 and stated["mosaics"] >= 1
    assert stated["tables"]["single"]["whole picture"]["τ = 0.2"]["value"] == 100
    assert stated["tables"]["errors"]["whole picture"]["top-5, τ trained"]["value"] == 0  # there are five classes
    assert all(title in said for title in ("Localisation error", "share of the picture", "mosaics of four", "τ trai"))


def test_grid_says_how_many_categories_it_needs(folder, small_network):
    with pytest.raises(SystemExit, match="camlib grid: .* a mosaic needs 4"):
        command("grid", "--data", folder, "--per-class", 2, "--side", SIDE)


def test_photographs_of_one_name_have_pictures_of_their_own(folder, small_network, tmp_path, capsys):
    out, maps = tmp_path / "model", tmp_path / "maps"
    command("transfer", "--data", folder, "--categories", 2, "--per-class", 4, "--side", SIDE, "--out", out)
    wanted = [folder / "001.red" / "1.jpg", folder / "002.green" / "1.jpg"]
    command("maps", out, *wanted, "--out", maps)
    said = capsys.readouterr().out
    assert sorted(path.name for path in maps.iterdir()) == ["1.png", "1_2.png"]
    assert f"{maps / '1_2.png'} (of {wanted[1]})" in said
    red, green = (photos.read(maps / name)[20:80, 20:80].mean(axis=(0, 1)) for name in ("1.png", "1_2.png"))
    assert red[0] > red[1] and green[1] > green[0]  # the photograph itself is at the left


def test_download_takes_as_many_categories_as_it_says(folder, small_network, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(caltech, "download", lambda categories, progress: folder)  # three are there already
    command("transfer", "--download", 2, "--per-class", 4, "--side", SIDE, "--out", tmp_path / "model")
    assert "photographs of 2 categories" in capsys.readouterr().out


def test_transfer_with_nothing_set_runs_on_the_sample(small_network, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv(photos.VARIABLE, raising=False)
    command("transfer", "--categories", 3, "--side", SIDE, "--json", tmp_path / "numbers.json", "--out", tmp_path)
    said, stated = capsys.readouterr().out, json.loads((tmp_path / "numbers.json").read_text())
    assert "72 photographs of 3 categories: the sample of Caltech-256" in said
    assert "11 of each to train on, half of the smallest category" in said
    assert (stated["per_class"], stated["train"], stated["test"]) == (11, 33, 39)


def test_the_curve_of_both_networks(folder, small_network, tmp_path, monkeypatch, capsys):
    built, asked = [], []
    def curve(found, counts, models, *, draws, side):
        asked.append((len(found.files), counts, models, draws, side))
        right = np.full((2, 2, 3, 19), np.nan)  # in each draw, other photographs
        right[:, 0, :, ::2], right[:, 1, :, 1::2] = 1, [1, 0, 1, 0, 1, 0, 1, 0, 1]
        accuracy = np.array([[[0.3, 0.2, 0.1], [0.3, 0.2, 0.1]], [[0.1, 0.2, 0.3], [0.2, 0.4, 0.6]]])
        return transfer.Curves(accuracy, right)
    monkeypatch.setattr(transfer, "learning_curve", curve)
    monkeypatch.setitem(transfer.NETWORKS, "alexnet", lambda classes, weights: built.append(weights) or classes)
    command("transfer", "--data", folder, "--curve", 2, "--side", SIDE, "--out", tmp_path / "none", "--json",
            tmp_path / "curve.json")
    assert asked == [(19, [1, 2, 3], [3, 3], 2, SIDE)] and built == ["imagenet", None]
    said, stated = capsys.readouterr().out, json.loads((tmp_path / "curve.json").read_text())
    by_class = [5 / 6, 5 / 7, 5 / 6]  # the second category has 7 files
    mean, half = 100 * np.mean(by_class), 100 * 4.303 * np.std(by_class, ddof=1) / 3**0.5  # Student's t, of three
    assert f"random      3 a category  {mean:.1f} (" in said
    assert f" over photographs; {mean - half:.1f} to {mean + half:.1f} over categories; draws 30.0 to 60.0" in said
    assert stated["counts"] == [1, 2, 3] and stated["random"][1] == [0.2, 0.4, 0.6]
    assert stated["ImageNet"][0] == [0.3, 0.2, 0.1]
    assert not (tmp_path / "none").exists()


def test_vgg_sample_writes_where_it_is_told(tmp_path, monkeypatch, capsys):
    cells = np.random.default_rng(0).uniform(size=(483, 2, 2, 4)).astype(np.float32)
    monkeypatch.setattr(vgg_sample, "before_gap", lambda files: cells)
    command("vgg-sample", "--out", tmp_path / "some.npz")
    assert vgg_sample.read(tmp_path / "some.npz").maps.shape == (263, 2, 2, 20)
    assert f"{(tmp_path / 'some.npz').stat().st_size:,} bytes" in capsys.readouterr().out


def test_maps_without_a_model_or_photographs_say_so(folder, small_network, tmp_path, capsys):
    with pytest.raises(SystemExit, match="holds no trained model.*camlib transfer"):
        command("maps", tmp_path, folder / "001.red" / "1.jpg")
    command("transfer", "--data", folder, "--per-class", 4, "--side", SIDE, "--out", tmp_path)
    with pytest.raises(SystemExit, match="none of the photographs could be read"):
        command("maps", tmp_path, folder / "002.green" / "7.jpg", tmp_path / "nowhere.jpg")
    assert capsys.readouterr().out.count("left out: ") == 2


# Interruptions, in a process of its own: signals as a terminal leaves them, whatever this one was started with.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from camlib import cli
"""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupted_command_says_nothing(split):
    program = f"{PROGRAM}\ncli.main(['accuracy', '--scenes', '3000', '--all'])"
    with subprocess.Popen([sys.executable, "-u", "-c", program], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        running.stdout.readline()  # it has begun
        running.send_signal(signal.SIGINT)
        _, complaint = running.communicate()
    assert running.returncode == 130 and complaint == ""


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_an_interrupted_import_says_nothing(tmp_path):
    """Ctrl-C in the first second, while NumPy and others are read: here, as the first of them is looked for."""
    (tmp_path / "filelock.py").write_text(
        "import os, signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "os.kill(os.getpid(), signal.SIGINT)\n")
    place = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run([sys.executable, "-m", "camlib", "list"], env=os.environ | {"PYTHONPATH": place}, text=True,
                          capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names of any bytes")
def test_names_that_a_terminal_cannot_show_are_printed_all_the_same(tmp_path):
    name = os.fsdecode(b"caf\xe9")
    done = subprocess.run([sys.executable, "-m", "camlib", "list"], capture_output=True,
                          env=os.environ | {"CAMLIB_DATA": str(tmp_path / name)})
    assert done.returncode == 0 and rb"caf\udce9" in done.stdout


def test_an_interrupted_training_says_where_it_saved(monkeypatch, capsys):
    def accuracy(folder):
        raise KeyboardInterrupt("saved at step 7 of 9: train again to go on")

    monkeypatch.setattr(runs, "open_run", accuracy)
    with pytest.raises(SystemExit) as stop:
        main(["accuracy"])
    assert stop.value.code == 130 and capsys.readouterr().err == (
        "camlib accuracy: saved at step 7 of 9: train again to go on\n")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("lines", [1, 50_000], ids=["at the end", "in between"])
def test_a_reader_that_has_gone_ends_it_in_silence(lines):
    """`python -m camlib list | head -0`, with less and with more to say than a pipe holds."""
    program = f"{PROGRAM}\ncli.registry.listing = lambda: 'a line\\n' * {lines}\ncli.main(['list'])"
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as gone:
        done = subprocess.run([sys.executable, "-c", program], stdout=gone, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 141 and done.stderr == ""
