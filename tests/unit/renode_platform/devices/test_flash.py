import pytest
from device_host import Registers, make_board

from renode_platform.devices import datasheet as ds


@pytest.fixture
def board():
    return make_board()


def unlocked(platform):
    flash = Registers(platform, "flashController")
    for key in ds.FLASH_KEYS:
        flash.write("KEYR", key)
    assert not flash.get("CR", "LOCK")
    return flash


def test_writes_to_a_locked_controller_are_lost(board):
    host, platform = board
    flash = Registers(platform, "flashController")
    flash.write("CR", 0x201)
    assert flash.read("CR") == 0x80000000
    assert host.rules == ["flash-locked"]


def test_a_wrong_key_locks_until_reset(board):
    host, platform = board
    flash = Registers(platform, "flashController")
    flash.write("KEYR", 0x12345678)
    for key in ds.FLASH_KEYS:
        flash.write("KEYR", key)
    assert flash.get("CR", "LOCK")
    assert host.rules == ["flash-key"]
    platform.reset("software")
    unlocked(platform)


@pytest.mark.parametrize(
    ("sector", "start", "length", "erase_ms"),
    [(0, 0, 0x8000, 200), (4, 0x20000, 0x20000, 500), (5, 0x40000, 0x40000, 1000),
     (11, 0x1C0000, 0x40000, 1000)],
)  # fmt: skip
def test_sector_erase(board, sector, start, length, erase_ms):
    host, platform = board
    host.flash[:] = bytes(len(host.flash))
    flash = unlocked(platform)
    begin = host.now_ps()
    flash.set("CR", PSIZE=2, SER=1, SNB=sector)
    flash.set("CR", STRT=1)
    assert host.now_ps() == begin, "the clock goes on, and so does code that lies elsewhere"
    assert host.busy_banks == [((0, 1), begin + erase_ms * ds.PS_PER_MS)]
    assert flash.get("SR", "BSY")
    assert flash.get("CR", "STRT")
    host.advance_us(1000 * erase_ms - 1)
    assert flash.get("SR", "BSY")
    host.advance_us(1)
    assert not flash.get("SR", "BSY")
    assert not flash.get("CR", "STRT")
    assert bytes(host.flash[start : start + length]) == b"\xff" * length
    assert host.flash.count(0) == len(host.flash) - length


def test_mass_erase_and_a_start_of_nothing(board):
    host, platform = board
    host.flash[:] = bytes(len(host.flash))
    flash = unlocked(platform)
    flash.set("CR", STRT=1)
    assert host.rules == ["flash-erase"]
    assert "sectors are 0 to 11" in host.violations[0][1]
    assert not flash.get("CR", "STRT")
    flash.set("CR", PSIZE=2, MER=1)
    flash.set("CR", STRT=1)
    assert host.flash.count(0xFF) == len(host.flash)


def test_registers_and_cells_that_are_written_meanwhile_wait(board):
    host, platform = board
    flash = unlocked(platform)
    flash.set("CR", PSIZE=2, PG=1)
    platform.flash.program(0x08040000, 4, 0)
    assert host.waits == []
    flash.set("CR", PG=0)
    assert host.waits == [(0, 16 * ds.PS_PER_US)]
    assert not flash.get("SR", "BSY")


def test_a_reset_ends_what_is_under_way(board):
    host, platform = board
    flash = unlocked(platform)
    flash.set("CR", PSIZE=2, SER=1, SNB=5)
    flash.set("CR", STRT=1)
    platform.reset("software")
    assert not flash.get("SR", "BSY")
    assert host.busy_banks[-1] == ((0, 1), 0)
    host.advance_us(2_000_000)
    assert not flash.get("SR", "BSY")


