"""The two native hooks: one before every basic block, one at every data access.

They are compiled once by Numba and handed to Unicorn as plain function pointers, so that a block
costs nanoseconds and no Python.
"""

# Numba's annotations describe its decorators, not the compiled functions that they return.
# mypy: disable-error-code="arg-type, attr-defined, call-arg, import-untyped, no-any-return"
# mypy: no-warn-unreachable

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, njit

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.caches import data_access, data_read_hits, fetch, flash_busy
from dvfs_kernel.boards.emulator.device_hooks import find_steady
from dvfs_kernel.boards.emulator.native_calls import (
    call_register,
    call_resolve,
    call_uc,
    leave_condition,
    register,
    set_byte,
)
from dvfs_kernel.boards.emulator.nvic import PRIORITY_BITS_MASK
from dvfs_kernel.boards.emulator.unicorn_binding import arm
from dvfs_kernel.storage.numba_cache import keyed

__all__ = ["access_hook", "block_hook", "find_block"]

STOPPED_AT_DEADLINE = 1
STOPPED_AT_BLOCK = 2
STOPPED_BY_ERROR = 3

_READ_ACCESS = 16  # UC_MEM_READ
_BASEPRI_REGISTER = arm.UC_ARM_REG_BASEPRI
_IMPLEMENTED = PRIORITY_BITS_MASK
_WORD_OFFSET = 3  # a pair of words needs the alignment of one

_WORDS = st.STATE_WORDS
_CYCLES, _INSTRUCTIONS, _BASE_CYCLES = st.CYCLES, st.INSTRUCTIONS, st.BASE_CYCLES
_BRANCH_CYCLES, _MISPREDICTIONS = st.BRANCH_CYCLES, st.MISPREDICTIONS
_DATA_ACCESSES, _DEADLINE = st.DATA_ACCESSES, st.DEADLINE
_STOPPED_BY_HOOK, _STEPPING, _PREVIOUS = st.STOPPED_BY_HOOK, st.STEPPING, st.PREVIOUS
_MASKED_PENDING, _FPU_DISABLED = st.MASKED_PENDING, st.FPU_DISABLED
_EVENT_REGISTER, _RESOLVE, _EMU_STOP = st.EVENT_REGISTER, st.RESOLVE, st.EMU_STOP
_SKIP_PC_SYNC, _LAST_BLOCK, _MODEL_CACHES = st.SKIP_PC_SYNC, st.LAST_BLOCK, st.MODEL_CACHES
_TAKEN, _MISPREDICT, _FIRST_BRANCH = st.TAKEN, st.MISPREDICT, st.FIRST_BRANCH
_BLOCKS, _BLOCK_MASK, _BLOCK_STRIDE = st.BLOCKS, st.BLOCK_MASK, st.BLOCK_STRIDE
_KEY, _HALVES, _COUNT = st.BLOCK_KEY, st.BLOCK_HALF_CYCLES, st.BLOCK_INSTRUCTIONS
_FLAGS, _LATE_FLAGS, _LATE_FLAG = st.BLOCK_FLAGS, st.LATE_FLAGS, st.LATE_FLAG
_UNALIGNED_LOAD, _UNALIGNED_CYCLES = st.UNALIGNED_LOAD, st.UNALIGNED_CYCLES
_KIND_LIMIT, _PERIPHERAL_END = st.KIND_LIMIT, st.PERIPHERAL_END
_SYSTEM_BEGIN = st.SYSTEM_BEGIN
_END, _COUNTER, _TARGET, _RUNS = st.BLOCK_END, st.BLOCK_COUNTER, st.BLOCK_TARGET, st.BLOCK_RUNS
_CONDITIONAL, _INDIRECT, _FIRST_TIME = st.CONDITIONAL, st.INDIRECT, st.FIRST_TIME
_MAY_UNMASK, _SENDS_EVENT, _USES_FPU = st.MAY_UNMASK, st.SENDS_EVENT, st.USES_FPU
_SPINS, _IN_FAULT_HANDLER = st.SPINS, st.IN_FAULT_HANDLER
_SETS_BASEPRI, _RAISES_BASEPRI, _BARS = st.SETS_BASEPRI, st.RAISES_BASEPRI, st.BARS
_BASEPRI, _BARRIER = st.BASEPRI, st.BARRIER
_HAS_CONDITIONS = st.HAS_CONDITIONS
_REG_READ, _REG_WRITE, _REGISTER = st.REG_READ, st.REG_WRITE, st.REGISTER
_KINDS, _KIND_SHIFT = st.KINDS, st.KIND_SHIFT
_FLASH_READY, _ICACHE_STALL = st.FLASH_READY, st.ICACHE_STALL
_FLASH_KIND = st.KIND_FLASH & st.KIND_FLASH_ITCM  # the bit that both have
_PRIVILEGE, _FETCH_STALLS = st.PRIVILEGE, st.FETCH_STALLS
_STEADY, _STEADY_SLOPE = st.STEADY, st.STEADY_SLOPE
_RARE = st.RARE
_ROUNDED_UP = st.ROUNDED_UP
_BRANCHES = st.CONDITIONAL | st.INDIRECT | st.FIRST_TIME


