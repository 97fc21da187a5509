"""Tables of explorations, optima, deployments and studies."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import dvfs_kernel as dvfs
from dvfs_kernel.commands.console import say
from dvfs_kernel.commands.text_table import TextTable, left, right

if TYPE_CHECKING:
    from collections.abc import Sequence


# By how much a baseline has to beat the optimum to be named: predictions are no nearer than that.
_WORTH_TELLING = 0.0005

__all__ = ["print_deployment", "print_exploration", "print_optima", "print_study"]


def print_exploration(result: dvfs.ExplorationResult) -> None:
    """Print how far each layer's options reach, and how well predictions hold."""
    ground, workload = result.ground, result.workload
    exploration = ground.exploration
    table = TextTable(
        right("layer"),
        "",
        right("options", spare=2),
        right("Pareto", spare=1),
        left("quickest", folds=True),
        right("ms"),
        right("µJ"),
        left("most frugal", folds=True),
        right("ms"),
        right("µJ"),
        titles=2,
    )
    for layer in range(exploration.layers):
        options = exploration.of_layer(layer)
        points = options[options["pareto"]]
        ends = points[points["time_s"].argmin()], points[points["energy_j"].argmin()]
        cells = []
        for option in ends:
            state = exploration.space.states[option["state"]]
            hops = ", LFO" if option["hops"] else ""
            cells += [
                f"{state}, g = {option['granularity']}{hops}",
                f"{option['time_s'] * 1e3:.3f}",
                f"{option['energy_j'] * 1e6:.1f}",
            ]
        name = workload.network.layers[layer].name
        table.add_row(str(layer), name, str(len(options)), str(len(points)), *cells)
    table.print()
    say(
        f"\n{workload.network.name}: {len(exploration.options):,} options of "
        f"{exploration.layers} layers in {len(exploration.space.states)} clock states; "
        f"{_made_line(ground.runs_made, ground.wall_s)}"
    )
    if exploration.fit_error is not None:
        say(_fit_line(exploration.fit_error))
    say(_check_line(ground.check))
    for mode, idle in ground.idle.items():
        say(f"idle in {mode.name.lower()}: {idle.power_w * 1e3:.2f} mW")


def _fit_line(fit_error: float) -> str:
    return (
        f"times fitted to runs at a few clocks, which they meet within {fit_error:.2%}; "
        "energies by the current model"
    )


def _made_line(runs_made: int, wall_s: float) -> str:
    """Say how long the runs took, or that they were not made now."""
    if not runs_made:
        return "every run was kept from before"
    return f"{runs_made} runs in {wall_s:.1f} s"


def _check_line(check: dvfs.SampleCheck) -> str:
    return (
        f"{len(check.runs)} runs at other clocks: predicted within {check.worst_run_time:.2%} in "
        f"time and {check.worst_run_energy:.2%} in energy, each of {len(check.samples)} layers "
        f"within {check.worst_time:.2%} and {check.worst_energy:.2%}"
    )


def print_optima(result: dvfs.OptimisationResult) -> None:
    """Print the schedule of each bound, and its proof."""
    for found in result:
        solution = found.optimum.solution
        say(
            f"{found.workload.network.name}, bound {found.bound.name} = "
            f"{found.window_s * 1e3:.3f} ms: "
            f"{found.latency_s * 1e3:.3f} ms, {found.inference_j * 1e3:.3f} mJ, "
            f"{found.window_j * 1e3:.3f} mJ with idling; "
            f"{solution.status} by prediction, gap {solution.gap * 1e9:.3f} nJ, "
            f"one millisecond more is worth {solution.multiplier * 1e3:.2f} µJ"
        )
        say(f"  {_strip(found.schedule)}")


def _strip(schedule: dvfs.Schedule) -> str:
    """Return how many layers run on what."""
    chosen = Counter(
        (
            str(schedule.clocks[plan.hfo]),
            plan.granularity,
            plan.lfo is not None,
        )
        for plan in schedule.layers
    )
    parts = [
        f"{count} × {clock}" + (f" g={g}" if g else "") + (" LFO" if hops else "")
        for (clock, g, hops), count in chosen.most_common()
    ]
    return ", ".join(parts)


