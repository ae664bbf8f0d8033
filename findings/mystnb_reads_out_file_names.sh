#!/bin/sh
# Believed: MyST-NB hands an output's text alternative, metadata {'image/png': {'alt': …}}, to the page.
# So: the picture's alternative is the name of its file, a hash of 64 digits, which a screen reader reads out.
# With myst-nb 1.4.0, sphinx 9.0.4, nbformat 5.11.1; about 21 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check myst-nb==1.4.0 sphinx==9.0.4 nbformat==5.11.1
venv/bin/python - <<'END'
import re
from importlib.metadata import version
from pathlib import Path

import nbformat

png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFBQIBqLH0pAAAAABJRU5ErkJggg=="
about = {"image/png": {"alt": "warm on the five"}}
output = nbformat.v4.new_output("display_data", {"image/png": png}, metadata=about)
cell = nbformat.v4.new_code_cell("show(map)", execution_count=1, outputs=[output])
nbformat.write(nbformat.v4.new_notebook(cells=[cell]), "page.ipynb")

from sphinx.cmd.build import main

settings = ("extensions=myst_nb", "exclude_patterns=venv", "nb_execution_mode=off", "root_doc=page")
main(["-q", "-C", *(word for setting in settings for word in ("-D", setting)), ".", "out"])
alternative = re.findall(r'<img[^>]*?alt="([^"]*)"', Path("out/page.html").read_text())
print(f"myst-nb {version('myst-nb')}, sphinx {version('sphinx')}")
print("expected: ['warm on the five']")
print(f"seen: {alternative}")
if not re.fullmatch("_images/[0-9a-f]{64}.png", alternative[0]):
    raise SystemExit("this has changed")
END