@njit(cache=True)
@keyed
def find_block(s: Any, key: int) -> int:
    """Return the offset of a block's entry; of an empty entry where it is not known."""
    slot = ((key >> 17) ^ (key >> 31)) & _BLOCK_MASK
    while True:
        entry = _BLOCKS + slot * _BLOCK_STRIDE
        if s[entry] == key or s[entry] == 0:
            return entry
        slot = (slot + 1) & _BLOCK_MASK


@njit(cache=True)
@keyed
def _branch_cost(s: Any, previous: int, flags: int, address: int) -> int:
    """Resolve the branch that ended the previous block, now that its target is known."""
    if flags & _CONDITIONAL:
        counter = s[previous + _COUNTER]
        if address != s[previous + _END]:
            s[previous + _COUNTER] = min(counter + 1, 3)
            if counter >= 2:
                return s[_TAKEN]
        else:
            s[previous + _COUNTER] = max(counter - 1, 0)
            if counter < 2:
                return 0
        s[_MISPREDICTIONS] += 1
        late = s[_LATE_FLAG] if flags & _LATE_FLAGS else 0
        return s[_MISPREDICT] + late
    if flags & _INDIRECT:
        if s[previous + _TARGET] == address:
            return 0
        s[previous + _TARGET] = address
        s[_MISPREDICTIONS] += 1
        return s[_MISPREDICT]
    s[previous + _FLAGS] = flags & ~_FIRST_TIME
    return s[_FIRST_BRANCH]


@njit(cache=True)
@keyed
def _special_registers_written(s: Any, engine: int, flags: int) -> None:
    """Follow a block that ended in MSR: drop the bits of BASEPRI that are not implemented."""
    s[_PRIVILEGE] = 0
    if flags & (_SETS_BASEPRI | _RAISES_BASEPRI) == 0:
        return
    written = register(s, engine, _BASEPRI_REGISTER)
    value = written & _IMPLEMENTED
    if flags & _RAISES_BASEPRI and value == 0:
        value = s[_BASEPRI]  # a mask of nothing raises nothing
    if value != written:
        s[_REGISTER] = value
        call_register(s[_REG_WRITE], engine, _BASEPRI_REGISTER, s.ctypes.data + 8 * _REGISTER)
    s[_BASEPRI] = value


