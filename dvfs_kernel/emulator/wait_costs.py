"""What each kind of memory costs at the present wait states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.emulator import state as st

if TYPE_CHECKING:
    from dvfs_kernel.emulator.timing import TimingParameters

__all__ = ["apply_wait_costs"]


def apply_wait_costs(state: st.NativeState, timing: TimingParameters, wait_states: int) -> None:
    """Put the stalls per access into the hooks' array.

    Parameters
    ----------
    wait_states
        FLASH_ACR.LATENCY: a 256-bit word of flash takes that many cycles and one more.
    """
    word = wait_states + timing.flash_access_extra
    flash = timing.axi_latency + word
    sram = timing.axi_latency + timing.sram_line_beats
    for kind, fetch, read in (
        (st.KIND_FLASH, flash + timing.flash_code_beats, flash + timing.flash_data_beats),
        (st.KIND_SRAM, sram, sram),
        (st.KIND_FLASH_ITCM, wait_states, wait_states),
    ):
        state[st.FETCH_MISS + kind] = fetch
        state[st.READ_MISS + kind] = read
    state[st.FETCH_UNCACHED + st.KIND_FLASH] = timing.axi_latency
    state[st.READ_UNCACHED + st.KIND_FLASH] = timing.axi_latency
    state[st.FLASH_WAIT] = word
    sram_word = timing.axi_latency + timing.sram_uncached_extra
    state[st.FETCH_UNCACHED + st.KIND_SRAM] = sram_word
    state[st.READ_UNCACHED + st.KIND_SRAM] = sram_word
    state[st.WRITE_UNCACHED + st.KIND_SRAM] = timing.uncached_store_cycles
    state[st.STORE_MISS] = timing.store_miss_cycles
    state[st.STORE_STREAMED] = timing.streaming_store_cycles
    state[st.WRITE_BACK] = timing.write_back_cycles
    state[st.TAKEN] = timing.taken_cycles
    state[st.MISPREDICT] = timing.mispredict_cycles
    state[st.FIRST_BRANCH] = timing.first_branch_cycles
