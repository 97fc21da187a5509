"""What the firmware means where it refuses a request."""

from __future__ import annotations

import numpy as np

from dvfs_kernel.errors import (
    BoardError,
    ClockError,
    DvfsError,
    FileFormatError,
    ProtocolError,
    ScheduleError,
    SensorMissingError,
    UnsupportedOperatorError,
)
from dvfs_kernel.link import abi
from renode_platform.devices.registers import RCC

__all__ = ["refusal", "wrong_length"]

_LSE_READY: int = RCC.registers["BDCR"].mask("LSERDY")

_MEANINGS = {
    abi.Status.OK: "an error reply that says ok",
    abi.Status.BAD_COMMAND: "it does not know the command",
    abi.Status.BAD_LENGTH: "the payload has the wrong length",
    abi.Status.BAD_ARGUMENT: "an argument is out of range",
    abi.Status.BAD_STATE: "something has to come before this command",
    abi.Status.BAD_IMAGE: "the data image is damaged or not one",
    abi.Status.BAD_CHECKSUM: "the data image's checksum is wrong",
    abi.Status.FLASH_FAILED: "flash memory could not be erased or programmed",
    abi.Status.CLOCK_ILLEGAL: "the clock is outside the data sheet's limits",
    abi.Status.CLOCK_TIMEOUT: "a clock did not become ready in time",
    abi.Status.BUFFER_TOO_SMALL: "the layer does not fit the kernel's buffer",
    abi.Status.NO_SENSOR: "the INA219 does not answer",
    abi.Status.UNSUPPORTED: "the firmware has no kernel for the layer",
}
_REFUSALS: dict[abi.Status, type[DvfsError]] = {
    abi.Status.BAD_IMAGE: FileFormatError,
    abi.Status.BAD_CHECKSUM: FileFormatError,
    abi.Status.FLASH_FAILED: BoardError,
    abi.Status.CLOCK_ILLEGAL: ClockError,
    abi.Status.CLOCK_TIMEOUT: BoardError,
    abi.Status.BUFFER_TOO_SMALL: ScheduleError,
    abi.Status.UNSUPPORTED: UnsupportedOperatorError,
}


def wrong_length(command: abi.Command, got: int, expected: int) -> ProtocolError:
    """Make the error for a reply of another length than its command has."""
    return ProtocolError(
        f"the reply to {command.name.lower()} has {got} bytes of payload; {expected} are due"
    )


def refusal(command: abi.Command, payload: bytes) -> DvfsError:
    """Make the error that an error reply stands for."""
    if len(payload) != abi.ERROR_REPLY.itemsize:
        return wrong_length(command, len(payload), abi.ERROR_REPLY.itemsize)
    fields = np.frombuffer(payload, abi.ERROR_REPLY)[0]
    code, layer = int(fields["status"]), int(fields["layer"])
    try:
        status = abi.Status(code)
    except ValueError:
        return ProtocolError(f"the firmware refused {command.name.lower()} with status {code}")
    where = "" if layer == abi.LAYER_NONE else f" at layer {layer}"
    asked, allowed = int(fields["detail0"]), int(fields["detail1"])
    message = f"the firmware refused {command.name.lower()}{where}: {_MEANINGS[status]}" + _details(
        status, asked, allowed
    )
    if status is abi.Status.NO_SENSOR:
        return SensorMissingError(message, scl_high=bool(asked & 1), sda_high=bool(asked & 2))
    return _REFUSALS.get(status, ProtocolError)(message)


def _details(status: abi.Status, asked: int, allowed: int) -> str:
    if status is abi.Status.CLOCK_TIMEOUT and allowed == abi.NO_CLOCK:
        if asked == _LSE_READY:
            return " (LSERDY missing: the 32.768 kHz crystal that Stop needs does not start)"
        return f" (on the way to the idle state; ready bits 0x{asked:08x} do not fall)"
    if status is abi.Status.CLOCK_TIMEOUT:
        return f" (clock {allowed} of the schedule; ready bits 0x{asked:08x} missing)"
    if status is abi.Status.NO_SENSOR:
        lines = ", ".join(
            f"{name} is {'high' if asked >> bit & 1 else 'low'}"
            for bit, name in enumerate(("SCL", "SDA"))
        )
        return f" ({lines}; both are high on an idle bus)"
    return f" (asked: {asked}, allowed: {allowed})" if asked or allowed else ""
