"""The server's configuration, to try on one's own machine: any name logs in without a password, from here alone.

Servers are plain processes of who starts the hub, so that nothing holds learners apart, and no limit holds them back.
Homes, and the hub's files, lie in the folder that it is started in.
"""

import os
from pathlib import Path

from camlib.data import registry

c = get_config()  # noqa: F821
load_subconfig(str(Path(__file__).with_name("jupyterhub_config.py")))  # noqa: F821

c.JupyterHub.bind_url = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(Path.cwd() / "homes" / "{username}")
c.Spawner.environment = c.Spawner.environment | {"CAMLIB_DATA": str(registry.cache_folder().resolve())}
c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []
