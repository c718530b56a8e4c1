"""Timing figures as a picture: dots by group, a trend over time, hours of the week, or a map."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vpr_metrics.charting.picture import MOST_ROWS, Kind, Picture
from vpr_metrics.charting.pictures import stating, trends, weeks
from vpr_metrics.charting.pictures.timing_parts import STATISTICS, lines, numbers, single, title, unit_of
from vpr_metrics.charting.speech import Speech, Unit
from vpr_metrics.records import LIVE
from vpr_metrics.schemas.figures import Figures, IntervalTimings, TimingQuery, Timings
from vpr_service.problems import Problem, invalid_field

NATURAL = frozenset({"priority"})
"""Groups that have an order of their own; others stand by how many cases they have."""
LONGEST = 26
"""Letters of a group's name beside a picture."""

type Shapes = Sequence[Mapping[str, Any]]


def picture(query: TimingQuery, told: Timings, speech: Speech, shapes: Shapes = ()) -> Picture:
    """The picture that suits the groupings, or a map; ``shapes`` are the districts, as a map draws them.

    Raises Problem: 422 for what cannot be drawn, 503 while nobody tells where the districts are.
    """
    if not is_of_city(told, speech, shapes):
        if query.chart == "map":
            raise invalid_field("chart", "the districts of this source are not the city's: they are not on its map")
        speech = replace(speech, districts={})
    times = [name for name in told.groupings if name in trends.TIMES]
    if query.chart == "map":
        return _map(query, single(told), told, speech, shapes)
    if times:
        return trends.picture(query, single(told), told, speech, times[0])
    if weeks.HOURS in told.groupings:
        if len(told.groupings) > 1:
            raise invalid_field("by", f"{weeks.HOURS} is drawn alone")
        return weeks.picture(query, single(told), told, speech)
    return _dots(query, told, speech)


def is_of_city(told: Timings, speech: Speech, shapes: Shapes = ()) -> bool:
    """Whether the answer's districts may be the city's. Another city's may have some of the same codes, but not all."""
    known = {*speech.districts, *(shape["code"] for shape in shapes)}
    found = {group.keys.get("district") for interval in told.intervals for group in interval.groups}
    return told.source == LIVE or not known or found <= {*known, "unknown", None}


def _dots(query: TimingQuery, told: Timings, speech: Speech) -> Picture:
    """Each group's mean, median and P90 on a line of its own; without groups each interval's."""
    one = told.intervals[0] if len(told.intervals) == 1 else None
    named = [pair for interval in told.intervals for pair in _named(interval, told, speech, alone=one is not None)]
    kept = _largest(named, told.groupings)
    unit = unit_of([figures for _, figures in kept])
    notes = [speech.say("thinned", n=len(kept), all=len(named))] if len(kept) < len(named) else []
    return Picture(
        kind=Kind.DOTS,
        title=title(one, told, speech) if one else speech.say("title_all"),
        lines=lines(query, one, told, speech, *notes),
        rows=[row for name, figures in kept for row in _statistics(name, figures, speech, unit)],
        words={"value": speech.say(f"in_{unit.name}")} | stating.blanks(speech),
        numbers=numbers(speech.say("group"), kept, speech, unit),
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
    label = _short(name) if one.n is None else f"{_short(name)} (n = {speech.number(one.n)})"
    if one.suppressed or not one.n:
        yield {"group": label, "few": one.suppressed, "none": not one.suppressed}
        return
    for statistic in STATISTICS:
        if (value := getattr(one, statistic)) is not None:
            yield {"group": label, "series": speech.say(statistic), "value": value / unit.seconds, "n": one.n}


def _short(name: str) -> str:
    """As much of a name as fits beside a picture; the table has all of it."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1].rstrip()}\u2026"


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
        lines=lines(query, one, told, speech, speech.say("too_few_grey")),
        rows=[
            {"code": group.keys["district"], "name": name, "n": group.n, "few": group.suppressed}
            | {"value": None if group.median is None else group.median / unit.seconds}
            for (name, _), group in zip(named, one.groups, strict=True)
        ],
        words={"value": f"{speech.say('median')}, {speech.say(f'in_{unit.name}')}"} | stating.blanks(speech),
        numbers=numbers(speech.say("by_district"), named, speech, unit),
        language=speech.language,
        shapes=shapes,
    )
