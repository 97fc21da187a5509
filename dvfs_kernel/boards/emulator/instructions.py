"""What the pipeline model has to know of an instruction, decoded by Capstone."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import capstone as cs
from capstone import arm as cs_arm

from dvfs_kernel.boards.emulator.instruction import FLAGS, Instruction, LoadedWord, Unit
from dvfs_kernel.boards.emulator.kept_instructions import KeptInstructions

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["decode", "is_it"]

_STRIP = (".w", ".n")


class _Decoder(threading.local):
    """Capstone's decoder, one a thread: it works without Python's lock, and keeps state."""

    def __init__(self) -> None:
        self.engine = cs.Cs(cs.CS_ARCH_ARM, cs.CS_MODE_THUMB | cs.CS_MODE_MCLASS | cs.CS_MODE_V8)
        self.engine.detail = True


_decoder = _Decoder()

_kept = KeptInstructions()
_WIDE = {0b11101, 0b11110, 0b11111}  # upper bits of the first half of 32-bit encodings
_IT = 0xBF

_PC = cs_arm.ARM_REG_PC
_SP = cs_arm.ARM_REG_SP
_LR = cs_arm.ARM_REG_LR
_CPSR = cs_arm.ARM_REG_CPSR
_AL = cs_arm.ARM_CC_AL
_BYTE = 0xFF
_PLAIN_IMMEDIATES = {"movw", "movt", "addw", "subw", "adr"}
_SHIFTED = {"lsl", "lsr", "asr", "ror", "rrx"}
_EXTEND = {"sxtb", "sxth", "uxtb", "uxth", "sxtb16", "uxtb16"}
_EXTEND_ADD = {"sxtab", "sxtah", "uxtab", "uxtah", "sxtab16", "uxtab16"}
_FIELD = {"ubfx", "sbfx"}
_INSERT = {"bfi", "bfc"}
_REVERSE = {"rev", "rev16", "revsh", "rbit"}
_SATURATE = {
    "ssat", "usat", "ssat16", "usat16", "qadd", "qsub", "qdadd", "qdsub", "usad8", "usada8",
}  # fmt: skip
_MULTIPLY = {
    "mul", "muls", "smulbb", "smulbt", "smultb", "smultt", "smulwb", "smulwt", "smuad", "smuadx",
    "smusd", "smusdx", "smmul", "smmulr", "umull", "smull",
}  # fmt: skip
_ACCUMULATE = {
    "mla", "mls", "smlabb", "smlabt", "smlatb", "smlatt", "smlawb", "smlawt", "smlad", "smladx",
    "smlsd", "smlsdx", "smmla", "smmlar", "smmls", "smmlsr", "umlal", "smlal", "umaal", "smlalbb",
    "smlalbt", "smlaltb", "smlaltt", "smlald", "smlaldx", "smlsld", "smlsldx",
}  # fmt: skip
_LONG_ACCUMULATE = {
    "umlal", "smlal", "umaal", "smlalbb", "smlalbt", "smlaltb", "smlaltt", "smlald", "smlaldx",
    "smlsld", "smlsldx",
}  # fmt: skip
_PARALLEL = ("add16", "add8", "sub16", "sub8", "asx", "sax")
_SPECIAL = {"mrs", "msr", "cpsie", "cpsid", "dsb", "dmb", "svc", "bkpt", "wfi", "wfe", "sev",
            "yield", "clrex", "udf"}  # fmt: skip
_WORD_LOADS = {"ldr", "ldrt", "ldrex", "pld"}
_COMPARES = {"cmp", "cmn", "tst", "teq"}
_CARRY_USERS = {"adc", "sbc", "rrx", "sel", "adcs", "sbcs"}
# What the first of the two ALUs can do: [JNK] "early ALU".
_FIRST_ALU = {"add", "sub", "addw", "subw", "mov", "movw", "adr"}


def is_it(half_word: int) -> bool:
    """Tell whether an instruction makes those behind it conditional, by its first half-word."""
    return half_word >> 8 == _IT and half_word & 0xF != 0


def decode(code: bytes, address: int) -> Iterator[Instruction]:
    """Decode Thumb code; bytes that are no instruction end the sequence.

    Notes
    -----
    What was decoded once is kept, but for branches, which hold their target, and for what follows
    IT, whose bytes do not tell its condition.
    """
    position = 0
    while position < len(code):
        first = int.from_bytes(code[position : position + 2], "little")
        size = 4 if first >> 11 in _WIDE else 2
        own = code[position : position + size]
        kept = _kept.at(own, address + position)
        if kept is not None:
            yield kept
            position += size
            continue
        conditions = is_it(first)
        begin = position
        for raw in _decoder.engine.disasm(
            code[position:] if conditions else own, address + position
        ):
            item = _instruction(raw)
            if not conditions and not item.branch:
                _kept.keep(own, item)
            yield item
            position += raw.size
        if position == begin:
            # A coprocessor or reserved encoding that the core may still execute.
            yield Instruction(address + position, size, "?", "", Unit.ALU, alone=True)
            position += size


def _split(raw: Any) -> tuple[str, bool]:
    """Return the bare mnemonic and whether the instruction is conditional."""
    name: str = raw.mnemonic
    for suffix in _STRIP:
        name = name.removesuffix(suffix)
    conditional = raw.cc not in {_AL, cs_arm.ARM_CC_INVALID}
    head, dot, tail = name.partition(".")
    if conditional:
        head = head[:-2]
    return head + dot + tail, conditional


def _instruction(raw: Any) -> Instruction:
    name, conditional = _split(raw)
    read_list, write_list = raw.regs_access()
    reads = set(read_list)
    writes = set(write_list)
    if _CPSR in reads or conditional or name in _CARRY_USERS:
        reads.discard(_CPSR)
        reads.add(FLAGS)
    if _CPSR in writes or raw.update_flags or name in _COMPARES:
        writes.discard(_CPSR)
        writes.add(FLAGS)
    reads.discard(_PC)
    base = name.removesuffix("s") if raw.update_flags else name
    item = Instruction(raw.address, raw.size, name, raw.op_str, Unit.ALU)
    needs = _Needs()
    if conditional:
        # A predicated instruction keeps the old value where the condition fails.
        reads |= {r for r in writes if r not in {FLAGS, _PC}}
    if name.startswith("it") and name[1] == "t" and set(name[2:]) <= {"t", "e"}:
        item.unit = Unit.NONE
        item.latency_class = "nop"
        reads, writes = set(), set()
    elif name == "nop":
        item.unit = Unit.NONE
    elif name.startswith("v"):
        _floating_point(item, name, raw, reads, needs)
    elif _PC in writes or base in {"b", "bl", "blx", "bx", "cbz", "cbnz", "tbb", "tbh"}:
        _branch(item, base, raw, reads, needs, conditional=conditional)
        # A predicted branch only checks the flags, when they are there: a counting loop can take
        # a cycle per turn (DS11532 Rev 7, 3.1).
        reads.discard(FLAGS)
    elif base.startswith(("ldr", "ldm", "pop", "pld")):
        _load(item, base, raw, reads, writes, needs)
    elif base.startswith(("str", "stm", "push")):
        _store(item, base, raw, reads, needs)
    elif base in _MULTIPLY or base in _ACCUMULATE:
        item.unit = Unit.MAC
        item.latency_class = "multiply"
        _multiply(base, raw, reads, needs)
    elif base in {"sdiv", "udiv"}:
        item.alone = True
        item.latency_class = "divide"
    elif name in _SPECIAL or base in _SPECIAL:
        item.alone = True
        item.latency_class = "special"
    elif name == "isb":
        item.alone = True
        item.latency_class = "isb"
    else:
        _data_processing(item, base, raw, reads, needs)
        if conditional:
            item.first_alu = ""
    if item.branch:
        writes.discard(_PC)
    item.address_registers = frozenset(needs.address)
    item.early = frozenset(needs.early)
    item.factors = frozenset(needs.factors)
    item.late = frozenset(needs.late)
    item.stored = frozenset(needs.stored)
    item.reads = frozenset(
        reads - needs.address - needs.early - needs.factors - needs.late - needs.stored
    )
    for register in writes:
        item.writes.setdefault(register, item.latency_class)
    groups = (
        item.address_registers, item.early, item.reads, item.factors, item.late, item.stored,
    )  # fmt: skip
    item.needs = tuple((register, i) for i, group in enumerate(groups) for register in group)
    return item


@dataclass
class _Needs:
    """Registers by the stage that needs them; the rest is read by the second ALU."""

    address: set[int] = field(default_factory=set)
    early: set[int] = field(default_factory=set)
    factors: set[int] = field(default_factory=set)
    late: set[int] = field(default_factory=set)
    stored: set[int] = field(default_factory=set)


def _multiply(base: str, raw: Any, reads: set[int], needs: _Needs) -> None:
    if base in _ACCUMULATE:
        operands = raw.operands
        addends = operands[:2] if base in _LONG_ACCUMULATE else operands[3:4]
        needs.late = {o.reg for o in addends if o.type == cs_arm.ARM_OP_REG}
        factors = operands[2:4] if base in _LONG_ACCUMULATE else operands[1:3]
        needs.late -= {o.reg for o in factors}
    needs.factors = reads - needs.late - {FLAGS}


def _data_processing(
    item: Instruction, base: str, raw: Any, reads: set[int], needs: _Needs
) -> None:
    registers = [o for o in raw.operands if o.type == cs_arm.ARM_OP_REG]
    shifts = any(o.shift.type for o in registers)
    if base in _SHIFTED or (base == "mov" and shifts):
        item.unit |= Unit.PURE_SHIFT
        item.first_alu = "any" if base != "rrx" else ""
    elif base in _EXTEND or base.endswith(_PARALLEL) or base in {"sel", "clz"}:
        item.unit |= Unit.SIMD
        item.first_only = True
        if base.startswith(("q", "uq")):
            item.latency_class = "saturate"
    elif base in _EXTEND_ADD or base in {"pkhbt", "pkhtb"}:
        item.unit |= Unit.SIMD | Unit.SHIFT
        item.first_only = True
        needs.early = {o.reg for o in (registers[1:] if base == "pkhtb" else registers[-1:])}
    elif base in _FIELD:
        item.unit |= Unit.SIMD | Unit.SHIFT
        item.first_only = True
        needs.early = reads - {FLAGS}
    elif base in _INSERT:
        item.unit |= Unit.SIMD | Unit.SHIFT
        item.first_only = True
        needs.early = {o.reg for o in registers[1:]}
    elif base in _REVERSE:
        item.unit |= Unit.SIMD | Unit.SHIFT
        item.first_only = True
        item.latency_class = "reverse"
        needs.early = reads - {FLAGS}
    elif base in _SATURATE:
        item.unit |= Unit.SIMD | Unit.SHIFT
        item.first_only = True
        item.latency_class = "saturate"
        needs.early = reads - {FLAGS}
    elif _shifted_immediate(base, raw):
        item.unit |= Unit.SHIFT
    elif shifts:
        item.unit |= Unit.SHIFT
        needs.early = {o.reg for o in registers if o.shift.type}
        if base in _COMPARES:
            item.latency_class = "saturate"
    elif base in _FIRST_ALU:
        item.first_alu = "elder"
    needs.early &= reads


def _shifted_immediate(base: str, raw: Any) -> bool:
    """Tell whether an immediate is eight bits that the shifter moves, not a plain or pattern."""
    if raw.size != 4 or base in _PLAIN_IMMEDIATES:
        return False
    values = [o.imm & 0xFFFFFFFF for o in raw.operands if o.type == cs_arm.ARM_OP_IMM]
    return any(value > _BYTE and not _is_pattern(value) for value in values)


def _is_pattern(value: int) -> bool:
    """Tell whether an immediate repeats one byte: 0x00XY00XY, 0xXY00XY00, 0xXYXYXYXY."""
    low, high = value & _BYTE, value >> 8 & _BYTE
    return value in {low * 0x00010001, high * 0x01000100, low * 0x01010101}


def _address_registers(raw: Any) -> set[int]:
    found = set()
    for operand in raw.operands:
        if operand.type == cs_arm.ARM_OP_MEM:
            found |= {operand.mem.base, operand.mem.index}
    return found - {0, _PC}


def _take_place(item: Instruction, raw: Any) -> None:
    """Note which word an instruction accesses, as far as that is known before it runs."""
    memory = next((o.mem for o in raw.operands if o.type == cs_arm.ARM_OP_MEM), None)
    if memory is None or memory.index:
        return
    if memory.base == _PC:
        item.place = LoadedWord(0, (item.address + 4 & ~3) + memory.disp)
        return
    item.place = LoadedWord(memory.base, memory.disp)
    last = raw.operands[-1]
    if raw.post_index and last.type == cs_arm.ARM_OP_IMM:
        item.advance = last.imm
    elif raw.writeback:
        item.advance = memory.disp


def _load(
    item: Instruction, base: str, raw: Any, reads: set[int], writes: set[int], needs: _Needs
) -> None:
    item.unit = Unit.LOAD
    item.latency_class = "load"
    if base.startswith(("ldm", "pop")):
        item.alone = True
        item.words = len(raw.operands) - (1 if base.startswith("ldm") else 0)
        needs.address = reads - {FLAGS}
        return
    needs.address = _address_registers(raw)
    _take_place(item, raw)
    if base.startswith("ldrd"):
        item.alone = True
        item.words = 2
    elif base not in _WORD_LOADS:
        item.latency_class = "narrow"
        item.first_only = base.startswith("ldrex")
    if raw.writeback:
        for register in _address_registers(raw) & writes:
            item.writes[register] = "base"


def _store(item: Instruction, base: str, raw: Any, reads: set[int], needs: _Needs) -> None:
    item.unit = Unit.STORE
    item.latency_class = "base"  # what a store writes is its updated base
    if base.startswith(("stm", "push")):
        item.alone = True
        item.words = len(raw.operands) - (1 if base.startswith("stm") else 0)
        needs.address = {_SP} if base.startswith("push") else {raw.operands[0].reg}
        needs.stored = reads - needs.address - {FLAGS}
        return
    needs.address = _address_registers(raw)
    needs.stored = reads - needs.address - {FLAGS}
    if base.startswith("strd"):
        item.alone = True
        item.words = 2
    elif base.startswith("strex"):
        item.alone = True


def _branch(
    item: Instruction, base: str, raw: Any, reads: set[int], needs: _Needs, *, conditional: bool
) -> None:
    item.unit = Unit.BRANCH
    first = raw.operands[0] if raw.operands else None
    if base in {"b", "bl", "cbz", "cbnz"}:
        target = raw.operands[-1]
        item.target = target.imm & 0xFFFFFFFF if target.type == cs_arm.ARM_OP_IMM else None
        item.branch = "conditional" if conditional or base in {"cbz", "cbnz"} else "direct"
        # Predicted like a branch on flags: nobody waits for the register.
        needs.stored = reads - {FLAGS}
    elif base in {"tbb", "tbh"}:
        item.branch = "indirect"
        item.latency_class = "table"
        item.alone = True
        needs.address = reads - {FLAGS}
    elif base in {"pop", "ldm", "ldmdb"} or (base == "bx" and first and first.reg == _LR):
        item.branch = "return"
        if base != "bx":
            item.unit |= Unit.LOAD
            item.alone = True
            item.latency_class = "load"
            item.words = len(raw.operands) - (0 if base == "pop" else 1)
            needs.address = reads - {FLAGS}
    else:
        item.branch = "indirect"
        if base.startswith("ldr"):
            item.unit |= Unit.LOAD
            needs.address = _address_registers(raw)
    if conditional and item.branch != "conditional":
        item.branch = "conditional"


def _fp_transfer(item: Instruction, head: str, raw: Any, needs: _Needs) -> None:
    """Take the size and the pairing of a floating-point load or store."""
    registers = [o for o in raw.operands if o.type == cs_arm.ARM_OP_REG]
    wide = any(_is_double(o.reg) for o in registers)
    words = 2 if wide else 1
    if head in {"vldr", "vstr"}:
        item.alone = wide
        item.words = words
        needs.address = _address_registers(raw)
        _take_place(item, raw)
    else:
        base = set() if head in {"vpop", "vpush"} else {registers[0].reg}
        item.alone = True
        item.words = (len(registers) - len(base)) * words
        needs.address = base or {_SP}


def _floating_point(item: Instruction, name: str, raw: Any, reads: set[int], needs: _Needs) -> None:
    item.fp = True
    double = ".f64" in name
    head = name.partition(".")[0]
    if head in {"vldr", "vldm", "vldmia", "vldmdb", "vpop"}:
        item.unit = Unit.LOAD | Unit.FP_TRANSFER
        item.latency_class = "load"
        _fp_transfer(item, head, raw, needs)
        reads &= needs.address
        return
    if head in {"vstr", "vstm", "vstmia", "vstmdb", "vpush"}:
        item.unit = Unit.STORE | Unit.FP_TRANSFER
        item.latency_class = "base"
        _fp_transfer(item, head, raw, needs)
        needs.stored = reads - needs.address - {FLAGS}
        return
    item.unit = Unit.FP
    if head in {"vdiv", "vsqrt"}:
        item.latency_class = f"fp_{'double_' if double else ''}{head[1:]}"
    elif head in {"vfma", "vfms", "vfnma", "vfnms", "vmla", "vmls", "vnmla", "vnmls"}:
        kind = "fused" if head[1:].startswith(("f", "nf")) else "mac"
        item.unit |= Unit.FP_MAC
        item.latency_class = f"fp_{'double_' if double else ''}{kind}"
        needs.late = {raw.operands[0].reg} & reads
    elif head in {"vmrs", "vmsr"}:
        item.alone = True
        item.latency_class = "fp"
    elif head in {"vcmp", "vcmpe"}:
        item.latency_class = "alu"
    elif head == "vmov":
        item.unit |= Unit.FP_TRANSFER
        item.latency_class = "fp"
        item.alone = len(raw.operands) > 2
        if raw.operands and not _is_fp(raw.operands[0].reg):
            item.latency_class = "narrow"  # to a core register: as late as a byte load
    elif head in {"vmul", "vnmul"}:
        item.latency_class = "fp_double_multiply" if double else "fp"
    else:
        item.unit |= Unit.FP_ADD
        item.latency_class = "fp_double" if double else "fp"
    item.first_only = double


def _is_fp(register: int) -> bool:
    return _is_double(register) or bool(cs_arm.ARM_REG_S0 <= register <= cs_arm.ARM_REG_S31)


def _is_double(register: int) -> bool:
    return bool(cs_arm.ARM_REG_D0 <= register <= cs_arm.ARM_REG_D31)
