"""A small classifier, and images that it tells right nearly always."""

from dataclasses import replace

import numpy as np
from networks import convolution, fully_connected, tensor

from dvfs_kernel.approximation.accuracy.evaluator import Evaluator
from dvfs_kernel.approximation.data.data_set import TEST, TRAIN, DataSet
from dvfs_kernel.networks.network import Network


def tiny_classifier(convolutions=2):
    """Two or three convolutions and a fully connected layer, 8 × 8 × 1 to 3 classes."""
    random = np.random.default_rng(4)
    names = ("first", "second", "third")[:convolutions]
    tensors = (
        tensor("image", (8, 8, 1), scale=0.0078125, zero_point=-128),
        *(tensor(name, (8, 8, 8), scale=0.02, zero_point=-128) for name in "abc"[:convolutions]),
        tensor("classes", (1, 1, 3), scale=0.1, zero_point=0),
    )
    layers = (
        *(
            convolution((8, 3, 3, 8 if n else 1), name=name, inputs=(n,), output=n + 1)
            for n, name in enumerate(names)
        ),
        fully_connected(3, 512, name="classifier", inputs=(convolutions,), output=convolutions + 1),
    )
    drawn = tuple(
        replace(
            layer,
            weights=random.normal(0, 40, layer.weights.shape).round().clip(-127, 127).astype("i1"),
            weight_scales=np.full_like(layer.weight_scales, 0.004),
            bias=np.zeros_like(layer.bias),
        )
        for layer in layers
    )
    network = Network("tiny", tensors, drawn, 0, (convolutions + 1,))
    network.check()
    return network


def its_data(network, train=400, test=200):
    """Return training and test part; labels are what the network says, but for a few."""
    random = np.random.default_rng(6)
    parts = []
    for part, count in ((TRAIN, train), (TEST, test)):
        images = random.integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)
        outputs = Evaluator(network).run_from(0, Evaluator(network).activations(images, 0))
        labels = outputs.reshape(count, -1).argmax(axis=1)
        labels[::20] = (labels[::20] + 1) % 3
        parts.append(DataSet("made", images, labels.astype(np.int64), part=part))
    return tuple(parts)