def print_deployment(result: dvfs.DeploymentResult) -> None:
    """Print layers and totals, predicted and executed."""
    workload, deployment = result.workload, result.run
    plan, record = deployment.plan, deployment.record
    table = TextTable(
        right("layer"),
        "",
        right("g"),
        "clock",
        left("LFO", spare=1),
        right("predicted ms", spare=3),
        right("executed ms"),
        right("error"),
        right("predicted µJ", spare=2),
        right("executed µJ"),
        right("error"),
        titles=2,
    )
    for index, (layer, layer_plan) in enumerate(
        zip(plan.layers, plan.schedule.layers, strict=True)
    ):
        clocks = plan.schedule.clocks
        time_s, energy_j = float(record.time_s[index]), float(record.energy_j[index])
        table.add_row(
            str(index),
            workload.network.layers[index].name,
            str(layer_plan.granularity),
            str(clocks[layer_plan.hfo]),
            "" if layer_plan.lfo is None else str(clocks[layer_plan.lfo]),
            f"{layer.time_s * 1e3:.3f}",
            f"{time_s * 1e3:.3f}",
            _error(layer.time_s, time_s),
            f"{layer.energy_j * 1e6:.1f}",
            f"{energy_j * 1e6:.1f}",
            _error(layer.energy_j, energy_j),
        )
    table.print()
    say(
        f"\n{workload.network.name}, bound {plan.bound}: {record.latency_s * 1e3:.3f} ms of "
        f"{plan.window_s * 1e3:.3f} ms, {record.total('window_j') * 1e3:.3f} mJ in the window, "
        f"{'same output' if deployment.same_output else 'ANOTHER OUTPUT'} as the plain schedule\n"
        f"errors of the prediction, predicted / executed - 1: {deployment.latency_error:+.3%} of "
        f"latency, {deployment.energy_error:+.3%} of energy"
    )


def _error(predicted: float, executed: float) -> str:
    return _signed(dvfs.prediction_error(predicted, executed)) if executed else ""


def _signed(error: float) -> str:
    """Return an error with its sign; none where nothing of it is left to be seen."""
    text = f"{error:+.2%}"
    return text if text.strip("+-0.%") else text[1:]


def print_study(result: dvfs.StudyResult) -> None:
    """Print what was run in each window, and what it saves."""
    study, workload = result.study, result.workload
    fit_error = study.ground.exploration.fit_error
    if fit_error is not None:
        say(_fit_line(fit_error))
    say(_check_line(study.ground.check))
    if not study.ground.runs_made:
        say("the exploration's runs were all kept from before")
    for found in study.results:
        say(
            f"\n{workload.network.name}, bound {found.bound.name}: "
            f"{found.bound_s * 1e3:.3f} ms; DVFS is {found.solution.status} by prediction"
        )
        _outcome_table(found).print()
        headline = found.headline
        saved = 1 - found.best.window_j / headline.window_j if headline is not None else 0.0
        if saved >= _WORTH_TELLING:
            say(f"  {found.best.candidate.title} takes {saved:.2%} less than DVFS in this window")
    worst = [
        max(abs(error) for found in study.results for error in errors(found))
        for errors in (_latency_errors, _energy_errors)
    ]
    say(
        "\nErrors are predicted / executed - 1. Of all runs here none is further off than "
        f"{worst[0]:.2%} in latency and {worst[1]:.2%} in energy: between two that differ by "
        "less, the proof decides nothing."
    )
    if result.duty:
        _print_duty(result)


def _latency_errors(found: dvfs.BoundResult) -> list[float]:
    return [outcome.latency_error for outcome in found.outcomes]


def _energy_errors(found: dvfs.BoundResult) -> list[float]:
    return [outcome.energy_error for outcome in found.outcomes]


def _print_duty(result: dvfs.StudyResult) -> None:
    """Print what one inference a period draws."""
    rows = result.on_battery()
    period_s, charge_c = float(rows[0]["period_s"]), float(rows[0]["battery_c"])
    table = TextTable("", "between", right("average mA"), right("days"))
    for row in rows:
        known = row["average_a"] is not None
        table.add_row(
            str(row["title"]),
            str(row["between"]),
            f"{row['average_a'] * 1e3:.3f}" if known else "too long",
            f"{row['days']:.1f}" if known else "",
        )
    say(f"\nOne inference every {period_s:g} s, from {charge_c / 3.6:g} mAh:")
    table.print()


def _outcome_table(result: dvfs.BoundResult) -> TextTable:
    table = TextTable(
        "",
        left("idle", spare=2),
        right("ms"),
        "bound",
        right("window mJ"),
        right("saved"),
        right("relocks", spare=4),
        right("hops", spare=3),
        right("error", spare=1),
        "output",
    )
    outcomes: Sequence[dvfs.Outcome] = result.outcomes
    reference_j = outcomes[0].window_j
    for outcome in outcomes:
        table.add_row(
            outcome.candidate.title,
            outcome.candidate.idle.mode.name.lower(),
            f"{outcome.record.latency_s * 1e3:.3f}",
            "kept" if outcome.keeps_bound else "missed",
            f"{outcome.window_j * 1e3:.3f}",
            f"{1 - outcome.window_j / reference_j:.2%}",
            f"{outcome.record.total('relocks'):.0f}",
            f"{outcome.record.total('hops'):.0f}",
            _signed(outcome.energy_error),
            "same" if outcome.same_output else "DIFFERS",
        )
    return table
