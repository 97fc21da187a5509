"""What a program in the same process asks of a board: one function from text to text.

The function lies in the application domain's data, where both Pythons of a process that runs
Renode through pyrenode3 find it. Numbers are decimal, bytes hexadecimal, records are lines.
"""

import System

from .markers import read_table
from .ports import Line
from ..devices.traffic import TrafficLog

PREFIX = "dvfs-kernel:"


class Channel(object):
    """Answers a program's questions about one board.

    Parameters
    ----------
    board : RenodeBoard
    """

    def __init__(self, board):
        self._board = board
        self._line = Line(board.machine["sysbus.usart3"])
        self._traffic = TrafficLog()

    def open(self, name):
        """Lay the function where `name` finds it."""
        function = System.Func[System.String, System.String](self._answer)
        System.AppDomain.CurrentDomain.SetData(PREFIX + name, function)

    def _answer(self, request):
        try:
            command, _, argument = str(request).partition(" ")
            return getattr(self, "on_" + command)(argument)
        except Exception as error:  # noqa: BLE001 - the caller is told
            return "error %s: %s" % (type(error).__name__, error)

    def on_receive(self, argument):
        """Queue bytes on the line to the firmware."""
        data = [int(argument[i : i + 2], 16) for i in range(0, len(argument), 2)]
        self._line.send(data)
        return "ok"

    def on_sent(self, argument):
        """Return the layers begun, what the firmware has sent, and why the core was halted."""
        self._line.pump()
        data = "".join(["%02x" % byte for byte in self._line.received])
        del self._line.received[:]
        board = self._board
        fatal = board.fatal
        if fatal is None and board.core_stands():
            fatal = "the core is halted; Renode's log tells why"
        return "%d %s %s" % (board.log.layers_begun, data or "-", fatal or "")

    def on_state(self, argument):
        """Return time, instructions, cycles, energy and program counter."""
        board = self._board
        now_ps = board.time.now_ps()
        board.platform.meter.update()
        return "%d %d %d %r %d" % (
            now_ps,
            board.time.executed,
            board.time.cycles(),
            board.platform.meter.energy_since_reset_j,
            board.program_counter(),
        )

    def on_hse(self, argument):
        """Return the frequency of the HSE."""
        return "%d" % self._board.platform.rcc.hse_hz

    def on_markers(self, argument):
        """Return and forget the log of the marker pins."""
        log = self._board.log
        lines = ["%d %d %r %d %d" % marker for marker in log.markers]
        log.markers = []
        return "\n".join(lines)

    def on_clocks(self, argument):
        """Return and forget the log of SYSCLK."""
        log = self._board.log
        lines = ["%d %d %r %d %s %r" % change for change in log.clock_changes]
        log.clock_changes = []
        return "\n".join(lines)

    def on_violations(self, argument):
        """Return illegal programming since the board was attached."""
        return "\n".join(["%d %s %s" % item for item in self._board.host.violations])

    def on_table(self, argument):
        """Take the cycles of coming inferences, in the form that `read_table` reads."""
        log = self._board.log
        fresh = read_table(argument.split("\n"))
        if log.table is None:
            log.table = fresh
        else:
            log.table.extend(fresh)
        return "ok"

    def on_missed(self, argument):
        """Return how many stretches the table did not know."""
        table = self._board.log.table
        return "%d" % (0 if table is None else table.missed)

    def on_strict(self, argument):
        """Let illegal programming halt the core, or only be noted."""
        self._board.host.strict = argument == "1"
        return "ok"

    def on_reset(self, argument):
        """Reset the machine and start what flash memory holds; `argument` is the cause."""
        self._board.reset(argument)
        del self._line.received[:]
        return "ok"

    def on_record(self, argument):
        """Record accesses to the named devices, too, and from now on."""
        self._traffic.clear()
        for name in argument.split():
            self._traffic.watch(name, self._board.platform.devices[name][2])
        return "ok"

    def on_traffic(self, argument):
        """Return what was recorded."""
        return "\n".join(self._traffic.lines)
