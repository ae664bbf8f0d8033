"""What makes an explorer a page: its script and looks, and the HTML around them."""

import re
from pathlib import Path

_FOLDER = Path(__file__).with_name("web")
STYLE = _FOLDER / "explorer.css"
# Modules each on its own; one without comments and indents in a page, where there is no address to import from.
MODULES = sorted(_FOLDER.glob("*.js"))
_LEFT_OUT = re.compile(r"^import [^;]*;\n|/\*\*(?s:.*?)\*/\s*|^ *//.*\n| // .*$|^ +", re.M)
SCRIPT = "".join(_LEFT_OUT.sub("", path.read_text("utf-8")) for path in MODULES)

FRAGMENT = """<div class="camlib-explorer" data-key="{key}" data-state="{state}">
<img alt="{label}" src="data:image/jpeg;base64,{still}" style="max-width: 100%">
<p>A still picture. Where scripts may run (after running the cell or trusting the notebook), this is an explorer.</p>
<template><style>
{style}</style></template>
<script type="application/x-camlib">{data}</script>
</div>
<script type="module">
{script}
mountPage("{key}");
</script>"""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ margin: 0 auto; padding: clamp(12px, 3vw, 40px); max-width: 1700px; background: #fff; }}
  @media (prefers-color-scheme: dark) {{ body {{ background: #14171b; }} }}
</style>
{body}
</html>
"""
