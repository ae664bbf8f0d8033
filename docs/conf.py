"""How Sphinx makes the site. The folder it reads is gathered by `docs.pages`; nothing is asked of a network."""

import importlib.util
import re
from pathlib import Path

from course.edition import edition

project = edition().title
author = edition().institution or "The authors of the course"
copyright = "MIT licence"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
exclude_patterns = ["**.ipynb_checkpoints"]
html_theme = "sphinx_book_theme"
html_title = project
html_extra_path = [path.name for path in Path(__file__).parent.glob("extra")]  # of `in_browser`, as it is
html_copy_source = False
html_show_sourcelink = False
html_css_files = ["course.css"]
html_context = {"default_mode": "auto"}  # as the reader's system, until they choose
html_theme_options = {"use_download_button": False, "use_fullscreen_button": False, "navbar_persistent": []}

nb_execution_mode = "off"  # notebooks carry their outputs
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["myst.header", "misc.highlighting_failure"]

# One of MathJax's 24 MB of files draws every formula of the course.
_mathjax = Path(importlib.util.find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
html_static_path = [str(_mathjax / "tex-svg.js"), "course.css"]
mathjax_path = "tex-svg.js"

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
default_role = "py:obj"  # `name` leads to its entry where there is one, and is code elsewhere


def as_list(app, what, name, thing, options, lines):
    """Docstrings in the course's plain style as Sphinx's, in place: `name: …` at the margin begins an item of a list.

    An item goes on to the end of its paragraph, or to a line that begins with Raises or Returns.
    """
    plain, lines[:] = lines[:], []
    inside = False  # an item
    for line in plain:
        if not line.lstrip().startswith((">>>", "...")):
            line = re.sub(r"(?<![`\\])([*|])", r"\\\1", line)
        if named := re.match(r"(_?[a-z]\w*(?:, _?[a-z]\w*)*): (.*)", line):
            lines += [] if inside else [""]
            inside, line = True, f"- **{named[1]}**: {named[2]}"
        elif not line.strip() or line.startswith(("Raises", "Returns")):
            lines += [""] if inside else []
            inside = False
        elif inside:
            line = f"  {line.strip()}"
        lines.append(line)


def setup(app):
    app.connect("autodoc-process-docstring", as_list)
