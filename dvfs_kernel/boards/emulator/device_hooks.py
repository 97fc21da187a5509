"""The native hooks around accesses to devices: a gate before each, and the reads.

Devices are Python, and a call costs microseconds. A loop that polls a register asks once: what
reads the same until the next event is kept in the state, and read from there.
"""

# Numba's annotations describe its decorators, not the compiled functions that they return.
# mypy: disable-error-code="arg-type, attr-defined, call-arg, import-untyped, no-any-return"
# mypy: no-warn-unreachable

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, cfunc, njit

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.native_calls import (
    call_device,
    leave_condition,
    register,
    set_byte,
)
from dvfs_kernel.boards.emulator.unicorn_binding import arm
from dvfs_kernel.storage.numba_cache import keyed

__all__ = ["device_gate", "device_read", "find_steady"]

_WRITE_PROTECTED = 22  # UC_MEM_WRITE_PROT
_PC, _XPSR, _CONTROL = arm.UC_ARM_REG_R15, arm.UC_ARM_REG_XPSR, arm.UC_ARM_REG_CONTROL
_IPSR = 0x1FF
_NPRIV = 1
_PPB_BEGIN, _PPB_END, _STIR = 0xE0000000, 0xE0100000, 0xE000EF00
_WORD_OFFSET = 3  # a pair of words needs the alignment of one
_WORD_PAIR = 7

_WORDS = st.STATE_WORDS
_CYCLES, _DEADLINE, _PREVIOUS = st.CYCLES, st.DEADLINE, st.PREVIOUS
_DEVICE_STALL, _FETCH_STALLS = st.DEVICE_STALL, st.FETCH_STALLS
_SKIP_PC_SYNC = st.SKIP_PC_SYNC
_FLAGS, _ROUNDED_UP, _HAS_CONDITIONS = st.BLOCK_FLAGS, st.ROUNDED_UP, st.HAS_CONDITIONS
_READ_DEVICE, _ACCESS_ADDRESS, _ACCESS_PC = st.READ_DEVICE, st.ACCESS_ADDRESS, st.ACCESS_PC
_REFUSED, _PRIVILEGE, _USER_TRIGGER = st.REFUSED, st.PRIVILEGE, st.USER_TRIGGER
_REFUSED_UNALIGNED, _REFUSED_UNPRIVILEGED = st.REFUSED_UNALIGNED, st.REFUSED_UNPRIVILEGED
_PRIVILEGED, _UNPRIVILEGED = st.PRIVILEGED, st.UNPRIVILEGED
_STEADY, _STEADY_REGISTERS, _STEADY_STRIDE = st.STEADY, st.STEADY_REGISTERS, st.STEADY_STRIDE
_STEADY_KEY, _STEADY_VALUE, _STEADY_COST = st.STEADY_KEY, st.STEADY_VALUE, st.STEADY_COST
_STEADY_UNTIL, _STEADY_SLOPE = st.STEADY_UNTIL, st.STEADY_SLOPE
_BEHIND, _BEHIND_MASK, _BEHIND_STRIDE = st.BEHIND, st.BEHIND_MASK, st.BEHIND_STRIDE
_BEHIND_PC, _BEHIND_BLOCK, _BEHIND_CYCLES = st.BEHIND_PC, st.BEHIND_BLOCK, st.BEHIND_CYCLES


@njit(cache=True)
@keyed
def find_steady(s: Any, address: int, size: int) -> int:
    """Return the offset of what is known of a register that reads the same for now, or 0."""
    key = address << 4 | size
    for index in range(s[_STEADY]):
        entry = _STEADY_REGISTERS + index * _STEADY_STRIDE
        if s[entry + _STEADY_KEY] == key:
            cycles = s[_CYCLES] + s[entry + _STEADY_COST]
            if cycles < s[_DEADLINE] and cycles < s[entry + _STEADY_UNTIL]:
                return entry
            return 0
    return 0


@cfunc("boolean(int64, int32, uint64, int32, int64, voidptr)", cache=True)
@keyed
def device_gate(engine: Any, kind: Any, address: Any, size: Any, _value: Any, data: Any) -> bool:
    """Tell whether the core may make an access to a device, and note which one it is."""
    s = carray(data, (_WORDS,), np.int64)
    place = np.int64(address)
    length = np.int64(size)
    if place & (length - 1) & _WORD_OFFSET:
        s[_REFUSED] = _REFUSED_UNALIGNED
        return False
    if _PPB_BEGIN <= place < _PPB_END:
        if s[_PRIVILEGE] == 0:
            s[_PRIVILEGE] = _PRIVILEGED
            if register(s, engine, _CONTROL) & _NPRIV and not register(s, engine, _XPSR) & _IPSR:
                s[_PRIVILEGE] = _UNPRIVILEGED
        if s[_PRIVILEGE] == _UNPRIVILEGED:
            triggers = place == _STIR and kind == _WRITE_PROTECTED and s[_USER_TRIGGER] != 0
            if not triggers:
                s[_REFUSED] = _REFUSED_UNPRIVILEGED
                return False
    s[_ACCESS_ADDRESS] = place
    entry = 0
    if kind != _WRITE_PROTECTED and s[_STEADY] != 0:
        entry = find_steady(s, place, length)
    if entry == 0 or s[entry + _STEADY_SLOPE] != 0:
        s[_ACCESS_PC] = register(s, engine, _PC)
        if s[s[_PREVIOUS] + _FLAGS] & _HAS_CONDITIONS:
            leave_condition(s, engine)
        if s[_SKIP_PC_SYNC] != 0:
            set_byte(s[_SKIP_PC_SYNC], 1)
    return True


@cfunc("uint64(int64, uint64, uint32, voidptr)", cache=True)
@keyed
def device_read(_engine: Any, offset: Any, size: Any, data: Any) -> Any:
    """Read a register of a device: from what is known, or by asking."""
    s = carray(data, (_WORDS,), np.int64)
    # A pair of words comes as two reads behind one gate.
    address = s[_ACCESS_ADDRESS] & ~_WORD_PAIR | np.int64(offset) & _WORD_PAIR
    if s[_STEADY] != 0:
        entry = find_steady(s, address, np.int64(size))
        if entry != 0:
            value = s[entry + _STEADY_VALUE]
            slope = s[entry + _STEADY_SLOPE]
            cost = s[entry + _STEADY_COST]
            if slope != 0:
                pc = s[_ACCESS_PC]
                block = s[_PREVIOUS]
                slot = _BEHIND + ((pc >> 1) & _BEHIND_MASK) * _BEHIND_STRIDE
                if (
                    s[slot + _BEHIND_PC] == pc
                    and s[slot + _BEHIND_BLOCK] == block
                    and s[_FETCH_STALLS] == 0
                ):
                    behind = s[slot + _BEHIND_CYCLES]
                    if s[block + _FLAGS] & _ROUNDED_UP:
                        behind += 1
                    value += slope * (s[_CYCLES] + cost - behind)
                else:
                    entry = 0
            if entry != 0:
                s[_CYCLES] += cost
                s[_DEVICE_STALL] += cost
                return np.uint64(value)
    return call_device(s[_READ_DEVICE], address, size)