@cfunc("void(int64, uint64, uint32, voidptr)", cache=True)
@keyed
def block_hook(engine: Any, address: Any, size: Any, data: Any) -> None:
    """Account for a basic block that is about to run, or stop before it."""
    s = carray(data, (_WORDS,), np.int64)
    if s[_CYCLES] >= s[_DEADLINE]:
        if s[_STEPPING] != 0:
            s[_FETCH_STALLS] = 0
            if s[_SKIP_PC_SYNC] != 0:
                set_byte(s[_SKIP_PC_SYNC], 1)
            return
        last = s[_PREVIOUS]
        if s[last + _FLAGS] & _MAY_UNMASK:
            _special_registers_written(s, engine, s[last + _FLAGS])
        s[_STOPPED_BY_HOOK] = STOPPED_AT_DEADLINE
        call_uc(s[_EMU_STOP], engine)
        return
    start = np.int64(address)
    length = np.int64(size)
    key = (start << 16) | length
    entry = find_block(s, key)
    if s[entry] == 0:
        if call_resolve(s[_RESOLVE], start, length) != 0:
            s[_STOPPED_BY_HOOK] = STOPPED_BY_ERROR
            call_uc(s[_EMU_STOP], engine)
            return
        entry = find_block(s, key)
    previous = s[_PREVIOUS]
    flags = s[entry + _FLAGS]
    before = s[previous + _FLAGS]
    if (flags | before) & _RARE:
        if before & _MAY_UNMASK:
            _special_registers_written(s, engine, before)
        if (
            (before & _MAY_UNMASK and s[_MASKED_PENDING] != 0)
            or (flags & _USES_FPU and s[_FPU_DISABLED] != 0)
            or (flags & _SPINS and s[_IN_FAULT_HANDLER] != 0)
        ):
            s[_STOPPED_BY_HOOK] = STOPPED_AT_BLOCK
            call_uc(s[_EMU_STOP], engine)
            return
        if flags & _SENDS_EVENT:
            s[_EVENT_REGISTER] = 1
        if flags & _BARS:
            s[_BARRIER] = s[_CYCLES]
    # Half a cycle is taken in every other run.
    halves = s[entry + _HALVES]
    cost = halves >> 1
    if halves & 1 and flags & _ROUNDED_UP == 0:
        cost += 1
    s[_BASE_CYCLES] += cost
    if before & _BRANCHES:
        branch = _branch_cost(s, previous, before, start)
        s[_BRANCH_CYCLES] += branch
        cost += branch
    if s[_MODEL_CACHES] != 0:
        cost += fetch(s, start, length)
        if s[_SKIP_PC_SYNC] != 0:
            set_byte(s[_SKIP_PC_SYNC], 1)
    else:
        s[_FETCH_STALLS] = 0
        written = s[_FLASH_READY] | s[_FLASH_READY + 1]
        if written and s[_KINDS + (start >> _KIND_SHIFT)] & _FLASH_KIND:
            wait = flash_busy(s, start, cost)
            s[_ICACHE_STALL] += wait
            cost += wait
    if halves & 1:
        s[entry + _FLAGS] ^= _ROUNDED_UP
    s[_CYCLES] += cost
    s[_INSTRUCTIONS] += s[entry + _COUNT]
    s[entry + _RUNS] += 1
    s[_PREVIOUS] = entry
    s[_LAST_BLOCK] = start


@cfunc("void(int64, int32, int64, int32, int64, voidptr)", cache=True)
@keyed
def access_hook(engine: Any, kind: Any, address: Any, size: Any, _value: Any, data: Any) -> None:
    """Account for a data access."""
    s = carray(data, (_WORDS,), np.int64)
    s[_DATA_ACCESSES] += 1
    length = np.int64(size)
    if s[_SKIP_PC_SYNC] == 0 and s[s[_PREVIOUS] + _FLAGS] & _HAS_CONDITIONS:
        leave_condition(s, engine)
    if address >= _KIND_LIMIT and not _PERIPHERAL_END <= address < _SYSTEM_BEGIN:
        # The gate comes next: it wants the program counter, but for a register that is known.
        if s[_SKIP_PC_SYNC] != 0:
            entry = 0
            if kind == _READ_ACCESS and s[_STEADY] != 0:
                entry = find_steady(s, address, length)
            if entry == 0 or s[entry + _STEADY_SLOPE] != 0:
                set_byte(s[_SKIP_PC_SYNC], 0)
        return
    if kind == _READ_ACCESS:
        if address & (length - 1) & _WORD_OFFSET and address < _KIND_LIMIT:
            s[_CYCLES] += s[_UNALIGNED_LOAD]
            s[_UNALIGNED_CYCLES] += s[_UNALIGNED_LOAD]
        if data_read_hits(s, address, length):
            return
    elif (
        s[_SKIP_PC_SYNC] != 0
        and address < _KIND_LIMIT
        and s[_KINDS + (address >> _KIND_SHIFT)] & _FLASH_KIND
    ):
        set_byte(s[_SKIP_PC_SYNC], 0)  # a store that is not taken as it is
    stall = data_access(s, address, length, kind != _READ_ACCESS)
    if stall != 0:
        s[_CYCLES] += stall
