"""Runs single kernels of the firmware on a bare Cortex-M7: no peripherals, no runtime, no clock.

A layer and its tensors go in, the output's bytes and what the run took come out. Around every
tensor and behind the scratch lie bytes that the kernels must not touch; the bench checks them.
"""

from __future__ import annotations

import io
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import capstone
import firmware_build
import numpy as np
import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm_const

from dvfs_kernel.image import packing
from dvfs_kernel.link import abi

build = firmware_build.load()

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from dvfs_kernel.networks.network import Layer, Tensor

__all__ = ["KernelBench", "KernelRun", "shared_bench"]

_FLASH, _FLASH_BYTES = 0x08000000, 0x00200000
_RAM, _RAM_BYTES = 0x20000000, 0x00080000
_CONTEXT = 0x20004000
_STACK_TOP = 0x20004000
_RETURN = 0x080FFFF0
_GUARD = 0xA5
_GUARD_BYTES = 64


@dataclass(frozen=True)
class KernelRun:
    """One run of a kernel.

    Parameters
    ----------
    status
        What ``kernel_run`` returned.
    output
        The output tensor, (height, width, channels).
    scratch_bytes
        What ``kernel_scratch_bytes`` returned.
    memory_segments, compute_segments
        How often the kernel announced each.
    instructions, access_instructions
        Executed in all, and between an announcement of memory and the next of compute; 0 unless
        the bench counts.
    """

    status: abi.Status
    output: npt.NDArray[Any]
    scratch_bytes: int
    memory_segments: int
    compute_segments: int
    instructions: int
    access_instructions: int


