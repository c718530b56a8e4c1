"""The rows of an extract's file, CSV or Parquet, from any row on, a part of the file in memory at a time."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Protocol, TextIO

from vpr_intake.extracts.mapping import Mapping, MappingError

MAGIC = b"PAR1"

type Row = tuple[int, Sequence[str | datetime] | None]
"""The number of the row's first line, and its values in the header's order; None for what cannot be read as a row."""


class Table(Protocol):
    """A header and rows. ``size`` and ``position`` tell how far the reading is, in bytes or rows."""

    header: Sequence[str]
    size: int

    @property
    def position(self) -> int:
        """How much of ``size`` is read."""

    def rows(self, skip: int = 0) -> Iterator[Row]:
        """The rows behind the first ``skip``. To be called once."""


@contextmanager
def open_table(path: Path, mapping: Mapping) -> Iterator[Table]:
    """A file's table. Raises MappingError for one that lacks what the mapping names, OSError for an unreadable one."""
    with path.open("rb") as file:
        is_parquet = file.read(len(MAGIC)) == MAGIC
    if is_parquet:
        from vpr_intake.extracts.parquet import ParquetTable

        with ParquetTable.opened(path, mapping) as table:
            yield table
        return
    with path.open(encoding=mapping.encoding, errors="replace", newline="") as lines:
        yield CsvTable(lines, mapping, path.stat().st_size)


class CsvTable:
    """Lines of CSV. Bytes that are not text in the mapping's encoding have become U+FFFD."""

    def __init__(self, lines: TextIO, mapping: Mapping, size: int = 0) -> None:
        self.size = size
        self._lines = lines
        self._numbered = _numbered(lines, mapping.delimiter)
        self.header: Sequence[str] = [str(name) for name in next(self._numbered, (1, None))[1] or []]
        check_header(self.header, mapping)

    @property
    def position(self) -> int:
        """Bytes, to within a block of the file."""
        return self._lines.buffer.tell()

    def rows(self, skip: int = 0) -> Iterator[Row]:
        """Each row that is not empty."""
        return islice(self._numbered, skip, None)


def check_header(header: Sequence[str], mapping: Mapping) -> None:
    """Raises MappingError unless it names each of the mapping's columns once."""
    wrong = sorted(column for column in mapping.columns() if header.count(column) != 1)
    if wrong:
        raise MappingError(f"the extract's header must name once: {', '.join(wrong)}")


def _numbered(lines: TextIO, delimiter: str) -> Iterator[Row]:
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        line = rows.line_num + 1
        try:
            values = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield line, None
            continue
        if values:
            yield line, values
