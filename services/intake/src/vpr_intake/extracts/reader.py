"""An extract, streamed into case records and issues; a reading that was cut off goes on where it stood."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from vpr_intake.extracts.files import CsvTable, Table, open_table
from vpr_intake.extracts.mapping import Mapping
from vpr_intake.extracts.records import CaseRecord, RowIssue
from vpr_intake.extracts.repeats import Repeats
from vpr_intake.extracts.rows import Parsed, Rules, parse_row, rejected
from vpr_intake.extracts.seen import Seen

PART = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reading stands: behind ``rows`` rows, all settled but the one that is ``held``."""

    rows: int = 0
    held: Parsed | None = None


class Reading:
    """The rows of a table, settled one after the other. ``seen`` must know what was settled before ``place``."""

    def __init__(self, table: Table, mapping: Mapping, seen: Seen, place: Place | None = None) -> None:
        start = place or Place()
        self._table = table
        self._rules = Rules(mapping, ZoneInfo(mapping.zone), datetime.now(UTC))
        self._repeats = Repeats(mapping.same_id == "merge", seen, start.held)
        self._rows = start.rows

    @property
    def place(self) -> Place:
        """Where a reading may go on that is cut off now, provided that what was yielded is done with."""
        return Place(self._rows, self._repeats.held)

    def settled(self) -> Iterator[Parsed]:
        """A record with its issues, or the issue of a row that is none.

        Every row after the header ends as exactly one record, one rejection or one duplicate; an excluded or repaired
        row yields its record too.
        """
        for line, values in self._table.rows(self._rows):
            self._rows += 1
            if parsed := self._repeats.add(self._parsed(line, values)):
                yield parsed
        if parsed := self._repeats.flush():
            yield parsed

    def _parsed(self, line: int, values: object) -> Parsed:
        if not isinstance(values, list | tuple):
            return rejected(line, None, "unreadable_row", None)
        if len(values) != len(self._table.header):
            return rejected(line, None, "wrong_field_count", None)
        return parse_row(line, dict(zip(self._table.header, values, strict=True)), self._rules)


def read_extract(source: TextIO | Path, mapping: Mapping) -> Iterator[CaseRecord | RowIssue]:
    """Each case once, and an issue for each row that is rejected, excluded, a duplicate or repaired.

    Raises MappingError when the header lacks or repeats a column that the mapping names, and OSError for an unreadable
    file, both on first use.
    """
    if isinstance(source, Path):
        with open_table(source, mapping) as table:
            yield from _outcomes(table, mapping)
    else:
        yield from _outcomes(CsvTable(source, mapping), mapping)


def _outcomes(table: Table, mapping: Mapping) -> Iterator[CaseRecord | RowIssue]:
    with closing(sqlite3.connect("")) as database:
        seen = Seen(database)
        for number, parsed in enumerate(Reading(table, mapping, seen).settled(), 1):
            if parsed.record:
                yield parsed.record
            yield from parsed.issues
            if number % PART == 0:
                seen.cut()
                seen.settle()
