"""Unicorn's Python binding, whose annotations do not describe it, as untyped names."""

from __future__ import annotations

from typing import Any

import unicorn
import unicorn.unicorn_py3.unicorn as binding
from unicorn import arm_const, unicorn_const

__all__ = ["arm", "const", "error_text", "library", "new_engine"]

arm: Any = arm_const
const: Any = unicorn_const
library: Any = binding.uclib
_module: Any = unicorn


def new_engine() -> Any:
    """Return a Cortex-M7; UC_MODE_MCLASS would select another core, without double precision."""
    return _module.Uc(const.UC_ARCH_ARM, const.UC_MODE_THUMB, arm.UC_CPU_ARM_CORTEX_M7)


def error_text(error: int) -> str:
    """Return what an error number means."""
    return str(_module.UcError(error))
