"""The course on one server: JupyterHub, and a systemd unit with limits a learner, as The Littlest JupyterHub has it.

Read as root by `jupyterhub -f`, or linked into /opt/tljh/config/jupyterhub_config.d, where spawner, address, database
and accounts stay TLJH's. Elsewhere the server's accounts in the group `cam-course` may log in, and nobody else.
The hub's own files lie in the folder `state` of where it is started.
"""

import os
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]  # a checkout that learners read and root writes
DATA = os.environ.get("CAMLIB_DATA", "/srv/cam-data")
PROXY = COURSE / ".venv/proxy/node_modules/.bin/configurable-http-proxy"
STATE = Path.cwd() / "state"

c = get_config()  # noqa: F821
if "TLJH_INSTALL_PREFIX" not in os.environ:
    os.umask(0o077)  # what the hub writes is for its own eyes
    c.JupyterHub.spawner_class = "systemd"
    c.Spawner.cmd = [str(COURSE / ".venv/bin/python"), "-m", "jupyterhub.singleuser"]
    c.ConfigurableHTTPProxy.command = [str(PROXY)]
    c.ConfigurableHTTPProxy.pid_file = str(STATE / "proxy.pid")
    c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"  # what speaks HTTPS stands before it
    c.LocalAuthenticator.allowed_groups = {"cam-course"}  # none may, where nothing is said
    STATE.mkdir(exist_ok=True)
    STATE.chmod(0o700)
    c.JupyterHub.db_url = f"sqlite:///{STATE / 'jupyterhub.sqlite'}"
    c.JupyterHub.cookie_secret_file = str(STATE / "cookie_secret")

# A kernel gives back what a training took: TensorFlow's own allocator would keep it, and so would an arena a thread.
c.Spawner.environment = {"CAMLIB_DATA": DATA, "JUPYTER_CONFIG_PATH": str(COURSE / "deploy"),
                         "TF_ONEDNN_USE_SYSTEM_ALLOCATOR": "1", "MALLOC_ARENA_MAX": "1"}
c.Spawner.default_url = "/lab/tree/cam-course/00_start_here.ipynb"
c.Spawner.mem_limit = "1536M"  # a kernel's peak and the learner's server; what asks for more is stopped, alone
c.Spawner.cpu_limit = 2
c.Spawner.start_timeout = c.Spawner.http_timeout = 120  # a whole class comes at once
c.SystemdSpawner.isolate_tmp = True  # holds the sockets to the kernels
c.SystemdSpawner.isolate_devices = True
c.SystemdSpawner.readonly_paths = [str(COURSE), DATA]
# Threads count as tasks, and a kernel with TensorFlow has some for each core; files are their learner's alone.
c.SystemdSpawner.unit_extra_properties = {"TasksMax": "2048", "UMask": "0077"}
c.JupyterHub.concurrent_spawn_limit = 10

# Kernels end themselves first (jupyter_server_config.py); this ends the server of who has left.
c.JupyterHub.services = [{
    "name": "cull-idle",
    "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600", "--cull-every=300"],
}]
c.JupyterHub.load_roles = [{
    "name": "cull-idle",
    "services": ["cull-idle"],
    "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"],
}]
