"""deploy/: what hubs are told is there, agrees with the rest, and hands learners what they need. No hub is started."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from jupyter_client.manager import KernelManager
from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
from packaging.specifiers import SpecifierSet
from packaging.version import Version
from traitlets.config.loader import PyFileConfigLoader

import camlib
from camlib.data import registry
from camlib.training import runs
from camlib.training.train import COURSE, train
from course import build
from course.edition import edition

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BINDER = ROOT / ".binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NUMBER, TEXT, TRUTH = (int, float), str, bool
SCHEMA = {  # of the keys in use, what the chart's values.schema.yaml allows (4.3)
    "singleuser": {
        "image": {"name": TEXT, "tag": TEXT},
        "memory": {"limit": (*NUMBER, TEXT), "guarantee": (*NUMBER, TEXT)},
        "cpu": {"limit": NUMBER, "guarantee": NUMBER},
        "defaultUrl": TEXT,
        "storage": {"capacity": TEXT},
    },
    "cull": {"enabled": TRUTH, "timeout": int, "every": int},
    "prePuller": {"continuous": {"enabled": TRUTH}},
}


def loaded(name):
    """A configuration file, as Jupyter's own loader reads it."""
    return PyFileConfigLoader(name, str(DEPLOY)).load_config()


@pytest.fixture
def masks(monkeypatch, tmp_path):
    """The umasks that a hub's configuration sets, here only noted; the hub is started in `tmp_path`."""
    seen = []
    monkeypatch.setattr(os, "umask", seen.append)
    monkeypatch.chdir(tmp_path)
    return seen


@pytest.fixture
def hub(monkeypatch, masks):
    monkeypatch.delenv("TLJH_INSTALL_PREFIX", raising=False)
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.setenv("CAMLIB_DATA", "/srv/elsewhere")
    return loaded("jupyterhub_config.py")


@pytest.fixture
def values():
    return yaml.safe_load((DEPLOY / "values.yaml").read_text())


def test_one_server_holds_learners_apart_and_culls_them(hub):
    assert hub.JupyterHub.spawner_class == "systemd" and hub.SystemdSpawner.isolate_tmp
    assert hub.SystemdSpawner.readonly_paths == [str(ROOT), "/srv/elsewhere"]
    assert hub.Spawner.environment["CAMLIB_DATA"] == "/srv/elsewhere"
    assert Path(hub.Spawner.environment["JUPYTER_CONFIG_PATH"], "jupyter_server_config.py").is_file()
    service, role = hub.JupyterHub.services[0], hub.JupyterHub.load_roles[0]
    assert role["services"] == [service["name"]] and "delete:servers" in role["scopes"]


def test_one_server_is_reached_through_what_stands_before_it_by_a_group_of_accounts(hub):
    assert hub.JupyterHub.bind_url == "http://127.0.0.1:8000"
    assert hub.LocalAuthenticator.allowed_groups == {"cam-course"} and "Authenticator" not in hub


def test_what_a_hub_writes_is_its_own(hub, masks, tmp_path):
    state = tmp_path / "state"
    assert state.stat().st_mode & 0o777 == 0o700 and masks == [0o077]
    assert hub.JupyterHub.db_url == f"sqlite:///{state}/jupyterhub.sqlite"
    assert {Path(hub.JupyterHub.cookie_secret_file).parent, Path(hub.ConfigurableHTTPProxy.pid_file).parent} == {state}


def test_a_learner_on_one_server_has_a_limit_of_tasks_and_private_files(hub):
    limits = hub.SystemdSpawner.unit_extra_properties
    assert 256 <= int(limits["TasksMax"]) < 2**15 and limits["UMask"] == "0077"


def test_the_littlest_jupyterhub_keeps_its_spawner_proxy_and_accounts(masks, monkeypatch, tmp_path):
    monkeypatch.setenv("TLJH_INSTALL_PREFIX", "/opt/tljh")
    config = loaded("jupyterhub_config.py")
    assert "spawner_class" not in config.JupyterHub and "cmd" not in config.Spawner
    assert not {"bind_url", "db_url"} & set(config.JupyterHub) and not [*tmp_path.iterdir(), *masks]
    assert not {"ConfigurableHTTPProxy", "LocalAuthenticator"} & set(config) and config.Spawner.mem_limit


