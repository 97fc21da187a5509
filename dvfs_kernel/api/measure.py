"""``dvfs.measure``: energy by the INA219, as a bench sees it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dvfs_kernel.api.arguments import quantity
from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.arguments.ranges import check_limits
from dvfs_kernel.api.arguments.schedule import load_schedule, uniform_schedule
from dvfs_kernel.api.board import board_for, opened
from dvfs_kernel.api.infer import check_choice
from dvfs_kernel.api.network import input_of, load
from dvfs_kernel.boards.base import Board
from dvfs_kernel.errors import ArgumentError
from renode_platform.devices.datasheet import SHUNT_OHM

if TYPE_CHECKING:
    import os

    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.arguments.schedule import ClockLike, ScheduleLike
    from dvfs_kernel.api.board import Ask, BoardName
    from dvfs_kernel.api.network import InputLike, NetworkLike
    from dvfs_kernel.evidence.measurement.result import MeasurementResult

__all__ = ["measure", "read_shunt"]

#: Of the INA219 modules that are sold.

_SHUNT_OHM = (0.001, 10)
_PRECISION = (1e-5, 0.5)
_SAMPLES = (1, 124)
_ROUNDS = (3, 1000)
_AVERAGES = (1, 2, 4, 8, 16, 32, 64, 128)


def measure(
    network: NetworkLike,
    *,
    input: InputLike = None,
    board: BoardName | Board = "nucleo",
    hse: str | float | None = None,
    schedule: ScheduleLike = None,
    clock: ClockLike = None,
    lfo: ClockLike = None,
    granularity: int | None = None,
    by_layer: bool = False,
    baseline: bool = True,
    shunt: str | float = SHUNT_OHM,
    precision: float = 0.005,
    average: int = 128,
    samples: int = 12,
    rounds: int = 20,
    raw: str | os.PathLike[str] | None = None,
    progress: Shown = True,
    ask: Ask = None,
) -> MeasurementResult:
    """Measure the energy of a network on a board, by its INA219.

    The network runs back to back in blocks that are long against the sensor's window, in turn with
    a baseline, until the confidence interval is narrow enough. Whatever ends it once it has begun,
    Ctrl-C or an unplugged board, what was measured is returned and kept: ``ended_early`` of the
    result tells, and its ``verify`` refuses.

    Parameters
    ----------
    network
        A network, the name of a built-in one, or the path of an int8 ``.tflite`` file.
    input
        An array, the path of an ``.npy`` file or of a picture; by default a sample picture.
    board
        Name of a board, or one that is open: that one stays open.
    hse, ask
        As of `dvfs.open_board`.
    schedule, clock, lfo, granularity
        As of `dvfs.infer`.
    by_layer
        Also each layer by itself.
    baseline
        Measure in turn with 216 MHz and no DAE, against drift.
    shunt
        Between IN+ and IN-, in ohms or as text such as ``"100mohm"``; 0.001 … 10 ohm.
    precision
        Share of the current that its 95 % interval has to keep within, 1e-5 … 0.5.
    average
        Conversions of 532 µs that the sensor averages: 1, 2, 4 … 128.
    samples
        Of the sensor in a block, 1 … 124.
    rounds
        At most, 3 … 1000; in each, every subject is measured once.
    raw
        Write every sample into this file, ``.csv`` or ``.parquet``, of which `dvfs.calibrate` makes
        a board profile.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.

    Returns
    -------
    MeasurementResult
        Its ``results`` are estimates, mean ± half of a 95 % interval, of amperes, seconds, joules.

    Raises
    ------
    ArgumentError
        Arguments do not go together, or one is out of its range.
    SensorMissingError
        The INA219 does not answer.
    MeasurementError
        The raw file's name ends otherwise, or it needs a package that is not installed.
    DvfsError
        As `dvfs.infer`.
    """
    check_choice(schedule, clock, lfo, granularity, hse)
    if lfo is not None and granularity in {None, 0}:
        raise ArgumentError(
            "{lfo} is the clock of memory segments: it needs {granularity} with 1 or more"
        )
    shunt_ohm = read_shunt(shunt)
    check_limits("precision", precision, *_PRECISION)
    check_limits("samples", samples, *_SAMPLES)
    check_limits("rounds", rounds, *_ROUNDS)
    if average not in _AVERAGES:
        raise ArgumentError(
            f"{{average}} is {average}; {', '.join(map(str, _AVERAGES))} is allowed"
        )
    # Networks and the engine cost a second to load: not before the arguments are right.
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.evidence.measurement.campaign import Plan
    from dvfs_kernel.evidence.measurement.network_measurement import Measurands, measure_network
    from dvfs_kernel.inference.deployed_network import Deployment
    from dvfs_kernel.link.ina219_sampling import Sampling

    loaded = load(network)
    data = input_of(loaded, input)
    chosen = load_schedule(schedule)
    if chosen is not None:
        board = board_for(chosen, board)
    with (
        opened(board, hse=hse, ask=ask) as own,
        shown_progress(progress) as shown,
    ):
        if chosen is None:
            grain = 0 if granularity is None else granularity
            chosen = uniform_schedule(loaded, own.hse_hz, clock, lfo, grain)
        plain = uniform_schedule(loaded, own.hse_hz, None, None, 0) if baseline else None
        return measure_network(
            Deployment(loaded, own, progress=shown),
            data,
            Measurands(chosen, plain, by_layer),
            Ammeter(shunt_ohm=shunt_ohm, sampling=Sampling(average)),
            Plan(samples=samples, rounds_max=rounds, precision=precision),
            board=own.name if isinstance(board, Board) else str(board),
            raw=None if raw is None else Path(raw),
            progress=shown,
        )


def read_shunt(shunt: str | float) -> float:
    """Return a shunt in ohms.

    Raises
    ------
    QuantityError
        The text is no resistance.
    ArgumentError
        It is out of the range of those that an INA219 has.
    """
    shunt_ohm = quantity.RESISTANCE.parse(shunt)
    check_limits("shunt", shunt_ohm, *_SHUNT_OHM)
    return shunt_ohm
