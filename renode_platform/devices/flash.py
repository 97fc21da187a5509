"""Flash interface: wait states, unlocking, erase and programming."""

from . import datasheet as ds
from .device import Device
from .registers import FLASH

_ERRORS = ("OPERR", "WRPERR", "PGAERR", "PGPERR", "ERSERR")
_WIDTHS = (1, 2, 4, 8)  # bytes, by PSIZE


class Flash(Device):
    """The flash interface's registers and the rules of writing to the cells.

    While a write or an erase is under way the flash answers no fetch, so a core that executes from
    it stands; the model stops the core for the data sheet's time.

    Parameters
    ----------
    host : object
        See `Device`; also ``flash_erase(address, length)``, which sets cells to ones, and
        ``flash_read(address, size)`` and ``flash_write(address, size, value)``, which load and
        store little-endian numbers. Addresses are on the AXI bus.
    base : int
        AXI address of the first byte, for messages.
    size : int
        Bytes of flash.

    Attributes
    ----------
    rcc : Rcc
        Told when the wait states change; set by the platform.
    """

    block = FLASH

    def __init__(self, host, name="FLASH", base=0x08000000, size=2 * 1024 * 1024):
        Device.__init__(self, host, name)
        self.rcc = None
        self.base = base
        self.size = size
        self._key = 0
        self._option_key = 0
        self._locked_out = False
        self._writing_until_ps = 0

    def reset(self):
        options = self.values["OPTCR"], self.values["OPTCR1"]
        Device.reset(self)
        self.values["OPTCR"], self.values["OPTCR1"] = options
        self.set_field("OPTCR", "OPTLOCK", 1)
        self._key = self._option_key = 0
        self._locked_out = False

    # ---- what others ask ----

    def wait_states(self):
        """Return the wait states programmed."""
        return self.bit("ACR", "LATENCY")

    def programming(self):
        """Say whether a store to the flash would be taken: unlocked and PG set."""
        return bool(self.bit("CR", "PG")) and not self.bit("CR", "LOCK")

    def writing(self):
        """Say whether cells are being written or erased."""
        return self.host.now_ps() < self._writing_until_ps

    # ---- registers ----

    def write_ACR(self, value):
        if FLASH.ACR.get(value, "ARTRST") and FLASH.ACR.get(value, "ARTEN"):
            self.host.violation("art-reset", "FLASH_ACR.ARTRST set while ARTEN is set")
        self.store("ACR", value)
        self.rcc.update()

    def read_KEYR(self):
        return 0

    def write_KEYR(self, value):
        self._key = self._try_key(value, self._key, ds.FLASH_KEYS, "CR", "LOCK", "FLASH_KEYR")

    def read_OPTKEYR(self):
        return 0

    def write_OPTKEYR(self, value):
        self._option_key = self._try_key(
            value, self._option_key, ds.FLASH_OPTION_KEYS, "OPTCR", "OPTLOCK", "FLASH_OPTKEYR"
        )

    def _try_key(self, value, position, keys, register_name, field, where):
        """Take one key; return the position in the sequence. A wrong one locks until reset."""
        if self._locked_out or value != keys[position]:
            if not self._locked_out:
                self.host.violation(
                    "flash-key",
                    "0x%08X written to %s; 0x%08X opens it, a wrong key locks it until reset"
                    % (value, where, keys[position]),
                )
            self._locked_out = True
            return 0
        if position + 1 < len(keys):
            return position + 1
        self.set_field(register_name, field, 0)
        return 0

    def write_SR(self, value):
        # Flags are cleared by writing ones.
        self.values["SR"] &= ~(value & FLASH.SR.writable)
        self._update_interrupt()

    def write_CR(self, value):
        if self.bit("CR", "LOCK"):
            if value != self.values["CR"]:
                self.host.violation(
                    "flash-locked", "FLASH_CR written while it is locked; unlock it with FLASH_KEYR"
                )
            return
        self.store("CR", value)
        if self.bit("CR", "STRT"):
            self._erase()
            self.set_field("CR", "STRT", 0)
        self._update_interrupt()

    def write_OPTCR(self, value):
        if self.bit("OPTCR", "OPTLOCK"):
            self.host.violation(
                "flash-locked", "FLASH_OPTCR written while it is locked; use FLASH_OPTKEYR"
            )
            return
        self.store("OPTCR", value)
        self.set_field("OPTCR", "OPTSTRT", 0)

    def write_OPTCR1(self, value):
        if not self.bit("OPTCR", "OPTLOCK"):
            self.store("OPTCR1", value)

    # ---- cells ----

    def _erase(self):
        parallelism = self.bit("CR", "PSIZE")
        sector = self.bit("CR", "SNB")
        if self.bit("CR", "MER"):
            self.host.flash_erase(self.base, self.size)
            self._busy(ds.FLASH_MASS_ERASE_PS[parallelism])
        elif self.bit("CR", "SER") and sector < len(ds.FLASH_SECTOR_KB):
            size_kb = ds.FLASH_SECTOR_KB[sector]
            start = self.base + 1024 * sum(ds.FLASH_SECTOR_KB[:sector])
            self.host.flash_erase(start, 1024 * size_kb)
            self._busy(ds.FLASH_ERASE_PS[size_kb][parallelism])
        else:
            self.host.violation(
                "flash-erase",
                "FLASH_CR.STRT set with SER = %d, MER = %d, SNB = %d; sectors are 0 to %d"
                % (self.bit("CR", "SER"), self.bit("CR", "MER"), sector,
                   len(ds.FLASH_SECTOR_KB) - 1),
            )  # fmt: skip
            self.set_field("SR", "ERSERR", 1)
            return
        self._finish()

    def program(self, address, size, value):
        """Take a store to the flash: programming can only clear bits.

        Parameters
        ----------
        address : int
            On either bus or from the flash's begin; only the offset counts.
        size : int
            Bytes of the store; must be what PSIZE says.
        value : int
        """
        offset = address & (self.size - 1)
        if not self.programming():
            self.host.violation(
                "flash-write",
                "store to flash at 0x%08X without FLASH_CR.PG" % (self.base + offset),
            )
            self.set_field("SR", "ERSERR", 1)
            return
        width = _WIDTHS[self.bit("CR", "PSIZE")]
        if size != width and not (width == 8 and size == 4):
            self.host.violation(
                "flash-parallelism",
                "%d-byte store to flash at 0x%08X; FLASH_CR.PSIZE asks for %d bytes"
                % (size, self.base + offset, width),
            )
            self.set_field("SR", "PGPERR", 1)
            return
        if offset % size:
            self.set_field("SR", "PGAERR", 1)
            self._update_interrupt()
            return
        cells = self.host.flash_read(self.base + offset, size)
        self.host.flash_write(self.base + offset, size, cells & value)
        self._busy(ds.FLASH_PROGRAM_PS)
        self._finish()

    def _busy(self, duration_ps):
        """Stop the core, and draw the writing current, for as long as the cells take."""
        end_ps = self.host.now_ps() + duration_ps
        self._writing_until_ps = end_ps
        self.host.power_changed()
        self.host.stall_until(end_ps)
        self.host.call_at(end_ps, self.host.power_changed)

    def _finish(self):
        if self.bit("CR", "EOPIE"):
            self.set_field("SR", "EOP", 1)
        self._update_interrupt()

    def _update_interrupt(self):
        error = any(self.bit("SR", field) for field in _ERRORS)
        self.set_output(
            "IRQ",
            (self.bit("SR", "EOP") and self.bit("CR", "EOPIE"))
            or (error and self.bit("CR", "ERRIE")),
        )
