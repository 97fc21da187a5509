"""Bounds kept when executed, not only by prediction.

An optimum uses its bound up to the last microsecond. Predictions are right to some hundredths of a
per cent (the code of a relock leaves caches cold, say), so what is predicted to just keep a bound
may exceed it when it runs. Then it is solved again with a bound that is tighter by as much as the
prediction was too short, and run again, until the bound is kept. The window stays what it is, and
so does the lower bound on energy, which holds for every schedule in the window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.errors import InfeasibleBoundError
from dvfs_kernel.inference.run_names import is_chosen
from dvfs_kernel.studies.candidate import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.studies.candidate import Candidate
    from dvfs_kernel.studies.compared_schedules import Candidates

__all__ = ["keep_bounds"]

# Each round gives up what the last schedule was longer than predicted, and a little: another
# schedule is another few microseconds off. One round is the rule.
_ROUNDS = 4
_MARGIN = 1.1
_MARGIN_S = 1e-6


def keep_bounds(
    bench: Bench, candidates: Candidates, outcomes: Sequence[Outcome], output_digest: str
) -> list[Outcome]:
    """Solve and run again what was late.

    Schedules that are ours are chosen anew; baselines and the paper's knapsack are what they are.

    Parameters
    ----------
    outcomes
        Of any windows.
    output_digest
        Of the baseline's output.

    Returns
    -------
    list of Outcome
        In the same order; what it took is ``candidate.given_up_s``. One is late still where no
        schedule is predicted to be quick enough, or after some rounds.
    """
    kept = list(outcomes)
    for _ in range(_ROUNDS):
        again: dict[int, Candidate] = {}
        for place, outcome in enumerate(kept):
            tighter = _tighter(candidates, outcome)
            if tighter is not None:
                again[place] = tighter
        if not again:
            break
        records = bench.run([candidate.job for candidate in again.values()], "tighter schedules")
        for (place, candidate), record in zip(again.items(), records, strict=True):
            kept[place] = Outcome(candidate, record, record.output_digest == output_digest)
    return kept


def _tighter(candidates: Candidates, outcome: Outcome) -> Candidate | None:
    """Return what to run instead; None where the bound is kept or cannot be tightened."""
    candidate = outcome.candidate
    if outcome.keeps_bound or not is_chosen(candidate.name):
        return None
    missed_s = outcome.record.latency_s - candidate.prediction.latency_s
    try:
        return candidates.tightened(candidate, missed_s * _MARGIN + _MARGIN_S)
    except InfeasibleBoundError:
        return None
