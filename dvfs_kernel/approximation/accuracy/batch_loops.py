"""The loops of the batch evaluator that NumPy has no quick form for, compiled.

Feature maps are (images, height, width, channels), C-contiguous; the innermost loop runs over
channels, so that the compiler can vectorise it. The arithmetic is that of `networks.quantisation`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.approximation.accuracy.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = [
    "add_scaled",
    "average_pool",
    "depthwise_sums",
    "fill_columns",
    "max_pool",
    "quantize_floats",
    "requantize",
]


@compiled
def requantize(
    sums: Array,
    bias: Array,
    multipliers: Array,
    lefts: Array,
    rights: Array,
    zero_point: int,
    low: int,
    high: int,
    out: Array,
) -> None:
    """Turn sums of products (rows, channels) into stored int8 outputs of the same shape.

    Sums are whole numbers within int32, of any type; left and right are shifts ≥ 0 by channel. What
    a left shift or the bias pushes out of int32 wraps.
    """
    rows, channels = sums.shape
    for row in range(rows):
        for channel in range(channels):
            total = np.int32(np.int32(sums[row, channel]) + bias[channel])
            shifted = np.int32(np.int64(total) << lefts[channel])
            doubled = (np.int64(shifted) * multipliers[channel] + (1 << 30)) >> 31
            right = rights[channel]
            # Ties away from zero: half a step more, but for negative numbers one less than that.
            half = (np.int64(1) << right) >> 1
            rounded = (doubled + half - (1 if (doubled < 0 and right > 0) else 0)) >> right
            out[row, channel] = np.int8(min(max(rounded + zero_point, low), high))


@compiled
def fill_columns(
    values: Array,
    zero_point: int,
    kernel_height: int,
    kernel_width: int,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    out: Array,
) -> None:
    """Write what each output pixel of a convolution reads as a row, minus the zero point.

    Values are padded already; out is (images, height, width, kernel height × width × channels).
    """
    images, height, width, _ = out.shape
    channels = values.shape[3]
    lines = values.reshape(values.shape[0], values.shape[1], -1)
    zero = np.float32(zero_point)
    # Without dilation what a row of the kernel reads lies side by side.
    pieces = 1 if dilation[1] == 1 else kernel_width
    length = kernel_width // pieces * channels
    for image in range(images):
        for row in range(height):
            for column in range(width):
                to = 0
                for kernel_row in range(kernel_height):
                    y = row * stride[0] + kernel_row * dilation[0]
                    for piece in range(pieces):
                        at = (column * stride[1] + piece * dilation[1]) * channels
                        source = lines[image, y, at : at + length]
                        target = out[image, row, column, to : to + length]
                        for index in range(length):
                            target[index] = np.float32(source[index]) - zero
                        to += length


@compiled
def depthwise_sums(
    values: Array,
    zero_point: int,
    weights: Array,
    multiplier: int,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    out: Array,
) -> None:
    """Write the sums of products of a depthwise convolution, int32: out is (images, h, w, c)."""
    images, height, width, channels = out.shape
    kernel_height, kernel_width, _ = weights.shape
    zero = np.int32(zero_point)
    for image in range(images):
        for row in range(height):
            for column in range(width):
                sums = out[image, row, column]
                for channel in range(channels):
                    sums[channel] = 0
                for kernel_row in range(kernel_height):
                    y = row * stride[0] + kernel_row * dilation[0]
                    for kernel_column in range(kernel_width):
                        x = column * stride[1] + kernel_column * dilation[1]
                        source, tap = values[image, y, x], weights[kernel_row, kernel_column]
                        if multiplier == 1:
                            for channel in range(channels):
                                difference = np.int32(np.int32(source[channel]) - zero)
                                sums[channel] += np.int32(difference * tap[channel])
                        else:
                            for channel in range(channels):
                                difference = np.int32(
                                    np.int32(source[channel // multiplier]) - zero
                                )
                                sums[channel] += np.int32(difference * tap[channel])


@compiled
def max_pool(
    values: Array,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    corner: tuple[int, int],
    low: int,
    high: int,
    out: Array,
) -> None:
    """Write the largest value of each window; corner is the padding at the top and the left."""
    images, height, width, channels = out.shape
    for image in range(images):
        for row in range(height):
            top = row * stride[0] - corner[0]
            for column in range(width):
                left = column * stride[1] - corner[1]
                for channel in range(channels):
                    out[image, row, column, channel] = low
                for y in range(max(top, 0), min(top + kernel[0], values.shape[1])):
                    for x in range(max(left, 0), min(left + kernel[1], values.shape[2])):
                        for channel in range(channels):
                            out[image, row, column, channel] = max(
                                out[image, row, column, channel], values[image, y, x, channel]
                            )
                if high < 127:
                    for channel in range(channels):
                        out[image, row, column, channel] = min(
                            out[image, row, column, channel], np.int8(high)
                        )


@compiled
def average_pool(
    values: Array,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    corner: tuple[int, int],
    low: int,
    high: int,
    out: Array,
) -> None:
    """Write the mean of each window, what lies outside the feature map not counted."""
    images, height, width, channels = out.shape
    sums = np.empty(channels, np.int32)
    for image in range(images):
        for row in range(height):
            top = row * stride[0] - corner[0]
            first_y, last_y = max(top, 0), min(top + kernel[0], values.shape[1])
            for column in range(width):
                left = column * stride[1] - corner[1]
                first_x, last_x = max(left, 0), min(left + kernel[1], values.shape[2])
                sums[:] = 0
                for y in range(first_y, last_y):
                    for x in range(first_x, last_x):
                        for channel in range(channels):
                            sums[channel] += values[image, y, x, channel]
                count = (last_y - first_y) * (last_x - first_x)
                for channel in range(channels):
                    magnitude = (abs(np.int64(sums[channel])) + count // 2) // count
                    mean = magnitude if sums[channel] > 0 else -magnitude
                    out[image, row, column, channel] = np.int8(min(max(mean, low), high))


@compiled
def add_scaled(
    first: Array,
    second: Array,
    first_table: Array,
    second_table: Array,
    multiplier: int,
    right: int,
    zero_point: int,
    low: int,
    high: int,
    out: Array,
) -> None:
    """Write the sum of two int8 arrays of one length, each on the common scale by its table.

    A table has what a stored value comes to, from −128 on. The sum's factor is below one.
    """
    half = (np.int64(1) << right) >> 1
    for index in range(out.size):
        total = first_table[np.int64(first[index]) + 128]
        total += second_table[np.int64(second[index]) + 128]
        doubled = (total * multiplier + (1 << 30)) >> 31
        rounded = (doubled + half - (1 if (doubled < 0 and right > 0) else 0)) >> right
        out[index] = np.int8(min(max(rounded + zero_point, low), high))


@compiled
def quantize_floats(
    values: Array, scale: np.float32, zero_point: int, low: int, high: int, out: Array
) -> None:
    """Write stored values of float32 ones; a NaN becomes the zero point, the rest saturates."""
    limit = np.float64(2.0**31)
    for index in range(out.size):
        steps = np.float64(np.float32(values[index] / scale))
        if np.isnan(steps):
            steps = np.float64(0.0)
        steps = min(max(steps, -limit), limit)
        nearest = np.trunc(steps + np.copysign(0.5, steps))
        stored = np.int64(min(max(nearest, -limit), limit - 1)) + zero_point
        out[index] = min(max(stored, low), high)
