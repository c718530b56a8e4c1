"""A CSV extract, streamed into case records and issues."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from vpr_intake.extracts.mapping import Mapping, MappingError
from vpr_intake.extracts.records import CaseRecord, RowIssue
from vpr_intake.extracts.repeats import Repeats
from vpr_intake.extracts.rows import Parsed, parse_row, rejected


def read_extract(lines: TextIO | Path, mapping: Mapping) -> Iterator[CaseRecord | RowIssue]:
    """Each case once, and an issue for each row that is rejected, excluded, a duplicate or repaired.

    Every row after the header ends as exactly one record, one rejection or one duplicate; an excluded or repaired row
    yields its record too. Bytes that are not text in the mapping's encoding become U+FFFD. Raises MappingError when the
    header lacks or repeats a column that the mapping names, and OSError for an unreadable file, both on first use.
    """
    if isinstance(lines, Path):
        with lines.open(encoding=mapping.encoding, errors="replace", newline="") as file:
            yield from _outcomes(file, mapping)
    else:
        yield from _outcomes(lines, mapping)


def _outcomes(lines: TextIO, mapping: Mapping) -> Iterator[CaseRecord | RowIssue]:
    repeats = Repeats(merge=mapping.same_id == "merge")
    for parsed in _parsed_rows(lines, mapping):
        yield from repeats.add(parsed)
    yield from repeats.flush()


def _parsed_rows(lines: TextIO, mapping: Mapping) -> Iterator[Parsed]:
    rows = _numbered(lines, mapping.delimiter)
    header = next(rows, (1, None))[1] or []
    _check_header(header, mapping)
    zone = ZoneInfo(mapping.zone)
    for line, values in rows:
        if values is None:
            yield rejected(line, None, "unreadable_row", None)
        elif len(values) != len(header):
            yield rejected(line, None, "wrong_field_count", None)
        else:
            yield parse_row(line, dict(zip(header, values, strict=True)), mapping, zone)


def _check_header(header: list[str], mapping: Mapping) -> None:
    wrong = sorted(column for column in mapping.columns() if header.count(column) != 1)
    if wrong:
        raise MappingError(f"the extract's header must name once: {', '.join(wrong)}")


def _numbered(lines: TextIO, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
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
