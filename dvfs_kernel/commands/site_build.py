"""The pages of the documentation as a site, made by Sphinx."""

from __future__ import annotations

import io
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from dvfs_kernel.errors import (
    FileFormatError,
    MissingExtraError,
    VerificationError,
)

if TYPE_CHECKING:
    import dvfs_kernel as dvfs

__all__ = ["build_site", "check_place", "find_pages", "require_sphinx"]

_ROOM: Final = Path(__file__).parent
#: A wheel carries the pages in this room; a clone has them beside the package.
_PLACES: Final = (_ROOM / "pages" / "docs", _ROOM.parents[1] / "docs")
_NEEDED: Final = ("sphinx", "myst_parser", "numpydoc", "sphinx_click", "furo")
#: What tells a site of Sphinx from a folder with other things.
_MARK: Final = "objects.inv"


def require_sphinx() -> None:
    """Refuse to go on where the extra ``docs`` is not installed.

    Raises
    ------
    MissingExtraError
        Names what is missing.
    """
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        remedy = MissingExtraError.remedy("docs")
        raise MissingExtraError(f"{', '.join(missing)} is not installed; the site needs {remedy}")


def find_pages() -> Path:
    """Return the folder of the pages.

    Raises
    ------
    FileFormatError
        The installation has none.
    """
    for place in _PLACES:
        if (place / "conf.py").is_file():
            return place
    raise FileFormatError(
        f"no pages are in {' or '.join(map(str, _PLACES))}; install the package from a wheel, or "
        "run the command in a clone"
    )


def check_place(folder: Path) -> None:
    """Refuse a folder that holds something other than a site.

    Raises
    ------
    FileFormatError
        Replacing it would delete what a person put there.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARK).is_file():
        raise FileFormatError(
            f"{folder} holds files that are no site, and would be replaced; choose another "
            "folder with -o, or empty this one"
        )


def build_site(
    folder: Path, notebooks: Path | None, progress: dvfs.Progress, *, strict: bool = False
) -> tuple[Path, str]:
    """Make the site; the folder is replaced when everything is there.

    Parameters
    ----------
    notebooks
        Folder of executed notebooks; None: the site is made without.
    strict
        Refuse a site with warnings, such as of links that lead nowhere.

    Returns
    -------
    page
        The first page.
    warnings
        What Sphinx had to say.

    Raises
    ------
    VerificationError
        Sphinx cannot make it, or there are warnings where none are allowed.
    FileFormatError
        As `check_place` and `find_pages`.
    OSError
        The place cannot be written to.
    """
    pages = find_pages()
    check_place(folder)
    target = folder.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as name:
        made = Path(name) / "site"
        warnings = _run_sphinx(pages, made, Path(name) / "doctrees", notebooks, progress)
        if strict and warnings:
            raise VerificationError(f"the site has warnings:\n{warnings}")
        if target.exists():
            target.rename(Path(name) / "before")
        made.rename(target)
    return folder / "index.html", warnings


def _run_sphinx(
    pages: Path, made: Path, doctrees: Path, notebooks: Path | None, progress: dvfs.Progress
) -> str:
    # They cost a second to load: not for a wrong argument.
    from sphinx.application import Sphinx  # noqa: PLC0415
    from sphinx.errors import SphinxError  # noqa: PLC0415

    warnings = io.StringIO()
    try:
        app = Sphinx(
            pages,
            pages,
            made,
            doctrees,
            "html",
            confoverrides={"executed_notebooks": str(notebooks.resolve()) if notebooks else ""},
            status=None,
            warning=warnings,
        )
        _tell(app, progress)
        app.build()
    except SphinxError as error:
        raise VerificationError(f"the site cannot be made: {error}") from error
    return warnings.getvalue().strip()


def _tell(app: Any, progress: dvfs.Progress) -> None:
    """Tell how many pages have been read and written."""
    counts = {"read": 0, "written": 0}

    def read(_app: object, *_: object) -> None:
        counts["read"] += 1
        progress("pages read", counts["read"], len(app.env.found_docs))

    def written(_app: object, page: str, *_: object) -> None:
        if page in app.env.found_docs:
            counts["written"] += 1
            progress("pages written", counts["written"], len(app.env.found_docs))

    app.connect("source-read", read)
    app.connect("html-page-context", written)
