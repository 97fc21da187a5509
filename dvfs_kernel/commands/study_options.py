"""What the commands explore, optimise and run have in common."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dvfs_kernel.clocks.lists import PRESETS
from dvfs_kernel.commands.board_opening import open_board
from dvfs_kernel.commands.networks import load_network
from dvfs_kernel.commands.parameters import BOARD, FREQUENCY, PLL_LOCK, PROFILE, TIME, load_profile
from dvfs_kernel.commands.progress import shown_progress
from dvfs_kernel.errors import ScheduleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.studies.study import StudyPlan

__all__ = ["Setup", "bench_options", "bound_options", "space_options"]

#: Per cent over the baseline's latency that the paper studies (section IV).
PAPER_QOS = (10.0, 30.0, 50.0)

_GRANULARITY_MAX = 255


def bench_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says on which board runs are made, by whom, and where they are kept."""
    for option in reversed(
        (
            click.option(
                "--input",
                "input_path",
                type=click.Path(path_type=Path),
                help="Input tensor: an .npy file or a picture; by default a made-up picture.",
            ),
            click.option("--board", type=BOARD, default="virtual", show_default=True),
            click.option("--hse", type=FREQUENCY, help="HSE of the board; by default its own."),
            click.option(
                "--pll-lock", type=PLL_LOCK, default="typ", help="min, typ, max or microseconds."
            ),
            click.option(
                "--profile", type=PROFILE, help="Board profile (TOML) of a virtual board."
            ),
            click.option(
                "--cache",
                type=click.Path(file_okay=False, path_type=Path),
                help="Folder of kept runs; by default the user's cache.",
            ),
            click.option("--no-cache", is_flag=True, help="Keep nothing, and look up nothing."),
            click.option(
                "--executor",
                default="local",
                show_default=True,
                metavar="WHERE",
                help="local, local:N processes, here (this one), or dask://host:port.",
            ),
        )
    ):
        command = option(command)
    return command


def space_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what says which options each layer has."""
    for option in reversed(
        (
            click.option(
                "--clocks",
                default="default",
                show_default=True,
                metavar="LIST",
                help=f"{', '.join(PRESETS)}, or settings such as pll:25/216/2,pll:25/100/2.",
            ),
            click.option(
                "-g",
                "--granularities",
                multiple=True,
                type=click.IntRange(0, _GRANULARITY_MAX),
                metavar="G …",
                help="Granularities to choose from; default 0 2 4 8 12 16.",
            ),
        )
    ):
        command = option(command)
    return command


def bound_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the bounds on latency."""
    for option in reversed(
        (
            click.option(
                "--qos",
                multiple=True,
                type=click.FloatRange(0),
                metavar="PERCENT …",
                help="Bounds in per cent over the baseline's latency; default 10 30 50.",
            ),
            click.option(
                "--latency",
                multiple=True,
                type=TIME,
                metavar="TIME …",
                help="Bounds as times, such as 180ms.",
            ),
        )
    ):
        command = option(command)
    return command


@dataclass(frozen=True)
class Setup:
    """The common options, as they were given."""

    network: str
    input_path: Path | None
    board: BoardSpec
    hse: float | None
    pll_lock: str | float
    profile: Path | None
    cache: Path | None
    no_cache: bool
    executor: str

    @contextmanager
    def bench(self) -> Iterator[Bench]:
        """Yield a bench for the network; its progress is shown."""
        # Networks and the engine cost a second to load: not before the arguments are right.
        from dvfs_kernel.exploration.runs import Bench, Store, Workload  # noqa: PLC0415
        from dvfs_kernel.exploration.runs.executors import check_address  # noqa: PLC0415
        from dvfs_kernel.networks.input_tensor import load_input  # noqa: PLC0415

        if self.no_cache and self.cache is not None:
            raise click.UsageError("--cache names a folder that --no-cache says not to use")
        check_address(self.executor)
        network = load_network(self.network)
        tensor = network.tensors[network.input]
        data = None if self.input_path is None else load_input(self.input_path, tensor)
        hse_hz = self.board.hse_hz if self.hse is None else int(self.hse)
        spec = replace(
            self.board, hse_hz=hse_hz, pll_lock=self.pll_lock, profile=load_profile(self.profile)
        )
        spec = _reached(spec)
        workload = Workload.of(network, spec, data)
        store = None if self.no_cache else Store(self.cache or default_cache())
        with (
            shown_progress() as progress,
            Bench(workload, store=store, executor=self.executor, progress=progress) as bench,
        ):
            yield bench

    def study_plan(
        self,
        bench: Bench,
        clocks: str,
        granularities: tuple[int, ...],
        qos: tuple[float, ...] = (),
        latency: tuple[float, ...] = (),
    ) -> StudyPlan:
        """Return what to study.

        Raises
        ------
        ClockError
            The list of clocks is illegal on this board.
        """
        from dvfs_kernel.clocks.lists import parse_clocks  # noqa: PLC0415
        from dvfs_kernel.studies import Bound, StudyPlan  # noqa: PLC0415

        bounds = [Bound(qos=value) for value in qos]
        bounds += [Bound(latency_s=value) for value in latency]
        if len({bound.name for bound in bounds}) != len(bounds):
            raise ScheduleError("a bound stands twice; each may stand once")
        plan = StudyPlan(parse_clocks(clocks, bench.hse_hz), tuple(bounds))
        return replace(plan, granularities=granularities) if granularities else plan


def _reached(spec: BoardSpec) -> BoardSpec:
    """Return a board's own name, by which its runs are kept, once it runs the firmware.

    A physical board that is not there, or not ready, ends the command before the work begins.
    """
    if not spec.is_physical:
        return spec
    from dvfs_kernel.image.firmware import firmware_path  # noqa: PLC0415

    with open_board(spec) as board:
        board.flash(firmware_path())
        return replace(spec, detail=board.identity or spec.detail, hse_hz=board.hse_hz)


def default_cache() -> Path:
    """Return the folder of kept runs in the user's cache."""
    import platformdirs  # noqa: PLC0415

    return Path(platformdirs.user_cache_path("dvfs-kernel")) / "runs"
