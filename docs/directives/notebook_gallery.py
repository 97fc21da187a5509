"""``{notebook-gallery}``: each notebook with its goals, a picture, and its executed page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from dvfs_kernel.widgets.notebook_files import find_notebooks

if TYPE_CHECKING:
    from sphinx.application import Sphinx

#: Folder of the executed pages in the site.
FOLDER = "notebooks"


class NotebookGallery(SphinxDirective):
    """All notebooks, in the order in which they are read."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each notebook."""
        made = self.config.executed_notebooks
        found: list[nodes.Node] = []
        if not made:
            text = "This copy was made without the executed pages: `dvfs docs` makes them too."
            found += self.parse_text_to_nodes(text)
        for path in find_notebooks():
            self.env.note_dependency(str(path))
            found += self._section(path, Path(made) if made else None)
        return found

    def _section(self, path: Path, made: Path | None) -> list[nodes.Node]:
        cells = json.loads(path.read_bytes())["cells"]
        title, _, text = "".join(cells[0]["source"]).partition("\n")
        goals = text.partition("\nReading")[0].strip()
        parts = self.parse_text_to_nodes(f"#{title}\n\n{goals}\n", allow_section_headings=True)
        if made is None or not (made / f"{path.stem}.html").exists():
            return parts
        address = f"{FOLDER}/{path.stem}.html"
        section = parts[0]
        picture = made / f"{path.stem}.svg"
        if picture.exists():
            image = nodes.raw("", _PICTURE.format(address=address, stem=path.stem), format="html")
            section.insert(1, image)
        line = nodes.paragraph()
        line += nodes.reference("", f"Read {path.stem}, executed", refuri=address, internal=False)
        section += line
        return parts


_PICTURE = (
    '<a class="notebook-picture" href="{address}">'
    '<img src="notebooks/{stem}.svg" alt="A panel of {stem}" loading="lazy"></a>'
)


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
