"""docs/endings.md is what `python -m camlib endings` prints: a few rows of it, made again."""

import re
from pathlib import Path

import pytest

from camlib.backend import keras
from camlib.cli import endings_command, main

PAGE = (Path(__file__).parents[2] / "docs" / "endings.md").read_text(encoding="utf-8")
TABLE = PAGE[PAGE.index("| network |"):]
ROWS = {name: rest.split(" | ") for name, rest in re.findall(r"^\| ([A-Z]\w+) \| (.+) \|$", TABLE, re.MULTILINE)}


@pytest.mark.parametrize("name", ["MobileNet", "MobileNetV2", "MobileNetV3Small"])
def test_a_row_is_what_the_page_says(name):
    ends, takes, residue, cells = endings_command.row(name)
    assert [ends, takes, cells] == [ROWS[name][0], ROWS[name][1], ROWS[name][3]]
    assert residue == ROWS[name][2] == "–" or float(residue) < 1e-5


def test_residues_on_the_page_are_those_of_rounding():
    residues = [float(residue) for _, takes, residue, _ in ROWS.values() if takes == "yes"]
    assert len(residues) > 20 and max(residues) < 1e-5


def test_the_page_has_every_network_of_its_version():
    version = re.search(r"Keras ([\d.]+),", PAGE)[1]
    if keras.__version__ == version:
        assert [*ROWS] == [name for name in dir(keras.applications) if name[0].isupper()]


def test_the_command_prints_what_was_asked_for(capsys, monkeypatch):
    monkeypatch.setattr(endings_command, "row", lambda name: ("GAP → Dense", "yes", "1e-07", "7 × 7"))
    main(["endings", "ResNet50"])
    assert capsys.readouterr().out.endswith("cells |\n| --- | --- | --- | --- | --- |\n"
                                            "| ResNet50 | GAP → Dense | yes | 1e-07 | 7 × 7 |\n")


def test_a_name_that_is_none_is_a_wrong_option(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["endings", "ResNet51"])
    said = "camlib endings: keras.applications has no ResNet51: expected some of ConvNeXtBase, "
    assert stopped.value.code == 2 and capsys.readouterr().err.startswith(said)
