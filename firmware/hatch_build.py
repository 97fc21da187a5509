"""The build hook that puts the firmware's ELF into the wheel and into editable installs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FirmwareBuildHook(BuildHookInterface[Any]):
    """Runs ``firmware/build.py`` with the interpreter that builds the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build before the files of the wheel are gathered; a source archive carries no ELF."""
        if self.target_name != "wheel":
            return
        script = Path(self.root) / "firmware" / "build.py"
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr)
