"""What runs where: network, input, firmware and board."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from dvfs_kernel.boards.spec import BoardSpec
from dvfs_kernel.errors import BoardError
from dvfs_kernel.exploration.runs.origin import model_digest
from dvfs_kernel.image import memory_plan
from dvfs_kernel.image.firmware import FIRMWARE
from dvfs_kernel.image.image import Image
from dvfs_kernel.image.image import build as build_image
from dvfs_kernel.networks.input_tensor import fit_array, sample_input
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    import numpy.typing as npt

    from dvfs_kernel.networks.network import Network

__all__ = ["Workload"]


@dataclass(frozen=True, eq=False)
class Workload(ByContent):
    """A network with its input on a kind of board.

    Parameters
    ----------
    network, data
        The network, and its input as the tensor stores it.
    board
        Which board each worker opens for itself.
    firmware
        The bytes of the ELF file.

    Raises
    ------
    NetworkTooLargeError, UnsupportedOperatorError
        The network does not fit the chip or uses what the firmware does not have.
    """

    network: Network
    data: npt.NDArray[Any] = field(repr=False)
    board: BoardSpec
    firmware: bytes = field(repr=False)

    def __repr__(self) -> str:
        return f"<Workload: {self.network!r} on {self.board}>"

    @classmethod
    def of(cls, network: Network, board: BoardSpec, data: npt.NDArray[Any] | None = None) -> Self:
        """Make a workload of the package's firmware; without data, of the made-up picture.

        Raises
        ------
        FileFormatError
            The data does not fit the network's input.
        BoardError
            The package carries no firmware.
        """
        tensor = network.tensors[network.input]
        stored = fit_array(sample_input(tensor) if data is None else data, tensor)
        if not FIRMWARE.is_file():
            raise BoardError(
                f"the firmware {FIRMWARE.name} is not built; build it with python firmware/build.py"
            )
        return cls(network, stored, board, FIRMWARE.read_bytes())

    @cached_property
    def image(self) -> Image:
        """The data image of the network."""
        return build_image(self.network, memory_plan.plan(self.network))

    @cached_property
    def hse_hz(self) -> int:
        """The board's HSE."""
        if self.board.hse_hz is not None:
            return self.board.hse_hz
        with self.board.open() as board:
            return board.hse_hz

    @cached_property
    def twin(self) -> Workload:
        """The same network and input on an embedded virtual board with the same clocks."""
        own = self.board
        board = BoardSpec(hse_hz=self.hse_hz, pll_lock=own.pll_lock, profile=own.profile)
        return replace(self, board=board)

    @cached_property
    def image_digest(self) -> str:
        """SHA-256 of the data image: which network this is, whatever its name."""
        return hashlib.sha256(self.image.data).hexdigest()

    @cached_property
    def board_key(self) -> dict[str, Any]:
        """What the board is, where the digest is made."""
        return self.board.key()

    @cached_property
    def digest(self) -> str:
        """Everything that can change a result, as 64 hexadecimal digits.

        Firmware, data image, input, board, and `model_digest`: equal digests give equal cycles and
        joules.
        """
        parts = [
            self.firmware,
            self.image.data,
            self.data.tobytes(),
            json.dumps(self.board_key, sort_keys=True).encode(),
            model_digest().encode(),
        ]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.hexdigest()
