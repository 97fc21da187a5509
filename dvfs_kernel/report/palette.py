"""The colours of every drawing: told apart by colour-blind people, on light and dark paper.

M. Okabe and K. Ito, "Color Universal Design" (2008, https://jfly.uni-koeln.de/color/), without
their yellow, which is too pale for lines on white.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BLUE", "GREEN", "GREY", "ORANGE", "PURPLE", "SEGMENT", "SKY", "VERMILLION"]

ORANGE: Final = "#e69f00"
SKY: Final = "#56b4e9"
GREEN: Final = "#009e73"
BLUE: Final = "#0072b2"
VERMILLION: Final = "#d55e00"
PURPLE: Final = "#cc79a7"
GREY: Final = "#8c8c8c"

#: Bands behind a timeline, by the name of the kind of segment.
SEGMENT: Final = {"memory": SKY, "compute": ORANGE, "switching": PURPLE, "other": "#dddddd"}
