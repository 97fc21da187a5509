"""A reader's own network: imported, explored, optimised, and taken home."""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import ipywidgets

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.errors import PanelError
from dvfs_kernel.image import memory_plan
from dvfs_kernel.inference.run_names import RunName
from dvfs_kernel.link import abi
from dvfs_kernel.networks.tflite_reader import SUPPORTED_OPERATORS, read_bytes
from dvfs_kernel.report import build, charts, check, compare
from dvfs_kernel.report.runs import kind
from dvfs_kernel.report.study_document import study_document
from dvfs_kernel.studies.bound import Bound
from dvfs_kernel.studies.plans import plan_file, plan_of
from dvfs_kernel.studies.study import Study, run_study
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.mode import is_static
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.result import Result
from dvfs_kernel.widgets.survey import Surveyed
from dvfs_kernel.widgets.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["OwnNetworkPanel"]

_SUFFIX: Final = ".tflite"
_NAME_MOST: Final = 60
_CELL_J: Final = 0.225 * 3600 * 3.0  # 225 mAh at 3 V, as the exercise says
_BARS_WIDTH: Final = 480  # titles and remarks stand beside the bars


@dataclass(frozen=True)
class _Asked:
    source: str  # by which a plan finds its network again: a name, or a file's
    surveyed: Surveyed
    percents: tuple[int, ...]

    def __str__(self) -> str:
        bounds = ", ".join(f"{percent} %" for percent in self.percents)
        return f"{self.surveyed.network.name} at {bounds}"


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
        self.task = Task()
        self.facts, self.table, self.files = (ipywidgets.HTML() for _ in range(3))
        self.strip, self.bars = ChartView(), ChartView()
        self._name = ""
        self.surveyed: Result[str, Surveyed] = Result(
            self,
            self.task,
            ask=lambda: self._name,
            find=None,
            show=self._show_network,
            views=[self.facts],
        )
        self.study: Result[_Asked, tuple[Study, str]] = Result(
            self,
            self.task,
            ask=self._asked,
            find=self._study,
            show=lambda asked, found: self._show(asked, *found),
            views=[self.table, self.files, self.bars, self.strip],
            parent=self.surveyed,
            button=self.run,
        )
        self.task.lock(self.upload)
        self.upload.observe(self._take_upload, "value")
        self.watch(self.bounds)
        self.fill(
            control_row([self.upload, self.bounds, self.run]),
            self.facts,
            self.task,
            self.study.note,
            self.table,
            self.files,
            self.bars,
            self.strip,
        )
        self.tell(
            "An int8 TensorFlow Lite model. Operators: " + ", ".join(SUPPORTED_OPERATORS) + "."
        )
        if network is not None:
            # A network that was made here has a name of its own.
            name = network if isinstance(network, str) else load_network(network).name
            self._begin(name, lambda: load_network(network))
            if is_static():
                self.study.renew()

    def _take_upload(self, change: Any) -> None:
        for file in change["new"]:
            self.take(str(file["name"]), bytes(file["content"]))

    def take(self, name: str, data: bytes) -> None:
        """Import a file; what cannot be imported is told, and the last network is gone."""
        stem = PurePath(name).stem[:_NAME_MOST] or "network"
        self._begin(name, lambda: read_bytes(data, stem))

    def _begin(self, name: str, load: Callable[[], Network]) -> None:
        if self.task.busy:
            self.tell(
                f"{name} was not taken: another network is under way; cancel it or wait for it.",
                "error",
            )
            return
        self.study.clear()
        self.surveyed.clear()
        self._name = name
        self.guarded(lambda: self.surveyed.take(name, Surveyed(load(), self._clocks)))

    def _show_network(self, name: str, surveyed: Surveyed) -> None:
        network = surveyed.network
        plan = memory_plan.plan(network)
        image_bytes = len(surveyed.workload.image.data)
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

    def _asked(self) -> _Asked:
        source, surveyed = self.surveyed.asked, self.surveyed.found
        if source is None or surveyed is None:
            raise PanelError("There is no network yet; choose a file.")
        if not self.bounds.value:
            raise PanelError("No bound is chosen; choose at least one.")
        return _Asked(source, surveyed, tuple(sorted(self.bounds.value)))

    def _study(self, asked: _Asked, progress: Progress) -> tuple[Study, str]:
        surveyed = asked.surveyed
        plan = surveyed.plan([Bound(qos=value) for value in asked.percents])
        study: Study = surveyed.with_bench(progress, lambda bench: run_study(bench, plan))
        progress("report", 0, 1)
        document = study_document(study, surveyed.workload, "the notebook Your own network")
        return study, build({**check(document), "paper": compare(document)}, with_files=False)

    def _show(self, asked: _Asked, study: Study, page: str) -> None:
        surveyed = asked.surveyed
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
            ours = result.outcome(RunName.DVFS)
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
            plan = plan_of(ours.candidate, result.bound, surveyed.workload, asked.source)
            file = plan_file(result.bound.slug)
            links.append(markup.download(file, plan.to_json().encode(), "application/json", file))
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
        self.table.value = markup.table(
            f"DVFS on the board, against the same kernels idling as TinyEngine does: {asked}",
            heads,
            rows,
        )
        self.files.value = f"<p>Take home ({html.escape(name)}): {''.join(links)}</p>"
        self.bars.draw(charts.window_energy, bars, width=_BARS_WIDTH)
        self._draw_strip(surveyed, study)

    def figures(self) -> dict[str, float]:
        """Return how many windows of the loosest bound a coin cell lasts."""
        found = self.study.found
        ours = None if found is None else found[0].results[-1].outcome(RunName.DVFS)
        return {} if ours is None else {"windows_of_a_cell": _CELL_J / ours.window_j}

    def _draw_strip(self, surveyed: Surveyed, study: Study) -> None:
        result = study.results[-1]
        ours = result.outcome(RunName.DVFS)
        if ours is None:
            self.strip.clear()
            return
        layers = surveyed.schedule_rows(ours.candidate.schedule)
        self.strip.draw(
            charts.schedule_strip,
            layers,
            f"Schedule at {result.bound.name}",
            top_hz=study.ground.top_hz,
        )
