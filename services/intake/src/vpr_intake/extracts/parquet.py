"""An extract as a Parquet file: only the columns that the mapping names, a batch of rows in memory at a time."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Self

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from vpr_intake.extracts.files import Row, check_header
from vpr_intake.extracts.mapping import Mapping, MappingError

BATCH = 5000
EPOCH = date(1900, 1, 1)


class ParquetTable:
    """Rows of a Parquet file. Columns of a time type are read as what they are, all others as their text."""

    def __init__(self, file: parquet.ParquetFile, mapping: Mapping) -> None:
        check_header(file.schema_arrow.names, mapping)
        self._file = file
        self.header: Sequence[str] = [name for name in file.schema_arrow.names if name in mapping.columns()]
        self.size: int = file.metadata.num_rows
        self.position = 0
        for name in self.header:
            _check_type(name, file.schema_arrow.field(name).type)

    @classmethod
    @contextmanager
    def opened(cls, path: Path, mapping: Mapping) -> Iterator[Self]:
        """The table of a file. Raises MappingError for what cannot be read."""
        try:
            with parquet.ParquetFile(path) as file:
                yield cls(file, mapping)
        except pa.ArrowException as error:
            raise MappingError(f"no Parquet file that can be read: {str(error).splitlines()[0]}") from error

    def rows(self, skip: int = 0) -> Iterator[Row]:
        """Numbered from 1. Groups of rows that are skipped whole are not read."""
        groups = list(range(self._file.metadata.num_row_groups))
        while groups and self.position + (size := self._file.metadata.row_group(groups[0]).num_rows) <= skip:
            self.position += size
            del groups[0]
        left = skip - self.position
        for batch in self._file.iter_batches(BATCH, row_groups=groups, columns=list(self.header)):
            kept = batch.slice(left)
            left -= batch.num_rows - kept.num_rows
            self.position += batch.num_rows
            first = self.position - kept.num_rows + 1
            columns = [_values(kept.column(name)) for name in self.header]
            yield from enumerate(zip(*columns, strict=True), first)


def _check_type(name: str, kind: pa.DataType) -> None:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise MappingError(f"the extract's column {name} holds {kind}, which is no text, number or time")


def _values(column: pa.Array) -> Sequence[str | datetime]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        moments: list[Any] = column.cast(pa.timestamp("us", kind.tz), safe=False).to_pylist()
        return ["" if one is None else one for one in moments]
    if pa.types.is_date(kind):
        return ["" if one is None else datetime.combine(one, time()) for one in column.cast(pa.date32()).to_pylist()]
    if pa.types.is_time(kind):
        times = column.cast(pa.time64("us"), safe=False).to_pylist()
        return ["" if one is None else datetime.combine(EPOCH, one) for one in times]
    return [one or "" for one in column.cast(pa.string()).to_pylist()]
