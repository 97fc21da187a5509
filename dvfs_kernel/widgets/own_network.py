"""A reader's own network: imported, explored, optimised, and taken home."""

from __future__ import annotations

import html
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.image import memory_plan
from dvfs_kernel.link import abi
from dvfs_kernel.networks.tflite_reader import SUPPORTED_OPERATORS, read_bytes
from dvfs_kernel.report import build, charts, check, compare
from dvfs_kernel.report.runs import kind
from dvfs_kernel.report.study_document import study_document
from dvfs_kernel.studies.bound import Bound
from dvfs_kernel.studies.compared_schedules import Names
from dvfs_kernel.studies.study import Study, run_study
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.mode import is_static
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.survey import Surveyed
from dvfs_kernel.widgets.task import Task
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["OwnNetworkPanel"]

_SUFFIX: Final = ".tflite"
_NAME_MOST: Final = 60
_CELL_J: Final = 0.225 * 3600 * 3.0  # 225 mAh at 3 V, as the exercise says
_BARS_WIDTH: Final = 480  # titles and remarks stand beside the bars


class OwnNetworkPanel(Panel):
    """A file to choose, and a button that does everything with it.

    Parameters
    ----------
    clocks
        As `parse_clocks` reads it.
    network
        What to begin with: the name of a built-in network, or the path of a ``.tflite`` file; None
        for nothing.
    """

    def __init__(self, network: str | None = None, clocks: str = "paper") -> None:
        super().__init__("Your own network")
        self._clocks = clocks
        self.upload = ipywidgets.FileUpload(
            accept=_SUFFIX, multiple=False, description="Choose a .tflite file"
        )
        self.upload.layout.width = "auto"
        self.bounds = ipywidgets.SelectMultiple(
            description="bounds: % over TinyEngine", options=[10, 20, 30, 50], value=[10, 30, 50]
        )
        self.run = ipywidgets.Button(
            description="Explore, optimise and run", button_style="primary", disabled=True
        )
        self.run.layout.width = "auto"
        self.task, self.facts, self.results, self.files = (
            Task(),
            ipywidgets.HTML(),
            ipywidgets.HTML(),
            ipywidgets.HTML(),
        )
        self.strip, self.bars = ChartView(), ChartView()
        self.surveyed: Surveyed | None = None
        self.upload.observe(self._take_upload, "value")
        self.run.on_click(lambda _: self._start())
        self.fill(
            control_row([self.upload, self.bounds, self.run]),
            self.facts,
            self.task,
            self.results,
            self.files,
            self.bars,
            self.strip,
        )
        self.tell(
            "An int8 TensorFlow Lite model. Operators: " + ", ".join(SUPPORTED_OPERATORS) + "."
        )
        self.study: Study | None = None
        if network is not None:
            self._begin(lambda: self._import(network, load_network(network)))
            if is_static():
                self._start()

    def _take_upload(self, change: Any) -> None:
        for file in change["new"]:
            self.take(str(file["name"]), bytes(file["content"]))

    def take(self, name: str, data: bytes) -> None:
        """Import a file; what cannot be imported is told, and the last network is gone."""
        stem = PurePath(name).stem[:_NAME_MOST] or "network"
        self._begin(lambda: self._import(name, read_bytes(data, stem)))

    def _begin(self, act: Callable[[], None]) -> None:
        self.surveyed, self.study, self.run.disabled = None, None, True
        for view in (self.facts, self.results, self.files):
            view.value = ""
        self.bars.clear()
        self.strip.clear()
        if self.task.busy:
            self.tell("Another network is under way; cancel it or wait for it.", "error")
            return
        if self.guarded(act):
            self.run.disabled = False

    def _import(self, name: str, network: Network) -> None:
        surveyed = Surveyed(network, self._clocks)
        plan = memory_plan.plan(network)
        image_bytes = len(surveyed.workload.image.data)
        self.surveyed = surveyed
        self.tell(
            f"{name}: {len(network.layers)} layers, {sum(network.macs):,} multiply-accumulates, "
            f"{image_bytes:,} of {abi.IMAGE_BYTES_MAX:,} bytes of flash, {plan.tensor_bytes:,} of "
            f"{abi.TENSOR_BYTES:,} bytes for feature maps.",
            "good",
        )
        rows = [(row["name"], row["operator"], row["macs"]) for row in surveyed.layers()]
        self.facts.value = markup.table(
            "Layers", ["layer", "operator", "multiply-accumulates"], rows, scrolls=True
        )

    def _start(self) -> None:
        surveyed, chosen = self.surveyed, sorted(self.bounds.value)
        if surveyed is None:
            self.tell("There is no network yet; choose a file.", "error")
            return
        if not chosen:
            self.tell("No bound is chosen; choose at least one.", "error")
            return
        plan = surveyed.plan([Bound(qos=value) for value in chosen])

        def work(progress: Progress) -> tuple[Study, str]:
            study: Study = surveyed.with_bench(progress, lambda bench: run_study(bench, plan))
            progress("report", 0, 1)
            document = study_document(study, surveyed.workload, "the notebook Your own network")
            return study, build({**check(document), "paper": compare(document)})

        def ended() -> None:
            self.run.disabled = self.upload.disabled = False

        self.run.disabled = self.upload.disabled = True
        self.task.start(work, lambda found: self._show(surveyed, *found), ended)

    def _show(self, surveyed: Surveyed, study: Study, page: str) -> None:
        self.study = study
        bars, rows, links = [], [], []
        for result in study.results:
            whole = result.outcomes[0].window_j
            for outcome in result.outcomes:
                inference_j = outcome.record.total("inference_j") / whole
                bars.append(
                    {
                        "bound": f"{result.bound.name} bound",
                        "title": outcome.candidate.title,
                        "kind": kind({"name": outcome.candidate.name}),
                        "inference": inference_j,
                        "idle": outcome.window_j / whole - inference_j,
                        "window": outcome.window_j / whole,
                        "late": not outcome.keeps_bound,
                    }
                )
            ours = result.outcome(Names.DVFS)
            if ours is None:
                continue
            rows.append(
                (
                    result.bound.name,
                    f"{result.bound_s * 1e3:.3f}",
                    f"{ours.record.latency_s * 1e3:.3f}",
                    f"{ours.window_j * 1e3:.4f}",
                    f"{100 * (1 - ours.window_j / whole):.1f} %",
                    f"{100 * ours.energy_error:+.2f} %",
                    "yes" if ours.same_output else "no",
                )
            )
            text = ours.candidate.schedule.to_json()
            links.append(
                markup.download(
                    f"schedule-{result.bound.slug}.json",
                    text.encode(),
                    "application/json",
                    f"schedule.json, {result.bound.name}",
                )
            )
        name = surveyed.network.name
        links.append(markup.download(f"{name}.html", page.encode(), "text/html", "report.html"))
        heads = [
            "bound",
            "ms allowed",
            "ms taken",
            "window (mJ)",
            "saved",
            "mJ were off by",
            "same output",
        ]
        self.results.value = markup.table(
            "DVFS on the board, against TinyEngine at 216 MHz", heads, rows
        )
        self.files.value = f"<p>Take home ({html.escape(name)}): {''.join(links)}</p>"
        self.bars.draw(charts.window_energy, bars, width=_BARS_WIDTH)
        self._draw_strip(surveyed, study)

    def figures(self) -> dict[str, float]:
        """Return how many windows of the loosest bound a coin cell lasts."""
        ours = None if self.study is None else self.study.results[-1].outcome(Names.DVFS)
        return {} if ours is None else {"windows_of_a_cell": _CELL_J / ours.window_j}

    def _draw_strip(self, surveyed: Surveyed, study: Study) -> None:
        result = study.results[-1]
        ours = result.outcome(Names.DVFS)
        if ours is None:
            return
        layers = surveyed.schedule_rows(ours.candidate.schedule)
        self.strip.draw(
            charts.schedule_strip,
            layers,
            f"Schedule at {result.bound.name}",
            top_hz=ds.SYSCLK_MAX_HZ,
        )
