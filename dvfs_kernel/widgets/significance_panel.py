"""The significance of a layer's products, and a threshold below which they go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import numpy as np

from dvfs_kernel.api.network import load as load_network
from dvfs_kernel.report import charts
from dvfs_kernel.widgets import markup
from dvfs_kernel.widgets.chart_view import ChartView
from dvfs_kernel.widgets.panel import Panel, control_row
from dvfs_kernel.widgets.result import Result
from dvfs_kernel.widgets.task import Task
from dvfs_kernel.widgets.thinning_walk import Thinnable, thinnable

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.approximation.search.ladder import Ladder
    from dvfs_kernel.networks.network import Network

__all__ = ["SignificancePanel"]

_MOST_CHANNELS, _MOST_PAIRS = 64, 160  # more cells than pixels tell nothing
_STEPS: Final = 60  # of the slider
_LITTLE: Final = 0.01  # of a layer's significance, of the exercise
_CHART_WIDTH: Final = 720


class SignificancePanel(Panel):
    """A map of a layer's pairs of products, a layer to choose and a threshold to move.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of a ``.tflite`` file: a classifier.
    data
        Labelled images, as of `dvfs.approximate`; by default the sample that is built in.
    """

    def __init__(self, network: Network | str = "fashion", data: Any = None) -> None:
        loaded = load_network(network)
        super().__init__(f"Significance of the products of {loaded.name}")
        self._network = loaded
        self.layer = ipywidgets.Dropdown(description="layer", options=[])
        self.threshold = ipywidgets.SelectionSlider(
            options=[("nothing", -np.inf)],
            description="threshold (log10)",
            layout={"width": "460px"},
        )
        self.task, self.facts, self.view = Task(), ipywidgets.HTML(), ChartView()
        self.thinnable: Result[str, Thinnable] = Result(
            self,
            self.task,
            ask=lambda: loaded.name,
            find=lambda _, progress: thinnable(loaded, data, progress),
            show=lambda _, found: self._show(found),
            taken=lambda _, found: self._fit_layers(found),
            views=[self.facts, self.view],
        )
        self.layer.observe(lambda _: self._take_layer(), "value")
        self.threshold.observe(lambda _: self._redraw(), "value")
        self.fill(
            control_row([self.layer, self.threshold]),
            self.task,
            self.thinnable.note,
            self.facts,
            self.view,
        )
        self._filling = False
        self.thinnable.renew()

    def _fit_layers(self, found: Thinnable) -> None:
        self.layer.options = [
            (f"{ladder.index}: {ladder.layer.name}", place)
            for place, ladder in enumerate(found.space.ladders)
        ]
        self.layer.index = 0

    def _ladder(self, found: Thinnable) -> Ladder:
        ladder: Ladder = found.space.ladders[self.layer.value]
        return ladder

    def _take_layer(self) -> None:
        found = self.thinnable.found
        if found is None or self.layer.value is None:
            return
        ladder = self._ladder(found)
        known = _finite(ladder.significance)
        logs = np.log10(known[known > 0]) if (known > 0).any() else np.zeros(1)
        steps = np.linspace(np.floor(logs.min() * 10) / 10, np.ceil(logs.max() * 10) / 10, _STEPS)
        middle = int(np.searchsorted(steps, np.median(logs)))
        self._filling = True
        self.threshold.options = [
            ("nothing", -np.inf),
            *((f"{step:.2f}", float(step)) for step in steps),
        ]
        self.threshold.index = min(middle, _STEPS - 1) + 1
        self._filling = False
        self._redraw()
        self.tell_followers()  # what is asked is of the layer that is shown

    def _redraw(self) -> None:
        if not self._filling:
            self.thinnable.redraw()

    def _show(self, found: Thinnable) -> None:
        ladder = self._ladder(found)
        limit = 0.0 if self.threshold.value == -np.inf else 10.0**self.threshold.value
        gone = ladder.significance <= limit
        if self.threshold.value == -np.inf:
            gone = np.zeros_like(gone)
        share = float(gone.mean())
        lost = _finite(ladder.significance)[gone[np.isfinite(ladder.significance)]].sum()
        whole = float(_finite(ladder.significance).sum())
        macs = self._network.macs[ladder.index]
        rows = [
            ("pairs of products that go", f"{gone.sum():,} of {gone.size:,}", f"{share:.1%}"),
            (
                "significance that goes with them",
                f"{lost:.3g} of {whole:.3g}",
                f"{lost / whole if whole else 0.0:.2%}",
            ),
            (
                "multiply-accumulates of the network",
                f"{share * macs:,.0f} of {sum(self._network.macs):,}",
                f"{share * macs / sum(self._network.macs):.1%}",
            ),
        ]
        self.facts.value = markup.table(
            f"{self.layer.label}, threshold {self.threshold.label}",
            ["what", "how many", "share"],
            rows,
        )
        self.view.draw(
            charts.significance_map,
            _cells(ladder.significance, gone),
            f"Significance of {self.layer.label}",
            width=_CHART_WIDTH,
        )

    def figures(self) -> dict[str, float]:
        """Return the per cent of the layer's pairs that hold a hundredth of its significance."""
        found = self.thinnable.found
        if found is None or self.layer.value is None:
            return {}
        ladder = self._ladder(found)
        ranked = np.sort(_finite(ladder.significance), axis=None)
        sums = np.cumsum(ranked)
        count = int(np.searchsorted(sums, _LITTLE * sums[-1], side="right"))
        return {"little_percent": 100 * count / ladder.significance.size}


def _finite(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return values[np.isfinite(values)]


def _cells(
    significance: npt.NDArray[np.float64], gone: npt.NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """Return cells of a map; of layers with too many pairs evenly spread ones."""
    channels, pairs = significance.shape
    rows = np.unique(np.linspace(0, channels - 1, min(channels, _MOST_CHANNELS)).round())
    columns = np.unique(np.linspace(0, pairs - 1, min(pairs, _MOST_PAIRS)).round())
    finite = _finite(significance)
    positive = finite[finite > 0]
    least = float(positive.min()) if len(positive) else 1.0
    most = float(positive.max()) if len(positive) else 1.0
    logs = np.log10(np.clip(significance, least, most))
    return [
        {"channel": c, "pair": p, "significance": logs[c, p], "gone": gone[c, p]}
        for c in rows.astype(int).tolist()
        for p in columns.astype(int).tolist()
    ]
