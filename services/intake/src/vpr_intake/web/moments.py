"""Dates and times as residents write and read them, in the city's zone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vpr_service.languages import Language
from vpr_service.moments import told

FIRST = date(1900, 1, 1)
LAST_MINUTE = time(23, 59)
FIELDS = ("date_from", "time_from", "date_to", "time_to")


@dataclass(frozen=True, slots=True)
class Span:
    """Between when and when it happened, as far as that is known; ``faults`` by field, named as in the texts."""

    start: datetime | None
    end: datetime | None
    faults: Mapping[str, str]


def span_of(given: Mapping[str, str], zone: str, now: datetime) -> Span:
    """What was written as dates (``2026-05-04``) and times (``20:30``); a day without a time is the whole day."""
    faults: dict[str, str] = {}
    days = {name: _day(given.get(name, ""), name, faults) for name in ("date_from", "date_to")}
    hours = {name: _hour(given.get(name, ""), name, faults) for name in ("time_from", "time_to")}
    for day, hour in (("date_from", "time_from"), ("date_to", "time_to")):
        if hours[hour] and not given.get(day):
            faults[day] = "day_missing"
    if given.get("date_to") and not given.get("date_from"):
        faults["date_from"] = "day_missing"
    if faults or not (first := days["date_from"]):
        return Span(None, None, faults)
    start = _at(first, hours["time_from"] or time(0), zone)
    last = days["date_to"] or first
    ends = hours["time_to"] if days["date_to"] else hours["time_from"]
    end = _at(last, ends, zone) if ends else min(_at(last, LAST_MINUTE, zone), max(now, start))
    return Span(start, end, _order(start, end, last, zone, now))


def _order(start: datetime, end: datetime, last: date, zone: str, now: datetime) -> Mapping[str, str]:
    if start > now:
        return {"date_from": "future"}
    if end > now or last > now.astimezone(ZoneInfo(zone)).date():
        return {"date_to": "future"}
    return {"date_to": "before"} if end < start else {}


def _day(text: str, name: str, faults: dict[str, str]) -> date | None:
    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        day = date.min
    if day and not FIRST <= day <= date(9000, 1, 1):
        faults[name] = "no_day"
    return day


def _hour(text: str, name: str, faults: dict[str, str]) -> time | None:
    try:
        return time.fromisoformat(text).replace(tzinfo=None) if text else None
    except ValueError:
        faults[name] = "no_time"
        return None


def _at(day: date, hour: time, zone: str) -> datetime:
    return datetime.combine(day, hour, ZoneInfo(zone)).astimezone(UTC)


def with_offset(text: str, zone: str) -> str:
    """A date and time of a browser (``2026-05-04T20:30``) with the city's offset; anything else as it is."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)).isoformat()


def told_span(start: datetime, end: datetime | None, zone: str, language: Language) -> str:
    """A span; a moment where both are the same minute."""
    if end is None or end - start < timedelta(minutes=1):
        return told(start, zone, language)
    joint = {"en": ("between", "and"), "fr": ("entre le", "et le")}[language]
    return f"{joint[0]} {told(start, zone, language)} {joint[1]} {told(end, zone, language)}"
