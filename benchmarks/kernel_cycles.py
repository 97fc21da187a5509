"""Cycles and instructions of the kernels, per multiply-accumulate.

``python benchmarks/kernel_cycles.py`` runs the built-in networks on the virtual board at 216 MHz,
interleaved and with granularities, and prints cycles per MAC by operator and for the whole;
``--layers`` prints every layer, ``--shapes`` instead counts instructions of single kernels on the
bare core. The firmware is built from the sources as they are.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import firmware_build  # noqa: E402  (the path has to be set first)
from kernel_bench import KernelBench  # noqa: E402

from dvfs_kernel.boards.virtual import VirtualBoard  # noqa: E402
from dvfs_kernel.image.dae_form import dae_granularities  # noqa: E402
from dvfs_kernel.image.forms import possible_forms, unpacked, with_forms  # noqa: E402
from dvfs_kernel.inference.deployed_network import Deployment  # noqa: E402
from dvfs_kernel.inference.schedule import Schedule  # noqa: E402
from dvfs_kernel.networks import zoo  # noqa: E402
from dvfs_kernel.networks.layers.weighted import FORMS  # noqa: E402
from dvfs_kernel.networks.network import Convolution, Depthwise, Padding, Tensor  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dvfs_kernel.networks.network import Network

# Height, width, input channels, output channels of pointwise layers.
POINTWISE_SHAPES = (
    (72, 72, 8, 48),
    (40, 40, 16, 8),
    (20, 20, 16, 48),
    (20, 20, 48, 16),
    (10, 10, 24, 144),
    (10, 10, 144, 24),
    (5, 5, 240, 40),
    (3, 3, 96, 480),
)
# Height, width, channels, kernel, stride of depthwise layers.
DEPTHWISE_SHAPES = (
    (72, 72, 16, 3, 1),
    (40, 40, 48, 3, 2),
    (20, 20, 48, 3, 1),
    (20, 20, 48, 7, 2),
    (10, 10, 120, 5, 1),
    (10, 10, 144, 7, 2),
    (5, 5, 240, 3, 1),
    (5, 5, 240, 5, 2),
    (5, 5, 240, 7, 1),
    (3, 3, 480, 3, 1),
)


def network_rows(
    network: Network, board: VirtualBoard, deployment: Deployment, granularity: int
) -> list[dict[str, Any]]:
    """Operator, MACs and cycles of each layer at 216 MHz."""
    schedule = Schedule.uniform(
        len(network.layers),
        board.hse_hz,
        granularity=dae_granularities(network, granularity),
    )
    result = deployment.infer(zoo.sample_input(network.name), schedule, runs=2)
    return [
        {
            "name": layer.info.name,
            "operator": layer.info.operator,
            "macs": layer.info.macs,
            "cycles": layer.cycles,
            "shape": network.tensors[network.layers[layer.index].inputs[0]].shape,
            "output": network.tensors[network.layers[layer.index].output].shape,
        }
        for layer in result.profile.layers
    ]


def print_networks(
    names: Sequence[str], granularities: Sequence[int], form: str, *, layers: bool
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        firmware = Path(directory) / "firmware.elf"
        firmware_build.load().build(firmware)
        for name in names:
            network = in_form(zoo.load(name), form)
            with VirtualBoard() as board:
                ready = Deployment(network, board, firmware=firmware)
                for granularity in granularities:
                    rows = network_rows(network, board, ready, granularity)
                    print_rows(f"{name}, {form}, g = {granularity}", rows, layers=layers)
                size = len(ready.image.data)
                print(f"  image of {size:,} bytes")


def in_form(network: Network, form: str) -> Network:
    """All layers that can be in a form, or in the ones that save the most time."""
    if form == "chosen":
        return unpacked(network)
    able = {
        index: form
        for index, layer in enumerate(network.layers)
        if form in possible_forms(layer, network.tensors)
    }
    return with_forms(network, able)


def print_rows(title: str, rows: list[dict[str, Any]], *, layers: bool) -> None:
    print(title)
    macs, cycles = (sum(row[key] for row in rows) for key in ("macs", "cycles"))
    if layers:
        for row in rows:
            ratio = f"{row['cycles'] / row['macs']:6.2f}" if row["macs"] else "     -"
            print(
                f"  {row['name']:<24}{row['operator']:<16}{row['shape']!s:>16} → "
                f"{row['output']!s:<16}{row['macs']:>10,}{row['cycles']:>12,}  {ratio}"
            )
    for operator in sorted({row["operator"] for row in rows}):
        own = [row for row in rows if row["operator"] == operator]
        own_macs, own_cycles = (sum(row[key] for row in own) for key in ("macs", "cycles"))
        ratio = f"{own_cycles / own_macs:6.2f} cycles/MAC" if own_macs else ""
        print(f"  {operator:<18}{own_cycles:>12,} cycles  {own_cycles / cycles:6.1%}  {ratio}")
    print(f"  {'all':<18}{cycles:>12,} cycles          {cycles / macs:6.2f} cycles/MAC")


def pointwise(
    height: int, width: int, channels: int, outputs: int
) -> tuple[Convolution, list[Tensor]]:
    layer = Convolution(
        name="pointwise",
        inputs=(0,),
        output=1,
        weights=np.ones((outputs, 1, 1, channels), np.int8),
        weight_scales=np.full(outputs, 0.01),
        bias=np.zeros(outputs, np.int32),
    )
    return layer, tensors_of(layer, (height, width, channels))


def depthwise(
    height: int, width: int, channels: int, size: int, stride: int
) -> tuple[Depthwise, list[Tensor]]:
    layer = Depthwise(
        name="depthwise",
        inputs=(0,),
        output=1,
        weights=np.ones((size, size, channels), np.int8),
        weight_scales=np.full(channels, 0.01),
        bias=np.zeros(channels, np.int32),
        stride=(stride, stride),
        padding=Padding(*[size // 2] * 4),
    )
    return layer, tensors_of(layer, (height, width, channels))


def tensors_of(layer: Convolution | Depthwise, shape: tuple[int, int, int]) -> list[Tensor]:
    source = Tensor("input", shape, "int8", 0.05, 0)
    return [source, Tensor("output", layer.output_shape([source]), "int8", 0.05, 0)]


def print_shapes(granularities: Sequence[int], toolchain: str) -> None:
    bench = KernelBench(toolchain, count=True)
    cases = [("pointwise", shape, pointwise(*shape)) for shape in POINTWISE_SHAPES]
    cases += [("depthwise", shape, depthwise(*shape)) for shape in DEPTHWISE_SHAPES]
    print("instructions per MAC (of these in access segments)")
    print(" " * 34 + "".join(f"g = {g:<15}" for g in granularities))
    for kind, shape, (layer, tensors) in cases:
        values = np.zeros(tensors[0].shape, np.int8)
        macs = layer.macs(tensors[1])
        cells = []
        for granularity in granularities:
            run = bench.run(layer, tensors, [values], granularity)
            cells.append(f"{run.instructions / macs:6.3f} ({run.access_instructions / macs:5.3f})")
        print(f"{kind:<12}{shape!s:<22}" + "".join(f"{cell:<19}" for cell in cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("networks", nargs="*", help=", ".join(zoo.NAMES))
    parser.add_argument("-g", type=int, nargs="+", default=[0, 2, 16], help="granularities")
    parser.add_argument("--form", choices=(*FORMS, "chosen"), default=FORMS[0], help="of kernels")
    parser.add_argument("--layers", action="store_true", help="print every layer")
    parser.add_argument("--shapes", action="store_true", help="single kernels on the bare core")
    parser.add_argument("--toolchain", choices=("zig", "gcc"), default="zig")
    arguments = parser.parse_args()
    if arguments.shapes:
        print_shapes(arguments.g, arguments.toolchain)
    else:
        names = arguments.networks or zoo.NAMES
        print_networks(names, arguments.g, arguments.form, layers=arguments.layers)


if __name__ == "__main__":
    main()
