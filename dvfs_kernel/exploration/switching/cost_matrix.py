"""What it costs to go from one clock to another between two layers: time and energy.

An entry of the matrix is the whole ``switching`` stretch at the beginning of a layer: from the
marker that ends the layer before to the marker that begins the layer's kernel, the firmware's own
instructions included. So the diagonal, staying, costs a little too (the firmware has to look), and
a schedule costs its layers' kernels plus one entry for each layer: nothing is to be subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.clocks.pll_lock import TYPICAL, PllLock
from dvfs_kernel.clocks.state import IDLE, ClockState, states_of
from dvfs_kernel.errors import ClockError, FileFormatError
from dvfs_kernel.exploration.switching.model import modelled_switch

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

__all__ = ["IDLE", "ClockState", "SwitchCosts", "states_of"]

SCHEMA = "dvfs-kernel/switching"
SCHEMA_VERSION = 1


@dataclass(frozen=True, eq=False)
class SwitchCosts:
    """Cost of every change of state between two layers.

    Parameters
    ----------
    hse_hz
        The board's HSE, which PLL settings count on.
    states
        S states.
    time_s, energy_j : ndarray of float64, shape (S, S)
        From a state (row) to another (column); infinite where the firmware cannot go.
    measured : ndarray of bool, shape (S, S)
        Which entries come from a run of the firmware. The others are computed.

    Raises
    ------
    ClockError
        A state stands twice, or a matrix has another shape.
    """

    hse_hz: int
    states: tuple[ClockState, ...]
    time_s: npt.NDArray[np.float64]
    energy_j: npt.NDArray[np.float64]
    measured: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        if len(set(self.states)) != len(self.states):
            raise ClockError("a state stands twice; each may stand once")
        shape = (len(self.states),) * 2
        for name in ("time_s", "energy_j", "measured"):
            found = getattr(self, name).shape
            if found != shape:
                raise ClockError(f"{name} has shape {found}; {shape} is needed, one row a state")

    def __repr__(self) -> str:
        return f"<Costs of changing between {len(self.states)} clock states>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SwitchCosts) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # arrays can be written to

    def index(self, state: ClockState) -> int:
        """Return a state's row and column.

        Raises
        ------
        ClockError
            The matrix does not have it.
        """
        try:
            return self.states.index(state)
        except ValueError:
            known = ", ".join(map(str, self.states))
            raise ClockError(f"no switching costs of {state}; known are {known}") from None

    def cost(self, before: ClockState, after: ClockState) -> tuple[float, float]:
        """Return time in seconds and energy in joules of one change; infinite: impossible."""
        place = self.index(before), self.index(after)
        return float(self.time_s[place]), float(self.energy_j[place])

    def select(self, states: Sequence[ClockState]) -> SwitchCosts:
        """Return the costs among some of the states, in the order given."""
        chosen = [self.index(state) for state in states]
        grid = np.ix_(chosen, chosen)
        return SwitchCosts(
            self.hse_hz,
            tuple(states),
            self.time_s[grid],
            self.energy_j[grid],
            self.measured[grid],
        )

    @classmethod
    def modelled(
        cls, states: Sequence[ClockState], hse_hz: int, pll_lock: PllLock = TYPICAL
    ) -> SwitchCosts:
        """Compose every entry from the data sheet's numbers: see `switching_model`.

        Parameters
        ----------
        pll_lock
            The PLL's lock latency: a corner of the data sheet's range, or seconds.
        """
        pairs = np.array(
            [[modelled_switch(a, b, hse_hz, pll_lock) for b in states] for a in states]
        ).reshape(len(states), len(states), 2)
        never = np.zeros((len(states),) * 2, np.bool_)
        return cls(hse_hz, tuple(states), pairs[..., 0].copy(), pairs[..., 1].copy(), never)

    # ---- files ---------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; an impossible change is None."""
        return {
            "schema": SCHEMA,
            "schema_version": SCHEMA_VERSION,
            "hse_hz": self.hse_hz,
            "states": [str(state) for state in self.states],
            "time_s": _finite(self.time_s),
            "energy_j": _finite(self.energy_j),
            "measured": self.measured.tolist(),
        }

    @classmethod
    def from_dict(cls, data: object) -> SwitchCosts:
        """Read what `to_dict` wrote.

        Raises
        ------
        FileFormatError
            Something is missing, or of another type or shape.
        """
        head = (data.get("schema"), data.get("schema_version")) if isinstance(data, dict) else None
        if not isinstance(data, dict) or head != (SCHEMA, SCHEMA_VERSION):
            raise FileFormatError(
                f"no switching costs: schema and version are {head}; "
                f"only {(SCHEMA, SCHEMA_VERSION)} can be read"
            )
        try:
            return cls(
                int(data["hse_hz"]),
                tuple(ClockState.parse(text) for text in data["states"]),
                _infinite(data["time_s"]),
                _infinite(data["energy_j"]),
                np.array(data["measured"], np.bool_),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FileFormatError(f"damaged switching costs: {error!r}") from error


def _finite(matrix: npt.NDArray[np.float64]) -> list[list[float | None]]:
    return [[value if np.isfinite(value) else None for value in row] for row in matrix.tolist()]


def _infinite(rows: Sequence[Sequence[float | None]]) -> npt.NDArray[np.float64]:
    return np.array([[np.inf if value is None else value for value in row] for row in rows], float)