def test_the_hub_to_try_draws_a_password_and_prints_it_once(hub, monkeypatch, capsys):
    monkeypatch.delenv("HUB_PASSWORD", raising=False)
    drawn = [loaded("try_hub.py").SharedPasswordAuthenticator.user_password for _ in range(2)]
    printed = capsys.readouterr().out
    assert drawn[0] != drawn[1] and min(map(len, drawn)) >= 12
    assert [printed.count(password) for password in drawn] == [1, 1]
    monkeypatch.setenv("HUB_PASSWORD", "chosen by the class")
    assert loaded("try_hub.py").SharedPasswordAuthenticator.user_password == "chosen by the class"
    assert capsys.readouterr().out == "" and "HUB_PASSWORD" not in os.environ


def test_the_hub_to_try_is_reached_from_this_machine_alone(hub, monkeypatch, tmp_path):
    monkeypatch.setenv("PORT", "9123")
    config = loaded("try_hub.py")
    assert config.JupyterHub.bind_url == "http://127.0.0.1:9123"
    assert config.JupyterHub.authenticator_class == "shared-password"
    assert config.JupyterHub.spawner_class == "simple" and config.Spawner.default_url == hub.Spawner.default_url
    assert config.SimpleLocalProcessSpawner.home_dir_template == str(tmp_path / "homes" / "{username}")
    assert set(config.Spawner.environment) == set(hub.Spawner.environment)


def opened(home, root=ROOT):
    """What a learner's server makes of its configuration: (its configuration, environment variables)."""
    program = ("import json, os, sys; from traitlets.config.loader import PyFileConfigLoader as Loader\n"
               "config = Loader('jupyter_server_config.py', sys.argv[1]).load_config()\n"
               "assert os.path.isdir(os.environ['JUPYTER_RUNTIME_DIR'])\n"
               "print(json.dumps([config, dict(os.environ)]))")
    done = subprocess.run([sys.executable, "-c", program, str(DEPLOY)], check=True, stdout=subprocess.PIPE, text=True,
                          cwd=root, env=os.environ | {"HOME": str(home), "PYTHONPATH": str(root)})
    return json.loads(done.stdout)


def test_a_learner_gets_what_is_missing_and_keeps_what_is_theirs(tmp_path):
    opened(tmp_path)
    mine = tmp_path / "cam-course"
    first, *_, last = names = [f"{source.stem}.ipynb" for source in build.chosen(edition())]
    assert sorted(path.name for path in mine.glob("*.ipynb")) == names
    (mine / first).write_text("my work")
    (mine / last).unlink()
    (mine / "runs" / "lenet_gap" / "run.json").unlink()  # to train it oneself
    opened(tmp_path)
    assert (mine / first).read_text() == "my work"
    assert (mine / last).read_bytes() == (ROOT / "notebooks" / last).read_bytes()
    assert not (mine / "runs" / "lenet_gap" / "run.json").exists()


def test_a_learner_of_a_lecturers_copy_gets_its_notebooks(tmp_path):
    for name in ("camlib", "data", "notebooks"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "course.toml").write_text('title = "Maps"\nnotebooks = ["00", "04"]\n')
    opened(tmp_path, tmp_path)
    names = sorted(path.name for path in (tmp_path / "cam-course").glob("*.ipynb"))
    assert names == ["00_start_here.ipynb", "04_class_activation_maps.ipynb"]


def test_a_server_keeps_its_settings_where_nothing_can_be_handed_out(tmp_path):
    (tmp_path / "cam-course").write_text("a file, where the folder should be")
    config, environment = opened(tmp_path)
    assert config["KernelManager"]["transport"] == "ipc" and config["MappingKernelManager"]["cull_connected"]
    assert environment["CAMLIB_RUNS"] and environment["JUPYTER_RUNTIME_DIR"]


def test_the_run_of_notebook_03_lies_ready(tmp_path, split, scenes):
    _, environment = opened(tmp_path)
    folder = Path(environment["CAMLIB_RUNS"], "lenet_gap")
    assert folder.is_relative_to(tmp_path)
    run = train(COURSE, split[0], scenes, folder)  # as the notebook calls it
    assert run.finished and run.accuracy.tolist() == runs.shipped_run().accuracy.tolist()


