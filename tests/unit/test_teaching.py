"""TEACHING.md says what is so: of the decks, the notebooks and their guides, the grader and the commands."""

import re
from pathlib import Path

import pytest

from camlib.grading.notebooks import course, exercises
from course.slides import SESSIONS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "TEACHING.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\d) \| \[(\d\d)\]\(notebooks/\2_\w+\.ipynb\) \| (\d+) \| (.*) \| (.*) \|$", TEXT, re.M)
MINUTES = {notebook: int(minutes) for _, notebook, minutes, _, _ in ROWS}
SOURCES = sorted((ROOT / "course").glob("[0-9]*.py"))


def test_sessions_are_those_of_the_decks_and_take_90_minutes_but_for_the_voluntary_one():
    sessions = {}
    for session, notebook, *_ in ROWS:
        sessions[int(session)] = (*sessions.get(int(session), ()), notebook)
    assert sessions == SESSIONS
    assert [sum(map(MINUTES.get, sessions[number])) for number in sorted(sessions)] == [90] * 6 + [60]
    assert sorted(MINUTES) == [source.stem[:2] for source in SOURCES]


@pytest.mark.parametrize("source", [source for source in SOURCES if "**Session " in source.read_text("utf-8")],
                         ids=lambda source: source.stem)
def test_a_guide_has_the_same_session_and_minutes(source):
    text, number = source.read_text("utf-8"), source.stem[:2]
    assert number in SESSIONS[int(re.search(r"\*\*Session (\d)\b", text)[1])]
    parts, whole = re.search(r"\*\*Minutes\.\*\* (.+?) = (\d+)", text).groups()
    assert int(whole) == MINUTES[number]
    assert sum(int(re.search(r"\d+$", part)[0]) for part in parts.split(" · ")) == int(whole)
    sections = re.findall(r"^# ## .+ \((\d+) min\)$", text, re.M)
    assert len(sections) >= 5 and sum(map(int, sections)) == int(whole)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_guide_has_for_each_section_what_is_needed_in_front_of_a_class(source):
    cells = re.split(r"^(?=# %%)", source.read_text("utf-8"), flags=re.M)
    sections = [cell for cell in cells if re.search(r"^# ## .+ \((\d+ min|at home)\)$", cell, re.M)]
    assert all(cell.startswith('# %% [markdown] tags=["guide"]\n') for cell in sections)
    for cell in sections:
        items = re.findall(r"^# - \*\*(Say|They will predict|Usual mistakes|Ask|Short of time)\b", cell, re.M)
        opening = "**Session " in cell
        assert items == ["Say", "They will predict", *([] if opening else ["Usual mistakes"]), "Ask",
                         *([] if opening else ["Short of time"])]


def test_exercises_that_it_names_are_there_and_none_is_forgotten():
    for name, path in course().items():
        asked = {f"{int(name[:2])}.{i}" for i, _ in enumerate(exercises(path), 1)}
        row = next(f"{in_class} {at_home}" for _, notebook, _, in_class, at_home in ROWS if notebook == name[:2])
        if name[:2] not in ("07", "09"):  # all at home; and 9.4 is the audit
            assert set(re.findall(r"\d\.\d", row)) == asked


def test_what_learners_write_in_a_notebook_is_in_that_notebook():
    found = r"in notebook (\d\d) learners write `([\w.]+)\(.*?` and `([\w.]+)\("
    (notebook, first, second), = re.findall(found, " ".join(TEXT.split()))
    source, = [path.read_text("utf-8") for path in SOURCES if path.name.startswith(notebook)]
    assert first in source and second in source


def test_points_of_the_ladder_add_up():
    points = re.search(r"^\| 1 mechanical .+\n.+\n(.+)$", TEXT, re.M)[1]
    points = [int(number) for number in re.findall(r"\d", points)]
    counted = {name[:2]: len(exercises(path)) for name, path in course().items() if name[:2] < "07"} | {"09": 3}
    total = sum(sum(points[:rungs]) for rungs in counted.values())
    assert f"{total} points. With the audit's 40: {total + 40}." in TEXT


def test_the_rubric_is_that_of_the_audit():
    rubric = re.search(r"^\| rubric .+?\n(?!\|)", TEXT, re.M | re.S)[0].strip()
    source = (ROOT / "course" / "09_audit_a_network.py").read_text("utf-8")
    assert rubric.count("\n") == 6 and rubric in source.replace("\n# ", "\n")


def test_links_and_commands_lead_somewhere():
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(links) >= len(MINUTES) and not [link for link in links if not (ROOT / link).exists()]
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    assert set(re.findall(r"`make (\w+)", TEXT)) <= targets
    commands = set(re.findall(r"\badd\(\"(\w+)\"", "".join(
        path.read_text("utf-8") for path in (ROOT / "camlib" / "cli").glob("*.py"))))
    assert set(re.findall(r"`python -m camlib (\w+)", TEXT)) <= commands
    assert "[TEACHING.md](TEACHING.md)" in (ROOT / "README.md").read_text("utf-8")
