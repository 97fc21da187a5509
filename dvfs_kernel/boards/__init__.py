"""Boards: where the firmware runs. `base` says what a board is, the others are boards."""
