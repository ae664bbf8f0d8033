import subprocess
import sys

import pytest

from camlib.cli import main
from camlib.data import registry


def test_fetch_without_a_name_prints_where_the_digits_are(capsys):
    main(["fetch"])
    assert capsys.readouterr().out.strip() == str(registry.cached("mnist_5k.csv.gz"))


def test_an_unknown_file_is_answered_in_one_line(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["fetch", "mnist_5k"])
    assert "Did you mean 'mnist_5k.csv.gz'?" in str(stop.value)


def test_list_names_every_file(capsys):
    main(["list"])
    text = capsys.readouterr().out
    assert all(name in text for name in registry.REGISTRY)


def test_accuracy_counts_right_answers(capsys, split):
    import numpy as np

    from camlib.data.scenes import make_scenes
    from camlib.training import runs

    main(["accuracy", "--scenes", "120"])
    text = capsys.readouterr().out
    scenes = make_scenes(split[1], 120)
    logits = runs.shipped_run().load().predict(scenes.images, verbose=0)
    assert f"{np.mean(logits.argmax(axis=1) == scenes.labels):.2%}" in text and "120 scenes" in text


def test_heatmaps_writes_the_pictures(tmp_path, capsys):
    main(["heatmaps", "--images", "2", "--out", str(tmp_path / "out")])
    assert len(list((tmp_path / "out").glob("img_*/cmap_*.png"))) == 2 * 20
    assert (tmp_path / "out" / "accuracy.png").exists()


def test_picture_is_drawn(tmp_path):
    main(["picture", "--out", str(tmp_path / "course.png")])
    assert (tmp_path / "course.png").stat().st_size > 20_000


@pytest.mark.parametrize("arguments, complaint", [
    (["accuracy", "--run", "nowhere"], "holds no training run"),
    (["accuracy", "--scenes", "0"], "not a positive number"),
    (["heatmaps", "--images", "-1"], "not a positive number"),
    (["paint"], "invalid choice"),
])
def test_bad_arguments_end_in_a_sentence_and_no_traceback(arguments, complaint):
    result = subprocess.run([sys.executable, "-m", "camlib", *arguments], capture_output=True, text=True)
    assert result.returncode and complaint in result.stderr and "Traceback" not in result.stderr
