"""Renode inside this process, through pyrenode3: loaded once, one machine at a time."""

from __future__ import annotations

import atexit
import itertools
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import renode_platform
from dvfs_kernel.boards.renode import installation
from dvfs_kernel.errors import BoardError, RenodeUnavailableError
from dvfs_kernel.storage.whole_units import whole_units

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RenodeMachine"]

_SCRIPT = Path(renode_platform.__file__).with_name("nucleo_f767zi_machine.resc")
_CHANNEL = "dvfs-kernel:"
_NS_A_SECOND = 1_000_000_000
_LOG_LINES_TOLD = 3
_ERRORS_KEPT = 10_000

_numbers = itertools.count()


class RenodeMachine:
    """One machine made by ``nucleo_f767zi_machine.resc``, and the channel to its models.

    Parameters
    ----------
    variables
        Of the script, without the dollar sign.

    Raises
    ------
    RenodeUnavailableError
        Renode is not there, or does not load.
    BoardError
        Another machine is open, or the script fails.
    """

    _renode: _Renode | None = None
    _open: RenodeMachine | None = None

    def __init__(self, variables: Mapping[str, str | int]) -> None:
        if RenodeMachine._open is not None:
            raise BoardError(
                "a Renode board is open in this process already: close it before the next one"
            )
        self._api = self._load()
        self._api.begin_log()
        self.name = f"board{next(_numbers)}"
        for name, value in {**variables, "name": self.name}.items():
            self.execute(f"${name}={_token(value)}")
        RenodeMachine._open = self
        try:
            self._machine: Any = self._make()
            self._ask: Any = self._open_channel()
        except BaseException:
            self.close()
            raise

    def _make(self) -> Any:
        output, error = self._api.monitor.execute_script(str(_SCRIPT))
        machine = self._api.emulation.get_mach(self.name)
        if str(error).strip() or machine is None:
            raise BoardError(f"Renode cannot make the board: {_said(output, error)}")
        return machine

    def _open_channel(self) -> Any:
        """Return the function that answers for the machine."""
        self.execute("emulation SetGlobalAdvanceImmediately true")
        self.execute(
            'python "import renode_platform.ironpython.channel as dvfs_channel; '
            f"dvfs_channel.Channel(nucleo.of(monitor.Machine)).open('{self.name}')\""
        )
        return self._api.application_domain.GetData(_CHANNEL + self.name)

    @classmethod
    def _load(cls) -> _Renode:
        if cls._renode is None:
            cls._renode = _Renode.load()
        return cls._renode

    def execute(self, text: str) -> str:
        """Let Renode's monitor carry out a command, and return what it prints."""
        output, error = self._api.monitor.execute(text)
        if str(error).strip():
            raise BoardError(f"Renode refuses {text!r}: {_said(output, error)}")
        return str(output)

    def ask(self, command: str, argument: str = "") -> str:
        """Ask the board's channel (``renode_platform/ironpython/channel.py``)."""
        if self._ask is None:
            raise BoardError("the Renode board is closed; make a new one")
        answer = str(self._ask.Invoke(f"{command} {argument}"))
        if answer.startswith("error "):
            raise BoardError(f"Renode, asked for {command}: {answer[6:]}")
        return answer

    def load_elf(self, path: Path) -> None:
        """Put an executable into memory."""
        self._call("load the firmware", lambda: self._machine.load_elf(str(path)))

    def load_binary(self, path: Path, address: int) -> None:
        """Put a file's bytes into memory."""
        self._call(
            "write to memory",
            lambda: self._machine.load_binary(str(path), address),
        )

    def reset(self, cause: str) -> None:
        """Reset the machine; memory and time stay."""
        self.ask("reset", cause)

    def run_for(self, seconds: float) -> None:
        """Let virtual time pass, as fast as it goes."""
        nanoseconds = max(whole_units(seconds, _NS_A_SECOND), 1)
        self._call("run the board", lambda: self._api.run_for(nanoseconds))

    def _call(self, what: str, action: Any) -> None:
        try:
            action()
        except (BoardError, KeyboardInterrupt):
            raise
        except Exception as error:
            raise BoardError(f"Renode cannot {what}: {_first_line(error)}") from error

    def errors(self) -> str:
        """Return the last errors in Renode's log since the machine was made."""
        return self._api.errors()

    def close(self) -> None:
        """Remove the machine, with everything that hangs on it."""
        if RenodeMachine._open is self:
            RenodeMachine._open = None
            self._ask = None
            self._machine = None
            self._api.application_domain.SetData(_CHANNEL + self.name, None)
            self._api.emulation.clear()


