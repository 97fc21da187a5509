"""``dvfs selftest``: whether a board is wired as the guide says."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from dvfs_kernel.commands.asking import ask_at_terminal
from dvfs_kernel.commands.parameters import BOARD, FREQUENCY

if TYPE_CHECKING:
    from dvfs_kernel.boards.spec import BoardSpec

__all__ = ["selftest"]

_ADDRESSES = [f"0x{address:02x}" for address in range(0x40, 0x50)]


@click.command()
@click.option("--board", type=BOARD, default="nucleo", show_default=True, help="Or virtual.")
@click.option("--hse", type=FREQUENCY, help="HSE of the board, such as 8MHz; by default its own.")
@click.option(
    "--address", type=click.Choice(_ADDRESSES), default="0x40", show_default=True, help="INA219's."
)
@click.option(
    "--shunt",
    "shunt_ohm",
    type=click.FloatRange(0.001, 10),
    default=0.1,
    show_default=True,
    help="Ohms between IN+ and IN-.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def selftest(
    *, board: BoardSpec, hse: float | None, address: str, shunt_ohm: float, as_json: bool
) -> None:
    """Check clock, sensor, supply and shunt of a board, and say what is wired wrongly.

    Ends with exit code 1 where something is wrong.
    """
    from dvfs_kernel.evidence.measurement.ammeter import Ammeter  # noqa: PLC0415
    from dvfs_kernel.evidence.self_test.diagnosis import diagnose  # noqa: PLC0415
    from dvfs_kernel.evidence.self_test.readings import take_readings  # noqa: PLC0415
    from dvfs_kernel.image.firmware import firmware_path  # noqa: PLC0415  the engine loads slowly
    from dvfs_kernel.link.session import Session  # noqa: PLC0415

    spec = replace(board, hse_hz=None if hse is None else int(hse))
    ammeter = Ammeter(shunt_ohm=shunt_ohm, address=int(address, 16))
    with spec.open(ask=ask_at_terminal()) as opened:
        opened.flash(firmware_path())
        opened.reset()
        readings = take_readings(Session(opened), opened.hse_hz, ammeter)
    findings = diagnose(readings)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        hello = readings.hello
        click.echo(f"firmware {hello.build_id:08x} on chip 0x{hello.device_id & 0xFFF:03x}")
        for finding in findings:
            click.echo(f"{'ok   ' if finding.ok else 'FAULT'} {finding.check}: {finding.text}")
    faults = [finding.check for finding in findings if not finding.ok]
    if faults:
        raise click.ClickException(f"the self-test found faults: {', '.join(faults)}")
