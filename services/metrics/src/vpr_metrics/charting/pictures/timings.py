"""Timing figures as a picture: dots by group, a trend over time, hours of the week, or a map."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from vpr_metrics.charting.picture import MOST_ROWS, Kind, Numbers, Picture
from vpr_metrics.charting.pictures import stating
from vpr_metrics.charting.speech import DASH, Speech, Unit
from vpr_metrics.schemas.figures import Figures, Group, IntervalTimings, TimingQuery, Timings
from vpr_service.problems import Problem, invalid_field

STATISTICS = ("mean", "median", "p90")
TIMES = ("day", "week", "month")
HOURS = "hour_of_week"
MOST_TIMES = 1500
NATURAL = frozenset({"priority"})
"""Groups that have an order of their own; others stand by how many cases they have."""

type Shapes = Sequence[Mapping[str, Any]]


def picture(query: TimingQuery, told: Timings, speech: Speech, shapes: Shapes = ()) -> Picture:
    """The picture that suits the groupings, or a map; ``shapes`` are the districts, as a map draws them.

    Raises Problem: 422 for what cannot be drawn, 503 while nobody tells where the districts are.
    """
    times = [name for name in told.groupings if name in TIMES]
    if query.chart == "map":
        return _map(query, _single(told), told, speech, shapes)
    if times:
        return _trend(query, _single(told), told, speech, times[0])
    if HOURS in told.groupings:
        if len(told.groupings) > 1:
            raise invalid_field("by", f"{HOURS} is drawn alone")
        return _hours(query, _single(told), told, speech)
    return _dots(query, told, speech)


def _single(told: Timings) -> IntervalTimings:
    if len(told.intervals) != 1:
        raise invalid_field("interval", "a picture of these groups is of one interval: name it")
    return told.intervals[0]


def _lines(
    query: TimingQuery, one: IntervalTimings | None, told: Timings, speech: Speech, *notes: str
) -> Sequence[str]:
    stated = []
    if one:
        total = one.total
        stated = [
            speech.sentence(one.interval, one.start, one.end),
            stating.counts(speech, total.n, open=total.open, excluded=total.excluded, invalid=total.invalid),
        ]
    moment = stating.moment(told.as_of, told.zone, speech, told.until)
    return [*stated, stating.filters(query, speech, told.zone), moment, *notes]


def _title(one: IntervalTimings, told: Timings, speech: Speech) -> str:
    name = speech.interval(one.interval, one.start, one.end)
    if not told.groupings:
        return speech.say("title_timings_whole", interval=name)
    by = speech.say("by", value=", ".join(speech.say(f"by_{grouping}") for grouping in told.groupings))
    return speech.say("title_timings", interval=name, by=by)


def _unit(figures: Sequence[Figures]) -> Unit:
    return Unit.fit(*(getattr(one, name) for one in figures for name in STATISTICS))


def _numbers(head: str, named: Sequence[tuple[str, Figures]], speech: Speech, unit: Unit) -> Numbers:
    heads = (head, "n", *(speech.say(name) for name in STATISTICS), speech.say("open"))
    return Numbers(heads, [[name, *_cells(one, speech, unit)] for name, one in named])


def _cells(one: Figures, speech: Speech, unit: Unit) -> list[str]:
    if one.suppressed or one.n is None:
        return [speech.say("too_few"), *[DASH] * (len(STATISTICS) + 1)]
    times = [speech.time(getattr(one, name), unit) for name in STATISTICS]
    return [speech.number(one.n), *times, speech.number(one.open or 0)]


def _dots(query: TimingQuery, told: Timings, speech: Speech) -> Picture:
    """Each group's mean, median and P90 on a line of its own; without groups each interval's."""
    one = told.intervals[0] if len(told.intervals) == 1 else None
    named = [pair for interval in told.intervals for pair in _named(interval, told, speech, alone=one is not None)]
    kept = _largest(named, told.groupings)
    unit = _unit([figures for _, figures in kept])
    notes = [speech.say("thinned", n=len(kept), all=len(named))] if len(kept) < len(named) else []
    return Picture(
        kind=Kind.DOTS,
        title=_title(one, told, speech) if one else speech.say("title_all"),
        lines=_lines(query, one, told, speech, *notes),
        rows=[row for name, figures in kept for row in _statistics(name, figures, speech, unit)],
        words={"value": speech.say(f"in_{unit.name}"), "few": speech.say("too_few"), "none": speech.say("no_cases")},
        numbers=_numbers(speech.say("group"), kept, speech, unit),
        language=speech.language,
    )


def _named(one: IntervalTimings, told: Timings, speech: Speech, *, alone: bool) -> Iterator[tuple[str, Figures]]:
    name = speech.interval(one.interval, one.start, one.end)
    if not told.groupings:
        yield name, one.total
    for group in one.groups:
        key = speech.groups(group.keys)
        yield (key if alone else f"{name}: {key}"), group


def _largest(named: Sequence[tuple[str, Figures]], groupings: Sequence[str]) -> Sequence[tuple[str, Figures]]:
    """Those with the most cases, as many as can be told apart."""
    by_size = sorted(named, key=lambda pair: -(pair[1].n or 0))[:MOST_ROWS]
    if groupings and not NATURAL & set(groupings):
        return by_size
    names = {name for name, _ in by_size}
    return [pair for pair in named if pair[0] in names]


def _statistics(name: str, one: Figures, speech: Speech, unit: Unit) -> Iterator[dict[str, Any]]:
    label = name if one.n is None else f"{name} (n = {speech.number(one.n)})"
    if one.suppressed or not one.n:
        yield {"group": label, "few": one.suppressed, "none": not one.suppressed}
        return
    for statistic in STATISTICS:
        value = getattr(one, statistic)
        yield {"group": label, "series": speech.say(statistic), "value": value / unit.seconds, "n": one.n}


def _trend(query: TimingQuery, one: IntervalTimings, told: Timings, speech: Speech, grain: str) -> Picture:
    """Lines over the time of filing: of each statistic, or of each group's median."""
    others = [name for name in told.groupings if name != grain]
    dated = [(group, day) for group in one.groups if (day := _day(grain, group.keys[grain]))]
    if len({day for _, day in dated}) > MOST_TIMES:
        raise invalid_field("by", f"a picture shows at most {MOST_TIMES} {grain}s: take longer ones, or from and to")
    unit = _unit([group for group, _ in dated])
    rows = [row for group, day in dated for row in _at(group, day, others, speech, unit)]
    few = [speech.say("too_few_mark")] if any(group.suppressed for group, _ in dated) else []
    named: list[tuple[str, Figures]] = [(_when(group, day, others, speech), group) for group, day in dated]
    return Picture(
        kind=Kind.TREND,
        title=_title(one, told, speech),
        lines=_lines(query, one, told, speech, *few, *([speech.say("median")] if others else [])),
        rows=[*rows, *_gaps(rows, grain)],
        words={"value": speech.say(f"in_{unit.name}"), "grain": grain},
        numbers=_numbers(speech.say(f"by_{grain}"), named, speech, unit),
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


def _hours(query: TimingQuery, one: IntervalTimings, told: Timings, speech: Speech) -> Picture:
    """The median of each hour of the week."""
    groups = [group for group in one.groups if group.keys[HOURS] != "unknown"]
    unit = Unit.fit(*(group.median for group in groups))
    named: list[tuple[str, Figures]] = [(_hour(group, speech), group) for group in groups]
    return Picture(
        kind=Kind.HEAT,
        title=_title(one, told, speech),
        lines=_lines(query, one, told, speech, speech.say("median"), speech.say("too_few_mark")),
        rows=[
            {"day": speech.hour_of_week(group.keys[HOURS])[0], "hour": speech.hour_of_week(group.keys[HOURS])[1]}
            | {"value": None if group.median is None else group.median / unit.seconds, "n": group.n}
            | {"few": group.suppressed}
            for group in groups
        ],
        words={"value": f"{speech.say('median')}, {speech.say(f'in_{unit.name}')}"} | hour_words(speech),
        numbers=_numbers(speech.say("by_hour_of_week"), named, speech, unit),
        language=speech.language,
    )


def _hour(group: Group, speech: Speech) -> str:
    day, hour = speech.hour_of_week(group.keys[HOURS])
    return f"{day} {hour:02}:00"


def hour_words(speech: Speech) -> dict[str, str]:
    """The words of a picture of the week: the names of its days, and the axis of hours."""
    days = {str(number): speech.say(f"day_{number}") for number in range(1, 8)}
    return {"days": " ".join(days.values()), "hour": speech.say("hour")}


def _map(query: TimingQuery, one: IntervalTimings, told: Timings, speech: Speech, shapes: Shapes) -> Picture:
    """Each district's median, on the city's map."""
    if list(told.groupings) != ["district"]:
        raise invalid_field("chart", "a map is of by=district alone")
    if not shapes:
        detail = "intake, which knows where the districts are, does not answer"
        raise Problem(503, "no_map", detail, headers={"Retry-After": "20"})
    unit = Unit.fit(*(group.median for group in one.groups))
    named: list[tuple[str, Figures]] = [(speech.groups(group.keys), group) for group in one.groups]
    return Picture(
        kind=Kind.MAP,
        title=speech.say(
            "title_map",
            interval=speech.interval(one.interval, one.start, one.end),
            statistic=speech.say("median").lower(),
        ),
        lines=_lines(query, one, told, speech, speech.say("too_few_grey")),
        rows=[
            {"code": group.keys["district"], "name": name, "n": group.n, "few": group.suppressed}
            | {"value": None if group.median is None else group.median / unit.seconds}
            for (name, _), group in zip(named, one.groups, strict=True)
        ],
        words={"value": f"{speech.say('median')}, {speech.say(f'in_{unit.name}')}"},
        numbers=_numbers(speech.say("by_district"), named, speech, unit),
        language=speech.language,
        shapes=shapes,
    )
