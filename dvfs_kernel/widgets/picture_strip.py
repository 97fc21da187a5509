"""Pictures in a row, each with what it is and what a network says."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

__all__ = ["picture_strip"]

_SHOWN_PX: Final = 84


def picture_strip(
    images: Sequence[npt.NDArray[np.uint8]], right: Sequence[str], said: Sequence[str]
) -> str:
    """Return pictures with their labels as HTML that needs nothing else.

    Parameters
    ----------
    images
        (height, width, channels) with one channel or three.
    right, said
        Of each the right class, and what the network takes it for.
    """
    figures = (
        f'<figure class="dvfs-picture"><img src="{_address(image)}" width="{_SHOWN_PX}" '
        f'height="{_SHOWN_PX}" alt="{escape(own)}, taken for {escape(other)}">'
        f"<figcaption>{escape(own)}<br>✗ {escape(other)}</figcaption></figure>"
        for image, own, other in zip(images, right, said, strict=True)
    )
    return f'<div class="dvfs-pictures">{"".join(figures)}</div>'


def _address(image: npt.NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    grey = image.shape[2] == 1
    Image.fromarray(image[:, :, 0] if grey else image[:, :, :3]).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
