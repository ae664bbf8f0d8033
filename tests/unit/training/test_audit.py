"""The audited networks: what is made of each kind, that files keep it and do not tell, and that each fault shows."""

import json

import numpy as np
import pytest

from camlib.checks.audit_a_network import KINDS, sealed
from camlib.data import stamps
from camlib.maps.cam import explain
from camlib.networks import head, lenet
from camlib.training import audit, runs

TINY = (runs.Stage(64, size=40, distractors=1, empty=0.25, batch=32), runs.Stage(16, batch=16))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder of hardly trained networks."""
    return hardly_trained(tmp_path_factory.mktemp("audit"))


def hardly_trained(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "COPIES", 1)  # bending digits takes longer than all the rest
        lines = []
        audit.make_dossiers(folder, seed=5, stages=TINY, progress=lines.append)
    assert [line.split(": ")[0] for line in lines] == list(audit.NAMES)  # no path: there is no file yet
    return folder


@pytest.fixture(scope="module")
def shipped():
    return audit.open_dossiers()


def test_what_is_opened_is_what_was_measured(made):
    for dossier in audit.open_dossiers(made).values():
        images, labels = dossier.scenes.images, dossier.scenes.labels
        assert images.shape == (audit.SCENES, 100, 100) and dossier.scenes.digits.max() < audit.TESTED
        assert dossier.claim == np.mean(explain(dossier.network, images).logits.argmax(axis=1) == labels)
        assert np.array_equal(stamps.stamp(images, dossier.places, dossier.codes), images)


@pytest.mark.slow
def test_same_seed_same_bytes_but_for_the_zip(made, tmp_path):
    hardly_trained(tmp_path)
    again, first = (audit.read_seal(folder) for folder in (tmp_path, made))
    assert again["claims"] == first["claims"] and again["salt"] != first["salt"]  # no seed finds the salt
    for name in audit.NAMES:
        ours, theirs = (runs.read_arrays(folder / f"{name}.npz") for folder in (tmp_path, made))
        assert all(np.array_equal(ours[part], theirs[part]) for part in ours | theirs)


@pytest.mark.parametrize("folder", ["made", "shipped"])
def test_files_do_not_tell(folder, request):
    """Every file has the same arrays of the same shapes, and a stored kernel as much room; the seal opens for one."""
    folder = audit.FOLDER if folder == "shipped" else request.getfixturevalue("made")
    files = {name: runs.read_arrays(folder / f"{name}.npz") for name in audit.NAMES}
    layouts = {str(sorted((part, x.shape, x.dtype) for part, x in named.items())) for named in files.values()}
    assert len(layouts) == 1
    sizes = [(folder / f"{name}.npz").stat().st_size for name in audit.NAMES]
    assert max(sizes) < 1.02 * min(sizes) and sum(sizes) < 700_000
    seal = json.loads((folder / "seal.json").read_text())
    assert sorted(seal) == ["claims", "hash", "salt"] and not any(kind in str(seal) for kind in KINDS)
    assert seal["hash"] != sealed(dict.fromkeys(audit.NAMES, "sound"), seal["salt"])


def test_the_seal_opens_for_what_was_drawn(made):
    seal = audit.read_seal(made)
    assert sealed(audit.draw_kinds(5), seal["salt"]) == seal["hash"]


@pytest.mark.parametrize("there", ["seal.json", "network_c.npz"])
def test_a_folder_that_holds_networks_is_refused_before_any_training(there, tmp_path, monkeypatch):
    monkeypatch.setattr(audit, "_make", lambda *arguments: pytest.fail("trained"))
    (tmp_path / there).write_text("old")
    with pytest.raises(ValueError, match=f"holds {there} already: choose another folder, or delete that one"):
        audit.make_dossiers(tmp_path, seed=1)
    assert (tmp_path / there).read_text() == "old"


def test_an_interrupted_training_leaves_nothing_that_could_be_opened(tmp_path, monkeypatch):
    """Once it replaced network after network in a folder whose seal was of other ones."""
    made = []

    def make(*arguments):
        if made:
            raise KeyboardInterrupt
        made.append(arguments)
        return {"a": np.zeros(1)}, 0.9

    monkeypatch.setattr(audit, "_make", make)
    with pytest.raises(KeyboardInterrupt):
        audit.make_dossiers(tmp_path / "new", seed=1, progress=lambda line: None)
    assert made and list(tmp_path.rglob("*")) == []


def test_kinds_are_drawn_one_by_one():
    drawn = [tuple(audit.draw_kinds(seed).values()) for seed in range(400)]
    counts = [sum(kinds.count(kind) for kinds in drawn) for kind in KINDS]
    assert min(counts) > 250 and any(len(set(kinds)) == 1 for kinds in drawn)


@pytest.mark.parametrize("leak, shared", [(False, 0), (True, 0.5)])
def test_a_leak_is_a_test_of_known_digits(leak, shared):
    labels = np.arange(4000) % 10
    train, test = audit._split(labels, 3, np.random.default_rng(0), leak)
    assert len(set(test)) == audit.TESTED and (labels[test] == 3).sum() == audit.RARE
    assert np.isin(test, train).mean() > shared if leak else not np.isin(test, train).any()


def test_a_moved_network_says_the_same_and_its_maps_are_moved():
    """A digit in the middle, far from the edges, where padding has no part."""
    network = lenet.lenet_gap(seed=3)
    images = np.zeros((2, 100, 100), np.uint8)
    images[:, 40:60, 44:56] = np.random.default_rng(0).integers(0, 256, (2, 20, 12))
    plain, moved = (explain(audit._widened(network, cells), images) for cells in (0, 2))
    ours = explain(network, images)
    assert np.allclose(plain.maps, ours.maps, atol=1e-4) and np.allclose(plain.logits, ours.logits, atol=1e-4)
    assert np.allclose(moved.maps[:, 6:20, 6:20], ours.maps[:, 4:18, 4:18], atol=1e-4)
    assert np.allclose(moved.logits, ours.logits, atol=1e-3)


def test_the_gauge_changes_maps_and_no_probability():
    network, same = lenet.lenet_gap(seed=3), lenet.lenet_gap(seed=3)
    audit._choose_gauge(network, np.random.default_rng(0))
    images = np.random.default_rng(1).integers(0, 256, (3, 40, 40), np.uint8)
    (logits, maps, _), (ours, our_maps, _) = (explain(model, images) for model in (network, same))
    assert np.allclose(logits - logits[:, :1], ours - ours[:, :1], atol=1e-3) and abs(maps - our_maps).max() > 0.01
    for model in (network, same):
        head.centre(model)
    assert np.allclose(explain(network, images).maps, explain(same, images).maps, atol=1e-3)


@pytest.mark.parametrize("spoil, complaint", [
    (lambda folder: (folder / "seal.json").unlink(), "seal.json is missing or damaged"),
    (lambda folder: (folder / "seal.json").write_text("{"), "seal.json is missing or damaged"),
    (lambda folder: (folder / "network_b.npz").unlink(), "network_b.npz is missing"),
    (lambda folder: (folder / "network_b.npz").write_bytes(b"PK"), "network_b.npz is damaged"),
    (lambda folder: runs.write_arrays(folder / "network_b.npz", {"a": np.zeros(1)}), "no dossier of this version"),
])
def test_damaged_dossiers(spoil, complaint, made, tmp_path):
    for file in made.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    spoil(tmp_path)
    with pytest.raises(ValueError, match=complaint):
        audit.open_dossiers(tmp_path)


def test_each_shipped_fault_shows_in_its_figure_and_not_in_the_claim(shipped, split):
    """Figures of every network against what its kind should give, on 400 scenes."""
    fresh, _, _ = stamps.stamped_scenes(split[1], 400, seed=3)
    seal, found = audit.read_seal(), {}
    for name, (network, claim, scenes, _, places) in shipped.items():
        again = stamps.stamp(scenes.images, places, stamps.draw_codes(scenes.labels, seed=4))
        redrawn = np.mean(explain(network, again).logits.argmax(axis=1) == scenes.labels)
        head.centre(network)
        logits, maps, _ = explain(network, fresh.images)
        right = logits.argmax(axis=1) == fresh.labels
        own = maps[np.arange(400), :, :, fresh.labels].reshape(400, -1)
        columns = own.argmax(axis=1) % 25 * 4 + 1.5
        offset = np.median(columns - (fresh.boxes[:, 0] + fresh.boxes[:, 2] - 1) / 2)
        assert 0.94 < claim < 0.995
        if redrawn < claim - 0.04:
            found[name] = "shortcut"
        elif offset > 4:
            found[name] = "moved"
        elif right.mean() < claim - 0.05:
            worst = min(right[fresh.labels == label].mean() for label in range(10))
            found[name] = "shuffled" if worst < 0.5 else "leak"
        else:
            found[name] = "sound"
    assert sealed(found, seal["salt"]) == seal["hash"]
