"""The data image says what the network says: parsed back, every field and blob is there."""

import zlib
from dataclasses import replace

import numpy as np
import pytest
from networks import fully_connected, one_layer, tensor, two_layers

from dvfs_kernel.errors import NetworkTooLargeError
from dvfs_kernel.image import image, memory_plan, packing
from dvfs_kernel.link import abi
from dvfs_kernel.networks import zoo
from dvfs_kernel.networks.network import Copy, Network, Upsample

BLOBS = ("weights", "bias", "multiplier", "shift")


@pytest.fixture(scope="module", params=["two", *zoo.NAMES])
def built(request):
    network = two_layers() if request.param == "two" else zoo.load(request.param)
    return image.build(network, memory_plan.plan(network))


def parsed(data):
    """Header, tensor records and layer records."""
    header = np.frombuffer(data, abi.IMAGE_HEADER, 1)[0]
    tensors = np.frombuffer(
        data, abi.TENSOR, int(header["tensor_count"]), int(header["tensors_offset"])
    )
    layers = np.frombuffer(
        data, abi.LAYER, int(header["layer_count"]), int(header["layers_offset"])
    )
    return header, tensors, layers


def test_header(built):
    header, tensors, layers = parsed(built.data)
    network, plan = built.network, built.plan
    assert header["magic"] == abi.IMAGE_MAGIC
    assert header["version"] == abi.VERSION
    assert header["header_bytes"] == abi.IMAGE_HEADER.itemsize
    assert header["total_bytes"] == len(built.data)
    body = built.data[abi.IMAGE_HEADER.itemsize :]
    assert header["crc32"] == built.crc32 == zlib.crc32(body)
    assert len(tensors) == len(network.tensors)
    assert len(layers) == len(network.layers)
    assert header["input_tensor"] == network.input
    count = int(header["output_count"])
    assert tuple(header["output_tensors"][:count]) == network.outputs
    assert header["scratch_bytes"] == plan.scratch_bytes
    assert header["tensor_bytes"] == plan.tensor_bytes
    assert header["network_id"] == zlib.crc32(network.name.encode())
    assert not header["reserved"].any()


def test_tensors(built):
    _, records, _ = parsed(built.data)
    for record, described, address in zip(
        records, built.network.tensors, built.plan.addresses, strict=True
    ):
        assert (record["height"], record["width"], record["channels"]) == described.shape
        assert record["bytes"] == described.bytes
        assert record["address"] == address
        assert abi.Element(int(record["element"])).name.lower() == described.element
        assert record["zero_point"] == described.zero_point
        scale = np.uint32(record["scale_bits"]).view(np.float32)
        assert scale == np.float32(described.scale)


def test_layers_and_blobs(built):
    _, _, records = parsed(built.data)
    network = built.network
    taken = []
    for number, layer in enumerate(network.layers):
        record = records[number]
        packed = packing.pack(layer, network.tensors)
        assert record["input0"] == layer.inputs[0]
        assert record["input1"] == layer.inputs[-1]
        assert record["output"] == layer.output
        assert built.operators[number] == record["operator"]
        for name, value in packed.record.items():
            assert np.array_equal(record[name], value), name
        for name in BLOBS:
            blob, offset = getattr(packed, name), int(record[f"{name}_offset"])
            assert bool(blob) == bool(offset)
            assert built.data[offset : offset + len(blob)] == blob
            assert offset % abi.IMAGE_ALIGNMENT == 0
            if blob:
                taken.append((offset, offset + len(blob)))
    taken.sort()
    start = int(parsed(built.data)[0]["layers_offset"]) + records.nbytes
    for (_, end), (following, _) in zip([(0, start), *taken], taken, strict=False):
        assert end <= following
    assert taken[-1][1] <= len(built.data)


def test_same_network_same_bytes(built):
    again = image.build(built.network, memory_plan.plan(built.network))
    assert again.data == built.data


def test_description_for_hosts(built):
    network = built.network
    assert built.layer_names == tuple(layer.name for layer in network.layers)
    assert built.macs == network.macs
    assert built.input is network.tensors[network.input]
    assert built.outputs == tuple(network.tensors[i] for i in network.outputs)


def test_granularities_that_fit():
    network = zoo.load("vww")
    built = image.build(network, memory_plan.plan(network))
    for number, layer in enumerate(network.layers):
        assert built.fits(number, 0)
        decoupled = built.operators[number] in (abi.Operator.DEPTHWISE, abi.Operator.POINTWISE)
        fitting = [g for g in range(1, 256) if built.fits(number, g)]
        assert bool(fitting) == decoupled, layer.name
        for g in fitting:
            need = packing.scratch_bytes(layer, network.tensors, g)
            assert need <= abi.SCRATCH_BYTES
        # What fits at one granularity fits at every smaller one.
        assert fitting == list(range(1, len(fitting) + 1))
    # The paper's granularities fit every layer that has a decoupled form.
    assert all(
        built.fits(number, g)
        for number, operator in enumerate(built.operators)
        if operator in (abi.Operator.DEPTHWISE, abi.Operator.POINTWISE)
        for g in (2, 4, 8, 12, 16)
    )


def build(network):
    return image.build(network, memory_plan.plan(network))


def test_images_larger_than_flash():
    layer = fully_connected(2000, 1000)
    network = one_layer(layer, tensor("a", (1, 1, 1000)), tensor("b", (1, 1, 2000)))
    with pytest.raises(NetworkTooLargeError, match=rf"flash has {abi.IMAGE_BYTES_MAX}"):
        build(network)


def test_more_layers_tensors_or_outputs_than_the_tables_hold():
    count = abi.LAYERS_MAX + 1
    tensors = tuple(tensor(f"t{i}", (1, 1, 4)) for i in range(count + 1))
    layers = tuple(Copy(name=f"l{i}", inputs=(i,), output=i + 1) for i in range(count))
    chain = Network("chain", tensors, layers, 0, (count,))
    with pytest.raises(NetworkTooLargeError, match=f"{count} layers"):
        build(chain)
    short = replace(chain, layers=layers[:10], outputs=(10,))
    wide = replace(short, tensors=tensors + tensors, outputs=(10,))
    with pytest.raises(NetworkTooLargeError, match="tensors"):
        build(wide)
    many = replace(short, tensors=tensors[:11], outputs=(1, 2, 3, 4, 5))
    with pytest.raises(NetworkTooLargeError, match="5 outputs"):
        build(many)


def test_dimensions_beyond_the_records():
    layer = Upsample(name="up", inputs=(0,), output=1, factors=(1, 2))
    network = one_layer(layer, tensor("a", (1, 40_000, 1)), tensor("b", (1, 80_000, 1)))
    network.check()
    with pytest.raises(NetworkTooLargeError, match="dimensions up to 65535"):
        build(network)
