"""Raw samples in a file: every one of them, with all that is needed to judge them later.

A CSV file begins with one line ``# {…}`` of JSON, the metadata; then come the names of the columns
and the samples. It grows while the measurement goes on, so that whatever ends it leaves what had
been measured. Parquet holds the same columns, and the metadata under the key ``dvfs-kernel``.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass, fields
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

from dvfs_kernel.errors import FileFormatError, MeasurementError, MissingExtraError
from dvfs_kernel.storage.atomic_file import naming, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

__all__ = ["SUFFIXES", "Sample", "SampleFile", "read_samples"]

SCHEMA = "dvfs-kernel/current-samples"
SCHEMA_VERSION = 1
#: Endings of names that are understood.
SUFFIXES = (".csv", ".parquet")
_PARQUET_KEY = b"dvfs-kernel"


@dataclass(frozen=True)
class Sample:
    """One result of the sensor.

    Parameters
    ----------
    round
        Repetition, from 0 on.
    subject
        What ran: the name of a schedule.
    first_layer, layer_count
        Which layers ran over and over.
    host_s
        When the block began, by the computer's clock, from the campaign's start on.
    block_s
        When the sample was read, by the board's clock, from the sensor's start on.
    pass_s
        Duration of one pass of the layers, the block's mean.
    """

    round: int
    subject: str
    first_layer: int
    layer_count: int
    host_s: float
    block_s: float
    shunt_counts: int
    current_a: float
    pass_s: float


_TYPES = {
    field.name: {"int": int, "float": float, "str": str}[str(field.type)]
    for field in fields(Sample)
}


class SampleFile:
    """A file that samples are added to.

    Parameters
    ----------
    path
        Ends with ``.csv`` or ``.parquet``.
    metadata
        Whatever JSON can hold.

    Raises
    ------
    MeasurementError
        The name ends otherwise, or pyarrow, which Parquet needs, is not installed.
    OSError
        The place cannot be written to.
    """

    def __init__(self, path: Path, metadata: dict[str, Any]) -> None:
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            raise MeasurementError(f"{path}: the name has to end with {' or '.join(SUFFIXES)}")
        if suffix == ".parquet" and find_spec("pyarrow") is None:
            raise MeasurementError(
                f"{path}: Parquet needs pyarrow: {MissingExtraError.remedy('parquet')}; "
                "or a name that ends with .csv"
            )
        self._path = path
        self._metadata = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **metadata}
        self._samples: list[Sample] = []
        self._file: io.TextIOWrapper | None = None
        if suffix == ".csv":
            self._file = path.open("w", encoding="utf-8", newline="")
            self._writer = csv.DictWriter(self._file, list(_TYPES))
            with naming(path):
                self._file.write(f"# {json.dumps(self._metadata)}\n")
                self._writer.writeheader()
                self._file.flush()

    def add(self, samples: Iterable[Sample]) -> None:
        """Add samples; those in a CSV file are there at once."""
        if self._file is None:
            self._samples += samples
            return
        with naming(self._path):
            self._writer.writerows(asdict(sample) for sample in samples)
            self._file.flush()

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            with naming(self._path):
                self._file.close()
        else:
            write_atomically(self._path, _parquet_bytes(self._samples, self._metadata))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _parquet_bytes(samples: list[Sample], metadata: dict[str, Any]) -> bytes:
    import pyarrow as pa  # noqa: PLC0415  an optional dependency
    from pyarrow import parquet  # noqa: PLC0415

    arrow_types = {int: pa.int64(), float: pa.float64(), str: pa.string()}
    schema = pa.schema([(name, arrow_types[kind]) for name, kind in _TYPES.items()])
    schema = schema.with_metadata({_PARQUET_KEY: json.dumps(metadata).encode()})
    table = pa.Table.from_pylist([asdict(sample) for sample in samples], schema=schema)
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def read_samples(path: Path) -> tuple[dict[str, Any], list[Sample]]:
    """Read a file of samples.

    Returns
    -------
    metadata
        What the measurement said of itself.
    samples
        In the order in which they were taken. A last line that is cut off is left out.

    Raises
    ------
    FileFormatError
        The file is something else, or damaged.
    """
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    try:
        head, _, body = path.read_text(encoding="utf-8").partition("\n")
        metadata = _checked(json.loads(head.removeprefix("#")), path)
        lines = body.splitlines()
        if lines and not body.endswith("\n"):
            lines.pop()
        rows = csv.DictReader(lines, strict=True)
        return metadata, [_sample(row, path) for row in rows]
    except (ValueError, csv.Error) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{path} is no file of samples, or damaged: {error}") from error


def _read_parquet(path: Path) -> tuple[dict[str, Any], list[Sample]]:
    if find_spec("pyarrow") is None:
        raise MeasurementError(
            f"{path}: Parquet needs pyarrow: {MissingExtraError.remedy('parquet')}"
        )
    import pyarrow as pa  # noqa: PLC0415  an optional dependency
    from pyarrow import parquet  # noqa: PLC0415

    try:
        table = parquet.read_table(path)
        metadata = _checked(json.loads((table.schema.metadata or {})[_PARQUET_KEY]), path)
    except (pa.ArrowException, KeyError, ValueError) as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(f"{path} is no file of samples, or damaged: {error}") from error
    return metadata, [_sample(row, path) for row in table.to_pylist()]


def _checked(metadata: object, path: Path) -> dict[str, Any]:
    if not isinstance(metadata, dict) or metadata.get("schema") != SCHEMA:
        raise FileFormatError(f"{path} is no file of samples: its first line does not say {SCHEMA}")
    version = metadata.get("schema_version")
    if version != SCHEMA_VERSION:
        raise FileFormatError(
            f"{path} has version {version!r} of {SCHEMA}; only {SCHEMA_VERSION} can be read"
        )
    return metadata


def _sample(row: dict[str, Any], path: Path) -> Sample:
    if set(row) != set(_TYPES):
        raise FileFormatError(
            f"{path}: the columns are {', '.join(map(str, row))}; due are {', '.join(_TYPES)}"
        )
    try:
        return Sample(**{name: kind(row[name]) for name, kind in _TYPES.items()})
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"{path}: a sample cannot be read: {error}") from error
