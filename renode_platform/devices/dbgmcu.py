"""Device identity."""

from .device import Device
from .registers import DBGMCU


class Dbgmcu(Device):
    """The debug block: the device's identity; the freeze bits keep what is written."""

    block = DBGMCU

    def __init__(self, host, name="DBGMCU"):
        Device.__init__(self, host, name)

    def reset(self):
        """Keep everything: a system reset leaves the debug block alone."""
