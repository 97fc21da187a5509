"""Renode itself loads the platform files, and sees what the embedded engine's reader sees."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from dvfs_kernel.boards.emulator.repl import PlatformDescription

PLATFORM = Path(__file__).parents[2] / "renode_platform"


def peripherals_in_renode(renode: str, repl: Path, tmp_path: Path) -> dict[str, set[int]]:
    """Load a platform in Renode and return where it put each peripheral of the system bus."""
    script = tmp_path / "load.resc"
    script.write_text(f'mach create "board"\nmachine LoadPlatformDescription @{repl}\n')
    commands = [f"include @{script}", "peripherals", "quit"]
    result = subprocess.run(
        [renode, "--disable-xwt", "--console", "--plain"]
        + [word for command in commands for word in ("-e", command)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Available peripherals" in result.stdout, result.stdout + result.stderr
    assert "[ERROR]" not in result.stdout
    addresses: dict[str, set[int]] = {}
    name = None
    for line in result.stdout.splitlines():
        if declared := re.search(r"[├└]── (\w+) \(\w+\)", line):
            name = declared[1]
            addresses[name] = set()
        elif (placed := re.search(r"<(0x[0-9A-F]+), 0x[0-9A-F]+>", line)) and name:
            addresses[name].add(int(placed[1], 16))
    return addresses


@pytest.mark.parametrize("file", ["stm32f767.repl", "nucleo_f767zi.repl"])
def test_renode_and_the_reader_agree(renode, file, tmp_path):
    in_renode = peripherals_in_renode(renode, PLATFORM / file, tmp_path)
    here = PlatformDescription.load(PLATFORM / file).peripherals
    placed = {
        name: {
            place.address
            for place in peripheral.registrations
            if place.parent == "sysbus" and place.address is not None
        }
        for name, peripheral in here.items()
        if any(place.parent == "sysbus" for place in peripheral.registrations)
    }
    assert {name: in_renode.get(name) for name in placed} == placed
