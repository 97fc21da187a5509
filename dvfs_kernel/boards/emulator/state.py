"""Where the native hooks keep what they count: one array of 64-bit integers.

The hooks get the array's address as their user data. Offsets are plain integers because compiled
code takes them as constants.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["NativeState", "is_peripheral", "new_state"]

NativeState = NDArray[np.int64]

# ---- counters ------------------------------------------------------------------------------
CYCLES = 0  # everything that the core clock counted while the core ran
INSTRUCTIONS = 1
BASE_CYCLES = 2  # static cost of the blocks
BRANCH_CYCLES = 3  # mispredictions and first-time branches
MISPREDICTIONS = 4
ICACHE_STALL = 5
DCACHE_FLASH_STALL = 6
DCACHE_SRAM_STALL = 7
DEVICE_STALL = 8
EXCEPTION_CYCLES = 9
ICACHE_FLASH_MISSES = 10
ICACHE_SRAM_MISSES = 11
DCACHE_FLASH_MISSES = 12
DCACHE_SRAM_MISSES = 13
DCACHE_STORE_MISSES = 14
WRITE_BACKS = 15
UNCACHED_FETCHES = 16
UNCACHED_READS = 17
UNCACHED_WRITES = 18
DATA_ACCESSES = 19
FLASH_WAITS = 20  # words of flash whose wait states the core waited for
UNALIGNED_CYCLES = 21
ART_OFF_WAITS = 22  # of these, lines on the ITCM port without the accelerator
COUNTERS = 23  # how many of the above

# ---- control -------------------------------------------------------------------------------
DEADLINE = 24  # stop before the block that begins at or after this cycle
STOPPED_BY_HOOK = 25  # 1: a deadline, 2: a block that must not run as it is
PREVIOUS = 26  # entry of the block that ran last, -1 for none
MASKED_PENDING = 27  # an exception waits for PRIMASK, BASEPRI or FAULTMASK
FPU_DISABLED = 28
EVENT_REGISTER = 29
RESOLVE = 30  # address of int(uint64 address, uint64 size): costs a new block
EMU_STOP = 31  # address of uc_emu_stop
SKIP_PC_SYNC = 32  # address of a byte that, set to 1, spares a search per data access; or 0
LAST_BLOCK = 33  # address of the block that ran last
ICACHE_ON = 34
DCACHE_ON = 35
MODEL_CACHES = 36  # 0: base cost only
ART_ON = 37
LAST_STORE_LINE = 38
STORE_BYTES = 39  # bytes written to that line by consecutive stores
STREAMED_LINES = 40
LAST_FETCH_LINE = 41  # uncached fetch: the line in the prefetch buffer
IN_FAULT_HANDLER = 43
ART_PREFETCH_ON = 45
LAST_FLASH_WORD = 44  # the word in the AXI flash interface
LAST_READ_LINE = 42  # ITCM flash with ART off: the flash word in the read buffer
FLASH_READY = 46  # and 47, by bank: the cycle in which flash that is being written answers again

# ---- timing of the present clocks; indexed by kind of memory -------------------------------
KIND_TCM = 0
KIND_FLASH = 1  # on the AXI port; flash alone has odd numbers
KIND_SRAM = 2
KIND_FLASH_ITCM = 3
KIND_DEVICE = 4
FETCH_MISS = 48
READ_MISS = 56
FETCH_UNCACHED = 64
READ_UNCACHED = 72
WRITE_UNCACHED = 80
STORE_MISS = 88
STORE_STREAMED = 89
WRITE_BACK = 90
TAKEN = 91
MISPREDICT = 92
FIRST_BRANCH = 93
FLASH_WAIT = 94
LATE_FLAG = 95
UNALIGNED_LOAD = 96
FLASH_DUAL_BANK = 97
ART_PREFETCH_HIDDEN = 98

# ---- accesses to devices -------------------------------------------------------------------
REG_READ = 104  # address of uc_reg_read
REG_WRITE = 105  # address of uc_reg_write
REGISTER = 106  # where those put and take a value
READ_DEVICE = 107  # address of uint64(uint64 address, uint32 size): asks a device
ACCESS_ADDRESS = 108  # of the access under way
ACCESS_PC = 109  # address of its instruction
REFUSED = 110  # why an access was refused
PRIVILEGE = 111  # of the code that runs; 0: to be looked up
USER_TRIGGER = 112  # CCR.USERSETMPEND
BASEPRI = 113  # as it is, with the bits that are implemented
BARRIER = 114  # cycle in which the last block with a DSB began
LINE_SETTLES = 117  # in a store to a device: until when a line that falls is still seen
DRAINED = 118  # cycle of the last read of a device: stores before it have arrived
FETCH_STALLS = 115  # how many lines of the block under way had to be waited for
STEADY = 116  # how many registers are known to read the same until the deadline
REFUSED_UNALIGNED = 1
REFUSED_UNPRIVILEGED = 2
PRIVILEGED = 1
UNPRIVILEGED = 2

# ---- kind of memory by address, in granules of 64 KB below 0x40000000 ----------------------
KINDS = 128
KIND_SHIFT = 16
KIND_LIMIT = 0x40000000
PERIPHERAL_END = 0x60000000  # ARMv7-M ARM B3.1
SYSTEM_BEGIN = 0xE0000000
KIND_COUNT = KIND_LIMIT >> KIND_SHIFT

# ---- caches --------------------------------------------------------------------------------
LINE_SHIFT = 5
ICACHE_SETS = 256  # 16 KB, 2 ways (AN4839 section 2)
ICACHE = KINDS + KIND_COUNT  # a set: most recent line, other line; 0: invalid
DCACHE_SETS = 128  # 16 KB, 4 ways (AN4839 section 2)
DCACHE_WAYS = 4
DCACHE_STRIDE = 8
DCACHE = ICACHE + ICACHE_SETS * 2  # a set: 4 x (line << 1 | dirty), next victim
ART_LINES = 64  # AN4667 1.5.1
ART = DCACHE + DCACHE_SETS * DCACHE_STRIDE  # 64 lines in the order of use

# ---- what a block waited for: address of a line and stall, in the order of the lines --------
FETCH_LIMIT = 256  # words of 64 bits in a page of code, and then some
FETCHED = ART + ART_LINES

# ---- registers of devices that read the same for a while ------------------------------------
STEADY_LIMIT = 4  # what one polling loop looks at
STEADY_STRIDE = 8
STEADY_KEY = 0  # address << 4 | bytes
STEADY_VALUE = 1
STEADY_COST = 2  # stall of the access
STEADY_UNTIL = 3  # the value holds for blocks that end before this cycle
STEADY_SLOPE = 4  # 1 or -1: the value is that at cycle 0 and goes with the cycles; 0: it stays
STEADY_REGISTERS = FETCHED + 2 * FETCH_LIMIT

# ---- instructions that read counters: what their blocks were charged for what follows them ---
BEHIND_MASK = 63
BEHIND_STRIDE = 4
BEHIND_PC = 0
BEHIND_BLOCK = 1
BEHIND_CYCLES = 2
BEHIND = STEADY_REGISTERS + STEADY_LIMIT * STEADY_STRIDE

# ---- basic blocks --------------------------------------------------------------------------
BLOCKS = (BEHIND + (BEHIND_MASK + 1) * BEHIND_STRIDE + 7) & ~7
BLOCK_ENTRIES = 1 << 15
BLOCK_MASK = BLOCK_ENTRIES - 1
BLOCK_STRIDE = 8
BLOCK_KEY = 0  # address << 16 | size; 0: empty
BLOCK_HALF_CYCLES = 1  # twice the static cost
BLOCK_INSTRUCTIONS = 2
BLOCK_FLAGS = 3
BLOCK_END = 4  # address after the last instruction
BLOCK_COUNTER = 5  # two-bit branch counter
BLOCK_TARGET = 6  # predicted target of an indirect branch
BLOCK_RUNS = 7
STATE_WORDS = BLOCKS + BLOCK_ENTRIES * BLOCK_STRIDE

# ---- flags of a block ----------------------------------------------------------------------
CONDITIONAL = 1  # ends in a conditional branch
INDIRECT = 2  # ends in a computed jump that is not a return
FIRST_TIME = 4  # ends in an unconditional branch that was not seen before
MAY_UNMASK = 8  # ends in CPS or MSR
SENDS_EVENT = 16
USES_FPU = 32
WAITS_FOR_EVENT = 64
YIELDS = 128
WAITS_FOR_INTERRUPT = 256
SPINS = 512  # a branch to itself
LATE_FLAGS = 1024  # ends in a conditional branch on flags that were set just before
ROUNDED_UP = 2048  # the last run was charged the larger half of an odd number of half cycles
SETS_BASEPRI = 4096  # ends in MSR to BASEPRI
RAISES_BASEPRI = 8192  # ends in MSR to BASEPRI_MAX
BARS = 16384  # has a DSB
HAS_CONDITIONS = 32768  # has an IT
RARE = MAY_UNMASK | SENDS_EVENT | USES_FPU | SPINS | BARS  # what the block hook looks at


def is_peripheral(address: int) -> bool:
    """Tell whether an address is in the architecture's region for peripherals."""
    return KIND_LIMIT <= address < PERIPHERAL_END


def new_state() -> NativeState:
    """Return the state after reset: caches invalid, no block known."""
    state: NativeState = np.zeros(STATE_WORDS, np.int64)
    state[PREVIOUS] = -1
    state[LAST_STORE_LINE] = -1
    state[LAST_FETCH_LINE] = -1
    state[LAST_READ_LINE] = -1
    state[LAST_FLASH_WORD] = -1
    return state
