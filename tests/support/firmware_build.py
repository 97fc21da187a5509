"""The firmware's build script as a module; it lies outside of the package."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"


def load():
    """Return ``firmware/build.py``, loaded once."""
    name = "dvfs_firmware_build"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FIRMWARE / "build.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]
