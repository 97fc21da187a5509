"""What may be chosen for each layer: granularity, clock, and whether it hops to the HSE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.clocks.state import IDLE, ClockState, states_of
from dvfs_kernel.errors import ClockError, ScheduleError
from dvfs_kernel.image.dae_form import DAE_LAYERS, decoupled_layers, has_dae_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.exploration.runs.workload import Workload

__all__ = ["PAPER_GRANULARITIES", "DesignSpace"]

#: The granularities of section III-B of the paper.
PAPER_GRANULARITIES = (0, 2, 4, 8, 12, 16)

HSE = ClockSetting("hse")


@dataclass(frozen=True)
class DesignSpace:
    """The options of every layer of a workload.

    Parameters
    ----------
    hse_hz
        The board's HSE.
    states
        Clock states that a layer can run in.
    granularities
        Those to be tried; ascending, 0 (interleaved) among them.
    fits
        (layers) of the granularities that each layer can have.
    hops
        Whether memory segments may run on the HSE while the PLL stays locked (LFO).
    """

    hse_hz: int
    states: tuple[ClockState, ...]
    granularities: tuple[int, ...]
    fits: tuple[tuple[int, ...], ...]
    hops: bool

    def __repr__(self) -> str:
        granularities = ", ".join(map(str, self.granularities))
        return (
            f"<Design space of {len(self.fits)} layers: {len(self.states)} clock states, "
            f"granularities {granularities}>"
        )

    @classmethod
    def of(
        cls,
        workload: Workload,
        hse_hz: int,
        clocks: Sequence[ClockSetting],
        granularities: Sequence[int] | None = None,
        *,
        hops: bool = True,
        other_forms: bool = False,
    ) -> DesignSpace:
        """Take the granularities that fit each layer, and the states that the clocks give.

        Every PLL setting is a state, and with it SYSCLK on the HSE while that PLL stays locked;
        the HSE itself, without a PLL, is one more if it is among the clocks.

        Parameters
        ----------
        granularities
            By default those of the paper, without what no layer of this network can have.
        other_forms
            Whether layers will be tried in other forms, too, which may have granularities that
            no layer can have in this one: those are left out here, and nothing is refused.

        Raises
        ------
        ScheduleError
            No layer can have one of the granularities that were named.
        ClockError
            There is no clock, or one is illegal at this HSE.
        """
        if not clocks:
            raise ClockError("there is no clock to explore; name at least one")
        for clock in clocks:
            clock.check(hse_hz)
        states = [state for state in states_of(clocks, hse_hz) if state != IDLE]
        if HSE not in clocks:
            states = [state for state in states if state.pll is not None]
        named = granularities is not None and not other_forms
        wanted = tuple(
            sorted({0, *(PAPER_GRANULARITIES if granularities is None else granularities)})
        )
        fits = _fitting(workload, wanted)
        used = {g for layer in fits for g in layer}
        if named and used != set(wanted):
            raise ScheduleError(_unfit(workload, wanted, used))
        kept = tuple(g for g in wanted if g in used)
        return cls(hse_hz, tuple(states), kept, fits, hops=hops and hse_hz > 0)

    def of_other(self, workload: Workload) -> DesignSpace:
        """Return the space of a workload whose layers take other memory, of the same choices.

        A granularity that fits none of its layers is left to those that it fits here.
        """
        return replace(self, fits=_fitting(workload, self.granularities))

    def worth_hopping(self, state: ClockState) -> bool:
        """Tell whether memory segments have something to gain on the HSE.

        They have where the HSE is slower by so much that the flash needs fewer wait states. Where
        it does not, a hop only costs; the firmware then also takes another way through its clock
        change, one that no reference run has gone.
        """
        if not self.hops or state.pll is None or not state.runs_on_pll:
            return False
        lfo = HSE.required_wait_states(self.hse_hz)
        return state.pll.required_wait_states(self.hse_hz) > lfo

    def fitting(self, granularity: int) -> list[int]:
        """Return a granularity for the layers that can have it, 0 for the others."""
        return [granularity if granularity in layer else 0 for layer in self.fits]


def _unfit(workload: Workload, wanted: Sequence[int], used: set[int]) -> str:
    """Say why a network can have none of some granularities, and what it can have."""
    unused = [g for g in wanted if g not in used]
    what = f"granularity {unused[0]}" if len(unused) == 1 else f"granularities {_listed(unused)}"
    head = (
        f"{what}: no layer of {workload.network.name} can have {'it' if not unused[1:] else 'them'}"
    )
    decoupled = list(decoupled_layers(workload.network))
    if not decoupled:
        return f"{head}, as only {DAE_LAYERS}, have a decoupled form; 0 (interleaved) is allowed"
    largest = max(
        g for g in range(max(unused)) for layer in decoupled if workload.image.fits(layer, g)
    )
    return (
        f"{head}: the buffers of all its {len(decoupled)} layers with a decoupled form would "
        f"exceed the board's memory for them; 0 to {largest} is allowed"
    )


def _listed(values: Sequence[int]) -> str:
    return ", ".join(map(str, values))


def _fitting(workload: Workload, granularities: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    network, image = workload.network, workload.image
    return tuple(
        tuple(g for g in granularities if g == 0 or (dae and image.fits(index, g)))
        for index, dae in enumerate(has_dae_form(layer, network) for layer in network.layers)
    )
