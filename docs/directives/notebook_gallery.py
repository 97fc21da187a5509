"""``{notebook-gallery}``: each notebook with its goals, a picture, and its executed page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sphinx.util.docutils import SphinxDirective

from dvfs_kernel.widgets.notebook_files import find_notebooks

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

#: Folder of the executed pages in the site.
FOLDER = "notebooks"


class NotebookGallery(SphinxDirective):
    """All notebooks, in the order in which they are read."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each notebook."""
        made = self.config.executed_notebooks
        lines = [] if made else [_WITHOUT]
        for path in find_notebooks():
            self.env.note_dependency(str(path))
            lines.append(_section(path, Path(made) if made else None))
        return self.parse_text_to_nodes("\n\n".join(lines), allow_section_headings=True)


def _section(path: Path, made: Path | None) -> str:
    cells = json.loads(path.read_bytes())["cells"]
    title, _, text = "".join(cells[0]["source"]).partition("\n")
    parts = [f"#{title}", text.partition("\nReading")[0].strip()]
    if made is not None and (made / f"{path.stem}.svg").exists():
        parts.insert(1, _PICTURE.format(stem=path.stem))
    if made is not None and (made / f"{path.stem}.html").exists():
        parts.append(_LINK.format(stem=path.stem))
    return "\n\n".join(parts)


_WITHOUT = "This copy was made without the executed pages; `dvfs docs` makes them too."
_PICTURE = f"""```{{{{raw}}}} html
<a class="notebook-picture" href="{FOLDER}/{{stem}}.html">
<img src="{FOLDER}/{{stem}}.svg" alt="A panel of {{stem}}" loading="lazy"></a>
```"""
_LINK = f"""```{{{{raw}}}} html
<p><a href="{FOLDER}/{{stem}}.html">Read {{stem}}, executed</a></p>
```"""


def copy_pages(app: Sphinx, error: Exception | None) -> None:
    """Put the executed pages beside the others."""
    if error is None and app.config.executed_notebooks:
        shutil.copytree(
            app.config.executed_notebooks,
            Path(app.outdir) / FOLDER,
            dirs_exist_ok=True,
        )


def setup(app: Sphinx) -> dict[str, Any]:
    """Make the directive known."""
    app.add_config_value("executed_notebooks", "", "env", str)
    app.add_directive("notebook-gallery", NotebookGallery)
    app.connect("build-finished", copy_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
