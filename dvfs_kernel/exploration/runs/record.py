"""What is kept of one run."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from dvfs_kernel.errors import DvfsError, FileFormatError
from dvfs_kernel.storage.array_file import parse_arrays
from dvfs_kernel.storage.content import parsing
from dvfs_kernel.storage.json_file import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLOCK_DTYPE", "HFO", "LFO", "SEGMENT_DTYPE", "Record"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Rows of a layer's counters: on the clock of compute segments, and on that of memory segments.
HFO, LFO = 0, 1

#: A change of SYSCLK; time from the beginning of the run, the first row being the clock there.
CLOCK_DTYPE = np.dtype(
    [("time_s", "f8"), ("sysclk_hz", "i8"), ("source", "U3"), ("current_a", "f8")]
)
#: A stretch between two markers; layer −1: of no layer.
SEGMENT_DTYPE = np.dtype(
    [("start_s", "f8"), ("end_s", "f8"), ("layer", "i4"), ("segment", "i4"), ("energy_j", "f8")]
)


@dataclass(frozen=True, eq=False)
class Record:
    """One run: sums for every layer, totals, and the timeline.

    Energies are NaN where a board cannot tell them.

    Parameters
    ----------
    entry_time_s, entry_energy_j
        (layers,) of the clock change before each layer's kernel.
    time_s, energy_j
        (layers,) of each layer's kernel, hops inside included.
    counters
        (layers, 2, len(counter_names)) what the core counted in the kernel on `HFO` and on `LFO`;
        (layers, 2, 0) where a board has no counters.
    piece_time_s, piece_energy_j
        (layers, 2) the kernel's time and energy on either clock.
    hops
        (layers,) changes of SYSCLK inside the kernel.
    clock, segments
        The timeline, `CLOCK_DTYPE` and `SEGMENT_DTYPE`; empty where a board has no ground truth.
    totals
        Plain values: ``latency_s``, ``inference_j``, ``cycles``, ``relocks``, ``hops``, and of a
        window ``window_s``, ``window_j``, ``idle_j``, ``overrun_s``, else None.
    output_digest
        SHA-256 of all output tensors.
    build_id
        CRC-32 of the firmware's flash bytes as the firmware computed it.
    counter_names
        Of the counters.
    made_by
        What made the run, as `Origin.to_dict` tells it.
    """

    #: Counts up where the form or the meaning of a field changes.
    VERSION: ClassVar[int] = 3

    entry_time_s: Floats
    entry_energy_j: Floats
    time_s: Floats
    energy_j: Floats
    counters: Ints
    piece_time_s: Floats
    piece_energy_j: Floats
    hops: Ints
    clock: npt.NDArray[Any]
    segments: npt.NDArray[Any]
    totals: Mapping[str, float | None]
    output_digest: str
    build_id: int
    counter_names: tuple[str, ...]
    made_by: Mapping[str, str]

    def __repr__(self) -> str:
        return (
            f"<Record of {len(self.time_s)} layers: {self.latency_s * 1e3:.3f} ms, "
            f"{self.total('inference_j') * 1e3:.3f} mJ>"
        )

    @property
    def latency_s(self) -> float:
        """Time of the inference."""
        return float(self.totals["latency_s"] or 0.0)

    def total(self, name: str) -> float:
        """Return one of the totals; NaN where it is not known."""
        value = self.totals[name]
        return float("nan") if value is None else float(value)

    # ---- files ---------------------------------------------------------------------------------

    def to_bytes(self) -> bytes:
        """Return the record as a NumPy archive."""
        file = io.BytesIO()
        arrays = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        rest = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name not in arrays
        }
        text = json.dumps({**rest, "totals": dict(self.totals)})
        np.savez_compressed(file, plain=np.frombuffer(text.encode(), np.uint8), **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(
        cls,
        data: bytes,
        complaint: str = "no record of a run",
        error: type[DvfsError] = FileFormatError,
    ) -> Self:
        """Read what `to_bytes` wrote.

        Parameters
        ----------
        complaint, error
            As of `parsing`.

        Raises
        ------
        DvfsError
            Of the kind `error`: the bytes are no such archive.
        """
        arrays: dict[str, Any] = dict(parse_arrays(data, complaint, error))
        with parsing(complaint, error):
            plain = parse_json(arrays.pop("plain").tobytes(), complaint, constants=True)
            plain["counter_names"] = tuple(plain["counter_names"])
            return cls(**arrays, **plain)
