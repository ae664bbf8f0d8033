"""The server's configuration, to try on one's own machine: any name logs in with one password, from here alone.

The password is drawn and printed once, unless the environment variable HUB_PASSWORD has one.
Servers are plain processes of who starts the hub, so that nothing holds learners apart, and no limit holds them back.
Homes, and the hub's files, lie in the folder that it is started in.
"""

import os
import secrets
from pathlib import Path

from camlib.data import registry

c = get_config()  # noqa: F821
load_subconfig(str(Path(__file__).with_name("jupyterhub_config.py")))  # noqa: F821

password = os.environ.pop("HUB_PASSWORD", "")  # no learner's server inherits it
if not password:
    password = secrets.token_urlsafe(9)
    print(f"The password, for any name: {password}", flush=True)
c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = password
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(Path.cwd() / "homes" / "{username}")
c.Spawner.environment = c.Spawner.environment | {"CAMLIB_DATA": str(registry.cache_folder().resolve())}
c.Spawner.args = ["--allow-root"] if os.geteuid() == 0 else []
