"""Where the native hooks keep what they count: one array of 64-bit integers.

The hooks get the array's address as their user data. Offsets are plain integers because compiled
code takes them as constants; `state_layout` numbers them in the order in which they stand here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dvfs_kernel.boards.emulator.state_layout import Flags, Layout
from dvfs_kernel.boards.emulator.trace import Counters

__all__ = ["NativeState", "is_peripheral", "new_state"]

NativeState = NDArray[np.int64]

# ---- counters, in the order of `Counters` -------------------------------------------------
_state = Layout()
_state.take(len(Counters._fields))
_counter = Counters._fields.index
CYCLES = _counter("cycles")  # everything that the core clock counted while the core ran
INSTRUCTIONS = _counter("instructions")
BASE_CYCLES = _counter("base_cycles")  # static cost of the blocks
BRANCH_CYCLES = _counter("branch_cycles")  # mispredictions and first-time branches
MISPREDICTIONS = _counter("mispredictions")
ICACHE_STALL = _counter("icache_stall_cycles")
DCACHE_FLASH_STALL = _counter("dcache_flash_stall_cycles")
DCACHE_SRAM_STALL = _counter("dcache_sram_stall_cycles")
DEVICE_STALL = _counter("device_stall_cycles")
EXCEPTION_CYCLES = _counter("exception_cycles")
ICACHE_FLASH_MISSES = _counter("icache_flash_misses")
ICACHE_SRAM_MISSES = _counter("icache_sram_misses")
DCACHE_FLASH_MISSES = _counter("dcache_flash_misses")
DCACHE_SRAM_MISSES = _counter("dcache_sram_misses")
DCACHE_STORE_MISSES = _counter("dcache_store_misses")
WRITE_BACKS = _counter("write_backs")
UNCACHED_FETCHES = _counter("uncached_fetches")
UNCACHED_READS = _counter("uncached_reads")
UNCACHED_WRITES = _counter("uncached_writes")
DATA_ACCESSES = _counter("data_accesses")
FLASH_WAITS = _counter("flash_waits")  # words of flash whose wait states the core waited for
UNALIGNED_CYCLES = _counter("unaligned_cycles")
ART_OFF_WAITS = _counter(
    "art_off_waits"
)  # of these, lines on the ITCM port without the accelerator
COUNTERS = len(Counters._fields)

# ---- control -------------------------------------------------------------------------------
DEADLINE = _state.take()  # stop before the block that begins at or after this cycle
STOPPED_BY_HOOK = _state.take()  # 1: a deadline, 2: a block that must not run as it is
STEPPING = _state.take()  # blocks are not charged; looked at where the deadline has passed
PREVIOUS = _state.take()  # entry of the block that ran last, NO_BLOCK for none
MASKED_PENDING = _state.take()  # an exception waits for PRIMASK, BASEPRI or FAULTMASK
FPU_DISABLED = _state.take()
EVENT_REGISTER = _state.take()
RESOLVE = _state.take()  # address of int(uint64 address, uint64 size): costs a new block
EMU_STOP = _state.take()  # address of uc_emu_stop
# Address of a byte that, set to 1, spares a search per data access; or 0.
SKIP_PC_SYNC = _state.take()
LAST_BLOCK = _state.take()  # address of the block that ran last
ICACHE_ON = _state.take()
DCACHE_ON = _state.take()
MODEL_CACHES = _state.take()  # 0: base cost only
ART_ON = _state.take()
LAST_STORE_LINE = _state.take()
STORE_BYTES = _state.take()  # bytes written to that line by consecutive stores
STREAMED_LINES = _state.take()
LAST_FETCH_LINE = _state.take()  # uncached fetch: the line in the prefetch buffer
IN_FAULT_HANDLER = _state.take()
ART_PREFETCH_ON = _state.take()
LAST_FLASH_WORD = _state.take()  # the word in the AXI flash interface
LAST_READ_LINE = _state.take()  # ITCM flash with ART off: the flash word in the read buffer
BANKS = 2
# By bank: the cycle in which flash that is being written answers again.
FLASH_READY = _state.take(BANKS)

# ---- timing of the present clocks; indexed by kind of memory -------------------------------
KIND_TCM = 0
KIND_FLASH = 1  # on the AXI port; flash alone has odd numbers
KIND_SRAM = 2
KIND_FLASH_ITCM = 3
KIND_DEVICE = 4
_KINDS_OF_MEMORY = 8  # and some to spare
FETCH_MISS = _state.take(_KINDS_OF_MEMORY, align=_KINDS_OF_MEMORY)
READ_MISS = _state.take(_KINDS_OF_MEMORY)
FETCH_UNCACHED = _state.take(_KINDS_OF_MEMORY)
READ_UNCACHED = _state.take(_KINDS_OF_MEMORY)
WRITE_UNCACHED = _state.take(_KINDS_OF_MEMORY)
STORE_MISS = _state.take()
STORE_STREAMED = _state.take()
WRITE_BACK = _state.take()
TAKEN = _state.take()
MISPREDICT = _state.take()
FIRST_BRANCH = _state.take()
FLASH_WAIT = _state.take()
LATE_FLAG = _state.take()
UNALIGNED_LOAD = _state.take()
FLASH_DUAL_BANK = _state.take()
ART_PREFETCH_HIDDEN = _state.take()

# ---- accesses to devices -------------------------------------------------------------------
REG_READ = _state.take()  # address of uc_reg_read
REG_WRITE = _state.take()  # address of uc_reg_write
REGISTER = _state.take()  # where those put and take a value
READ_DEVICE = _state.take()  # address of uint64(uint64 address, uint32 size): asks a device
ACCESS_ADDRESS = _state.take()  # of the access under way
ACCESS_PC = _state.take()  # address of its instruction
REFUSED = _state.take()  # why an access was refused
PRIVILEGE = _state.take()  # of the code that runs; 0: to be looked up
USER_TRIGGER = _state.take()  # CCR.USERSETMPEND
BASEPRI = _state.take()  # as it is, with the bits that are implemented
BARRIER = _state.take()  # cycle in which the last block with a DSB began
FETCH_STALLS = _state.take()  # how many lines of the block under way had to be waited for
STEADY = _state.take()  # how many registers are known to read the same until the deadline
LINE_SETTLES = _state.take()  # in a store to a device: until when a line that falls is still seen
DRAINED = _state.take()  # cycle of the last read of a device: stores before it have arrived
REFUSED_UNALIGNED = 1
REFUSED_UNPRIVILEGED = 2
PRIVILEGED = 1
UNPRIVILEGED = 2

# ---- kind of memory by address, in granules of 64 KB below 0x40000000 ----------------------
KIND_SHIFT = 16
KIND_LIMIT = 0x40000000
PERIPHERAL_END = 0x60000000  # ARMv7-M ARM B3.1
SYSTEM_BEGIN = 0xE0000000
KIND_COUNT = KIND_LIMIT >> KIND_SHIFT
KINDS = _state.take(KIND_COUNT, align=8)

# ---- caches --------------------------------------------------------------------------------
LINE_SHIFT = 5
ICACHE_SETS = 256  # 16 KB, 2 ways (AN4839 section 2)
ICACHE = _state.take(ICACHE_SETS * 2)  # a set: most recent line, other line; 0: invalid
DCACHE_SETS = 128  # 16 KB, 4 ways (AN4839 section 2)
DCACHE_WAYS = 4
DCACHE_STRIDE = 8
DCACHE = _state.take(DCACHE_SETS * DCACHE_STRIDE)  # a set: 4 x (line << 1 | dirty), next victim
ART_LINES = 64  # AN4667 1.5.1
ART = _state.take(ART_LINES)  # in the order of use

# ---- what a block waited for: address of a line and stall, in the order of the lines --------
FETCH_LIMIT = 256  # words of 64 bits in a page of code, and then some
FETCHED = _state.take(2 * FETCH_LIMIT)

# ---- registers of devices that read the same for a while ------------------------------------
_steady = Layout()
STEADY_KEY = _steady.take()  # address << 4 | bytes
STEADY_VALUE = _steady.take()
STEADY_COST = _steady.take()  # stall of the access
STEADY_UNTIL = _steady.take()  # the value holds for blocks that end before this cycle
# 1 or -1: the value is that at cycle 0 and goes with the cycles; 0: it stays.
STEADY_SLOPE = _steady.take()
STEADY_STRIDE = _steady.take(0, align=8)
STEADY_LIMIT = 4  # what one polling loop looks at
STEADY_REGISTERS = _state.take(STEADY_LIMIT * STEADY_STRIDE)

# ---- basic blocks: an entry of each ----------------------------------------------------------
_block = Layout()
BLOCK_KEY = _block.take()  # address << 16 | size; 0: empty
BLOCK_HALF_CYCLES = _block.take()  # twice the static cost
BLOCK_INSTRUCTIONS = _block.take()
BLOCK_FLAGS = _block.take()
BLOCK_END = _block.take()  # address after the last instruction
BLOCK_COUNTER = _block.take()  # two-bit branch counter
BLOCK_TARGET = _block.take()  # predicted target of an indirect branch
BLOCK_RUNS = _block.take()
BLOCK_STRIDE = _block.take(0, align=8)
# What stands for the block under way where there is none that is charged.
NO_BLOCK = _state.take(BLOCK_STRIDE, align=8)

# ---- instructions that read counters: what their blocks were charged for what follows them ---
_behind = Layout()
BEHIND_PC = _behind.take()
BEHIND_BLOCK = _behind.take()
BEHIND_CYCLES = _behind.take()
BEHIND_STRIDE = _behind.take(0, align=4)
BEHIND_ENTRIES = 64
BEHIND_MASK = BEHIND_ENTRIES - 1
BEHIND = _state.take(BEHIND_ENTRIES * BEHIND_STRIDE)

BLOCK_ENTRIES = 1 << 15
BLOCK_MASK = BLOCK_ENTRIES - 1
BLOCKS = _state.take(BLOCK_ENTRIES * BLOCK_STRIDE, align=8)
STATE_WORDS = _state.size

# ---- flags of a block ----------------------------------------------------------------------
_flags = Flags()
CONDITIONAL = _flags.take()  # ends in a conditional branch
INDIRECT = _flags.take()  # ends in a computed jump that is not a return
FIRST_TIME = _flags.take()  # ends in an unconditional branch that was not seen before
MAY_UNMASK = _flags.take()  # ends in CPS or MSR
SENDS_EVENT = _flags.take()
USES_FPU = _flags.take()
WAITS_FOR_EVENT = _flags.take()
YIELDS = _flags.take()
WAITS_FOR_INTERRUPT = _flags.take()
SPINS = _flags.take()  # a branch to itself
LATE_FLAGS = _flags.take()  # ends in a conditional branch on flags that were set just before
# The last run was charged the larger half of an odd number of half cycles.
ROUNDED_UP = _flags.take()
SETS_BASEPRI = _flags.take()  # ends in MSR to BASEPRI
RAISES_BASEPRI = _flags.take()  # ends in MSR to BASEPRI_MAX
BARS = _flags.take()  # has a DSB
HAS_CONDITIONS = _flags.take()  # has an IT
RARE = MAY_UNMASK | SENDS_EVENT | USES_FPU | SPINS | BARS  # what the block hook looks at


def is_peripheral(address: int) -> bool:
    """Tell whether an address is in the architecture's region for peripherals."""
    return KIND_LIMIT <= address < PERIPHERAL_END


def new_state() -> NativeState:
    """Return the state after reset: caches invalid, no block known."""
    state: NativeState = np.zeros(STATE_WORDS, np.int64)
    state[PREVIOUS] = NO_BLOCK
    # It may have an IT: taking back IT bits that nobody has set does nothing.
    state[NO_BLOCK + BLOCK_FLAGS] = HAS_CONDITIONS
    state[LAST_STORE_LINE] = -1
    state[LAST_FETCH_LINE] = -1
    state[LAST_READ_LINE] = -1
    state[LAST_FLASH_WORD] = -1
    return state
