"""The level-1 caches and the flash accelerator, as native functions on the shared state.

Only tags are modelled: the memory always holds the newest data, so a program that forgets cache
maintenance still computes what it would with coherent caches; it just costs the right time.

Replacement. No public document tells the policy of the Cortex-M7. Here: least recently used in
the 2-way instruction cache, round robin per set in the 4-way data cache (estimate).
"""

# Words of the state are integers, which NumPy's annotations do not tell for a single index.
# mypy: disable-error-code="no-any-return"

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from dvfs_kernel.boards.emulator import state as st
from dvfs_kernel.storage.numba_cache import keyed

__all__ = [
    "clean_data_line",
    "clean_data_set_way",
    "data_access",
    "data_read_hits",
    "fetch",
    "flash_busy",
    "invalidate_accelerator",
    "invalidate_data",
    "invalidate_instructions",
]

# Plain copies: compiled code freezes module-level integers, not attributes of another module.
_CYCLES, _DEADLINE = st.CYCLES, st.DEADLINE
_ICACHE, _ICACHE_SETS, _LINE_SHIFT = st.ICACHE, st.ICACHE_SETS, st.LINE_SHIFT
_DCACHE, _DCACHE_SETS, _DCACHE_STRIDE = st.DCACHE, st.DCACHE_SETS, st.DCACHE_STRIDE
_DCACHE_WAYS = st.DCACHE_WAYS
_ART, _ART_LINES, _ART_ON = st.ART, st.ART_LINES, st.ART_ON
_ICACHE_ON, _DCACHE_ON = st.ICACHE_ON, st.DCACHE_ON
_KINDS, _KIND_SHIFT, _KIND_LIMIT = st.KINDS, st.KIND_SHIFT, st.KIND_LIMIT
_TCM, _FLASH, _SRAM, _FLASH_ITCM = st.KIND_TCM, st.KIND_FLASH, st.KIND_SRAM, st.KIND_FLASH_ITCM
_FETCH_MISS, _READ_MISS = st.FETCH_MISS, st.READ_MISS
_FETCH_UNCACHED = st.FETCH_UNCACHED
_READ_UNCACHED, _WRITE_UNCACHED = st.READ_UNCACHED, st.WRITE_UNCACHED
_STORE_MISS, _STORE_STREAMED, _WRITE_BACK = st.STORE_MISS, st.STORE_STREAMED, st.WRITE_BACK
_ICACHE_STALL = st.ICACHE_STALL
_FLASH_STALL, _SRAM_STALL = st.DCACHE_FLASH_STALL, st.DCACHE_SRAM_STALL
_ICACHE_FLASH_MISSES, _ICACHE_SRAM_MISSES = st.ICACHE_FLASH_MISSES, st.ICACHE_SRAM_MISSES
_DCACHE_FLASH_MISSES, _DCACHE_SRAM_MISSES = st.DCACHE_FLASH_MISSES, st.DCACHE_SRAM_MISSES
_STORE_MISSES, _WRITE_BACKS = st.DCACHE_STORE_MISSES, st.WRITE_BACKS
_UNCACHED_FETCHES = st.UNCACHED_FETCHES
_UNCACHED_READS, _UNCACHED_WRITES = st.UNCACHED_READS, st.UNCACHED_WRITES
_LAST_STORE_LINE, _STORE_BYTES = st.LAST_STORE_LINE, st.STORE_BYTES
_STREAMED_LINES = st.STREAMED_LINES
_LAST_FETCH_LINE, _LAST_READ_LINE = st.LAST_FETCH_LINE, st.LAST_READ_LINE
_LAST_FLASH_WORD, _FLASH_WAIT = st.LAST_FLASH_WORD, st.FLASH_WAIT
_FLASH_WAITS, _FLASH_DUAL_BANK = st.FLASH_WAITS, st.FLASH_DUAL_BANK
_ART_OFF_WAITS = st.ART_OFF_WAITS
_ART_PREFETCH_ON, _ART_PREFETCH_HIDDEN = st.ART_PREFETCH_ON, st.ART_PREFETCH_HIDDEN
_FLASH_READY = st.FLASH_READY
_FETCH_STALLS, _FETCHED, _FETCH_LIMIT = st.FETCH_STALLS, st.FETCHED, st.FETCH_LIMIT
_BANK_SHIFT = 20  # a bank has a megabyte, on either bus
_LINE_BYTES = 1 << st.LINE_SHIFT
_STREAMING_AFTER = 3  # full lines in a row ([M7] DDI 0489F 5.9.1)


