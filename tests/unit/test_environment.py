"""pyproject.toml, environment.yml and requirements.txt name the same packages, and a fresh import is light."""

import os
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

ROOT = Path(__file__).parents[2]
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
    paths = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "camlib").rglob("*.py")]
    modules = [".".join(path.parts) for path in paths if path.stem not in ("__init__", "__main__", "backend")]
    program = f"import sys\nfor m in {modules!r}: __import__(m)\n"
    program += "print([m for m in ('tensorflow', 'keras', 'torch') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_camlib_alone_is_light():
    program = "import sys, camlib; print(sorted(set(sys.modules) & {'numpy', 'matplotlib', 'IPython', 'anywidget'}))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_every_public_name_is_there():
    from camlib import checks, plot  # as the notebooks do: modules, without their folders

    assert callable(checks.hottest_cell) and callable(plot.scene_grid)
    import camlib

    assert all(getattr(camlib, name).__name__.split(".")[-1] == name for name in camlib.__all__)
    with pytest.raises(AttributeError, match="camlib has no 'heat'"):
        _ = camlib.heat


def test_every_floor_of_the_house_imports_from_the_floors_below_it():
    """The floors are in pyproject.toml, where import-linter reads them."""
    program = "from importlinter.cli import lint_imports_command as command; command(['--no-cache'])"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True,
                            env=os.environ | {"COLUMNS": "80"})
    assert result.returncode == 0 and "1 kept, 0 broken" in result.stdout, result.stdout


def test_no_module_is_longer_than_one_sitting():
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines())
               for path in (ROOT / "camlib").rglob("*.*") if path.suffix in (".py", ".js")}
    assert "camlib/explore/web/explorer.js" in lengths
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def test_what_makes_the_site_hides_nothing_that_learners_have():
    """It lies in a folder of its own, before the environment's packages, and is installed without what it needs."""
    pins = {name: [Requirement(line).name for line in (ROOT / name).read_text().splitlines() if line[:1] != "#"]
            for name in ("requirements.txt", "docs/requirements.txt")}
    assert pins["docs/requirements.txt"] and not set.intersection(*(set(named(names)) for names in pins.values()))
