#!/bin/sh
# Believed: a cell tagged raises-exception must raise: where it does not, the run fails.
# So: it may raise. A cell that shows an error on purpose and no longer does passes nbclient without a word.
# With nbclient 0.11.0, ipykernel 7.4.0; about 15 s.
set -eu
unset PYTHONPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --no-compile --disable-pip-version-check nbclient==0.11.0 ipykernel==7.4.0
venv/bin/python - <<'END'
from importlib.metadata import version

import nbformat
from nbclient import NotebookClient

kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
print(f"nbclient {version('nbclient')}; cells tagged raises-exception")
print("expected: 1 / 0 passes, 1 / 1 is reported")
seen = {}
for source in ("1 / 0", "1 / 1"):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["raises-exception"]})
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)
    try:
        NotebookClient(notebook, timeout=60).execute()
        seen[source] = "passes"
    except Exception as error:
        seen[source] = type(error).__name__
    print(f"seen: {source} {seen[source]}")
if set(seen.values()) != {"passes"}:
    raise SystemExit("this has changed")
END
