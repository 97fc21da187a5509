"""The native caches against a plain model of the same rules."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as some

from dvfs_kernel.boards.emulator import caches
from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters
from dvfs_kernel.boards.emulator.wait_costs import apply_wait_costs

FLASH, SRAM, DTCM = 0x08000000, 0x20020000, 0x20000000
TIMING = TimingParameters()


def fresh_state(wait_states=7, *, on=True):
    state = st.new_state()
    kinds = state[st.KINDS : st.KINDS + st.KIND_COUNT]
    kinds[:] = st.KIND_DEVICE
    kinds[FLASH >> 16 : (FLASH >> 16) + 32] = st.KIND_FLASH
    kinds[0x00200000 >> 16 : 0x00400000 >> 16] = st.KIND_FLASH_ITCM
    kinds[DTCM >> 16 : SRAM >> 16] = st.KIND_TCM
    kinds[SRAM >> 16 : (SRAM >> 16) + 6] = st.KIND_SRAM
    state[st.ICACHE_ON] = state[st.DCACHE_ON] = int(on)
    apply_wait_costs(state, TIMING, wait_states)
    return state


class ReferenceCache:
    """Sets of lines: least recently used or round robin, dirty bits."""

    def __init__(self, sets, ways, *, lru):
        self.sets = [[None] * ways for _ in range(sets)]
        self.dirty = set()
        self.order = [list(range(ways)) for _ in range(sets)]
        self.victim = [0] * sets
        self.lru = lru
        self.misses = self.write_backs = 0

    def access(self, line, *, write=False):
        index = line % len(self.sets)
        ways = self.sets[index]
        hit = line in ways
        if not hit:
            self.misses += 1
            if None in ways and not self.lru:
                way = ways.index(None)
            elif self.lru:
                way = self.order[index][0]
            else:
                way = self.victim[index]
                self.victim[index] = (way + 1) % len(ways)
            if ways[way] in self.dirty:
                self.dirty.discard(ways[way])
                self.write_backs += 1
            ways[way] = line
        if write:
            self.dirty.add(line)
        way = ways.index(line)
        self.order[index].remove(way)
        self.order[index].append(way)
        return hit


# Few sets, many tags: conflicts are what matters.
lines = some.lists(
    some.tuples(some.integers(0, 3), some.integers(0, 11), some.booleans()), max_size=300
)


@given(lines)
def test_instruction_cache_is_two_way_and_least_recently_used(trace):
    state = fresh_state()
    reference = ReferenceCache(256, 2, lru=True)
    for index, tag, _ in trace:
        line = (FLASH >> 5) + index + 256 * tag
        stall = caches.fetch(state, line << 5, 8)
        assert (stall == 0) == reference.access(line)
    assert state[st.ICACHE_FLASH_MISSES] == reference.misses
    assert state[st.ICACHE_STALL] == reference.misses * state[st.FETCH_MISS + st.KIND_FLASH]


@given(lines)
def test_data_cache_is_four_way_round_robin_with_write_back(trace):
    state = fresh_state()
    reference = ReferenceCache(128, 4, lru=False)
    loads = stores = 0
    for index, tag, write in trace:
        # Gaps of two lines: no two stores stream.
        line = (SRAM >> 5) + 2 * index + 128 * tag
        stall = caches.data_access(state, line << 5, 4, write)
        if reference.access(line, write=write):
            assert stall == 0
        elif write:
            stores += 1
        else:
            loads += 1
    assert state[st.DCACHE_SRAM_MISSES] == loads
    assert state[st.DCACHE_STORE_MISSES] == stores
    assert state[st.WRITE_BACKS] == reference.write_backs


@given(some.integers(0, 4096), some.integers(1, 8))
def test_an_access_across_two_lines_fills_both(offset, size):
    state = fresh_state()
    caches.data_access(state, SRAM + offset, size, False)
    first, last = (offset >> 5), (offset + size - 1) >> 5
    assert state[st.DCACHE_SRAM_MISSES] == last - first + 1


def test_flash_lines_never_become_dirty():
    state = fresh_state()
    for tag in range(6):
        caches.data_access(state, FLASH + 4096 * tag, 4, True)
    assert state[st.WRITE_BACKS] == 0
    assert state[st.DCACHE_STORE_MISSES] == 0


def test_long_runs_of_stores_stop_to_fill_lines():
    state = fresh_state()
    for address in range(SRAM, SRAM + 64 * 32, 4):
        caches.data_access(state, address, 4, True)
    # Three whole lines show the pattern; what follows goes past the cache.
    assert state[st.DCACHE_STORE_MISSES] == 3
    caches.data_access(state, SRAM + 60 * 32, 4, False)
    assert state[st.DCACHE_SRAM_MISSES] == 1


def test_tightly_coupled_memory_never_waits():
    for on in (True, False):
        state = fresh_state(on=on)
        assert caches.data_access(state, DTCM + 0x1FFFC, 8, False) == 0
        assert caches.fetch(state, DTCM, 64) == 0


def test_uncached_costs_grow_with_wait_states():
    costs = []
    for wait_states in (0, 3, 7):
        state = fresh_state(wait_states, on=False)
        costs.append(caches.data_access(state, FLASH, 4, False))
        assert state[st.UNCACHED_READS] == 1
    assert costs[1] - costs[0] == 3
    assert costs[2] - costs[1] == 4


def test_flash_on_the_itcm_bus_waits_without_the_accelerator_and_not_with_it():
    state = fresh_state(7)
    state[st.ART_ON] = 1
    itcm = 0x00200000
    words = [itcm + 32 * i for i in range(64)]
    miss = 7 + TIMING.flash_access_extra + TIMING.flash_itcm_latency
    assert [caches.fetch(state, w, 32) for w in words] == [miss] * 64
    assert [caches.fetch(state, w, 32) for w in words] == [0] * 64
    assert caches.fetch(state, itcm + 32 * 64, 32) == miss
    assert caches.fetch(state, words[0], 32) == miss  # the least recently used was replaced
    state[st.ART_ON] = 0
    first, _, second = (caches.fetch(state, w, 4) for w in (words[5], words[5] + 4, words[6]))
    assert (first, second) == (miss, miss)
    assert caches.fetch(state, words[6] + 4, 4) == 0
    assert state[st.FLASH_WAITS] == 68


def test_prefetch_hides_most_of_a_line_that_follows():
    state = fresh_state(7)
    state[st.ART_ON] = state[st.ART_PREFETCH_ON] = 1
    itcm = 0x00200000
    first, second = caches.fetch(state, itcm, 32), caches.fetch(state, itcm + 32, 32)
    assert first - second == TIMING.art_prefetch_hidden_cycles
    assert caches.fetch(state, itcm + 128, 32) == first


def test_every_second_line_of_a_dual_bank_waits_twice():
    single, dual = fresh_state(7), fresh_state(7)
    apply_wait_costs(dual, replace(TIMING, flash_dual_bank=1), 7)
    stalls = [
        [caches.data_access(state, FLASH + 32 * i, 4, False) for i in range(4)]
        for state in (single, dual)
    ]
    assert [b - a for a, b in zip(*stalls, strict=True)] == [0, 8, 0, 8]
    assert dual[st.FLASH_WAITS] == single[st.FLASH_WAITS] + 2


def test_maintenance_by_address_and_by_set_and_way():
    state = fresh_state()
    caches.data_access(state, SRAM, 4, True)
    assert caches.clean_data_line(state, SRAM, clean=True, invalidate=False) > 0
    assert caches.clean_data_line(state, SRAM, clean=True, invalidate=False) == 0
    assert caches.data_access(state, SRAM, 4, False) == 0
    caches.clean_data_line(state, SRAM, clean=False, invalidate=True)
    assert caches.data_access(state, SRAM, 4, False) > 0
    index = (SRAM >> 5) % 128
    for way in range(4):
        caches.clean_data_set_way(state, index, way, clean=True, invalidate=True)
    assert caches.data_access(state, SRAM, 4, False) > 0
    caches.invalidate_data(state)
    assert caches.data_access(state, SRAM, 4, False) > 0
    caches.fetch(state, FLASH, 4)
    caches.invalidate_instructions(state)
    assert caches.fetch(state, FLASH, 4) > 0
