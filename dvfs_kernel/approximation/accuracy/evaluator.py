"""Runs a network on many images at once, in the board's arithmetic."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import ThreadpoolController

from dvfs_kernel.approximation.accuracy.batch_layers import batch_function, scratch_bytes
from dvfs_kernel.errors import NetworkError
from dvfs_kernel.networks.input_tensor import from_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from dvfs_kernel.networks.network import Layer, Network

    Array = npt.NDArray[Any]
    #: Feature maps (images, height, width, channels) by the index of their tensor.
    Activations = Mapping[int, Array]

__all__ = ["Evaluator"]

# Images go through a network in blocks whose largest layer works on so much memory: about what a
# core's cache of the second level holds.
_BLOCK_BYTES = 1 << 22


class Evaluator:
    """A network for many images: equal to `networks.reference.run` to the byte, and quick.

    Parameters
    ----------
    network
        Any network that passes `Network.check`.

    Notes
    -----
    Images are (images, height, width, channels): uint8 pixels, which `input_tensor.from_pixels`
    turns into what the network's input stores, or values of the input's element type, which are
    taken as they are. An input of uint8 takes pixels as they are, so that both are one.

    Examples
    --------
    >>> import numpy as np
    >>> from dvfs_kernel.networks import zoo
    >>> evaluator = Evaluator(zoo.load("vww"))
    >>> evaluator.run(np.zeros((2, *evaluator.input_shape), np.uint8)).shape
    (2, 1, 1, 2)
    """

    def __init__(self, network: Network) -> None:
        network.check()
        self.network = network
        self._functions = [batch_function(layer, network.tensors) for layer in network.layers]
        self._block = self._images_in_a_block()
        # The last layer that reads a tensor; the outputs are needed to the end.
        self._last_reader = {
            index: number for number, layer in enumerate(network.layers) for index in layer.inputs
        }
        self._last_reader |= dict.fromkeys(network.outputs, len(network.layers))

    def __repr__(self) -> str:
        return f"<Evaluator of {self.network.name}: {len(self.network.layers)} layers>"

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.network.tensors[self.network.input].shape

    def replacing(self, layers: Mapping[int, Layer]) -> Evaluator:
        """Return an evaluator of the same network with other layers in some places.

        Only these are prepared anew, so that a search may try many.

        Parameters
        ----------
        layers
            By number. They have the inputs and the output of those whose places they take.

        Raises
        ------
        NetworkError
            A layer reads or writes other tensors, or does not fit them.
        """
        network = self.network
        replaced = list(network.layers)
        for number, layer in layers.items():
            old = replaced[number]
            if (layer.inputs, layer.output) != (old.inputs, old.output):
                raise layer.error(
                    f"reads {layer.inputs} and writes {layer.output}; in the place of "
                    f"{old.name!r} it has to read {old.inputs} and write {old.output}"
                )
            layer.check([network.tensors[i] for i in layer.inputs], network.tensors[layer.output])
            replaced[number] = layer
        other = copy(self)
        other.network = replace(network, layers=tuple(replaced))
        other._functions = [  # noqa: SLF001  a copy of its own class
            batch_function(layer, network.tensors) if number in layers else self._functions[number]
            for number, layer in enumerate(replaced)
        ]
        return other

    def run(self, images: Array) -> Array:
        """Compute the network's output.

        Parameters
        ----------
        images
            (images, height, width, channels): see the notes of the class.

        Returns
        -------
        ndarray, shape (images, height, width, channels)
            The output tensor, in its element type.

        Raises
        ------
        NetworkError
            The images do not fit the network's input, or it has several outputs.
        """
        return self._gathered(self._begun(images), 0, self._output())

    def run_from(self, layer_index: int, activations: Activations) -> Array:
        """Compute the network's output from a layer on.

        Parameters
        ----------
        layer_index
            The first layer to be computed.
        activations
            What `activations` returned for this layer, of this network or of one that differs from
            it at this layer or behind it.

        Returns
        -------
        ndarray, shape (images, height, width, channels)
            As from `run`.

        Raises
        ------
        NetworkError
            There is no such layer, or a tensor that is needed is not among the activations.
        """
        self._check_layer(layer_index)
        missing = [i for i in self._needed(layer_index) if i not in activations]
        if missing:
            names = ", ".join(repr(self.network.tensors[i].name) for i in missing)
            raise NetworkError(
                f"to run {self.network.name!r} from layer {layer_index} on needs {names} too"
            )
        return self._gathered(activations, layer_index, self._output())

    def activations(self, images: Array, layer_index: int) -> dict[int, Array]:
        """Compute what a network has in store before a layer.

        Parameters
        ----------
        images
            (images, height, width, channels): see the notes of the class.
        layer_index
            The layer; it is not computed. Its inputs are
            ``result[i] for i in network.layers[layer_index].inputs``.

        Returns
        -------
        dict of int to ndarray
            Every tensor that this layer or one behind it reads and none of these writes, by its
            index: (images, height, width, channels) in its element type.

        Raises
        ------
        NetworkError
            The images do not fit the network's input, or there is no such layer.
        """
        self._check_layer(layer_index)
        return self.advance(self._begun(images), 0, layer_index)

    def advance(self, activations: Activations, start: int, stop: int) -> dict[int, Array]:
        """Compute layers ``start`` to ``stop − 1`` from the activations before the first of them.

        Returns
        -------
        dict of int to ndarray
            As from `activations`.
        """
        needed = self._needed(stop)
        blocks = [
            {index: values[index] for index in needed}
            for values in self._blocks(activations, start, stop)
        ]
        return {index: _joined([block[index] for block in blocks]) for index in needed}

    def logits(self, images: Array) -> npt.NDArray[np.float32]:
        """Compute the real values of the output, one a class.

        Of a network that ends with a softmax these are shares of one.

        Returns
        -------
        ndarray, shape (images, values)
            ``scale × (stored − zero point)``.
        """
        return self.real_values(self.run(images))

    def predictions(self, images: Array) -> npt.NDArray[np.int64]:
        """Return the class of each image: the first of the largest outputs, (images,)."""
        outputs = self.run(images)
        classes: npt.NDArray[np.int64] = outputs.reshape(len(outputs), -1).argmax(axis=1)
        return classes

    def real_values(self, outputs: Array) -> npt.NDArray[np.float32]:
        """Turn what `run` returned into real values, (images, values)."""
        tensor = self.network.tensors[self._output()]
        flat = outputs.reshape(len(outputs), -1)
        if tensor.element == "float32":
            return flat
        return (flat.astype(np.float32) - np.float32(tensor.zero_point)) * np.float32(tensor.scale)

    def _images_in_a_block(self) -> int:
        network = self.network
        most = max(scratch_bytes(layer, network.tensors) for layer in network.layers)
        return max(1, _BLOCK_BYTES // most)

    def _output(self) -> int:
        outputs = self.network.outputs
        if len(outputs) != 1:
            names = ", ".join(repr(self.network.tensors[index].name) for index in outputs)
            raise NetworkError(
                f"network {self.network.name!r} has {len(outputs)} outputs ({names}); "
                "one output is allowed here"
            )
        return outputs[0]

    def _begun(self, images: Array) -> dict[int, Array]:
        """Return the activations before the first layer, pixels still as pixels."""
        tensor = self.network.tensors[self.network.input]
        array = np.asarray(images)
        kinds = {np.dtype(np.uint8), np.dtype(tensor.element)}
        if array.ndim != 4 or array.shape[1:] != tensor.shape or array.dtype not in kinds:
            raise NetworkError(
                f"images of shape {array.shape} and type {array.dtype} do not fit network "
                f"{self.network.name!r}, which takes (images, {', '.join(map(str, tensor.shape))}) "
                f"of {tensor.element}, or of uint8 pixels"
            )
        return {self.network.input: array}

    def _check_layer(self, index: int) -> None:
        if not 0 <= index < len(self.network.layers):
            raise NetworkError(
                f"layer {index}: {self.network.name} has layers 0 to {len(self.network.layers) - 1}"
            )

    def _needed(self, layer_index: int) -> list[int]:
        """Tensors that are written before a layer and read by it or behind it."""
        written = [self.network.input]
        written += [layer.output for layer in self.network.layers[:layer_index]]
        return [index for index in written if self._last_reader.get(index, -1) >= layer_index]

    def _gathered(self, activations: Activations, start: int, tensor: int) -> Array:
        """Compute all layers from one on, and return a tensor."""
        end = len(self.network.layers)
        return _joined([values[tensor] for values in self._blocks(activations, start, end)])

    def _blocks(
        self, activations: Activations, start: int, stop: int
    ) -> Iterator[dict[int, Array]]:
        """Yield the activations before a layer, block by block; an empty batch is one block."""
        count = len(next(iter(activations.values())))
        # These matrices are small: threads would wait for each other more than they compute.
        with _matrix_products().limit(limits=1):
            for first in range(0, max(count, 1), self._block):
                block = slice(first, first + self._block)
                values = {index: array[block] for index, array in activations.items()}
                yield self._through(values, start, stop)

    def _through(self, values: dict[int, Array], start: int, stop: int) -> dict[int, Array]:
        """Compute some layers for one block, and forget what nothing reads any more."""
        source = self.network.input
        if source in values and values[source].dtype == np.uint8:
            values[source] = from_pixels(values[source], self.network)
        for number in range(start, stop):
            layer = self.network.layers[number]
            values[layer.output] = self._functions[number]([values[i] for i in layer.inputs])
            for index in layer.inputs:
                if self._last_reader[index] == number:
                    values.pop(index, None)
        return values


@cache
def _matrix_products() -> ThreadpoolController:
    """Return what says how many threads NumPy's matrix products have."""
    return ThreadpoolController().select(user_api="blas")


def _joined(blocks: list[Array]) -> Array:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
