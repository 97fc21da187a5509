"""What each kind of memory costs at the present wait states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.boards.emulator import state as st

if TYPE_CHECKING:
    from dvfs_kernel.boards.emulator.timing_parameters import TimingParameters

__all__ = ["apply_wait_costs"]


def apply_wait_costs(
    state: st.NativeState, timing: TimingParameters, wait_states: int, *, dual_bank: bool = False
) -> None:
    """Put the stalls per access into the hooks' array.

    Parameters
    ----------
    wait_states
        FLASH_ACR.LATENCY: a word of flash takes that many cycles and one more.
    dual_bank
        Whether the option bytes make the words of flash half as wide.
    """
    word = wait_states + timing.flash_access_extra
    for kind, cycles in (
        (st.KIND_FLASH, timing.flash_line_latency + word),
        (st.KIND_SRAM, timing.sram_line_cycles),
        (st.KIND_FLASH_ITCM, timing.flash_itcm_latency + word),
    ):
        state[st.FETCH_MISS + kind] = cycles
        state[st.READ_MISS + kind] = cycles
    state[st.FLASH_DUAL_BANK] = timing.flash_dual_bank | int(dual_bank)
    state[st.ART_PREFETCH_HIDDEN] = timing.art_prefetch_hidden_cycles
    state[st.FLASH_WAIT] = word
    state[st.FETCH_UNCACHED + st.KIND_SRAM] = timing.sram_uncached_fetch_cycles
    for kind in (st.KIND_FLASH, st.KIND_SRAM):
        state[st.READ_UNCACHED + kind] = timing.uncached_read_cycles
    state[st.WRITE_UNCACHED + st.KIND_SRAM] = timing.uncached_store_cycles
    state[st.STORE_MISS] = timing.store_miss_cycles
    state[st.STORE_STREAMED] = timing.streaming_store_cycles
    state[st.WRITE_BACK] = timing.write_back_cycles
    state[st.TAKEN] = timing.taken_cycles
    state[st.MISPREDICT] = timing.mispredict_cycles
    state[st.LATE_FLAG] = timing.late_flag_cycles
    state[st.UNALIGNED_LOAD] = timing.unaligned_load_cycles
    state[st.FIRST_BRANCH] = timing.first_branch_cycles