@njit(inline="always")
def _kind(s: Any, address: int) -> int:
    if address >= _KIND_LIMIT:
        return 4
    return s[_KINDS + (address >> _KIND_SHIFT)]


@njit(cache=True)
@keyed
def _art_hit(s: Any, line: int) -> bool:
    """Look a flash word up in the accelerator's 64 lines, most recent first."""
    found = _ART_LINES - 1
    for i in range(_ART_LINES):
        if s[_ART + i] == line:
            found = i
            break
    hit = s[_ART + found] == line
    for i in range(found, 0, -1):
        s[_ART + i] = s[_ART + i - 1]
    s[_ART] = line
    return bool(hit)


@njit(cache=True)
@keyed
def flash_busy(s: Any, address: int, spent: int) -> int:
    """Return how long the cells of an address do not answer because their bank is written.

    Parameters
    ----------
    spent
        Cycles that the access has waited already, not in the counter yet.
    """
    ready = s[_FLASH_READY + ((address >> _BANK_SHIFT) & 1)]
    if ready == 0:
        return 0
    for bank in range(2):
        if s[_FLASH_READY + bank] <= ready:
            s[_FLASH_READY + bank] = 0
    return max(ready - s[_CYCLES] - spent, 0)


@njit(cache=True)
@keyed
def _flash_line(s: Any, line: int, cost: int, spent: int) -> int:
    """Read a line of 32 bytes from flash; return the stall, given that of one flash word."""
    second = s[_FLASH_DUAL_BANK] & line
    s[_FLASH_WAITS] += 1 + second
    cost += second * s[_FLASH_WAIT]
    return cost + flash_busy(s, line << _LINE_SHIFT, spent)


@njit(cache=True)
@keyed
def _flash_itcm_wait(s: Any, line: int, slot: int, cost: int, spent: int) -> int:
    """Wait of a flash line on the ITCM port, with or without the accelerator."""
    last = s[slot]
    if last == line:
        return 0
    s[slot] = line
    if s[_ART_ON] != 0:
        if _art_hit(s, line):
            return 0
        if s[_ART_PREFETCH_ON] != 0 and last + 1 == line:
            cost -= s[_ART_PREFETCH_HIDDEN]
            if cost <= 0:
                return flash_busy(s, line << _LINE_SHIFT, spent)
    else:
        s[_ART_OFF_WAITS] += 1 + (s[_FLASH_DUAL_BANK] & line)
    return _flash_line(s, line, cost, spent)


@njit(cache=True)
@keyed
def _flash_word_wait(s: Any, address: int, spent: int) -> int:
    """Wait of the flash cells: none while the interface still holds the word."""
    word = address >> (_LINE_SHIFT - s[_FLASH_DUAL_BANK])
    if s[_LAST_FLASH_WORD] == word:
        return 0
    s[_LAST_FLASH_WORD] = word
    s[_FLASH_WAITS] += 1
    return s[_FLASH_WAIT] + flash_busy(s, address, spent)


@njit(inline="always")
def _waited(s: Any, address: int, stall: int) -> int:
    """Note that the block under way waited for what is at an address; return the stall."""
    if stall != 0:
        count = s[_FETCH_STALLS]
        if count < _FETCH_LIMIT:
            s[_FETCHED + 2 * count] = address
            s[_FETCHED + 2 * count + 1] = stall
            s[_FETCH_STALLS] = count + 1
    return stall


