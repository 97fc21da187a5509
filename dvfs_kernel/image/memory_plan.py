"""Places a network's feature maps in RAM so that none overwrites another that is still needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dvfs_kernel.errors import NetworkTooLargeError
from dvfs_kernel.image import packing
from dvfs_kernel.image.fused_pooling import fuse_pooling
from dvfs_kernel.link import abi
from dvfs_kernel.networks.draws import Draws
from dvfs_kernel.networks.network import Copy

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dvfs_kernel.networks.network import Network

__all__ = ["Lifetime", "Plan", "lifetimes", "plan"]

# Orders of placement that are tried at random where the usual ones leave gaps that cost the fit.
_SHUFFLES = 400


@dataclass(frozen=True)
class Lifetime:
    """First and last layer, inclusive, during which a feature map has to keep its content.

    The network's input is there before layer 0, so its ``first`` is −1; an output lasts until
    after the last layer.
    """

    first: int
    last: int

    def overlaps(self, other: Lifetime) -> bool:
        """Whether both are alive during some layer."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True)
class Plan:
    """Where the feature maps lie.

    Parameters
    ----------
    addresses
        For each tensor of the network; 0 for one that no layer reads or writes.
    tensor_bytes
        What the plan takes of the tensor region.
    lower_bound_bytes
        What any plan would take: the most that is alive during one layer.
    peak_layer
        Index of the layer during which that is.
    scratch_bytes
        Kernel buffer of the neediest layer in its interleaved form (g = 0).
    keeps_input
        Whether the input is still there after a run. Where it is not, each run needs it anew.
    """

    addresses: tuple[int, ...]
    tensor_bytes: int
    lower_bound_bytes: int
    peak_layer: int
    scratch_bytes: int
    keeps_input: bool


@dataclass(frozen=True)
class _Block:
    """Feature maps that share their bytes, and how long one of them is alive."""

    tensors: tuple[int, ...]
    bytes: int
    lifetime: Lifetime


def lifetimes(network: Network) -> dict[int, Lifetime]:
    """Lifetime of each tensor that a layer reads or writes, and of the input."""
    last_layer = len(network.layers)
    first = {network.input: -1}
    last = {network.input: -1}
    for number, layer in enumerate(network.layers):
        for index in layer.inputs:
            last[index] = number
        # A pooling layer that is fused stands behind the one that writes its output.
        first.setdefault(layer.output, number)
        last[layer.output] = number
    for index in network.outputs:
        last[index] = last_layer
    return {index: Lifetime(first[index], last[index]) for index in first}


def plan(network: Network) -> Plan:
    """Place the feature maps of a network in the tensor region.

    Parameters
    ----------
    network
        A network that passes `Network.check`.

    Raises
    ------
    NetworkTooLargeError
        Where the feature maps do not fit the region, or a layer's buffer does not fit the scratch
        memory even in its interleaved form; says the bytes needed, the bytes there, and the layer.

    Notes
    -----
    Each block goes to the lowest address that is free during its lifetime, large blocks first;
    other orders are tried, and the best one counts. The input is kept for further runs if that
    fits. A copy whose bytes do not move shares the memory of its source: both hold the same
    content from first to last, so sharing is always safe.
    """
    network = fuse_pooling(network)
    scratch = _scratch_bytes(network)
    for keeps_input in (True, False):
        blocks = _blocks(network, keeps_input=keeps_input)
        bound, peak = _lower_bound(blocks, len(network.layers))
        if bound > abi.TENSOR_BYTES:
            continue
        offsets, used = _place(blocks, bound)
        if used <= abi.TENSOR_BYTES:
            addresses = [0] * len(network.tensors)
            for block, offset in zip(blocks, offsets, strict=True):
                for index in block.tensors:
                    addresses[index] = abi.TENSOR_ADDRESS + offset
            return Plan(tuple(addresses), used, bound, peak, scratch, keeps_input)
    layer = network.layers[peak]
    needed = (
        f"{bound} bytes of feature maps are alive at once"
        if bound > abi.TENSOR_BYTES
        else f"{used} bytes are needed to place its feature maps beside each other"
    )
    raise NetworkTooLargeError(
        f"network {network.name!r} does not fit: {needed}, most of them during layer {peak} "
        f"({layer.name}); the board has {abi.TENSOR_BYTES} bytes for them"
    )


