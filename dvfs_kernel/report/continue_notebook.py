"""A notebook that loads a run and goes on from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dvfs_kernel.report.document import Document

__all__ = ["NOTEBOOK", "continue_notebook"]

#: Beside ``report.json``.
NOTEBOOK: Final = "continue.ipynb"

_LOAD = """\
import json
from pathlib import Path

import dvfs_kernel as dvfs

document = json.loads(Path("report.json").read_text(encoding="utf-8"))
print(document["command"])
print([bound["name"] for bound in document["bounds"]])"""

_RUNS = """\
for bound in document["bounds"]:
    print(f"{bound['name']}: {bound['bound_s'] * 1e3:.3f} ms")
    for run in bound["runs"]:
        energy_j = run["executed"]["window_j"] or run["predicted"]["window_j"]
        print(f"  {run['title']:50} {energy_j * 1e3:8.4f} mJ")"""

_LAYERS = """\
bound = document["bounds"][0]
run = next(run for run in bound["runs"] if run["name"] == "dvfs")
layers = [
    {**layer, **plan}
    for layer, plan in zip(document["network"]["layers"], run["layers"])
]
for row in sorted(layers, key=lambda row: -row["predicted_j"])[:5]:
    energy_j = row["predicted_j"]
    print(row["name"], row["hfo"], "g =", row["granularity"], f"{energy_j * 1e6:.1f} µJ")"""

_CHART = """\
from IPython.display import SVG

chart = dvfs.charts.schedule_strip(layers, f"{bound['name']} bound")
SVG(dvfs.charts.to_svg(chart, "schedule"))  # drawn here, with nothing from a network"""

_FURTHER = """\
# The options of every layer. To explore, optimise or run anew, start from here: for example
# dvfs.study(NETWORK, qos=[20]) finds the schedule for another bound.
points = [
    {"layer": entry["layer"], **point} for entry in document["layers"] for point in entry["points"]
]
print(len(points), "options on the layers' Pareto fronts")"""


def continue_notebook(document: Document) -> str:
    """Return a notebook as text: the run loaded, its schedules, its layers, a chart to change."""
    name = document["network"]["name"]
    cells = [
        _words(
            f"# Going on from a run of {name}\n\n"
            f"Made by `{document['command']}`. This notebook reads "
            "`report.json` beside it: quantities are in SI units, which the names end with (`_s`, "
            "`_j`, `_hz`, `_a`)."
        ),
        _code(_LOAD),
        _words("## What was run at each bound"),
        _code(_RUNS),
        _words("## The layers that need the most energy, in the first bound's schedule"),
        _code(_LAYERS),
        _words("## A chart of the report, to change"),
        _code(_CHART),
        _words("## Further"),
        _code(_FURTHER),
    ]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notebook = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _words(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": text,
    }
