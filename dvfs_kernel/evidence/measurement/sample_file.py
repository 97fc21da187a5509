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
from dvfs_kernel.storage.content import parsing, read_content, read_text
from dvfs_kernel.storage.json_file import parse_json

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
_NO_SAMPLES = "is no file of samples, or damaged"
# A campaign of an hour takes a million samples, which are 100 MB of CSV.
_MOST_SAMPLES = 2_000_000
_MOST_BYTES = 256 << 20
_LARGEST = 1e12  # of a number of a sample, whatever its unit


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
            try:
                self._writer = csv.DictWriter(self._file, list(_TYPES))
                with naming(path):
                    self._file.write(f"# {json.dumps(self._metadata)}\n")
                    self._writer.writeheader()
                    self._file.flush()
            except BaseException:
                self._file.close()
                raise

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
    head, _, body = read_text(path, most_bytes=_MOST_BYTES).partition("\n")
    metadata = _checked(parse_json(head.removeprefix("#"), f"{path} {_NO_SAMPLES}"), path)
    lines = body.splitlines()
    if lines and not body.endswith("\n"):
        lines.pop()
    with parsing(f"{path} {_NO_SAMPLES}"):
        return metadata, [_sample(row, path) for row in csv.DictReader(lines, strict=True)]


def _read_parquet(path: Path) -> tuple[dict[str, Any], list[Sample]]:
    if find_spec("pyarrow") is None:
        raise MeasurementError(
            f"{path}: Parquet needs pyarrow: {MissingExtraError.remedy('parquet')}"
        )
    from pyarrow import parquet  # noqa: PLC0415  an optional dependency

    content = read_content(path, most_bytes=_MOST_BYTES)
    with parsing(f"{path} {_NO_SAMPLES}"):
        file = parquet.ParquetFile(io.BytesIO(content))
        unpacked = sum(
            file.metadata.row_group(group).total_byte_size
            for group in range(file.metadata.num_row_groups)
        )
        if file.metadata.num_rows > _MOST_SAMPLES or not 0 <= unpacked <= _MOST_BYTES:
            raise ValueError(
                f"it tells of {file.metadata.num_rows:,} samples in {unpacked:,} bytes; "
                f"at most {_MOST_SAMPLES:,} in {_MOST_BYTES:,} are read"
            )
        table = file.read()
        text = (table.schema.metadata or {})[_PARQUET_KEY]
        metadata = _checked(parse_json(text, f"{path} {_NO_SAMPLES}"), path)
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
    with parsing(f"{path}: a sample cannot be read"):
        sample = Sample(**{name: kind(row[name]) for name, kind in _TYPES.items()})
        for name, kind in _TYPES.items():
            value = getattr(sample, name)
            if kind is not str and not abs(value) < _LARGEST:  # NaN is refused, too
                raise ValueError(f"{name} is {value!r:.40}; less than {_LARGEST:g} is allowed")
    return sample