@njit(cache=True)
@keyed
def fetch(s: Any, address: int, size: int) -> int:
    """Fetch a block of code; return the stall in cycles, and note where it arose."""
    s[_FETCH_STALLS] = 0
    kind = _kind(s, address)
    if kind == _TCM:
        return 0
    first = address >> _LINE_SHIFT
    last = (address + size - 1) >> _LINE_SHIFT
    stall = 0
    if kind == _FLASH_ITCM:
        for line in range(first, last + 1):
            wait = _flash_itcm_wait(s, line, _LAST_FETCH_LINE, s[_FETCH_MISS + kind], stall)
            stall += _waited(s, line << _LINE_SHIFT, wait)
    elif s[_ICACHE_ON] != 0:
        for line in range(first, last + 1):
            way = _ICACHE + (line & (_ICACHE_SETS - 1)) * 2
            recent = s[way]
            if recent == line:
                continue
            if s[way + 1] != line:
                if kind == _FLASH:
                    s[_ICACHE_FLASH_MISSES] += 1
                    wait = _flash_line(s, line, s[_FETCH_MISS + kind], stall)
                else:
                    s[_ICACHE_SRAM_MISSES] += 1
                    wait = s[_FETCH_MISS + kind]
                stall += _waited(s, line << _LINE_SHIFT, wait)
            s[way + 1] = recent
            s[way] = line
    else:
        # The prefetch unit reads 64 bits at a time and keeps the last of them.
        for word in range(address >> 3, ((address + size - 1) >> 3) + 1):
            if s[_LAST_FETCH_LINE] != word:
                s[_LAST_FETCH_LINE] = word
                s[_UNCACHED_FETCHES] += 1
                wait = s[_FETCH_UNCACHED + kind]
                if kind == _FLASH:
                    wait += _flash_word_wait(s, word << 3, stall)
                stall += _waited(s, word << 3, wait)
    s[_ICACHE_STALL] += stall
    return stall


@njit(cache=True)
@keyed
def _store_streams(s: Any, line: int, size: int) -> bool:
    """Follow the stores; tell whether the core is in dynamic read-allocate mode."""
    if s[_LAST_STORE_LINE] == line:
        s[_STORE_BYTES] += size
    else:
        follows = s[_LAST_STORE_LINE] + 1 == line
        if s[_STORE_BYTES] >= _LINE_BYTES and follows:
            s[_STREAMED_LINES] += 1
        else:
            s[_STREAMED_LINES] = 0
        s[_LAST_STORE_LINE] = line
        s[_STORE_BYTES] = size
    return bool(s[_STREAMED_LINES] >= _STREAMING_AFTER)


@njit(cache=True)
@keyed
def _allocate(s: Any, base: int, tag: int) -> int:
    """Put a line in place of the set's victim; return the write-back's cycles."""
    way = -1
    for i in range(_DCACHE_WAYS):
        if s[base + i] == 0:
            way = i
            break
    cycles = 0
    if way < 0:
        way = s[base + _DCACHE_WAYS]
        s[base + _DCACHE_WAYS] = (way + 1) & (_DCACHE_WAYS - 1)
        if s[base + way] & 1:
            s[_WRITE_BACKS] += 1
            cycles = s[_WRITE_BACK]
    s[base + way] = tag
    return cycles


@njit(cache=True)
@keyed
def _line_access(s: Any, kind: int, address: int, is_write: bool, size: int) -> int:
    """Access at most one line; return the stall in cycles."""
    line = address >> _LINE_SHIFT
    if kind == _FLASH_ITCM:
        stall = _flash_itcm_wait(s, line, _LAST_READ_LINE, s[_READ_MISS + kind], 0)
    elif s[_DCACHE_ON] == 0:
        if is_write:
            s[_UNCACHED_WRITES] += 1
            stall = s[_WRITE_UNCACHED + kind]
        else:
            s[_UNCACHED_READS] += 1
            stall = s[_READ_UNCACHED + kind]
            if kind == _FLASH:
                stall += _flash_word_wait(s, address, 0)
    else:
        base = _DCACHE + (line & (_DCACHE_SETS - 1)) * _DCACHE_STRIDE
        streams = is_write and _store_streams(s, line, size)
        for i in range(_DCACHE_WAYS):
            if s[base + i] >> 1 == line:
                if is_write and kind == _SRAM:
                    s[base + i] |= 1
                return 0
        if is_write and kind != _SRAM:
            # Flash is write-through without allocation by default (AN4667 Table 2).
            return 0
        if not is_write:
            stall = s[_READ_MISS + kind]
            if kind == _FLASH:
                s[_DCACHE_FLASH_MISSES] += 1
                stall = _flash_line(s, line, stall, 0)
            else:
                s[_DCACHE_SRAM_MISSES] += 1
            stall += _allocate(s, base, line << 1)
        elif streams:
            stall = s[_STORE_STREAMED] if size == s[_STORE_BYTES] else 0
        else:
            s[_STORE_MISSES] += 1
            stall = s[_STORE_MISS] + _allocate(s, base, line << 1 | 1)
    if kind == _SRAM:
        s[_SRAM_STALL] += stall
    else:
        s[_FLASH_STALL] += stall
    return stall


