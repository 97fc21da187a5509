"""The device models behave the same in CPython and in Renode's own IronPython."""

from __future__ import annotations

import subprocess
from pathlib import Path

from device_host import BOARD
from device_vectors import trace

from renode_platform.devices import attach

ROOT = Path(__file__).parents[2]


def platform_rows() -> list[tuple]:
    """Return the board's description as plain tuples that both interpreters read."""
    return [
        (
            entry.name,
            entry.type,
            [tuple(place) for place in entry.registrations],
            {
                name: value
                for name, value in entry.attributes.items()
                if isinstance(value, (int, str, bool))
            },
            [tuple(interrupt) for interrupt in entry.interrupts],
        )
        for entry in BOARD.peripherals.values()
    ]


def test_the_traffic_reaches_its_end():
    lines = trace(attach, platform_rows())
    assert not [line for line in lines if "time-out" in line]
    assert lines[-1].startswith("pllcfgr") or "PLLCFGR" in lines[-1]
    assert any(line == "hclk 216000000" for line in lines)


def test_renode_reads_the_same_values(renode, tmp_path):
    here = trace(attach, platform_rows())
    result = tmp_path / "trace.txt"
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\n"
        f"sys.path[:0] = [{str(ROOT / 'renode_platform')!r}, {str(ROOT / 'tests/renode')!r}]\n"
        "from devices import attach\n"
        "from device_vectors import trace\n"
        f"rows = {platform_rows()!r}\n"
        f"open({str(result)!r}, 'w').write('\\n'.join(trace(attach, rows)))\n"
    )
    command = f"python \"exec(open('{program}').read())\""
    done = subprocess.run(
        [renode, "--disable-xwt", "--console", "--plain", "-e", command, "-e", "quit"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.exists(), done.stdout + done.stderr
    assert result.read_text().splitlines() == here
