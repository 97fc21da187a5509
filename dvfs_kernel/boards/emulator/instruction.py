"""What the issue rules have to know of an instruction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = ["FLAGS", "Instruction", "LoadedWord", "Unit"]

FLAGS = -1  # pseudo register: N, Z, C, V


class Unit:
    """Execution resources of which there is one, or two, a cycle; bits, plain for speed."""

    NONE = 0
    ALU = 1  # two
    SHIFT = 2  # the shifter before the first ALU
    LOAD = 4  # two, one word each, in different banks
    STORE = 8
    MAC = 16
    BRANCH = 32
    FP = 64
    SIMD = 128
    PURE_SHIFT = 256  # a shift alone; either ALU's shifter does it
    FP_MAC = 512
    FP_ADD = 1024
    FP_TRANSFER = 2048


class LoadedWord(NamedTuple):
    """Where a word lies that is loaded: base register, 0 for an absolute address, and offset."""

    base: int
    offset: int


@dataclass
class Instruction:
    """One decoded instruction; those of the same bytes share their dictionary of writes.

    Attributes
    ----------
    address_registers, early : frozenset of int
        Registers needed in the first stage: for an address, or in the first ALU and shifter.
    reads : frozenset of int
        Registers needed in the second ALU.
    factors : frozenset of int
        Those that a multiplier needs in that stage.
    late : frozenset of int
        Accumulators, one stage later.
    stored : frozenset of int
        Store data, two stages later.
    writes : dict of int to str
        Register to class of its latency, e.g. ``"load"``.
    first_alu : str
        Whether the first ALU can do it: ``""``, ``"elder"`` if only as the elder of a pair,
        ``"any"``.
    first_only : bool
        May pair only as the elder of two.
    place : LoadedWord, optional
        Of the word that it loads.
    """

    address: int
    size: int
    mnemonic: str
    operands: str
    unit: int
    address_registers: frozenset[int] = frozenset()
    early: frozenset[int] = frozenset()
    reads: frozenset[int] = frozenset()
    factors: frozenset[int] = frozenset()
    late: frozenset[int] = frozenset()
    stored: frozenset[int] = frozenset()
    writes: dict[int, str] = field(default_factory=dict)
    first_alu: str = ""
    first_only: bool = False
    alone: bool = False
    latency_class: str = "alu"
    words: int = 0
    branch: str = ""  # "", "conditional", "direct", "indirect", "return"
    target: int | None = None
    fp: bool = False
    place: LoadedWord | None = None
    advance: int = 0  # what a post- or pre-indexed access adds to its base
    #: Every register that it needs, and in which of the six sets above it stands.
    needs: tuple[tuple[int, int], ...] = ()