@njit(cache=True)
@keyed
def data_read_hits(s: Any, address: int, size: int) -> bool:
    """Tell whether a read needs no more than a look: most do, and this is the short way."""
    if address >= _KIND_LIMIT:
        return True
    kind = s[_KINDS + (address >> _KIND_SHIFT)]
    if kind == _TCM:
        return True
    if kind == _FLASH_ITCM or s[_DCACHE_ON] == 0:
        return False
    if (address & (_LINE_BYTES - 1)) + size > _LINE_BYTES:
        return False
    tag = (address >> _LINE_SHIFT) << 1
    base = _DCACHE + ((address >> _LINE_SHIFT) & (_DCACHE_SETS - 1)) * _DCACHE_STRIDE
    return bool(
        s[base] | 1 == tag | 1
        or s[base + 1] | 1 == tag | 1
        or s[base + 2] | 1 == tag | 1
        or s[base + 3] | 1 == tag | 1
    )


@njit(cache=True)
@keyed
def data_access(s: Any, address: int, size: int, is_write: bool) -> int:
    """Read or write data; return the stall in cycles."""
    kind = _kind(s, address)
    if kind == _TCM or kind > _FLASH_ITCM:
        return 0
    here = _LINE_BYTES - (address & (_LINE_BYTES - 1))
    if size <= here:
        return _line_access(s, kind, address, is_write, size)
    stall = _line_access(s, kind, address, is_write, here)
    return stall + _line_access(s, kind, address + here, is_write, size - here)


def invalidate_instructions(s: st.NativeState) -> None:
    """Invalidate the whole instruction cache (ICIALLU)."""
    s[_ICACHE : _ICACHE + _ICACHE_SETS * 2] = 0


def _data_sets(s: st.NativeState) -> Any:
    area = s[_DCACHE : _DCACHE + _DCACHE_SETS * _DCACHE_STRIDE]
    return area.reshape(_DCACHE_SETS, _DCACHE_STRIDE)


def invalidate_accelerator(s: st.NativeState) -> None:
    """Empty the flash accelerator and the read buffers (reset)."""
    s[_ART : _ART + _ART_LINES] = 0
    s[_LAST_FETCH_LINE] = s[_LAST_READ_LINE] = s[_LAST_STORE_LINE] = s[_LAST_FLASH_WORD] = -1
    s[_ART_ON] = s[_ART_PREFETCH_ON] = s[_STORE_BYTES] = s[_STREAMED_LINES] = 0


def invalidate_data(s: st.NativeState) -> None:
    """Invalidate the whole data cache and the order of its victims (reset)."""
    _data_sets(s)[:] = 0


def clean_data_set_way(
    s: st.NativeState, index: int, way: int, *, clean: bool, invalidate: bool
) -> int:
    """Maintain one way of one set (DCISW, DCCSW, DCCISW); return the cycles it takes."""
    return _maintain(s, _data_sets(s)[index % _DCACHE_SETS], way % _DCACHE_WAYS, clean, invalidate)


def clean_data_line(s: st.NativeState, address: int, *, clean: bool, invalidate: bool) -> int:
    """Maintain the line of an address (DCIMVAC, DCCMVAC, DCCIMVAC); return the cycles."""
    line = address >> _LINE_SHIFT
    ways = _data_sets(s)[line & (_DCACHE_SETS - 1)]
    found = np.flatnonzero(ways[:_DCACHE_WAYS] >> 1 == line)
    return _maintain(s, ways, int(found[0]), clean, invalidate) if len(found) else 0


def _maintain(s: st.NativeState, ways: Any, way: int, clean: bool, invalidate: bool) -> int:
    dirty = bool(ways[way] & 1)
    cycles = 0
    if clean and dirty:
        s[_WRITE_BACKS] += 1
        cycles = int(s[_WRITE_BACK])
        ways[way] &= ~1
    if invalidate:
        ways[way] = 0
    return cycles
