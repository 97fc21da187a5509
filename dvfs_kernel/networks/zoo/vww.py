"""VWW: person or no person in 80 by 80 pixels, the network mcunet-vww1 of MCUNet.

Architecture: Lin et al., MCUNet: Tiny Deep Learning on IoT Devices, NeurIPS 2020; the layer table
is that of ``assets/vww.tflite`` in mit-han-lab/tinyengine (MIT licence). 11,578,816
multiply-accumulates, 426,634 parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.networks.zoo.calibration import NetworkBuilder

if TYPE_CHECKING:
    from dvfs_kernel.networks.network import Network

__all__ = ["build"]

# Middle channels, depthwise kernel and stride, output channels, residual.
_BLOCKS = (
    (16, 3, 1, 8, False),
    (48, 3, 2, 16, False),
    (48, 3, 1, 16, True),
    (48, 3, 1, 16, True),
    (48, 7, 2, 24, False),
    (144, 3, 1, 24, True),
    (120, 5, 1, 24, True),
    (144, 7, 2, 40, False),
    (240, 7, 1, 40, True),
    (240, 3, 1, 48, False),
    (192, 3, 1, 48, True),
    (240, 5, 2, 96, False),
    (480, 3, 1, 96, True),
    (384, 3, 1, 96, True),
    (288, 7, 1, 160, False),
)


def build() -> Network:
    """Build the network."""
    builder = NetworkBuilder("vww", (80, 80, 3), seed=1)
    tensor = builder.convolution("stem", 0, 16, kernel=3, stride=2)
    for number, (middle, kernel, stride, channels, residual) in enumerate(_BLOCKS):
        tensor = builder.inverted_residual(
            f"block{number}",
            tensor,
            middle,
            channels,
            kernel=kernel,
            stride=stride,
            residual=residual,
        )
    tensor = builder.mean("mean", tensor)
    return builder.finish((builder.fully_connected("classifier", tensor, 2),))
