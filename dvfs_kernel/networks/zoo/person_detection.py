"""Person detection: boxes in 128 by 160 pixels at three strides, with a feature pyramid.

Architecture: ``assets/detection.tflite`` in mit-han-lab/tinyengine (MIT licence), the detector of
Lin et al., MCUNetV2, NeurIPS 2021. 18,296,320 multiply-accumulates, 163,494 parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dvfs_kernel.networks.zoo.calibration import NetworkBuilder

if TYPE_CHECKING:
    from dvfs_kernel.networks.network import Network

__all__ = ["build"]

# Middle channels, depthwise stride, output channels, residual.
_BACKBONE = (
    (16, 1, 16, False),
    (32, 2, 16, False),
    (64, 2, 16, False),
    (48, 1, 16, True),
    (48, 2, 32, False),
    (192, 1, 32, False),
    (128, 2, 48, False),
    (192, 1, 48, True),
    (192, 1, 48, True),
)

# Three anchors, each with a box of four numbers, an objectness and one class.
_HEAD_CHANNELS = 18


def build() -> Network:
    """Build the network; its outputs are the heads of strides 8, 16 and 32."""
    builder = NetworkBuilder("person_detection", (128, 160, 3), seed=2)
    tensor = builder.convolution("stem", 0, 16, kernel=3, stride=2)
    blocks = []
    for number, (middle, stride, channels, residual) in enumerate(_BACKBONE):
        tensor = builder.inverted_residual(
            f"block{number}", tensor, middle, channels, stride=stride, residual=residual
        )
        blocks.append(tensor)
    stride8, stride16, stride32 = blocks[3], blocks[5], blocks[8]

    up16 = builder.convolution("up16.lateral", stride32, 32)
    up16 = builder.upsample("up16.upsample", up16)
    up16 = builder.add("up16.merge", up16, stride16)
    up16 = builder.inverted_residual("up16.block", up16, 96, 32, residual=True)

    up8 = builder.convolution("up8.lateral", up16, 16)
    up8 = builder.upsample("up8.upsample", up8)
    up8 = builder.add("up8.merge", up8, stride8)
    up8 = builder.inverted_residual("up8.block", up8, 32, 16, residual=True)

    down16 = builder.max_pool("down16.pool", up8)
    down16 = builder.convolution("down16.lateral", down16, 32)
    down16 = builder.add("down16.merge", down16, up16)
    down16 = builder.inverted_residual("down16.block", down16, 64, 32, residual=True)

    down32 = builder.max_pool("down32.pool", down16)
    down32 = builder.convolution("down32.lateral", down32, 48)
    down32 = builder.add("down32.merge", down32, stride32)
    down32 = builder.inverted_residual("down32.block", down32, 96, 48, residual=True)

    return builder.finish(
        (
            _head(builder, "head8", up8, 64, 48),
            _head(builder, "head16", down16, 64, 96),
            _head(builder, "head32", down32, 192, 144),
        )
    )


def _head(builder: NetworkBuilder, name: str, source: int, middle: int, channels: int) -> int:
    tensor = builder.convolution(f"{name}.expand", source, middle)
    tensor = builder.depthwise(f"{name}.depthwise", tensor)
    tensor = builder.convolution(f"{name}.mix", tensor, channels)
    return builder.convolution(f"{name}.predict", tensor, _HEAD_CHANNELS, activation="none")
