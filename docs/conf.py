"""How Sphinx makes a site of these pages; ``dvfs docs`` calls it.

Sphinx, because the API reference is made of numpydoc docstrings, which numpydoc renders for Sphinx
alone, and because it checks every link; networkx, labgrid and NumPy do the same. Furo, because its
sidebar shows the four groups of pages with all that is in them, where the PyData theme shows one
group at a time behind a page of its own. It brings what it needs along: a built site asks no
network for anything, and its search works from files too.
"""

from __future__ import annotations

import posixpath
import re
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

from dvfs_kernel import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

project = "dvfs-kernel"
author = "The dvfs-kernel developers"
version = release = __version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_click",
    "directives.json_documents",
    "directives.notebook_gallery",
    "directives.option_table",
    "directives.package_pages",
]
exclude_patterns = ["directives"]
nitpicky = True
# Names in docstrings may be of other packages, whose pages a site without network cannot lead to.
nitpick_ignore_regex = [("py:.*", ".*")]
maximum_signature_line_length = 80

# ---- pages in Markdown ---------------------------------------------------------------------------

myst_heading_anchors = 3
#: Pages outside of this folder that the site has pages of.
INCLUDED = {
    "../CHANGELOG.md": "changelog.md",
    "../CONTRIBUTING.md": "contributing.md",
    "../ci/README.md": "ci.md",
}


def include_pages(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Put pages from outside where they are included, and let links be right in both places."""
    here = Path(__file__).parent

    def relocated(folder: str, text: str) -> str:
        def moved(link: re.Match[str]) -> str:
            address, anchor = link[1], link[2] or ""
            if not re.match(r"[a-z]+:", address):
                address = posixpath.normpath(posixpath.join(folder, address))
            return f"]({INCLUDED.get(address, address)}{anchor})"

        return re.sub(r"\]\(([^)#\s]+)(#[^)\s]*)?\)", moved, text)

    def included(block: re.Match[str]) -> str:
        text = (here / block[1]).read_text(encoding="utf-8")
        return relocated(posixpath.dirname(block[1]), text)

    text = relocated(".", source[0])
    source[0] = re.sub(r"^```\{include\} (\S+)\n```$", included, text, flags=re.MULTILINE)


def setup(app: Sphinx) -> None:
    """Connect what is defined here."""
    app.add_lexer("ld", TextLexer)  # linker scripts
    app.connect("source-read", include_pages)


# ---- docstrings ----------------------------------------------------------------------------------

default_role = "autolink"
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autosummary_generate = False
numpydoc_show_class_members = False
add_module_names = False
python_display_short_literal_types = True
# What is optional and not here is made up, so that the modules that use it can be read.
OPTIONAL = ("Antmicro", "System", "clr_loader", "distributed", "pyrenode3", "pythonnet")
autodoc_mock_imports = [name for name in OPTIONAL if find_spec(name) is None]
autodoc_default_options = {"show-inheritance": True}

# ---- the look ------------------------------------------------------------------------------------

html_theme = "furo"
html_title = "dvfs-kernel"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # browsers fetch no files for a page that is one
toc_object_entries = False
