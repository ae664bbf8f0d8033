"""pyproject.toml, environment.yml and requirements.txt name the same packages, and a fresh import is light."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
ENVIRONMENTS = [{"python_version": v, "python_full_version": f"{v}.9", "sys_platform": system, "os_name": os_name,
                 "implementation_name": "cpython", "platform_python_implementation": "CPython"}
                for v in ("3.11", "3.12", "3.13") for system, os_name in
                (("linux", "posix"), ("darwin", "posix"), ("win32", "nt"))]


def named(texts):
    return {canonicalize_name(Requirement(text).name): Requirement(text) for text in texts}


@pytest.fixture(scope="module")
def declared():
    """What pyproject.toml asks for, tests included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return named(project["dependencies"] + project["optional-dependencies"]["test"])


@pytest.fixture(scope="module")
def conda():
    """What environment.yml asks for, of conda and of pip."""
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    by_pip = next(entry for entry in entries if isinstance(entry, dict))["pip"]
    return named([e for e in entries if isinstance(e, str)] + [e for e in by_pip if not e.startswith("-e")])


def test_conda_asks_for_what_pyproject_asks_for(declared, conda):
    python, _ = conda.pop("python"), conda.pop("pip")
    assert {name: str(r.specifier) for name, r in conda.items()} == {n: str(r.specifier) for n, r in declared.items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert python.specifier == Requirement("python" + project["requires-python"]).specifier


def test_every_package_of_the_environment_has_a_reason():
    lines = (ROOT / "environment.yml").read_text().split("dependencies:")[1].splitlines()
    packages = [line for line in lines if re.match(r"\s*- [a-z]", line) and "pip" not in line.split("-")[1]]
    bare = [line for line in packages if "#" not in line]
    assert not bare


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda e: f"{e['sys_platform']}-{e['python_version']}")
def test_pins_satisfy_the_floors_everywhere(declared, environment):
    pins = {}
    for line in (ROOT / "requirements.txt").read_text().splitlines():
        requirement = Requirement(line)
        if requirement.marker is None or Marker(str(requirement.marker)).evaluate(environment):
            name = canonicalize_name(requirement.name)
            assert name not in pins, f"{name} is pinned twice"
            pins[name] = Version(str(requirement.specifier).removeprefix("=="))
    wrong = {name: pins.get(name) for name, r in declared.items() if name not in pins or pins[name] not in r.specifier}
    assert not wrong


def test_the_lock_has_exact_pins_and_no_addresses():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert lines and all(re.match(r"[a-z0-9.\-_]+==[^ /]+( ; .+)?$", line) for line in lines)


def test_importing_camlib_and_its_modules_does_not_import_tensorflow():
    modules = [p.stem for p in (ROOT / "camlib").glob("*.py") if p.stem not in ("__init__", "__main__", "backend")]
    program = f"import sys, camlib\nfor m in {modules!r}: __import__('camlib.' + m)\n"
    program += "print([m for m in ('tensorflow', 'keras', 'torch') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_camlib_alone_is_light():
    program = "import sys, camlib; print(sorted(set(sys.modules) & {'numpy', 'matplotlib', 'IPython', 'anywidget'}))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_every_public_name_is_there():
    import camlib

    assert all(callable(getattr(camlib, name)) for name in camlib.__all__)
    with pytest.raises(AttributeError, match="camlib has no 'heat'"):
        _ = camlib.heat


def test_modules_import_downwards_only():
    """The floors of the house, lowest first: each imports from those before it."""
    floors = ["backend", "files", "fetch", "digits", "clutter", "caltech", "collages", "photos", "models", "weights",
              "alexnet", "runs", "train", "cam", "transfer", "attribution", "localize", "faithfulness", "evaluate",
              "plot", "explore", "photo_commands", "checks", "__main__"]
    for path in (ROOT / "camlib").glob("*.py"):
        if path.stem == "__init__":
            continue
        text = path.read_text()
        lower = re.findall(r"^\s*from \.(\w+) import", text, re.M)
        for names in re.findall(r"^\s*from \. import ([\w, ]+)", text, re.M):
            lower += [name.split(" as ")[0] for name in names.split(", ")]
        above = [name for name in lower if floors.index(name) >= floors.index(path.stem)]
        assert not above, f"{path.name} imports {above}"