class _Renode:
    """What of Renode's own names is used."""

    def __init__(self) -> None:
        from Antmicro.Renode.Logging import Logger, LogLevel  # noqa: PLC0415
        from Antmicro.Renode.Logging.Backends import MemoryBackend  # noqa: PLC0415
        from Antmicro.Renode.Time import TimeInterval  # noqa: PLC0415
        from pyrenode3.wrappers import Emulation, Monitor  # noqa: PLC0415
        from System import AppDomain  # noqa: PLC0415

        self.emulation = Emulation()
        self.monitor = Monitor()
        self.application_domain = AppDomain.CurrentDomain
        self._interval = TimeInterval
        self._log_level = LogLevel
        self._logger = Logger
        self._new_memory = MemoryBackend
        self.begin_log()

    @classmethod
    def load(cls) -> Self:
        """Load the runtime and Renode's assemblies."""
        found = installation.find()
        os.environ.update(found.environment)
        try:
            with warnings.catch_warnings():
                # Of mono before 6.12, which Debian's Renode runs on.
                warnings.simplefilter("ignore", UserWarning)
                import pyrenode3.wrappers  # noqa: F401, PLC0415
            installation.check_version(_assembly_version())
            _leave_without_unloading()
            return cls()
        except RenodeUnavailableError:
            raise
        # pyrenode3 ends the process where it finds nothing to load.
        except (Exception, SystemExit) as error:
            raise RenodeUnavailableError(
                f"Renode at {found.where} does not load: {_first_line(error)}; install it "
                "and pyrenode3 anew, or name another one with PYRENODE_PKG"
            ) from error

    def run_for(self, nanoseconds: int) -> None:
        emulation = self.emulation.internal
        emulation.RunFor(self._interval.FromNanoseconds(nanoseconds))

    def begin_log(self) -> None:
        """Keep errors from now on, and forget those before."""
        self._memory = self._new_memory()
        self._logger.AddBackend(self._memory, self._new_memory.Name, True)
        self._memory.SetLogLevel(self._log_level.Error)

    def errors(self) -> str:
        entries = list(self._memory.GetMemoryLogEntries(_ERRORS_KEPT))
        found = [str(e.Message) for e in entries if e.Type == self._log_level.Error]
        return "; ".join(found[-_LOG_LINES_TOLD:])


def _leave_without_unloading() -> None:
    """Let the process end without an orderly end of the runtime, which takes some ten seconds.

    pyrenode3's own clean-up stays: it empties the emulation and ends Renode's threads.
    """
    import pythonnet  # noqa: PLC0415
    from clr_loader import mono  # noqa: PLC0415

    atexit.unregister(pythonnet.unload)
    if (release := getattr(mono, "_release", None)) is not None:
        atexit.unregister(release)


def _assembly_version() -> str:
    from System import AppDomain  # noqa: PLC0415

    loaded = (assembly.GetName() for assembly in AppDomain.CurrentDomain.GetAssemblies())
    return next((str(name.Version) for name in loaded if str(name.Name) == "Renode"), "")


def _token(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    if not value.isprintable() or set(value) & set('"`$'):
        raise BoardError(
            f"Renode's monitor could read {value!r} as a command; a text without quotes and $ that "
            "can be printed is allowed"
        )
    return f'"{value}"'


def _said(*texts: object) -> str:
    lines = [line for text in texts for line in str(text).strip().splitlines() if line.strip()]
    return " ".join(line.strip() for line in lines) or "it does not say why"


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