class KernelBench:
    """The kernels, compiled and loaded.

    Parameters
    ----------
    toolchain
        As for ``build.compile_elf``.
    count
        Whether to count instructions (slower).
    """

    def __init__(self, toolchain: str = "zig", *, count: bool = False) -> None:
        elf = _compile(toolchain)
        self._symbols: dict[str, int] = {
            symbol.name: symbol["st_value"]
            for symbol in elf.get_section_by_name(".symtab").iter_symbols()
        }
        self._engine = unicorn.Uc(
            unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB, arm_const.UC_CPU_ARM_CORTEX_M7
        )
        self._engine.mem_map(_FLASH, _FLASH_BYTES)
        self._engine.mem_map(_RAM, _RAM_BYTES)
        for segment in elf.iter_segments("PT_LOAD"):
            self._engine.mem_write(segment["p_paddr"], segment.data())
        self._instructions = {"memory": 0, "compute": 0}
        self._segment = "compute"
        self._end = 0  # of the image's blobs
        self._packed: tuple[Layer, Sequence[Tensor], packing.PackedLayer] | None = None
        if count:
            self._count_instructions()

    def run(
        self,
        layer: Layer,
        tensors: Sequence[Tensor],
        inputs: Sequence[npt.NDArray[Any]],
        granularity: int = 0,
        *,
        scratch_missing: int = 0,
    ) -> KernelRun:
        """Run one layer.

        Parameters
        ----------
        layer, tensors
            The layer, and the tensors that its indices count in.
        inputs
            Its inputs, each in the shape and element type of its tensor.
        granularity
            0, or g.
        scratch_missing
            By how many bytes to give the kernel less scratch than it asks for.
        """
        records, end = self._place_tensors(layer, tensors, inputs)
        layer_address, tensors_address = self._write_image(layer, tensors, records)
        needed = self._call("kernel_scratch_bytes", layer_address, tensors_address, granularity)
        given = needed - scratch_missing
        scratch = bytes([_GUARD]) * min(given + _GUARD_BYTES, abi.SCRATCH_BYTES)
        self._engine.mem_write(abi.SCRATCH_ADDRESS, scratch)
        before = bytes(self._engine.mem_read(abi.TENSOR_ADDRESS, end - abi.TENSOR_ADDRESS))
        words = [
            abi.IMAGE_ADDRESS,
            tensors_address,
            abi.SCRATCH_ADDRESS,
            given,
            granularity,
            self._symbols["bench_enter_memory"] | 1,
            self._symbols["bench_enter_compute"] | 1,
        ]
        self._engine.mem_write(_CONTEXT, np.array(words, dtype="<u4").tobytes())
        self._engine.mem_write(self._symbols["bench_segments"], bytes(16))
        self._instructions.update(memory=0, compute=0)
        self._segment = "compute"
        status = abi.Status(self._call("kernel_run", layer_address, _CONTEXT))
        segments = np.frombuffer(
            self._engine.mem_read(self._symbols["bench_segments"], 16), dtype="<u4"
        )
        if segments[2]:
            raise AssertionError(f"segments do not alternate: {segments[2]} strays")
        output = tensors[layer.output]
        start = records[layer.output]["address"] - abi.TENSOR_ADDRESS
        after = bytes(self._engine.mem_read(abi.TENSOR_ADDRESS, end - abi.TENSOR_ADDRESS))
        stop = start + output.bytes
        if (after[:start], after[stop:]) != (before[:start], before[stop:]):
            raise AssertionError(f"layer {layer.name!r} wrote outside its output")
        behind = self._engine.mem_read(abi.SCRATCH_ADDRESS + given, len(scratch) - given)
        if set(behind) - {_GUARD}:
            raise AssertionError(f"layer {layer.name!r} wrote outside its scratch of {given} bytes")
        return KernelRun(
            status=status,
            output=np.frombuffer(after[start:stop], dtype=output.element).reshape(output.shape),
            scratch_bytes=needed,
            memory_segments=int(segments[0]),
            compute_segments=int(segments[1]),
            instructions=sum(self._instructions.values()),
            access_instructions=self._instructions["memory"],
        )

    def _place_tensors(
        self,
        layer: Layer,
        tensors: Sequence[Tensor],
        inputs: Sequence[npt.NDArray[Any]],
    ) -> tuple[npt.NDArray[np.void], int]:
        """Give the layer's tensors places between guards; return their records and the end."""
        records = np.zeros(len(tensors), dtype=abi.TENSOR)
        values = {
            layer.output: bytes([_GUARD]) * tensors[layer.output].bytes,
            **{i: array.tobytes() for i, array in zip(layer.inputs, inputs, strict=True)},
        }
        address = abi.TENSOR_ADDRESS
        for index, content in values.items():
            tensor = tensors[index]
            self._engine.mem_write(address, bytes([_GUARD]) * _GUARD_BYTES)
            address += _GUARD_BYTES
            self._engine.mem_write(address, content + bytes([_GUARD]) * _GUARD_BYTES)
            record = records[index]
            record["address"], record["bytes"] = address, tensor.bytes
            record["height"], record["width"], record["channels"] = tensor.shape
            record["element"] = abi.Element[tensor.element.upper()]
            record["zero_point"] = tensor.zero_point
            record["scale_bits"] = np.float32(tensor.scale).view(np.uint32)
            address += -(-len(content) // abi.TENSOR_ALIGNMENT) * abi.TENSOR_ALIGNMENT
        end = address + _GUARD_BYTES
        if end > abi.TENSOR_ADDRESS + abi.TENSOR_BYTES:
            raise ValueError(f"the tensors of layer {layer.name!r} take {end - abi.TENSOR_ADDRESS}")
        return records, end

    def _write_image(
        self, layer: Layer, tensors: Sequence[Tensor], records: npt.NDArray[np.void]
    ) -> tuple[int, int]:
        """Write record, tensors and blobs to flash; return the addresses of the first two."""
        packed = self._pack(layer, tensors)
        record = np.zeros((), dtype=abi.LAYER)
        for name, value in packed.record.items():
            record[name] = value
        record["input0"] = layer.inputs[0]
        record["input1"] = layer.inputs[-1]
        record["output"] = layer.output
        layer_offset = abi.IMAGE_HEADER.itemsize
        tensors_offset = layer_offset + abi.LAYER.itemsize
        self._end = tensors_offset + records.nbytes
        for name in ("weights", "bias", "multiplier", "shift"):
            record[f"{name}_offset"] = self._place_blob(getattr(packed, name))
        pieces = np.zeros(len(packed.pieces), dtype=abi.PIECE)
        code = b""
        for item, piece in zip(pieces, packed.pieces, strict=True):
            item["entry"] = len(code)
            item["weights_offset"] = self._place_blob(piece.weights)
            item["channel"], item["channels"] = piece.channel, piece.channels
            code += piece.code + bytes(-len(piece.code) % abi.CODE_ALIGNMENT)
        record["pieces_offset"] = self._place_blob(pieces.tobytes())
        record["piece_count"] = len(pieces)
        header = np.zeros((), dtype=abi.IMAGE_HEADER)
        header["code_offset"] = self._place_blob(code)
        content = header.tobytes() + record.tobytes() + records.tobytes()
        self._engine.mem_write(abi.IMAGE_ADDRESS, content)
        self._engine.ctl_remove_cache(abi.IMAGE_ADDRESS, abi.IMAGE_ADDRESS + self._end)
        return abi.IMAGE_ADDRESS + layer_offset, abi.IMAGE_ADDRESS + tensors_offset

    def _pack(self, layer: Layer, tensors: Sequence[Tensor]) -> packing.PackedLayer:
        """Pack a layer once for all granularities: making code takes longer than running it."""
        last = self._packed
        if last is None or last[0] is not layer or last[1] is not tensors:
            last = self._packed = layer, tensors, packing.pack(layer, tensors)
        return last[2]

    def _place_blob(self, blob: bytes) -> int:
        offset = self._end + -self._end % abi.CODE_ALIGNMENT
        self._engine.mem_write(abi.IMAGE_ADDRESS + offset, blob)
        self._end = offset + len(blob)
        return offset

    def _call(self, function: str, *arguments: int) -> int:
        engine = self._engine
        for register, value in enumerate(arguments):
            engine.reg_write(arm_const.UC_ARM_REG_R0 + register, value)
        engine.reg_write(arm_const.UC_ARM_REG_SP, _STACK_TOP)
        engine.reg_write(arm_const.UC_ARM_REG_LR, _RETURN | 1)
        engine.emu_start(self._symbols[function] | 1, _RETURN, count=0)
        return int(engine.reg_read(arm_const.UC_ARM_REG_R0))

    def _count_instructions(self) -> None:
        decoder = capstone.Cs(
            capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS
        )
        lengths: dict[tuple[int, int], int] = {}
        enter = {
            self._symbols["bench_enter_memory"] & ~1: "memory",
            self._symbols["bench_enter_compute"] & ~1: "compute",
        }

        def on_block(engine: Any, address: int, size: int, _data: object) -> None:
            if address in enter:
                self._segment = enter[address]
            key = (address, size)
            if key not in lengths:
                code = bytes(engine.mem_read(address, size))
                lengths[key] = sum(1 for _ in decoder.disasm_lite(code, address))
            self._instructions[self._segment] += lengths[key]

        self._engine.hook_add(unicorn.UC_HOOK_BLOCK, on_block)


@cache
def shared_bench(toolchain: str = "zig") -> KernelBench:
    """Return a bench that does not count; it is compiled once."""
    return KernelBench(toolchain)


def _compile(toolchain: str) -> ELFFile:
    sources = [
        *(source for source in build.firmware_sources() if source.parts[0] == "kernels"),
        Path("src/core/memory.c"),
        Path("src/core/memory_eabi.c"),
        Path(__file__).with_suffix(".c"),
    ]
    with tempfile.TemporaryDirectory(prefix="kernels-") as directory:
        output = Path(directory) / "kernels.elf"
        build.compile_elf(sources, output, toolchain=toolchain)
        return ELFFile(io.BytesIO(output.read_bytes()))
