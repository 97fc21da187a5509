"""``dvfs.infer``: one network, one input, one schedule, and where time and energy went."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.api.arguments.idle_mode import idle_mode
from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.arguments.schedule import load_schedule, uniform_schedule
from dvfs_kernel.api.arguments.unpacking import check_unpacking, in_forms
from dvfs_kernel.api.board import board_for, opened
from dvfs_kernel.api.network import input_of, load
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    import os

    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.arguments.quantity import PllLockLike
    from dvfs_kernel.api.arguments.schedule import ClockLike, ScheduleLike
    from dvfs_kernel.api.board import Ask, BoardName, ProfileLike
    from dvfs_kernel.api.network import InputLike, NetworkLike
    from dvfs_kernel.boards.base import Board
    from dvfs_kernel.inference.result import InferenceResult
    from dvfs_kernel.networks.network import Network

__all__ = ["check_choice", "infer"]

_RUNS_MAX = 65535


def infer(
    network: NetworkLike,
    *,
    input: InputLike = None,
    board: BoardName | Board = "virtual",
    profile: ProfileLike = None,
    hse: str | float | None = None,
    schedule: ScheduleLike = None,
    clock: ClockLike = None,
    lfo: ClockLike = None,
    granularity: int | None = None,
    runs: int = 1,
    level: Literal["off", "layer", "segment"] = "segment",
    window: str | float | None = None,
    idle: Literal["sleep", "gated", "stop"] | None = None,
    pll_lock: PllLockLike | None = None,
    output: str | os.PathLike[str] | None = None,
    timeline: str | os.PathLike[str] | None = None,
    timeline_layers: tuple[int, int] | None = None,
    unpack: bool = False,
    flash: str | float | None = None,
    progress: Shown = True,
    ask: Ask = None,
) -> InferenceResult:
    """Run a network on a board.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    input
        An array, the path of an ``.npy`` file or of a picture; by default a sample picture.
    board
        Name of a board, or one that is open: that one stays open.
    profile, hse, pll_lock, ask
        As of `dvfs.open_board`.
    schedule
        A schedule, a plan, or the path of a file with either; by default one of ``clock``, ``lfo``
        and ``granularity`` for all layers.
    clock
        SYSCLK, such as ``"pll:25/216/2"``; by default 216 MHz.
    lfo
        SYSCLK of memory segments, such as ``"hse"``; needs a granularity.
    granularity
        Of the DAE form; 0 or None: interleaved.
    runs
        1 … 65535; the last one is told.
    level
        How finely the firmware profiles.
    window
        Let each run begin a window of this length, in seconds or as text such as ``"80ms"``.
    idle
        How the core waits for the end of the window; by default it sleeps.
    unpack, flash
        As of `Making`.
    output
        Write the outputs into this file: ``.npy``, or ``.npz`` for a network with several.
    timeline
        Write SYSCLK over time of the last run into this file: ``.svg`` or ``.json``.
    timeline_layers
        First and last layer of the timeline; by default the whole inference.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.

    Raises
    ------
    ArgumentError
        Arguments do not go together.
    ScheduleError
        The schedule does not fit the network, or the window is too short or too long.
    DvfsError
        As `dvfs.load` and `dvfs.open_board`, and whatever the run ended with.
    """
    check_choice(schedule, clock, lfo, granularity, hse)
    if lfo is not None and not granularity:
        raise ArgumentError(
            "{lfo} is the clock of memory segments, which only the DAE form has: "
            "it needs {granularity} with 1 or more"
        )
    if idle is not None and window is None:
        raise ArgumentError(
            "{idle} says how to wait for the end of a window: it needs {window} and a time"
        )
    if timeline_layers is not None and timeline is None:
        raise ArgumentError("{timeline_layers} needs {timeline} and the name of a file")
    if not 1 <= runs <= _RUNS_MAX:
        raise ArgumentError(f"{{runs}} is {runs}; 1 to {_RUNS_MAX} is allowed")
    check_unpacking(unpack=unpack, flash=flash)
    waiting = idle_mode(idle or "sleep")
    window_s = None if window is None else quantity.TIME.parse(window)
    # Networks and the engine cost a second to load: not before the arguments are right.
    from dvfs_kernel.inference.deployed_network import infer as run
    from dvfs_kernel.link import abi

    if level.upper() not in abi.ProfileLevel.__members__:
        raise ArgumentError(f"{{level}} is {level!r}; off, layer or segment is allowed")
    loaded = load(network)
    files = _path(output), _path(timeline), timeline_layers
    _check_files(loaded, *files)
    data = input_of(loaded, input)
    loaded = in_forms(loaded, unpack=unpack, flash=flash)
    chosen = load_schedule(schedule)
    if chosen is not None:
        board = board_for(chosen, board)
    with (
        opened(board, hse=hse, pll_lock=pll_lock, profile=profile, ask=ask) as own,
        shown_progress(progress) as shown,
    ):
        if chosen is None:
            chosen = uniform_schedule(loaded, own.hse_hz, clock, lfo, granularity or 0)
        result = run(
            loaded,
            data,
            own,
            chosen,
            runs=runs,
            level=abi.ProfileLevel[level.upper()],
            window_s=window_s,
            idle=waiting,
            progress=shown,
        )
    _write_files(result, *files)
    return result


def _path(path: str | os.PathLike[str] | None) -> Path | None:
    return None if path is None else Path(path)


def check_choice(
    schedule: ScheduleLike,
    clock: ClockLike,
    lfo: ClockLike,
    granularity: int | None,
    hse: str | float | None,
) -> None:
    """Refuse a schedule beside what it already says.

    Raises
    ------
    ArgumentError
        Both were given.
    """
    if schedule is not None and (clock or lfo or granularity is not None or hse):
        raise ArgumentError(
            "{schedule} already says clocks, granularities and HSE: "
            "it cannot go with {clock}, {lfo}, {granularity} or {hse}"
        )


def _check_files(
    network: Network,
    output: Path | None,
    timeline: Path | None,
    timeline_layers: tuple[int, int] | None,
) -> None:
    from dvfs_kernel.inference.output_file import check_suffix

    if output is not None:
        check_suffix(output.suffix.lower(), network.name, len(network.outputs))
    if timeline is not None and timeline.suffix.lower() not in (".svg", ".json"):
        raise ArgumentError(f"{{timeline}} ends with {timeline.suffix!r}; .svg or .json is allowed")
    if timeline_layers is not None and not 0 <= timeline_layers[1] < len(network.layers):
        raise ArgumentError(
            f"{{timeline_layers}} names layer {timeline_layers[1]}; "
            f"{network.name} has layers 0 to {len(network.layers) - 1}"
        )


def _write_files(
    result: InferenceResult,
    output: Path | None,
    timeline: Path | None,
    timeline_layers: tuple[int, int] | None,
) -> None:
    from dvfs_kernel.inference.output_file import output_bytes
    from dvfs_kernel.report.timeline import timeline_bytes
    from dvfs_kernel.storage.atomic_file import write_atomically

    if output is not None:
        write_atomically(output, output_bytes(result, output.suffix.lower()))
    if timeline is not None:
        content = timeline_bytes(result, timeline.suffix.lower(), timeline_layers)
        write_atomically(timeline, content)
