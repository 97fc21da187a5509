"""Where the notebooks are."""

from pathlib import Path

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