def test_programming_clears_bits_and_takes_its_time(board):
    host, platform = board
    flash = unlocked(platform)
    flash.set("CR", PSIZE=2, PG=1)
    begin = host.now_ps()
    platform.flash.program(0x08040004, 4, 0xF0F0F0F0)
    platform.flash.program(0x00240004, 4, 0xFF00FF00)
    assert host.now_ps() - begin == 16 * ds.PS_PER_US, "the second waits for the first"
    assert host.flash_read(0x08040004, 4) == 0xF000F000
    assert host.violations == []


def test_programming_errors(board):
    host, platform = board
    platform.flash.program(0x08000000, 4, 0)
    assert host.rules == ["flash-write"]
    assert "0x08000000 without FLASH_CR.PG" in host.violations[0][1]
    flash = unlocked(platform)
    flash.set("CR", PSIZE=2, PG=1)
    platform.flash.program(0x08000000, 1, 0)
    assert host.rules[-1] == "flash-parallelism"
    assert flash.get("SR", "PGPERR")
    platform.flash.program(0x08000002, 4, 0)
    assert flash.get("SR", "PGAERR")
    flash.write("SR", 0x60)
    assert flash.read("SR") & 0x60 == 0
    assert host.flash_read(0x08000000, 8) == 0xFFFFFFFFFFFFFFFF


def test_end_of_operation_interrupt(board):
    host, platform = board
    levels = []
    platform.on_line(lambda line, level: levels.append((line, level)))
    flash = unlocked(platform)
    flash.set("CR", PSIZE=2, PG=1, EOPIE=1)
    platform.flash.program(0x08000000, 4, 0)
    assert levels == []
    host.advance_us(16)
    assert levels == [(4, True)]
    flash.write("SR", 1)
    assert levels == [(4, True), (4, False)]


def test_option_bytes_open_with_their_keys(board):
    host, platform = board
    flash = Registers(platform, "flashController")
    assert flash.get("OPTCR", "nDBANK")
    assert flash.get("OPTCR", "OPTLOCK")
    flash.write("OPTCR", 0)
    assert host.rules == ["flash-locked"]
    for key in ds.FLASH_OPTION_KEYS:
        flash.write("OPTKEYR", key)
    assert not flash.get("OPTCR", "OPTLOCK")


# ---- option bytes -----------------------------------------------------------------------------


def options_open(platform):
    flash = unlocked(platform)
    for key in ds.FLASH_OPTION_KEYS:
        flash.write("OPTKEYR", key)
    return flash