def _scratch_bytes(network: Network) -> int:
    needs = [packing.scratch_bytes(layer, network.tensors, 0) for layer in network.layers]
    most = max(needs)
    if most > abi.SCRATCH_BYTES:
        layer = network.layers[needs.index(most)]
        raise NetworkTooLargeError(
            f"layer {needs.index(most)} ({layer.name}) of network {network.name!r} needs a buffer "
            f"of {most} bytes; the board has {abi.SCRATCH_BYTES} for it"
        )
    return most


def _aligned(size: int) -> int:
    return -(-size // abi.TENSOR_ALIGNMENT) * abi.TENSOR_ALIGNMENT


def _blocks(network: Network, *, keeps_input: bool) -> list[_Block]:
    """Feature maps grouped by the bytes they share."""
    alive = lifetimes(network)
    if keeps_input:
        alive[network.input] = Lifetime(-1, len(network.layers))
    root = {index: index for index in alive}
    for layer in network.layers:
        if isinstance(layer, Copy):
            root[layer.output] = root[layer.inputs[0]]
    groups: dict[int, list[int]] = {}
    for index in alive:
        groups.setdefault(root[index], []).append(index)
    return [
        _Block(
            tuple(group),
            _aligned(network.tensors[group[0]].bytes),
            Lifetime(
                min(alive[index].first for index in group),
                max(alive[index].last for index in group),
            ),
        )
        for group in groups.values()
    ]


def _lower_bound(blocks: Sequence[_Block], layers: int) -> tuple[int, int]:
    """Most bytes alive during one layer, and that layer."""
    alive = [0] * layers
    for block in blocks:
        for number in range(max(block.lifetime.first, 0), min(block.lifetime.last + 1, layers)):
            alive[number] += block.bytes
    most = max(alive)
    return most, alive.index(most)


def _place(blocks: Sequence[_Block], bound: int) -> tuple[list[int], int]:
    """Offsets of the blocks and the bytes they take, by the best order of several."""
    numbers = range(len(blocks))

    def area(number: int) -> int:
        lifetime = blocks[number].lifetime
        return blocks[number].bytes * (lifetime.last - lifetime.first + 1)

    orders: list[Iterable[int]] = [
        sorted(numbers, key=lambda n: (-blocks[n].bytes, blocks[n].lifetime.first)),
        sorted(numbers, key=lambda n: (-area(n), blocks[n].lifetime.first)),
        sorted(numbers, key=lambda n: (blocks[n].lifetime.first, -blocks[n].bytes)),
        sorted(numbers, key=lambda n: (blocks[n].lifetime.first - blocks[n].lifetime.last, n)),
    ]
    best, least = _lowest_fit(blocks, orders[0])
    for order in orders[1:]:
        offsets, used = _lowest_fit(blocks, order)
        if used < least:
            best, least = offsets, used
    draws = Draws(0)
    base = list(orders[0])
    for _ in range(_SHUFFLES):
        if least == bound or least <= abi.TENSOR_BYTES:
            break
        # Large blocks tend to come first, but not always.
        keys = [place + draws.below(len(base)) for place in numbers]
        offsets, used = _lowest_fit(
            blocks, [base[i] for i in sorted(numbers, key=keys.__getitem__)]
        )
        if used < least:
            best, least = offsets, used
    return best, least


def _lowest_fit(blocks: Sequence[_Block], order: Iterable[int]) -> tuple[list[int], int]:
    """Give each block, in order, the lowest offset that is free during its lifetime."""
    offsets = [-1] * len(blocks)
    placed: list[int] = []
    for number in order:
        block = blocks[number]
        taken = sorted(
            (offsets[other], offsets[other] + blocks[other].bytes)
            for other in placed
            if blocks[other].lifetime.overlaps(block.lifetime)
        )
        offset = 0
        for start, end in taken:
            if offset + block.bytes <= start:
                break
            offset = max(offset, end)
        offsets[number] = offset
        placed.append(number)
    return offsets, max(offset + block.bytes for offset, block in zip(offsets, blocks, strict=True))
