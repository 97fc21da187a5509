"""A .tflite file with one layer of each kind that a schedule matters for."""

import numpy as np
from tflite_writer import ModelWriter

SAME = 0
SCALE = float(np.float32(0.05))


def small_model(size=8, results=4):
    """Return the file's bytes: size x size x 3 in, size x size x results out."""
    random = np.random.default_rng(5)
    writer = ModelWriter()

    def feature_map(name, channels):
        return writer.tensor(name, (1, size, size, channels), "int8", (SCALE,), (-1,))

    def layer(name, source, target, shape, dimension, options):
        weights = random.integers(-127, 128, shape, dtype=np.int8)
        scales = tuple(random.uniform(2e-3, 5e-3, shape[dimension]))
        bias = random.integers(-500, 500, shape[dimension], dtype=np.int32)
        inputs = (
            source,
            writer.constant(weights, scales, dimension),
            writer.constant(bias, tuple(SCALE * scale for scale in scales)),
        )
        fields = {"Padding": SAME, "StrideH": 1, "StrideW": 1}
        fields |= {"DilationHFactor": 1, "DilationWFactor": 1}
        writer.operator(name, inputs, (target,), (options[0], fields | options[1]))

    maps = [feature_map(*item) for item in (("image", 3), ("a", 6), ("b", 6), ("result", results))]
    layer("CONV_2D", maps[0], maps[1], (6, 3, 3, 3), 0, ("Conv2DOptions", {}))
    depthwise = ("DepthwiseConv2DOptions", {"DepthMultiplier": 1})
    layer("DEPTHWISE_CONV_2D", maps[1], maps[2], (1, 3, 3, 6), 3, depthwise)
    layer("CONV_2D", maps[2], maps[3], (results, 1, 1, 6), 0, ("Conv2DOptions", {}))
    writer.inputs, writer.outputs = (maps[0],), (maps[3],)
    return writer.finish()
