"""The list of rows that were not taken as they are: a CSV file."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import BinaryIO, Self

from vpr_intake.extracts import RowIssue

COLUMNS = ("line", "record_id", "kind", "reason", "field")


class IssueList:
    """The CSV file that names every row that was not taken as it is. ``file`` None: there is none."""

    def __init__(self, file: BinaryIO | None, written: int) -> None:
        self._file = file
        self._write([COLUMNS] if file and not written else [])

    @classmethod
    @contextmanager
    def opened(cls, path: Path | None, written: int) -> Iterator[Self]:
        """The list at a path, cut off behind what is ``written`` (bytes). Raises OSError."""
        if path is None:
            yield cls(None, 0)
            return
        with path.open("r+b" if written else "wb") as file:
            file.truncate(written)
            file.seek(written)
            yield cls(file, written)

    def add(self, issues: Sequence[RowIssue]) -> int:
        """Write them: the list's size afterwards."""
        return self._write([(one.line, one.record_id, one.kind, one.reason, one.field) for one in issues])

    def _write(self, rows: Sequence[Sequence[object]]) -> int:
        if self._file is None:
            return 0
        text = StringIO(newline="")
        csv.writer(text).writerows(rows)
        self._file.write(text.getvalue().encode())
        self._file.flush()
        return self._file.tell()
