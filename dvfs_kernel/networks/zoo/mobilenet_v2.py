"""MobileNetV2 of width 0.35 at 144 by 144 pixels, 1000 classes.

Architecture: Sandler et al., MobileNetV2, CVPR 2018, in the form of the MCUNet model zoo
(``mbv2-w0.35-r144``; the last convolution is scaled with the width, and a block adds its input only
where it expands). 23,499,152 multiply-accumulates, 744,072 parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.networks.zoo.calibration import NetworkBuilder

if TYPE_CHECKING:
    from dvfs_kernel.networks.network import Network

__all__ = ["build"]

# Expansion, output channels, repetitions, stride of the first.
_STAGES = (
    (1, 8, 1, 1),
    (6, 8, 2, 2),
    (6, 16, 3, 2),
    (6, 24, 4, 2),
    (6, 32, 3, 1),
    (6, 56, 3, 2),
    (6, 112, 1, 1),
)


def build() -> Network:
    """Build the network."""
    builder = NetworkBuilder("mobilenet_v2", (144, 144, 3), seed=3)
    tensor = builder.convolution("stem", 0, 16, kernel=3, stride=2)
    for stage, (expansion, channels, repetitions, first_stride) in enumerate(_STAGES, start=1):
        for repetition in range(repetitions):
            stride = first_stride if repetition == 0 else 1
            source_channels = builder.channels(tensor)
            tensor = builder.inverted_residual(
                f"stage{stage}.{repetition}",
                tensor,
                source_channels * expansion,
                channels,
                stride=stride,
                residual=expansion > 1 and stride == 1 and source_channels == channels,
            )
    tensor = builder.convolution("mix", tensor, 448)
    tensor = builder.mean("mean", tensor)
    return builder.finish((builder.fully_connected("classifier", tensor, 1000),))
