"""Local time rules: which day a time of day belongs to, and which instant a local time is."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vpr_intake.extracts.mapping import DateColumn, DateTimePoint, ListPoint, Mapping, Point, TimePoint
from vpr_intake.extracts.records import CLOCK_POINTS

LATEST = datetime.max.replace(tzinfo=UTC)

type Cell = Callable[[str], str | datetime | None]
"""A row's value in a column: stripped text, or a moment where the file has a type for those; None for a null token."""


class UnreadableTime(ValueError):
    """A stamp that no format fits or no date can place; `reason` is a RowIssue reason."""

    def __init__(self, reason: str, column: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.column = column


@dataclass(frozen=True, slots=True)
class Stamp:
    """`instant` in UTC, `local` the wall clock without zone, `repair` a RowIssue reason when a rule had to choose."""

    instant: datetime
    local: datetime
    repair: str | None


ISO = {f"%Y-%m-%d{gap}%H:%M:%S{part}" for gap in "T " for part in ("", ".%f")}
"""Formats that datetime reads by itself, ten times as fast as strptime."""
ISO_SHAPE = re.compile(r"[0-9]{4}(?:-[0-9]{2}){2}[T ][0-9]{2}(?::[0-9]{2}){2}(?:\.(?:[0-9]{3}|[0-9]{6}))?")


def parse(text: str, formats: tuple[str, ...]) -> datetime | None:
    """The local time by the first format that fits. %y is 2000-2068 or 1969-1999, as POSIX has it."""
    for form in formats:
        try:
            if form in ISO and ISO_SHAPE.fullmatch(text) and text[10] == form[8] and (text[19:20] == form[17:18]):
                return datetime.fromisoformat(text)
            return datetime.strptime(text, form)  # noqa: DTZ007 -- local until a zone is applied
        except ValueError:
            continue
    return None


def place(time_of_day: time, reference: datetime, tolerance: timedelta) -> datetime:
    """The first moment with that time of day which is at most `tolerance` before the reference. All local."""
    earliest = reference - tolerance
    moment = datetime.combine(earliest.date(), time_of_day)
    return moment if moment >= earliest else moment + timedelta(days=1)


def resolve(local: datetime, zone: ZoneInfo, not_before: datetime | None) -> Stamp:
    """The instant of a local time.

    A time skipped in spring is read with the offset in force before the gap. A time that stands twice in autumn is the
    first of its two instants, unless that would precede `not_before`: then the second.
    """
    if local.tzinfo:
        return Stamp(local.astimezone(UTC), local.astimezone(zone).replace(tzinfo=None), None)
    first, second = _instant(local, zone, 0), _instant(local, zone, 1)
    if first == second:
        return Stamp(first, local, None)
    if first > second:
        return Stamp(first, local, "time_in_dst_gap")
    later = not_before is not None and first < not_before
    return Stamp(second if later else first, local, "time_ambiguous")


def _instant(local: datetime, zone: ZoneInfo, fold: int) -> datetime:
    return (local - (zone.utcoffset(local.replace(fold=fold)) or timedelta())).replace(tzinfo=UTC)


@dataclass(slots=True)
class WallClock:
    """Reads one row's clock points in their order; remembers the first and the latest one read from `filed` on.

    No stamp may lie behind `now`.
    """

    mapping: Mapping
    cell: Cell
    zone: ZoneInfo
    now: datetime = LATEST
    anchor: datetime | None = None
    previous: datetime | None = None

    def read(self) -> dict[str, Stamp]:
        """The row's stamps by clock point. Raises UnreadableTime."""
        stamps: dict[str, Stamp] = {}
        for name in CLOCK_POINTS:
            point = self.mapping.points.get(name)
            stamp = self._within_calendar(point) if point else None
            if stamp is None:
                continue
            if point and stamp.instant > self.now:
                raise UnreadableTime("time_in_future", point.column)
            stamps[name] = stamp
            if not name.startswith("occurred_"):
                self.anchor, self.previous = self.anchor or stamp.local, stamp.instant
        return stamps

    def _within_calendar(self, point: Point) -> Stamp | None:
        try:
            return self._point(point)
        except OverflowError:  # the first or last day there is, which stands for "unknown", in another zone
            raise UnreadableTime("unreadable_time", point.column) from None

    def _point(self, point: Point) -> Stamp | None:
        text = self.cell(point.column)
        if text is None:
            return None
        match point:
            case DateTimePoint():
                return resolve(_parsed(text, point.format, point.column), self.zone, self.previous)
            case TimePoint():
                return resolve(self._moment(text, point, self.anchor), self.zone, self.previous)
            case ListPoint():
                return _taken(point, self._stamps(split_units(text, point), point))

    def _stamps(self, entries: Iterable[tuple[str, str]], point: ListPoint) -> list[Stamp]:
        stamps: list[Stamp] = []
        for _, text in entries:
            before = stamps[-1] if stamps else None
            moment = self._moment(text, point, before.local if before else self.anchor)
            stamps.append(resolve(moment, self.zone, before.instant if before else self.previous))
        return stamps

    def _moment(self, text: str | datetime, point: TimePoint | ListPoint, reference: datetime | None) -> datetime:
        time_of_day = self._local(_parsed(text, point.format, point.column)).time()
        if isinstance(point, TimePoint) and point.date:
            return datetime.combine(self._date(point.date, point.column), time_of_day)
        if reference is None:
            return datetime.combine(self._date(self.mapping.day, point.column), time_of_day)
        return place(time_of_day, reference, self.mapping.tolerance)

    def _date(self, source: DateColumn | None, column: str) -> date:
        text = self.cell(source.column) if source else None
        if source is None or text is None:
            raise UnreadableTime("no_date", column)
        return self._local(_parsed(text, source.format, source.column)).date()

    def _local(self, moment: datetime) -> datetime:
        """By the mapping's zone: another zone's day and time of day may be others."""
        return moment.astimezone(self.zone).replace(tzinfo=None, fold=0) if moment.tzinfo else moment


def _parsed(text: str | datetime, formats: tuple[str, ...], column: str) -> datetime:
    parsed = text if isinstance(text, datetime) else parse(text, formats)
    if parsed is None:
        raise UnreadableTime("unreadable_time", column)
    return parsed


def split_units(text: str | datetime, point: ListPoint) -> list[tuple[str, str]]:
    """(unit, time of day) of each entry of a list. Raises UnreadableTime."""
    if isinstance(text, datetime):
        raise UnreadableTime("unreadable_time", point.column)
    entries = [entry.strip().rpartition(point.unit_separator) for entry in text.split(point.separator)]
    if not all(unit.strip() for unit, _, _ in entries):
        raise UnreadableTime("unreadable_time", point.column)
    return [(unit.strip(), stamp.strip()) for unit, _, stamp in entries]


def _taken(point: ListPoint, stamps: list[Stamp]) -> Stamp:
    match point.take:
        case "first":
            return stamps[0]
        case "last":
            return stamps[-1]
        case "min":
            return min(stamps, key=lambda stamp: stamp.instant)
        case "max":
            return max(stamps, key=lambda stamp: stamp.instant)
