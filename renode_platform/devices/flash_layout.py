"""Sectors and banks of the flash memory, with option bit nDBANK set or cleared."""

from . import datasheet as ds

_BANKS = 2
_SECOND_BANK = 16  # added to SNB for the second bank's sectors (RM0410, FLASH_CR.SNB)


class Sector(object):
    """What is erased at once.

    Attributes
    ----------
    number : int
        As in FLASH_CR.SNB.
    offset, size : int
        Bytes from the begin of flash, and bytes.
    bank : int
        0 or 1; None with one bank, whose sectors lie in both halves of the cells.
    protection : int
        Which bit of FLASH_OPTCR.nWRP protects it.
    erase_ps : tuple of int
        Time of an erase by PSIZE.
    """

    def __init__(self, number, offset, size_kb, bank, protection):
        self.number = number
        self.offset = offset
        self.size = 1024 * size_kb
        self.bank = bank
        self.protection = protection
        # With two banks, a sector of one is half of what one bank erases in both at a time.
        self.erase_ps = ds.FLASH_ERASE_PS[size_kb if bank is None else _BANKS * size_kb]


def sectors(dual_bank):
    """Return the sectors in the order of their addresses.

    Parameters
    ----------
    dual_bank : bool
        Whether the memory is two banks of half the size (nDBANK = 0).
    """
    found = []
    offset = 0
    for bank in range(_BANKS) if dual_bank else (None,):
        for index, one_bank_kb in enumerate(ds.FLASH_SECTOR_KB):
            number = index + (_SECOND_BANK if bank else 0)
            size_kb = one_bank_kb if bank is None else one_bank_kb // _BANKS
            # With two banks a bit protects two neighbours.
            protection = index if bank is None else (len(ds.FLASH_SECTOR_KB) * bank + index) // 2
            found.append(Sector(number, offset, size_kb, bank, protection))
            offset += 1024 * size_kb
    return tuple(found)
