"""Which registers and places on the stack the pieces of a matrix product use for what."""

__all__ = [
    "ACCUMULATORS", "BLOCKS", "RESTORED", "SAVED", "SLOT", "SLOT_CHANNEL", "SLOT_END",
    "SLOT_WEIGHTS", "TEMPORARIES", "WEIGHTS",
]  # fmt: skip

#: What points to the blocks of columns, and to the weights.
BLOCKS, WEIGHTS = 0, 1
ACCUMULATORS = (6, 7, 8, 9, 10, 11, 12, 14)
TEMPORARIES = (2, 3, 4, 5)
#: What is put on the stack: r0 … r11 and LR; and taken back, to return to the caller.
SAVED, RESTORED = 0x4FFF, 0x8FFF
#: Where the arguments lie then, by the order of the registers; the first is free for use.
SLOT, SLOT_WEIGHTS, SLOT_END, SLOT_CHANNEL = 0, 4, 8, 12
