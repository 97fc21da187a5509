"""The extra ``notebooks``: packages that only panels and notebooks need."""

from __future__ import annotations

from importlib.util import find_spec

from dvfs_kernel.errors import MissingExtraError

__all__ = ["require_notebooks"]


def require_notebooks(*modules: str) -> None:
    """Refuse to go on where the extra ``notebooks`` is not installed.

    Raises
    ------
    MissingExtraError
        Names what is missing.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"{', '.join(missing)} is not installed; the notebooks need "
            f"{MissingExtraError.remedy('notebooks')}"
        )