def with_options(board, **fields):
    host, platform = board
    flash = options_open(platform)
    flash.set("OPTCR", **fields)
    flash.set("OPTCR", OPTSTRT=1)
    assert flash.get("SR", "BSY")
    host.advance_us(ds.FLASH_OPTION_PS // ds.PS_PER_US)
    assert not flash.get("SR", "BSY")
    assert not flash.get("OPTCR", "OPTSTRT")
    return host, platform, flash


def test_option_bytes_are_what_was_programmed_and_not_what_was_written(board):
    _, platform = board
    flash = options_open(platform)
    flash.set("OPTCR", nDBANK=0)
    assert not flash.get("OPTCR", "nDBANK")
    assert not platform.flash.dual_bank()
    platform.reset("software")
    assert flash.get("OPTCR", "nDBANK")
    with_options(board, nDBANK=0)
    platform.reset("software")
    assert not flash.get("OPTCR", "nDBANK")
    assert platform.flash.dual_bank()


@pytest.mark.parametrize(
    ("number", "start", "length", "bank", "erase_ms"),
    [(0, 0, 0x4000, 0, 200), (4, 0x10000, 0x10000, 0, 500), (11, 0xE0000, 0x20000, 0, 1000),
     (16, 0x100000, 0x4000, 1, 200), (20, 0x110000, 0x10000, 1, 500),
     (27, 0x1E0000, 0x20000, 1, 1000)],
)  # fmt: skip
def test_two_banks_have_sectors_of_half_the_size(board, number, start, length, bank, erase_ms):
    host, _, flash = with_options(board, nDBANK=0)
    host.flash[:] = bytes(len(host.flash))
    begin = host.now_ps()
    flash.set("CR", PSIZE=2, SER=1, SNB=number)
    flash.set("CR", STRT=1)
    assert host.busy_banks[-1] == ((bank,), begin + erase_ms * ds.PS_PER_MS)
    assert bytes(host.flash[start : start + length]) == b"\xff" * length
    assert host.flash.count(0) == len(host.flash) - length


@pytest.mark.parametrize("number", [12, 15, 28])
def test_numbers_between_and_beyond_the_banks_are_no_sectors(board, number):
    host, _, flash = with_options(board, nDBANK=0)
    flash.set("CR", SER=1, SNB=number)
    flash.set("CR", STRT=1)
    assert "sectors are 0 to 11 and 16 to 27" in host.violations[-1][1]
    assert flash.get("SR", "ERSERR")


@pytest.mark.parametrize(("fields", "half"), [({"MER": 1}, 0), ({"MER2": 1}, 1)])
def test_mass_erase_of_one_bank(board, fields, half):
    host, _, flash = with_options(board, nDBANK=0)
    host.flash[:] = bytes(len(host.flash))
    flash.set("CR", PSIZE=2, **fields)
    flash.set("CR", STRT=1)
    middle = len(host.flash) // 2
    assert host.flash.count(0) == middle
    assert host.flash[half * middle] == host.flash[(half + 1) * middle - 1] == 0xFF
    assert host.busy_banks[-1][0] == (half,)


@pytest.mark.parametrize(
    ("dual", "protected", "sector", "other", "address"),
    [(1, 5, 5, 6, 0x08040000), (0, 8, 20, 22, 0x08110000), (0, 2, 4, 6, 0x08010000)],
)
def test_a_protected_sector_is_neither_erased_nor_programmed(
    board, dual, protected, sector, other, address
):
    host, platform, flash = with_options(board, nDBANK=dual, nWRP=0xFFF & ~(1 << protected))
    host.flash[:] = b"\x55" * len(host.flash)
    flash.set("CR", PSIZE=2, SER=1, SNB=sector)
    flash.set("CR", STRT=1)
    assert flash.get("SR", "WRPERR")
    assert not flash.get("SR", "BSY")
    flash.write("SR", 0xF0)
    flash.set("CR", SER=0, PG=1)
    platform.flash.program(address, 4, 0)
    assert flash.get("SR", "WRPERR")
    assert host.flash.count(0x55) == len(host.flash)
    flash.write("SR", 0xF0)
    flash.set("CR", PG=0, SER=1, SNB=other)
    flash.set("CR", STRT=1)
    assert not flash.get("SR", "WRPERR")


# ---- one-time programmable bytes ----------------------------------------------------------------


def test_one_time_programmable_bytes_clear_bits_until_they_are_locked(board, monkeypatch):
    host, platform = board
    cells = bytearray(b"\xff" * (ds.OTP_BLOCKS * (ds.OTP_BLOCK_BYTES + 1)))
    place = lambda address: address - ds.OTP_BASE  # noqa: E731 - a word for both directions
    monkeypatch.setattr(host, "flash_read", lambda address, _size: cells[place(address)])
    monkeypatch.setattr(
        host, "flash_write", lambda address, _size, value: cells.__setitem__(place(address), value)
    )
    flash = unlocked(platform)
    flash.set("CR", PG=1)
    platform.flash.program_once(ds.OTP_BASE + 64, 1, 0xF0)
    platform.flash.program_once(ds.OTP_BASE + 64, 1, 0x3C)
    assert cells[64] == 0x30
    lock = ds.OTP_BASE + ds.OTP_BLOCKS * ds.OTP_BLOCK_BYTES + 1
    platform.flash.program_once(lock, 1, 0)
    platform.flash.program_once(ds.OTP_BASE + 64, 1, 0)
    assert cells[64] == 0x30
    assert flash.get("SR", "WRPERR")
    platform.flash.program_once(ds.OTP_BASE + 128, 1, 0)
    assert cells[128] == 0
