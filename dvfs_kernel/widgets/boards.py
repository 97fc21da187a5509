"""The same run on every board that is there, and what a bench sees of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import ipywidgets
import numpy as np

from dvfs_kernel.api.arguments.making import run_store
from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.boards.nucleo.board import STOCK_HSE_HZ
from dvfs_kernel.boards.spec import KINDS, BoardSpec
from dvfs_kernel.clocks.lists import PAPER_HSE_HZ
from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import DvfsError, PanelError
from dvfs_kernel.evidence.measurement.sensor_view import CONVERSIONS, sensor_view
from dvfs_kernel.exploration.design_space import HSE
from dvfs_kernel.exploration.runs.bench import Bench
from dvfs_kernel.exploration.runs.job import Job
from dvfs_kernel.exploration.runs.workload import Workload
from dvfs_kernel.image.dae_form import dae_granularities
from dvfs_kernel.inference.schedule import Schedule
from dvfs_kernel.report import charts
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.result import Result
from dvfs_kernel.widgets.task import Task
from renode_platform.devices.clock_tree import megahertz

if TYPE_CHECKING:
    from dvfs_kernel.exploration.runs.record import Record
    from dvfs_kernel.link.progress_callback import Progress
    from dvfs_kernel.networks.network import Network

__all__ = ["BoardsPanel", "SensorPanel"]

_GRANULARITY: Final = 8
_VIRTUAL: Final = "virtual"


def _job(network: Network, hse_hz: int) -> Job:
    """Return the run that all boards make: decoupled throughout, access on the HSE."""
    schedule = Schedule.uniform(
        len(network.layers),
        hse_hz,
        hfo=ClockSetting.fastest(hse_hz),
        lfo=HSE,
        granularity=dae_granularities(network, _GRANULARITY),
    )
    return Job(schedule)


def _record(kind: str, network: Network, hse_hz: int, progress: Progress) -> Record:
    workload = Workload.of(network, BoardSpec(kind, hse_hz=hse_hz))
    with Bench(workload, store=run_store(), executor="local:1", progress=progress) as bench:
        return bench.run([_job(network, hse_hz)], f"run on {kind}")[0]


class _Asked(NamedTuple):
    kinds: tuple[str, ...]
    hse_hz: int

    def __str__(self) -> str:
        return f"{', '.join(self.kinds)}, HSE {megahertz(self.hse_hz)}"


class BoardsPanel(Panel):
    """Runs a network on each kind of board that answers, and compares.

    Parameters
    ----------
    network
        The name of a built-in network, or the path of a ``.tflite`` file.
    """

    def __init__(self, network: str = "vww") -> None:
        loaded = load_network(network)
        super().__init__(f"{loaded.name} on every board")
        self._network = loaded
        self.hse = ipywidgets.Dropdown(
            description="HSE",
            options=[
                ("50 MHz, the paper's board", PAPER_HSE_HZ),
                ("8 MHz, a Nucleo as it is sold", STOCK_HSE_HZ),
            ],
        )
        self.chosen = {
            kind: ipywidgets.Checkbox(
                value=kind == _VIRTUAL, description=kind, indent=False, layout={"width": "auto"}
            )
            for kind in KINDS
        }
        self.run = ipywidgets.Button(description="Run on the boards", button_style="primary")
        self.task = Task()
        self.absent, self.facts = ipywidgets.HTML(), ipywidgets.HTML()
        self.found: Result[_Asked, dict[str, Record | str]] = Result(
            self,
            self.task,
            ask=self._asked,
            find=self._runs,
            show=self._show,
            views=[self.absent, self.facts],
            button=self.run,
        )
        self.watch(*self.chosen.values(), self.hse)
        self.fill(
            control_row([*self.chosen.values(), self.hse, self.run]),
            self.task,
            self.found.note,
            self.absent,
            self.facts,
        )
        self.found.renew()

    def _asked(self) -> _Asked:
        kinds = tuple(kind for kind, box in self.chosen.items() if box.value)
        if not kinds:
            raise PanelError("No board is chosen; choose at least one.")
        return _Asked(kinds, self.hse.value)

    def _runs(self, asked: _Asked, progress: Progress) -> dict[str, Record | str]:
        found: dict[str, Record | str] = {}
        for kind in asked.kinds:
            try:
                found[kind] = _record(kind, self._network, asked.hse_hz, progress)
            except DvfsError as error:
                found[kind] = str(error)
        return found

    def _show(self, asked: _Asked, found: dict[str, Record | str]) -> None:
        records = {kind: one for kind, one in found.items() if not isinstance(one, str)}
        absent = {kind: one for kind, one in found.items() if isinstance(one, str)}
        told = "\n".join(f"{kind} did not run: {why}" for kind, why in absent.items())
        self.absent.value = markup.message(told, "error") if absent else ""
        first = next(iter(records.values()), None)
        rows = [_row(kind, record, first) for kind, record in records.items() if first is not None]
        heads = ["board", "latency (ms)", "cycles", "energy (mJ)", "PLL relocks", "hops", "output"]
        self.facts.value = markup.table(f"The same bytes of firmware on {asked}", heads, rows)


def _row(kind: str, record: Record, first: Record) -> tuple[str | int, ...]:
    energy_j = record.total("inference_j")
    delta = record.latency_s / first.latency_s - 1
    known = not math.isnan(energy_j)  # where a board can tell
    return (
        kind,
        f"{record.latency_s * 1e3:.4f}" + ("" if record is first else f" ({100 * delta:+.2f} %)"),
        int(record.total("cycles")),
        f"{energy_j * 1e3:.4f}" if known else "not known",
        int(record.total("relocks")),
        int(record.total("hops")),
        "the same" if record.output_digest == first.output_digest else "different",
    )


def _shortest_s(record: Record) -> float:
    """Return the shortest time that the current stays the same."""
    moments_s = np.append(record.clock["time_s"], record.latency_s)
    return float(np.diff(moments_s[moments_s <= record.latency_s]).min())


class SensorPanel(Panel):
    """One run as it was, and through an INA219 of the setting that is chosen."""

    def __init__(self, network: str = "vww") -> None:
        super().__init__("What an INA219 sees")
        loaded = load_network(network)
        self.conversion = ipywidgets.Dropdown(
            description="conversion",
            options=[(f"{name} ({t * 1e6:g} µs)", name) for name, t in CONVERSIONS.items()],
            value=next(name for name in CONVERSIONS if name.startswith("12 bit, 1 ")),
        )
        self.delay = ipywidgets.IntSlider(
            description="first conversion begins after (µs)",
            min=0,
            max=500,
            step=20,
            layout={"width": "480px"},
        )
        self.shown = ipywidgets.IntSlider(
            description="show the first (ms)", value=10, min=1, max=60, layout={"width": "380px"}
        )
        self.task, self.facts, self.view = Task(), ipywidgets.HTML(), ChartView()
        self.record: Result[str, Record] = Result(
            self,
            self.task,
            ask=lambda: loaded.name,
            find=lambda _, progress: _record(_VIRTUAL, loaded, PAPER_HSE_HZ, progress),
            show=lambda _, record: self._show(record),
            taken=lambda _, record: self._fit_conversion(record),
            views=[self.facts, self.view],
        )
        for control in (self.conversion, self.delay, self.shown):
            control.observe(lambda _: self.record.redraw(), "value")
        self.fill(
            control_row([self.conversion, self.delay, self.shown]),
            self.task,
            self.record.note,
            self.facts,
            self.view,
        )
        self.record.renew()

    def _fit_conversion(self, record: Record) -> None:
        if CONVERSIONS[self.conversion.value] > record.latency_s:
            # Of a run so short only the quickest conversion sees anything.
            self.conversion.value = min(CONVERSIONS, key=CONVERSIONS.__getitem__)

    def _show(self, record: Record) -> None:
        conversion_s = CONVERSIONS[self.conversion.value]
        view = sensor_view(
            record.clock, record.latency_s, conversion_s, start_s=self.delay.value * 1e-6
        )
        mean_a = view.true_charge_c / record.latency_s
        rows = [
            ("readings within the run", f"{len(view.current_a):,}"),
            ("changes of the current", f"{len(record.clock):,}"),
            ("shortest time between two", f"{1e6 * _shortest_s(record):.1f} µs"),
            ("charge that flowed", f"{view.true_charge_c * 1e6:.1f} µC"),
            ("charge by the sensor", f"{view.charge_c * 1e6:.1f} µC ({100 * view.error:+.2f} %)"),
            ("average current", f"{mean_a * 1e3:.2f} mA"),
            ("conversion", f"{conversion_s * 1e6:g} µs"),
        ]
        self.facts.value = markup.table("One inference", ["quantity", "value"], rows)
        self.view.draw(
            charts.sensor_readings,
            [
                {"time_s": float(r["time_s"]), "current_a": float(r["current_a"])}
                for r in record.clock
            ],
            [
                {"time_s": float(t), "current_a": float(a)}
                for t, a in zip(view.time_s, view.current_a, strict=True)
            ],
            end_s=min(self.shown.value * 1e-3, record.latency_s),
        )
