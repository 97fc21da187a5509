"""Where the notebooks are, and a notebook with another network."""

from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def with_network(path, network):
    """Return a notebook with another network in its parameters."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source = f"NETWORK = {str(network)!r}"
    return notebook