def test_camlib_runs_says_where_runs_lie(tmp_path):
    program = "from camlib import runs; print(runs.MINE)"

    def said(**environment):
        return subprocess.run([sys.executable, "-c", program], env=os.environ | environment, cwd=ROOT, check=True,
                              stdout=subprocess.PIPE, text=True).stdout.strip()

    assert said(CAMLIB_RUNS=str(tmp_path)) == str(tmp_path) and said(CAMLIB_RUNS="") == str(ROOT / "runs")


def test_a_server_sets_what_jupyter_knows_and_its_sockets_are_short(tmp_path):
    config, environment = opened(tmp_path)
    known = {"KernelManager": KernelManager, "MappingKernelManager": MappingKernelManager}
    assert all(name in known[kind].class_traits(config=True) for kind in config for name in config[kind])
    assert config["KernelManager"]["transport"] == "ipc"
    socket = Path(environment["JUPYTER_RUNTIME_DIR"], "kernel-00000000-0000-0000-0000-000000000000-ipc-5")
    assert len(str(socket)) <= 107
    assert not socket.parent.exists()  # it goes with the server


def test_kubernetes_is_told_keys_that_the_chart_has(values):
    def check(given, schema, path):
        assert set(given) <= set(schema), path
        for name, value in given.items():
            if isinstance(schema[name], dict):
                check(value, schema[name], f"{path}.{name}")
            else:
                assert isinstance(value, schema[name]), f"{path}.{name}"

    check(values, SCHEMA, "values")


def test_kubernetes_and_one_server_agree(values, hub):
    learner, command = values["singleuser"], hub.JupyterHub.services[0]["command"]
    assert learner["memory"]["limit"] == hub.Spawner.mem_limit and learner["cpu"]["limit"] == hub.Spawner.cpu_limit
    assert learner["defaultUrl"] == hub.Spawner.default_url
    assert {f"--timeout={values['cull']['timeout']}", f"--cull-every={values['cull']['every']}"} < set(command)
    assert learner["image"]["tag"] == camlib.__version__


def test_the_image_has_a_python_that_the_course_runs_on_and_files_that_are_there():
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    python = next(line.removeprefix("FROM python:") for line in lines if line.startswith("FROM python:"))
    assert Version(python.removesuffix("-slim")) in SpecifierSet(PROJECT["requires-python"])
    copied = [name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]
              if name != "course.tom[l]"]  # which a lecturer's copy has
    assert {"camlib", "data", "notebooks", "deploy"} <= set(copied)
    assert all((ROOT / name).exists() for name in copied)
    assert f"cam-course:{camlib.__version__}" in lines[1]


def test_kernels_give_memory_back_in_the_image_as_on_one_server(hub):
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    for name in ("TF_ONEDNN_USE_SYSTEM_ALLOCATOR", "MALLOC_ARENA_MAX"):
        assert any(line.startswith("ENV ") and f"{name}={hub.Spawner.environment[name]}" in line for line in lines)


def test_the_image_and_binder_fetch_what_the_registry_has():
    for path in (DEPLOY / "Dockerfile", BINDER / "postBuild"):
        names = re.search(r"camlib fetch (.+)", path.read_text())[1].split()
        assert names and set(names) <= set(registry.REGISTRY)
    assert os.access(BINDER / "postBuild", os.X_OK)


def test_binder_installs_the_course_at_its_pins_on_a_python_that_it_runs_on():
    """Of files at the top, repo2docker takes environment.yml first, with Python 3.10 where that has no `python=`."""
    python = re.fullmatch(r"python-(3\.\d+)\n", (BINDER / "runtime.txt").read_text())[1]
    assert Version(python) in SpecifierSet(PROJECT["requires-python"])
    course, pins = (BINDER / "requirements.txt").read_text().splitlines()
    assert course == "-e ."  # of the checkout, where pip is run
    assert (BINDER / pins.removeprefix("-c ")).resolve() == ROOT / "requirements.txt"
