"""Parameters of the timing and current models from what was measured on a board."""

from __future__ import annotations
