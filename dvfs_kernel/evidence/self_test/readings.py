"""What a board shows of its clocks and its sensor, taken without a network."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dvfs_kernel.clocks.setting import ClockSetting
from dvfs_kernel.errors import BoardError, ClockError, SensorMissingError
from dvfs_kernel.link.ina219_sampling import INA219_ADDRESS, Sampling, Spin
from renode_platform.devices import datasheet as ds

if TYPE_CHECKING:
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter
    from dvfs_kernel.link.replies import Hello
    from dvfs_kernel.link.session import Session

__all__ = ["Readings", "take_readings"]

#: Addresses that the pins A0 and A1 can give (SBOS448G, table 1).
ADDRESSES = range(0x40, 0x50)
_SAMPLES = 4
_QUICK = Sampling(averaged=1)
_SHUNT_COUNTS_MAX = 4000  # ±40 mV in steps of 10 uV


@dataclass(frozen=True)
class Readings:
    """What was found; a quantity that could not be read is None.

    Parameters
    ----------
    hse_hz, fast_hz
        Frequencies of the HSE and of the fastest clock, measured against the HSI.
    clock_error
        What the firmware said where a clock did not come up.
    sensor
        Why the sensor does not answer; None where it does.
    answering
        Addresses at which a sensor answers.
    supply_v
        Voltage at IN−.
    fast_a, slow_a
        Current while the core counts at the fastest clock and on the HSI.
    """

    hello: Hello
    expected_hse_hz: int
    expected_fast_hz: float
    hse_hz: float | None = None
    fast_hz: float | None = None
    clock_error: str | None = None
    address: int = INA219_ADDRESS
    sensor: SensorMissingError | None = None
    answering: tuple[int, ...] = field(default=())
    shunt_ohm: float = ds.SHUNT_OHM
    supply_v: float | None = None
    fast_a: float | None = None
    slow_a: float | None = None
    saturated: bool = False


def take_readings(session: Session, hse_hz: int, ammeter: Ammeter) -> Readings:
    """Go through the clocks, the bus and the shunt.

    Raises
    ------
    BoardError
        The board does not answer at all.
    """
    fast = ClockSetting.fastest(hse_hz)
    hsi = ClockSetting("hsi")
    values: dict[str, object] = {}
    try:
        values["hse_hz"] = _frequency(session, ClockSetting("hse"), hse_hz)
        values["fast_hz"] = _frequency(session, fast, hse_hz)
    except (BoardError, ClockError) as error:
        values["clock_error"] = str(error)
    try:
        session.read_ina219(address=ammeter.address)
    except SensorMissingError as error:
        values["sensor"] = error
        values["answering"] = _scan(session)
    else:
        values["supply_v"] = ammeter.supply_v(session)
        slow = ammeter.measure(session, Spin(hsi, 0), _SAMPLES)
        values["slow_a"] = float(ammeter.amperes(slow).mean())
        peak = int(abs(slow.shunt_counts).max())
        if "clock_error" not in values:
            quick = ammeter.measure(session, Spin(fast, hse_hz), _SAMPLES)
            values["fast_a"] = float(ammeter.amperes(quick).mean())
            peak = max(peak, int(abs(quick.shunt_counts).max()))
        values["saturated"] = peak >= _SHUNT_COUNTS_MAX
    return Readings(
        hello=session.hello(),
        expected_hse_hz=hse_hz,
        expected_fast_hz=float(fast.sysclk_hz(hse_hz)),
        address=ammeter.address,
        shunt_ohm=ammeter.shunt_ohm,
        **values,  # type: ignore[arg-type]  # each has the type of its field
    )


def _frequency(session: Session, clock: ClockSetting, hse_hz: int) -> float:
    """Return the core's clock, by its cycles and the HSI's ticks; no sensor is needed."""
    readings = session.measure_current(Spin(clock, hse_hz), samples=4, sampling=_QUICK, address=0)
    return readings.core_hz


def _scan(session: Session) -> tuple[int, ...]:
    found = []
    for address in ADDRESSES:
        try:
            session.read_ina219(address=address)
        except SensorMissingError:
            continue
        found.append(address)
    return tuple(found)
