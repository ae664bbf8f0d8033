"""What the code host reads: workflows, templates, the citation. Every command and file that they name is there."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.specifiers import SpecifierSet

import camlib
from camlib import cli

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / ".github/workflows").glob("*.yml")}
JOBS = {f"{name}-{job}": about for name, workflow in WORKFLOWS.items() for job, about in workflow["jobs"].items()}
STEPS = [(name, step) for name, job in JOBS.items() for step in job["steps"]]
COMMANDS = [(name, step["run"]) for name, step in STEPS if "run" in step]
TEMPLATES = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[!c]*.yml"))


@pytest.fixture(scope="module")
def pytest_options():
    said = subprocess.run([sys.executable, "-m", "pytest", "--help"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return set(re.findall(r"(?<![\w-])--?[\w-]+", said.stdout))


@pytest.mark.parametrize("name, command", COMMANDS, ids=[f"{name}: {command[:60]}" for name, command in COMMANDS])
def test_a_command_of_a_workflow_is_there(name, command, pytest_options):
    program, *words = shlex.split(command)
    if program == "make":
        targets = re.search(r"^\.PHONY: (.+)", (ROOT / "Makefile").read_text("utf-8"), re.M)[1].split()
        assert words and set(words) <= set(targets)
        return
    assert program in ("python", ".venv/bin/python") and words[0] == "-m"
    module, words = words[1], words[2:]
    if module == "camlib":
        cli._parser().parse_args(words)
    elif module == "pytest":
        assert {word for word in words if word.startswith("-")} <= pytest_options
        assert all((ROOT / word).exists() for word in words if word.startswith("tests"))
    else:
        installed = " ".join(other for job, other in COMMANDS if job == name and " pip install " in other)
        pins = (ROOT / "requirements.txt").read_text()
        assert module == "pip" or module in installed.split() or f"\n{module}==" in pins


def test_what_commands_of_workflows_install_from_is_there():
    commands = "\n".join(command for _, command in COMMANDS)
    files, extras = re.findall(r"--requirement (\S+)", commands), re.findall(r"(?:--extra |\.\[)(\w+)", commands)
    assert files and all((ROOT / name).exists() for name in files)
    assert extras and set(extras) <= set(PROJECT["optional-dependencies"])


def test_steps_run_a_command_or_use_an_action_of_a_version():
    for _, step in STEPS:
        assert ("run" in step) != ("uses" in step)
        assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "actions/checkout@v4"))


def test_the_tests_run_on_every_python_that_the_course_supports():
    supported = SpecifierSet(PROJECT["requires-python"])
    versions = {f"3.{minor}" for minor in range(30) if f"3.{minor}.5" in supported}
    assert set(JOBS["test-test"]["strategy"]["matrix"]["python"]) == versions
    named = {step["with"]["python-version"] for _, step in STEPS if "setup-python" in step.get("uses", "")}
    assert named - {"${{ matrix.python }}"} <= versions


def test_windows_has_the_environment_that_readme_names():
    setup = next(step["with"] for step in JOBS["test-windows"]["steps"] if "miniconda" in step.get("uses", ""))
    environment = yaml.safe_load((ROOT / setup["environment-file"]).read_text("utf-8"))
    assert setup["activate-environment"] == environment["name"]
    assert not [command for name, command in COMMANDS if name == "test-windows" and command.startswith("make")]


def test_the_citation_is_of_this_version_and_these_licences():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert str(citation["version"]) == camlib.__version__
    code, photographs = PROJECT["license"].split(" AND ")  # a list would mean OR here
    assert citation["license"] == code and photographs.replace("CC-BY-", "CC BY ") in citation["abstract"]
    assert citation["references"][0]["title"] in " ".join((ROOT / "README.md").read_text("utf-8").split())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_of_issues_has_the_form(path):
    form = yaml.safe_load(path.read_text("utf-8"))
    assert form["name"] and form["description"] and form["body"]
    fields = [field for field in form["body"] if field["type"] in ("textarea", "input")]
    assert len(fields) == len(form["body"]) == len({field["id"] for field in fields})
    assert all(field["attributes"]["label"] for field in fields)


@pytest.mark.parametrize("name", ["SECURITY.md", ".github/pull_request_template.md"])
def test_links_lead_to_files(name):
    path = ROOT / name
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text("utf-8"))
    assert targets and all((path.parent / target).exists() for target in targets)
