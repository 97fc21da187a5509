"""Calls that native hooks make: into the engine, and back to Python.

An address that stands in the shared state becomes a function here.
"""

# Numba's annotations describe its decorators, not the compiled functions that they return.
# mypy: disable-error-code="attr-defined, call-arg, import-untyped, no-any-return"
# mypy: no-warn-unreachable

from __future__ import annotations

from typing import Any

import llvmlite.ir as ll
from numba import njit, types
from numba.extending import intrinsic

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.unicorn_binding import arm

__all__ = [
    "call_device",
    "call_register",
    "call_resolve",
    "call_uc",
    "leave_condition",
    "register",
    "set_byte",
]

_REG_READ, _REG_WRITE, _REGISTER = st.REG_READ, st.REG_WRITE, st.REGISTER
_EPSR = arm.UC_ARM_REG_EPSR
_THUMB = 1 << 24


@intrinsic
def call_uc(_typing: Any, function: Any, engine: Any) -> Any:
    """Call ``int function(void *engine)`` at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        kind = ll.FunctionType(ll.IntType(32), [ll.IntType(64)])
        pointer = builder.inttoptr(args[0], kind.as_pointer())
        return builder.call(pointer, [args[1]])

    del function, engine
    return types.int32(types.int64, types.int64), generate


@intrinsic
def call_resolve(_typing: Any, function: Any, address: Any, size: Any) -> Any:
    """Call ``int function(uint64_t address, uint64_t size)`` at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        kind = ll.FunctionType(ll.IntType(32), [ll.IntType(64), ll.IntType(64)])
        pointer = builder.inttoptr(args[0], kind.as_pointer())
        return builder.call(pointer, [args[1], args[2]])

    del function, address, size
    return types.int32(types.int64, types.int64, types.int64), generate


@intrinsic
def set_byte(_typing: Any, address: Any, value: Any) -> Any:
    """Store a byte at an address."""

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        pointer = builder.inttoptr(args[0], ll.IntType(8).as_pointer())
        builder.store(builder.trunc(args[1], ll.IntType(8)), pointer)
        return context.get_dummy_value()

    del address, value
    return types.void(types.int64, types.int64), generate


@intrinsic
def call_register(_typing: Any, function: Any, engine: Any, register: Any, place: Any) -> Any:
    """Call ``int function(void *engine, int register, void *value)`` at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        kind = ll.FunctionType(ll.IntType(32), [ll.IntType(64), ll.IntType(32), ll.IntType(64)])
        pointer = builder.inttoptr(args[0], kind.as_pointer())
        return builder.call(pointer, [args[1], args[2], args[3]])

    del function, engine, register, place
    return types.int32(types.int64, types.int64, types.int32, types.int64), generate


@intrinsic
def call_device(_typing: Any, function: Any, address: Any, size: Any) -> Any:
    """Call ``uint64_t function(uint64_t address, uint32_t size)`` at an address."""

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        kind = ll.FunctionType(ll.IntType(64), [ll.IntType(64), ll.IntType(32)])
        pointer = builder.inttoptr(args[0], kind.as_pointer())
        return builder.call(pointer, [args[1], args[2]])

    del function, address, size
    return types.uint64(types.int64, types.int64, types.uint32), generate


@njit(inline="always")
def leave_condition(s: Any, engine: int) -> None:
    """Take back what finding the program counter has done behind an IT instruction.

    The engine then also sets the core's IT bits to those of the instruction. The code that runs
    has the condition in itself and leaves them so, and what follows would be conditional, too.
    """
    s[_REGISTER] = _THUMB
    call_register(s[_REG_WRITE], engine, _EPSR, s.ctypes.data + 8 * _REGISTER)


@njit(inline="always")
def register(s: Any, engine: int, number: int) -> int:
    """Return a register of the core."""
    s[_REGISTER] = 0
    call_register(s[_REG_READ], engine, number, s.ctypes.data + 8 * _REGISTER)
    return s[_REGISTER]
