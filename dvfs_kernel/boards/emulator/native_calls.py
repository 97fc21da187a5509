"""Calls that native hooks make: into the engine, and back to Python.

An address that stands in the shared state becomes a function here.
"""

# Numba's annotations describe its decorators, not the compiled functions that they return.
# mypy: disable-error-code="attr-defined, call-arg, import-untyped, no-any-return"
# mypy: no-warn-unreachable

from __future__ import annotations

from inspect import Parameter, Signature
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


def _call(result: Any, *arguments: Any) -> Any:
    """Return what calls the C function at an address that is its first argument.

    Parameters
    ----------
    result, arguments
        The function's types.
    """

    def call(_typing: Any, *_given: Any) -> Any:
        def generate(context: Any, builder: Any, _signature: Any, given: Any) -> Any:
            function, *values = given
            kinds = [context.get_value_type(kind) for kind in arguments]
            form = ll.FunctionType(context.get_value_type(result), kinds)
            return builder.call(builder.inttoptr(function, form.as_pointer()), values)

        return result(types.int64, *arguments), generate

    # Numba counts parameters, which a star hides.
    names = ["typing", "function", *(f"argument{index}" for index in range(len(arguments)))]
    parameters = [Parameter(name, Parameter.POSITIONAL_ONLY) for name in names]
    call.__signature__ = Signature(parameters)
    return intrinsic(call)


#: ``int function(void *engine)``.
call_uc = _call(types.int32, types.int64)
#: ``int function(uint64_t address, uint64_t size)``.
call_resolve = _call(types.int32, types.int64, types.int64)
#: ``int function(void *engine, int register, void *value)``.
call_register = _call(types.int32, types.int64, types.int32, types.int64)
#: ``uint64_t function(uint64_t address, uint32_t size)``.
call_device = _call(types.uint64, types.int64, types.uint32)


@intrinsic
def set_byte(_typing: Any, address: Any, value: Any) -> Any:
    """Store a byte at an address."""

    def generate(context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        place, byte = args
        pointer = builder.inttoptr(place, ll.IntType(8).as_pointer())
        builder.store(builder.trunc(byte, ll.IntType(8)), pointer)
        return context.get_dummy_value()

    del address, value
    return types.void(types.int64, types.int64), generate


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
