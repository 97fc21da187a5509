"""Flash interface: wait states, unlocking, erase and programming, option bytes."""

from . import datasheet as ds
from . import flash_layout
from .device import Device
from .registers import FLASH

_ERRORS = ("OPERR", "WRPERR", "PGAERR", "PGPERR", "ERSERR")
_WIDTHS = (1, 2, 4, 8)  # bytes, by PSIZE
_BOTH_BANKS = (0, 1)


class Flash(Device):
    """The flash interface's registers and the rules of writing to the cells.

    While cells are written or erased, their bank answers no access: what wants one waits, with its
    clock running. Code that lies elsewhere goes on and sees BSY.

    Parameters
    ----------
    host : object
        See `Device`; also ``flash_erase(address, length)``, which sets cells to ones,
        ``flash_read(address, size)`` and ``flash_write(address, size, value)``, which load and
        store little-endian numbers, and ``flash_busy(banks, until_ps)``, which lets accesses to
        banks 0 and 1 wait. Addresses are on the AXI bus.
    base : int
        AXI address of the first byte, for messages.
    size : int
        Bytes of flash.

    Attributes
    ----------
    rcc : Rcc
        Told when the wait states change; set by the platform.
    on_layout : callable or None
        Called when the option bytes make one bank of two, or two of one.
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
        self.on_layout = None
        # The option bytes as they are programmed: the registers take them over at reset.
        self._options = {"OPTCR": self.values["OPTCR"], "OPTCR1": self.values["OPTCR1"]}
        self._sectors = flash_layout.sectors(self.dual_bank())
        self._ready_ps = 0
        self._token = None
        self._then = None

    def reset(self):
        Device.reset(self)
        self.values.update(self._options)
        self.set_field("OPTCR", "OPTLOCK", 1)
        self._key = self._option_key = 0
        self._locked_out = False
        if self._token is not None:
            self.host.cancel(self._token)
            self._token = None
            self.host.flash_busy(_BOTH_BANKS, 0)
            self.host.power_changed()

    # ---- what others ask ----

    def wait_states(self):
        """Return the wait states programmed."""
        return self.bit("ACR", "LATENCY")

    def programming(self):
        """Say whether a store to the flash would be taken: unlocked and PG set."""
        return bool(self.bit("CR", "PG")) and not self.bit("CR", "LOCK")

    def writing(self):
        """Say whether cells are being written or erased."""
        return bool(self.bit("SR", "BSY"))

    def dual_bank(self):
        """Say whether the cells are two banks: option bit nDBANK cleared."""
        return not FLASH.OPTCR.get(self._options["OPTCR"], "nDBANK")

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
        self._wait()
        self.store("CR", value)
        if self.bit("CR", "STRT"):
            self._erase()
        self._update_interrupt()

    def write_OPTCR(self, value):
        if self.bit("OPTCR", "OPTLOCK"):
            self.host.violation(
                "flash-locked", "FLASH_OPTCR written while it is locked; use FLASH_OPTKEYR"
            )
            return
        self._wait()
        self.store("OPTCR", value)
        if self.bit("OPTCR", "OPTSTRT"):
            self._begin(ds.FLASH_OPTION_PS, _BOTH_BANKS, self._program_options)

    def write_OPTCR1(self, value):
        if not self.bit("OPTCR", "OPTLOCK"):
            self.store("OPTCR1", value)

    def _program_options(self):
        before = self.dual_bank()
        self.set_field("OPTCR", "OPTSTRT", 0)
        for name in self._options:
            self._options[name] = self.values[name]
        if self.dual_bank() != before:
            self._sectors = flash_layout.sectors(self.dual_bank())
            if self.on_layout is not None:
                self.on_layout()

    # ---- cells ----

    def _erase(self):
        wanted = self._selected()
        parallelism = self.bit("CR", "PSIZE")
        if not wanted:
            numbers = [sector.number for sector in self._sectors]
            self.host.violation(
                "flash-erase",
                "FLASH_CR.STRT set with SER = %d, MER = %d, MER2 = %d, SNB = %d; sectors are %s"
                % (self.bit("CR", "SER"), self.bit("CR", "MER"), self.bit("CR", "MER2"),
                   self.bit("CR", "SNB"), _ranges(numbers)),
            )  # fmt: skip
            self._refuse("ERSERR")
        elif not all(self._writable(sector) for sector in wanted):
            self._refuse("WRPERR")
        else:
            for sector in wanted:
                self.host.flash_erase(self.base + sector.offset, sector.size)
            one = len(wanted) == 1
            times = wanted[0].erase_ps if one else ds.FLASH_MASS_ERASE_PS
            banks = _BOTH_BANKS
            if wanted[0].bank is not None:
                banks = tuple(sorted({sector.bank for sector in wanted}))
            self._begin(times[parallelism], banks, self._finish)
            return
        self.set_field("CR", "STRT", 0)

    def _selected(self):
        """Return the sectors that FLASH_CR selects for an erase."""
        if self.bit("CR", "SER"):
            number = self.bit("CR", "SNB")
            return [sector for sector in self._sectors if sector.number == number]
        first, second = self.bit("CR", "MER"), self.bit("CR", "MER2")
        if not self.dual_bank():
            return list(self._sectors) if first else []
        return [sector for sector in self._sectors if (second if sector.bank else first)]

    def _writable(self, sector):
        return self.bit("OPTCR", "nWRP") >> sector.protection & 1

    def _sector_at(self, offset):
        return [sector for sector in self._sectors if sector.offset <= offset][-1]

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
        self._wait()
        offset = address & (self.size - 1)
        if not self._takes(self.base + offset, size):
            return
        sector = self._sector_at(offset)
        if self._writable(sector):
            banks = _BOTH_BANKS if sector.bank is None else (sector.bank,)
            self._clear_bits(self.base + offset, size, value, banks)
        else:
            self._refuse("WRPERR")

    def program_once(self, address, size, value):
        """Take a store to the one-time programmable bytes; see `program`."""
        self._wait()
        if not self._takes(address, size):
            return
        block = (address - ds.OTP_BASE) // ds.OTP_BLOCK_BYTES
        lock = ds.OTP_BASE + ds.OTP_BLOCKS * ds.OTP_BLOCK_BYTES + block
        if block < ds.OTP_BLOCKS and self.host.flash_read(lock, 1) == 0:
            self._refuse("WRPERR")
        else:
            self._clear_bits(address, size, value, _BOTH_BANKS)

    def _takes(self, address, size):
        """Say whether the registers allow a store of a size; else tell what is wrong with it."""
        if not self.programming():
            self.host.violation(
                "flash-write", "store to flash at 0x%08X without FLASH_CR.PG" % address
            )
            self._refuse("ERSERR")
            return False
        width = _WIDTHS[self.bit("CR", "PSIZE")]
        if size != width and not (width == 8 and size == 4):
            self.host.violation(
                "flash-parallelism",
                "%d-byte store to flash at 0x%08X; FLASH_CR.PSIZE asks for %d bytes"
                % (size, address, width),
            )
            self._refuse("PGPERR")
            return False
        if address % size:
            self._refuse("PGAERR")
            return False
        return True

    def _clear_bits(self, address, size, value, banks):
        self.host.flash_write(address, size, self.host.flash_read(address, size) & value)
        self._begin(ds.FLASH_PROGRAM_PS, banks, self._finish)

    # ---- under way ----

    def _begin(self, duration_ps, banks, then):
        """Be busy, and draw the writing current, for as long as the cells take."""
        self._ready_ps = self.host.now_ps() + duration_ps
        self._then = then
        self.set_field("SR", "BSY", 1)
        self.host.power_changed()
        self.host.flash_busy(banks, self._ready_ps)
        self._token = self.host.call_at(self._ready_ps, self._done)

    def _wait(self):
        """Let an access wait until the cells are ready: registers and cells cannot be written."""
        if self._token is not None:
            self.host.wait_until(self._ready_ps)

    def _done(self):
        self._token = None
        self.set_field("SR", "BSY", 0)
        self._then()
        self.host.power_changed()

    def _finish(self):
        self.set_field("CR", "STRT", 0)
        if self.bit("CR", "EOPIE"):
            self.set_field("SR", "EOP", 1)
        self._update_interrupt()

    def _refuse(self, error):
        self.set_field("SR", error, 1)
        self._update_interrupt()

    def _update_interrupt(self):
        error = any(self.bit("SR", field) for field in _ERRORS)
        self.set_output(
            "IRQ",
            (self.bit("SR", "EOP") and self.bit("CR", "EOPIE"))
            or (error and self.bit("CR", "ERRIE")),
        )


def _ranges(numbers):
    """Return ascending numbers as text: ``0 to 11 and 16 to 27``."""
    parts = []
    begin = 0
    for index, number in enumerate(numbers):
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            parts.append("%d to %d" % (numbers[begin], number))
            begin = index + 1
    return " and ".join(parts)
