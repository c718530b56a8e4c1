"""Timing figures over the time of filing."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from vpr_metrics.charting.picture import Kind, Picture
from vpr_metrics.charting.pictures import stating
from vpr_metrics.charting.pictures.timing_parts import STATISTICS, lines, numbers, title, unit_of
from vpr_metrics.charting.speech import Speech, Unit
from vpr_metrics.schemas.figures import Figures, Group, IntervalTimings, TimingQuery, Timings
from vpr_service.problems import invalid_field

TIMES = ("day", "week", "month")
MOST_TIMES = 1500


def picture(query: TimingQuery, one: IntervalTimings, told: Timings, speech: Speech, grain: str) -> Picture:
    """Lines over the time of filing: of each statistic, or of each group's median."""
    others = [name for name in told.groupings if name != grain]
    dated = [(group, day) for group in one.groups if (day := _day(grain, group.keys[grain]))]
    if len({day for _, day in dated}) > MOST_TIMES:
        raise invalid_field("by", f"a picture shows at most {MOST_TIMES} {grain}s: take longer ones, or from and to")
    unit = unit_of([group for group, _ in dated])
    rows = [row for group, day in dated for row in _at(group, day, others, speech, unit)]
    few = [speech.say("too_few_mark")] if any(group.suppressed for group, _ in dated) else []
    named: list[tuple[str, Figures]] = [(_when(group, day, others, speech), group) for group, day in dated]
    return Picture(
        kind=Kind.TREND,
        title=title(one, told, speech),
        lines=lines(query, one, told, speech, *few, *([speech.say("median")] if others else [])),
        rows=[*rows, *_gaps(rows, grain)],
        words={"value": speech.say(f"in_{unit.name}"), "grain": grain} | stating.blanks(speech),
        numbers=numbers(speech.say(f"by_{grain}"), named, speech, unit),
        language=speech.language,
    )


def _when(group: Group, day: date, others: Sequence[str], speech: Speech) -> str:
    return ", ".join([day.isoformat(), *(speech.group(name, group.keys[name]) for name in others)])


def _at(group: Group, day: date, others: Sequence[str], speech: Speech, unit: Unit) -> Iterator[dict[str, Any]]:
    key = ", ".join(speech.group(name, group.keys[name]) for name in others)
    for statistic in ("median",) if others else STATISTICS:
        value = getattr(group, statistic)
        row = {"time": day.isoformat(), "series": key or speech.say(statistic), "n": group.n, "few": group.suppressed}
        yield row | {"value": None if value is None else value / unit.seconds}


def _gaps(rows: Sequence[Mapping[str, Any]], grain: str) -> Iterator[dict[str, Any]]:
    """Rows without a value, so that no line is drawn across times without a case."""
    for series in dict.fromkeys(row["series"] for row in rows):
        days = {date.fromisoformat(row["time"]) for row in rows if row["series"] == series}
        day, last = min(days), max(days)
        while (day := _next(grain, day)) < last:
            if day not in days:
                yield {"time": day.isoformat(), "series": series, "n": 0, "few": False, "value": None}


def _next(grain: str, day: date) -> date:
    if grain == "month":
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if grain == "week" else 1)


def _day(grain: str, key: str) -> date | None:
    """The first day of a day, an ISO week or a month; None for what has none."""
    if key == "unknown":
        return None
    if grain == "week":
        year, _, week = key.partition("-W")
        return date.fromisocalendar(int(year), int(week), 1)
    return date.fromisoformat(f"{key}-01" if grain == "month" else key)
