"""What a callback from native code raises ends the run, and the machine can go on."""

import os
import signal
import threading

import pytest

from dvfs_kernel.boards.emulator.accounting import BlockAccount
from dvfs_kernel.boards.emulator.board import Board
from dvfs_kernel.boards.emulator.bus import Bus
from dvfs_kernel.boards.emulator.core import Core
from dvfs_kernel.boards.emulator.machine import StopReason
from renode_platform.devices.rcc import Rcc

# Something for each kind of callback: new blocks, a device, a store to flash, SVC.
EVERYTHING = """
reset:
  ldr r0, =0x40023830
  ldr r1, =0x00100000
  str r1, [r0]
  ldr r2, [r0]
  nop
  ldr r0, =0x08010000
  str r1, [r0]
  svc 0
  put r2, 0
  b .
.thumb_func
svcall:
  bx lr
"""
# Who is called, by the hook that calls it.
CALLED = {
    "resolve": (BlockAccount, "resolve"),
    "edge": (BlockAccount, "translated"),
    "read": (Bus, "_read"),
    "write": (Rcc, "write"),
    "invalid": (Board, "store_to_flash"),
    "interrupt": (Core, "_on_interrupt"),
}


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, ZeroDivisionError])
@pytest.mark.parametrize("hook", CALLED)
def test_what_a_callback_raises_ends_the_run(program, monkeypatch, hook, kind):
    owner, name = CALLED[hook]
    whole = getattr(owner, name)
    errors = [kind("broken")]

    def broken_once(self, *arguments):
        if errors and self is not None:
            raise errors.pop()
        return whole(self, *arguments)

    monkeypatch.setattr(owner, name, broken_once)
    p = program(EVERYTHING, strict=False)
    with pytest.raises(kind, match="broken"):
        p.run()
    assert not errors
    assert p.run() is StopReason.LIMIT


def test_ctrl_c_ends_a_run_of_the_machine_itself(program):
    p = program(
        "reset:\n  ldr r0, =0x40023830\nagain:\n  ldr r1, [r0]\n  str r1, [r0]\n  b again\n"
    )
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            p.run(10.0, wall_limit_s=20)
    finally:
        timer.join()
    assert p.run(1e-4) is StopReason.LIMIT
