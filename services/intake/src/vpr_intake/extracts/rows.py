"""One row of an extract to one case record, or to the reason why not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from vpr_intake.extracts.clocks import Cell, Stamp, UnreadableTime, WallClock, split_units
from vpr_intake.extracts.mapping import CodeSource, ListPoint, Mapping, PrioritySource
from vpr_intake.extracts.records import CaseRecord, IssueKind, RowIssue, field_of

_RECORD_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")
_NOT_CODE = re.compile(r"[^A-Za-z0-9._/-]+")
_PRIORITY = re.compile(r"-?[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A row's record, None when it was rejected, and its issues."""

    line: int
    record: CaseRecord | None
    issues: tuple[RowIssue, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What every row is read by: the mapping, its zone, and the moment behind which nothing can have happened."""

    mapping: Mapping
    zone: ZoneInfo
    now: datetime


def parse_row(line: int, values: dict[str, str | datetime], rules: Rules) -> Parsed:
    """Read one row. Never raises for what a row holds."""
    mapping = rules.mapping
    row = _Row(line, _cells(values, mapping.nulls), mapping)
    record_id = row.text(mapping.record_id)
    if record_id is None or not _RECORD_ID.fullmatch(record_id):
        reason = "record_id_unusable" if record_id else "record_id_missing"
        return rejected(line, None, reason, mapping.record_id)
    try:
        stamps = WallClock(mapping, row.cell, rules.zone, rules.now).read()
    except UnreadableTime as error:
        return rejected(line, record_id, error.reason, error.column)
    if not stamps:
        return rejected(line, record_id, "no_clock_point", None)
    row.record_id = record_id
    return _parsed(row, stamps)


def rejected(line: int, record_id: str | None, reason: str, column: str | None) -> Parsed:
    """A row that is no record, for a reason code."""
    return Parsed(line, None, (RowIssue(line, record_id, "rejected", reason, column),))


def _cells(row: dict[str, str | datetime], nulls: tuple[str, ...]) -> Cell:
    def cell(column: str) -> str | datetime | None:
        value = row[column]
        if isinstance(value, datetime):
            return value
        value = value.strip()
        return value if value and value not in nulls else None

    return cell


@dataclass(slots=True)
class _Row:
    line: int
    cell: Cell
    mapping: Mapping
    record_id: str = ""

    def text(self, column: str) -> str | None:
        value = self.cell(column)
        return value.isoformat() if isinstance(value, datetime) else value

    def issue(self, kind: IssueKind, reason: str, column: str | None) -> RowIssue:
        return RowIssue(self.line, self.record_id, kind, reason, column)


def _parsed(row: _Row, stamps: dict[str, Stamp]) -> Parsed:
    issues = list(_time_repairs(row, stamps))
    excluded = _exclusion(row, issues)
    mapping = row.mapping
    record = CaseRecord(
        source=mapping.source,
        record_id=row.record_id,
        pathway=mapping.pathway,
        category=_code(row, mapping.category, issues),
        district=_code(row, mapping.district, issues),
        priority=_priority(row, mapping.priority, issues),
        gravest=_gravest(mapping),
        units=_units(row),
        excluded=excluded,
        officer_initiated=_officer_initiated(row),
        **_times(stamps),
    )
    return Parsed(row.line, record, tuple(issues))


def _times(stamps: dict[str, Stamp]) -> dict[str, datetime]:
    return {field_of(name): stamp.instant for name, stamp in stamps.items()}


def _time_repairs(row: _Row, stamps: dict[str, Stamp]) -> Iterator[RowIssue]:
    for name, point in row.mapping.points.items():
        stamp = stamps.get(name)
        if stamp and stamp.repair:
            yield row.issue("repaired", stamp.repair, point.column)


def _exclusion(row: _Row, issues: list[RowIssue]) -> str | None:
    for rule in row.mapping.exclude:
        if re.search(rule.matches, row.text(rule.column) or ""):
            issues.append(row.issue("excluded", rule.reason, rule.column))
            return rule.reason
    return None


def _code(row: _Row, source: CodeSource | None, issues: list[RowIssue]) -> str | None:
    text = row.text(source.column) if source else None
    if source is None or text is None:
        return None
    code = source.values.get(text, text)
    if _CODE.fullmatch(code):
        return code
    slug = _NOT_CODE.sub("-", code).strip("._/-") if source.slug else ""
    usable = bool(_CODE.fullmatch(slug))
    issues.append(row.issue("repaired", "code_normalised" if usable else "code_unusable", source.column))
    return slug if usable else None


def _priority(row: _Row, source: PrioritySource | None, issues: list[RowIssue]) -> int | None:
    text = row.text(source.column) if source else None
    if source is None or text is None:
        return None
    if text in source.values:
        return source.values[text]
    if _PRIORITY.fullmatch(text):
        return int(text)
    issues.append(row.issue("repaired", "priority_unusable", source.column))
    return None


def _gravest(mapping: Mapping) -> Literal["lowest", "highest"] | None:
    return mapping.priority.gravest if mapping.priority else None


def _officer_initiated(row: _Row) -> bool | None:
    flag = row.mapping.officer_initiated
    text = row.text(flag.column) if flag else None
    return None if flag is None or text is None else bool(re.search(flag.matches, text))


def _units(row: _Row) -> int:
    if row.mapping.units:
        return int(row.text(row.mapping.units) is not None)
    lists = [point for point in row.mapping.points.values() if isinstance(point, ListPoint)]
    if not lists:
        return 0
    texts = ((point, row.text(point.column)) for point in lists)
    return len({unit for point, text in texts if text for unit, _ in split_units(text, point)})
