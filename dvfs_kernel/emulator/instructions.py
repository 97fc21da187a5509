"""What the pipeline model has to know of an instruction, decoded by Capstone."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import capstone as cs
from capstone import arm as cs_arm

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Instruction", "Unit", "decode"]

FLAGS = -1  # pseudo register: N, Z, C, V
_STRIP = (".w", ".n")


class Unit(enum.IntFlag):
    """Execution resources of which there is one, or two, a cycle."""

    NONE = 0
    ALU = 1  # two
    SHIFT = 2
    LOAD = 4  # two, one word each
    STORE = 8
    MAC = 16
    BRANCH = 32
    FP = 64
    SIMD = 128


@dataclass
class Instruction:
    """One decoded instruction.

    Attributes
    ----------
    early, late : frozenset of int
        Registers needed one stage before the ALU (addresses, shifted operands) and one stage
        after it (store data, accumulators).
    reads : frozenset of int
        Registers needed in the ALU stage.
    writes : dict of int to str
        Register to class of its latency, e.g. ``"load"``.
    issue : int
        Cycles for which nothing else issues; 0 for an instruction that may pair.
    first_only : bool
        May pair only as the elder of two.
    """

    address: int
    size: int
    mnemonic: str
    operands: str
    unit: Unit
    reads: frozenset[int]
    early: frozenset[int]
    late: frozenset[int]
    writes: dict[int, str]
    issue: int = 0
    first_only: bool = False
    alone: bool = False
    latency_class: str = "alu"
    words: int = 0
    branch: str = ""  # "", "conditional", "direct", "indirect", "return"
    target: int | None = None
    fp: bool = False


_decoder = cs.Cs(cs.CS_ARCH_ARM, cs.CS_MODE_THUMB | cs.CS_MODE_MCLASS | cs.CS_MODE_V8)
_decoder.detail = True

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
    "ssat",
    "usat",
    "ssat16",
    "usat16",
    "qadd",
    "qsub",
    "qdadd",
    "qdsub",
    "usad8",
    "usada8",
}
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


def decode(code: bytes, address: int) -> Iterator[Instruction]:
    """Decode Thumb code; bytes that are no instruction end the sequence."""
    position = 0
    while position < len(code):
        decoded = list(_decoder.disasm(code[position:], address + position))
        for raw in decoded:
            yield _instruction(raw)
            position += raw.size
        if position >= len(code):
            return
        # Capstone stopped: a coprocessor or reserved encoding that the core may still execute.
        first = int.from_bytes(code[position : position + 2], "little")
        size = 4 if first >> 11 in {0b11101, 0b11110, 0b11111} else 2
        yield Instruction(
            address + position,
            size,
            "?",
            "",
            Unit.ALU,
            frozenset(),
            frozenset(),
            frozenset(),
            {},
            alone=True,
        )
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
    early: set[int] = set()
    late: set[int] = set()
    base = name.removesuffix("s") if raw.update_flags else name
    item = Instruction(
        raw.address,
        raw.size,
        name,
        raw.op_str,
        Unit.ALU,
        frozenset(),
        frozenset(),
        frozenset(),
        {},
    )
    if conditional and item.branch == "":
        # A predicated instruction keeps the old value where the condition fails.
        reads |= {r for r in writes if r not in {FLAGS, _PC}}
    if name.startswith("it") and name[1] == "t" and set(name[2:]) <= {"t", "e"}:
        item.unit = Unit.NONE
        item.latency_class = "nop"
        reads, writes = set(), set()
    elif name == "nop":
        item.unit = Unit.NONE
    elif name.startswith("v"):
        _floating_point(item, name, raw, reads, early, late)
    elif _PC in writes or base in {"b", "bl", "blx", "bx", "cbz", "cbnz", "tbb", "tbh"}:
        _branch(item, base, raw, reads, early, conditional=conditional)
        # A predicted branch only checks the flags, when they are there: a counting loop can take
        # a cycle per turn (DS11532 Rev 7, 3.1).
        late |= reads & {FLAGS}
    elif base.startswith(("ldr", "ldm", "pop", "pld")):
        _load(item, base, raw, reads, writes, early)
    elif base.startswith(("str", "stm", "push")):
        _store(item, base, raw, reads, early, late)
    elif base in _MULTIPLY or base in _ACCUMULATE:
        item.unit = Unit.MAC
        item.latency_class = "multiply"
        if base in _ACCUMULATE:
            operands = raw.operands
            addends = operands[:2] if base in _LONG_ACCUMULATE else operands[3:4]
            late = {o.reg for o in addends if o.type == cs_arm.ARM_OP_REG}
            factors = operands[2:4] if base in _LONG_ACCUMULATE else operands[1:3]
            late -= {o.reg for o in factors}
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
        _data_processing(item, base, raw, reads, early)
    if item.branch:
        writes.discard(_PC)
    item.reads = frozenset(reads - early - late)
    item.early = frozenset(early)
    item.late = frozenset(late)
    for register in writes:
        item.writes.setdefault(register, item.latency_class)
    return item


def _data_processing(
    item: Instruction, base: str, raw: Any, reads: set[int], early: set[int]
) -> None:
    registers = [o for o in raw.operands if o.type == cs_arm.ARM_OP_REG]
    if base in _SHIFTED:
        item.unit |= Unit.SHIFT
    elif base in _EXTEND or base.endswith(_PARALLEL) or base == "sel":
        item.unit |= Unit.SIMD
        item.first_only = True
        if base.startswith(("q", "uq")):
            item.latency_class = "saturate"
    elif base in _EXTEND_ADD or base in {"pkhbt", "pkhtb"}:
        item.unit |= Unit.SIMD | Unit.SHIFT
        item.first_only = True
        early |= {registers[-1].reg}
    elif base in _FIELD:
        item.unit |= Unit.SIMD | Unit.SHIFT
        item.first_only = True
        early |= reads - {FLAGS}
    elif base in _INSERT or base == "clz":
        item.first_only = True
        if base in _INSERT:
            item.unit |= Unit.SHIFT
    elif base in _REVERSE:
        item.unit |= Unit.SIMD | Unit.SHIFT
        item.first_only = True
        item.latency_class = "early"
        early |= reads - {FLAGS}
    elif base in _SATURATE:
        item.unit |= Unit.SIMD | Unit.SHIFT
        item.first_only = True
        item.latency_class = "saturate"
        early |= reads - {FLAGS}
    elif raw.size == 4 and base not in _PLAIN_IMMEDIATES and _wide_immediate(raw):
        item.unit |= Unit.SHIFT
    elif any(o.shift.type for o in registers):
        item.unit |= Unit.SHIFT
        early |= {o.reg for o in registers if o.shift.type}
        if base in _COMPARES:
            item.latency_class = "saturate"
    early &= reads


def _wide_immediate(raw: Any) -> bool:
    """Tell whether an immediate is made by the shifter: more than its low eight bits."""
    return any(o.type == cs_arm.ARM_OP_IMM and not 0 <= o.imm <= _BYTE for o in raw.operands)


def _address_registers(raw: Any) -> set[int]:
    found = set()
    for operand in raw.operands:
        if operand.type == cs_arm.ARM_OP_MEM:
            found |= {operand.mem.base, operand.mem.index}
    return found - {0, _PC}


def _load(
    item: Instruction, base: str, raw: Any, reads: set[int], writes: set[int], early: set[int]
) -> None:
    item.unit = Unit.LOAD
    item.latency_class = "load"
    if base.startswith(("ldm", "pop")):
        item.alone = True
        item.words = len(raw.operands) - (1 if base.startswith("ldm") else 0)
        early |= reads - {FLAGS}
        return
    early |= _address_registers(raw)
    if base.startswith("ldrd"):
        item.alone = True
        item.words = 2
    elif base not in _WORD_LOADS:
        item.latency_class = "narrow"
        item.first_only = base.startswith("ldrex")
    if raw.writeback:
        for register in _address_registers(raw) & writes:
            item.writes[register] = "early"
    early &= reads | early


def _store(
    item: Instruction, base: str, raw: Any, reads: set[int], early: set[int], late: set[int]
) -> None:
    item.unit = Unit.STORE
    item.latency_class = "early"  # what a store writes is its updated base
    if base.startswith(("stm", "push")):
        item.alone = True
        item.words = len(raw.operands) - (1 if base.startswith("stm") else 0)
        early |= {_SP} if base.startswith("push") else {raw.operands[0].reg}
        late |= reads - early - {FLAGS}
        return
    early |= _address_registers(raw)
    late |= reads - early - {FLAGS}
    if base.startswith("strd"):
        item.alone = True
        item.words = 2
    elif base.startswith("strex"):
        item.alone = True


def _branch(
    item: Instruction, base: str, raw: Any, reads: set[int], early: set[int], *, conditional: bool
) -> None:
    item.unit = Unit.BRANCH
    first = raw.operands[0] if raw.operands else None
    if base in {"b", "bl", "cbz", "cbnz"}:
        target = raw.operands[-1]
        item.target = target.imm & 0xFFFFFFFF if target.type == cs_arm.ARM_OP_IMM else None
        item.branch = "conditional" if conditional or base in {"cbz", "cbnz"} else "direct"
    elif base in {"tbb", "tbh"}:
        item.branch = "indirect"
        item.latency_class = "table"
        item.alone = True
        early |= reads - {FLAGS}
    elif base in {"pop", "ldm", "ldmdb"} or (base == "bx" and first and first.reg == _LR):
        item.branch = "return"
        if base != "bx":
            item.unit |= Unit.LOAD
            item.alone = True
            item.latency_class = "load"
            item.words = len(raw.operands) - (0 if base == "pop" else 1)
    else:
        item.branch = "indirect"
        if base.startswith("ldr"):
            item.unit |= Unit.LOAD
            early |= _address_registers(raw)
    if conditional and item.branch != "conditional":
        item.branch = "conditional"


_FP_SHORT = ("vabs", "vneg", "vcvt", "vrint", "vmax", "vmin", "vsel")


def _fp_transfer(item: Instruction, head: str, raw: Any, early: set[int]) -> None:
    """Take the size and the pairing of a floating-point load or store."""
    registers = [o for o in raw.operands if o.type == cs_arm.ARM_OP_REG]
    wide = any(_is_double(o.reg) for o in registers)
    words = 2 if wide else 1
    if head in {"vldr", "vstr"}:
        item.alone = wide
        item.words = words
        early |= _address_registers(raw)
    else:
        count = len(registers) - (0 if head in {"vpop", "vpush"} else 1)
        item.alone = True
        item.words = count * words


def _floating_point(
    item: Instruction,
    name: str,
    raw: Any,
    reads: set[int],
    early: set[int],
    late: set[int],
) -> None:
    item.fp = True
    double = ".f64" in name
    head = name.partition(".")[0]
    if head in {"vldr", "vldm", "vldmia", "vldmdb", "vpop"}:
        item.unit = Unit.LOAD
        item.latency_class = "load"
        _fp_transfer(item, head, raw, early)
    elif head in {"vstr", "vstm", "vstmia", "vstmdb", "vpush"}:
        item.unit = Unit.STORE
        item.latency_class = "early"
        _fp_transfer(item, head, raw, early)
        late |= reads - early - {FLAGS}
    elif head in {"vdiv", "vsqrt"}:
        item.unit = Unit.FP
        item.latency_class = "fp_double_divide" if double else "fp_divide"
    elif head in {"vmla", "vmls", "vnmla", "vnmls", "vfma", "vfms", "vfnma", "vfnms"}:
        item.unit = Unit.FP
        item.latency_class = "fp_double_mac" if double else "fp_mac"
        item.first_only = double
        late |= {raw.operands[0].reg} & reads
    elif head in {"vmrs", "vmsr"}:
        item.unit = Unit.FP
        item.alone = True
    elif head in {"vcmp", "vcmpe"}:
        item.unit = Unit.FP
        item.latency_class = "alu"
        item.first_only = double
    elif head == "vmov":
        item.unit = Unit.FP if double else Unit.NONE
        item.latency_class = "fp"
        item.alone = len(raw.operands) > 2
    elif head in {"vmul", "vnmul"}:
        item.unit = Unit.FP
        item.latency_class = "fp_double_multiply" if double else "fp"
        item.first_only = double
    else:
        item.unit = Unit.FP
        item.latency_class = "fp_double" if double else "fp"
        item.first_only = double


def _is_double(register: int) -> bool:
    return bool(cs_arm.ARM_REG_D0 <= register <= cs_arm.ARM_REG_D31)
