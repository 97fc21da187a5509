"""The notebooks, executed, as pages of HTML that need nothing else."""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.network import load
from dvfs_kernel.errors import VerificationError
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.widgets.extra import require_notebooks
from dvfs_kernel.widgets.mode import STATIC, VARIABLE
from dvfs_kernel.widgets.notebook_files import SUFFIX, find_notebooks

if TYPE_CHECKING:
    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.link.progress_callback import Progress

__all__ = ["execute", "write_gallery"]

_CELL_SECONDS: Final = 1800
_ERROR: Final = re.compile(r'class="dvfs-message error"[^>]*>([^<]*)')
_DRAWING: Final = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_HOME: Final = (
    '<p style="margin: 1em 28px 0; font-family: system-ui, sans-serif">'
    '<a href="{home}">← All notebooks</a></p>'
)
# Nothing is fetched: there are no formulas and no diagrams.
_NOTHING_FETCHED: Final = dict.fromkeys(
    ("require_js_url", "mathjax_url", "jquery_url", "mermaid_js_url"), ""
)


def execute(path: Path, folder: Path, network: str | None = None) -> Any:
    """Run a notebook with still pictures in place of widgets.

    Parameters
    ----------
    folder
        Where it runs.
    network
        Takes the place of the notebook's own.

    Returns
    -------
    NotebookNode
        With outputs.

    Raises
    ------
    VerificationError
        A cell failed, or a panel shows an error.
    """
    import nbclient  # noqa: PLC0415  an extra, and slow to load
    import nbformat  # noqa: PLC0415

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if network is not None and "parameters" in cell.metadata.get("tags", ()):
            cell.source = f"NETWORK = {network!r}"
    client = nbclient.NotebookClient(
        notebook,
        timeout=_CELL_SECONDS,
        extra_arguments=["--log-level=ERROR"],  # it warns of its own ports
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute(env={**os.environ, VARIABLE: STATIC})
    except nbclient.exceptions.CellExecutionError as error:
        raise VerificationError(f"{path.name}: {error.ename}: {error.evalue}") from error
    notebook.metadata.pop("widgets", None)  # still pictures have no state
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            html = output.get("data", {}).get("text/html", "")
            if found := _ERROR.search(html):
                raise VerificationError(f"{path.name}: a panel shows {found[1]!r}")
    return notebook


def write_gallery(
    output: str | os.PathLike[str] = "gallery",
    network: str | os.PathLike[str] | None = None,
    progress: Shown = True,
    *,
    home: str = "index.html",
) -> Path:
    """Run every notebook and write it as a page that needs nothing else, and its first picture.

    Parameters
    ----------
    output
        Folder for ``index.html`` and a page for each notebook; made where it is missing.
    network
        Another network for all notebooks: the name of a built-in one, or the path of a ``.tflite``
        file.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.
    home
        Where the pages lead back to.

    Returns
    -------
    Path
        The page that leads to the others.

    Raises
    ------
    MissingExtraError
        The extra ``notebooks`` is not installed.
    VerificationError
        A cell failed, or a panel shows an error.
    DvfsError
        As `dvfs.load`.
    OSError
        The folder cannot be written to.
    """
    require_notebooks("nbclient", "nbconvert", "ipykernel", "ipywidgets")
    named = None if network is None else _place(os.fspath(network))
    with shown_progress(progress) as shown:
        return _write(Path(output), named, shown, home)


def _place(network: str) -> str:
    """Return by what notebooks find a network, once it is known to be one."""
    load(network)
    # They run in the folder of the pages.
    return str(Path(network).resolve()) if Path(network).is_file() else network


def _write(folder: Path, network: str | None, progress: Progress, home: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    paths = find_notebooks()
    links = []
    for count, path in enumerate(paths):
        progress("notebooks", count, len(paths))
        notebook = execute(path, folder, network)
        title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
        name = f"{path.stem}.html"
        write_atomically(folder / name, _page(notebook, title, home).encode())
        if picture := _picture(notebook):
            write_atomically(folder / f"{path.stem}.svg", picture.encode())
        links.append(f'<li><a href="{name}">{escape(title)}</a></li>')
    progress("notebooks", len(paths), len(paths))
    index = folder / "index.html"
    write_atomically(index, _INDEX.format(links="\n".join(links)).encode())
    return index


def _picture(notebook: Any) -> str:
    """Return the first drawing of a notebook as a file of its own; empty where there is none."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            html = output.get("data", {}).get("text/html", "")
            if found := _DRAWING.search(html):
                drawing = found[0]
                if "xmlns=" not in drawing:
                    drawing = drawing.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
                return drawing.replace("viewbox=", "viewBox=")
    return ""


def _page(notebook: Any, title: str, home: str) -> str:
    from nbconvert import HTMLExporter  # noqa: PLC0415  an extra, and slow to load

    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="lab", exclude_input_prompt=True, exclude_output_prompt=True
    )
    for name, value in _NOTHING_FETCHED.items():
        setattr(exporter, name, value)
    text, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    # Links between notebooks lead to their pages.
    text = re.sub(rf'href="([\w-]+){re.escape(SUFFIX)}"', r'href="\1.html"', str(text))
    back = _HOME.format(home=escape(home))
    return re.sub(r"(<body[^>]*>)", rf"\1{back}", text, count=1)


_INDEX: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Notebooks of dvfs-kernel</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.1em/1.5 system-ui, sans-serif; max-width: 40em; margin: 2em auto; padding: 0 1em; }}
</style>
</head>
<body>
<h1>Notebooks of dvfs-kernel</h1>
<p>Executed; the sliders need <code>dvfs lab</code>.</p>
<ul>
{links}
</ul>
</body>
</html>
"""
