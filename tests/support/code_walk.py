"""Code of layers, decoded again: what is run, and what lies between."""

from __future__ import annotations

from dataclasses import dataclass

import capstone
from capstone import arm as cs_arm

__all__ = ["Step", "check_piece", "walk"]


@dataclass(frozen=True)
class Step:
    """An instruction as it stands in a function."""

    address: int
    size: int
    mnemonic: str
    operands: str
    register: int = -1  # of a literal load: number of its target
    word: int | None = None  # that it loads
    target: int = -1  # of a branch
    is_detour: bool = False  # around a pool


def _decoder() -> capstone.Cs:
    engine = capstone.Cs(
        capstone.CS_ARCH_ARM,
        capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8,
    )
    engine.detail = True
    return engine


_NUMBERS = {
    **{cs_arm.ARM_REG_R0 + i: i for i in range(13)},
    cs_arm.ARM_REG_SP: 13,
    cs_arm.ARM_REG_LR: 14,
    cs_arm.ARM_REG_PC: 15,
}


def walk(code: bytes) -> list[Step]:
    """Follow a function from its first byte to its return, around pools.

    Raises
    ------
    AssertionError
        For bytes that are no instruction, and a literal that is not behind code.
    """
    engine = _decoder()
    steps: list[Step] = []
    pools: set[int] = set()
    address = 0
    while True:
        items = list(engine.disasm(code[address : address + 4], address, 1))
        assert items, f"no instruction at {address:#x}: {code[address : address + 4].hex()}"
        item = items[0]
        name = item.mnemonic.removesuffix(".w")
        place = {"address": address, "size": item.size, "mnemonic": name, "operands": item.op_str}
        if name == "ldr" and "[pc" in item.op_str:
            at = (address + 4 & ~3) + item.operands[1].mem.disp
            assert at % 4 == 0
            pools.add(at)
            word = int.from_bytes(code[at : at + 4], "little")
            steps.append(Step(**place, register=_NUMBERS[item.operands[0].reg], word=word))
        elif name in {"b", "bne"}:
            steps.append(Step(**place, target=item.operands[0].imm, is_detour=name == "b"))
        else:
            steps.append(Step(**place))
        address += item.size
        if name == "b":
            assert address <= steps[-1].target <= len(code)
            address = steps[-1].target
        elif name == "bx" or (name == "pop" and "pc" in item.op_str):
            break
    ran = {byte for step in steps for byte in range(step.address, step.address + step.size)}
    assert not any(at + i in ran for at in pools for i in range(4)), "a literal lies within code"
    assert all(0 <= at <= len(code) - 4 for at in pools)
    starts = {step.address for step in steps}
    assert all(step.target in starts for step in steps if step.target >= 0)
    return steps


def check_piece(code: bytes) -> list[Step]:
    """Check that a piece keeps the procedure call standard; return its steps."""
    steps = walk(code)
    first, last = steps[0], steps[-1]
    assert first.mnemonic == "push"
    assert last.mnemonic == "pop"
    assert last.operands == first.operands.replace("lr", "pc")
    saved = set(first.operands.strip("{}").split(", "))
    assert {"r4", "r5", "r6", "r7", "r8", "sb", "sl", "fp", "lr"} <= saved
    frame = 0  # what the piece has of the stack below what was saved
    for step in steps[1:-1]:
        if step.operands.startswith("sp, sp, "):
            count = int(step.operands.rpartition("#")[2], 0)
            frame += count if step.mnemonic.startswith("sub") else -count
            assert frame >= 0
            continue
        assert step.mnemonic not in {"push", "pop", "bl", "blx", "bx"}
        head, _, rest = step.operands.partition(", ")
        assert head not in {"sp", "pc"}
        slot = rest.partition("[sp")[2]
        if slot:  # within what was saved
            offset = int(slot.strip(", #]") or "0", 0)
            assert 0 <= offset < 4 * len(saved) + frame
            assert step.mnemonic in {"ldr", "str"}
        elif step.mnemonic != "mov":  # of its own frame's address
            assert "sp" not in rest
    assert frame == 0
    return steps
