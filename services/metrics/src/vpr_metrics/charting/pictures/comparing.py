"""Before and after as bars."""

from collections.abc import Iterator
from typing import Any

from vpr_metrics.charting.picture import Kind, Numbers, Picture
from vpr_metrics.charting.pictures import stating
from vpr_metrics.charting.speech import DASH, Speech, Unit
from vpr_metrics.schemas.comparing import ChangeTold, CohortFigures, Comparison

STATISTICS = ("mean", "median")


def picture(told: Comparison, zone: str, speech: Speech) -> Picture:
    """Mean and median of both cohorts."""
    both = (("baseline", told.baseline), ("comparison", told.comparison))
    unit = Unit.fit(*(getattr(one, name) for _, one in both for name in STATISTICS))
    return Picture(
        kind=Kind.BARS,
        title=speech.say("title_compare", interval=speech.interval(told.interval, told.start, told.end)),
        lines=list(_lines(told, zone, speech)),
        rows=[
            _row(name, side, one, speech, unit, suppressed=told.suppressed) for name in STATISTICS for side, one in both
        ],
        words={"value": speech.say(f"in_{unit.name}")} | stating.blanks(speech),
        numbers=Numbers(
            (speech.say("group"), "n", speech.say("mean"), speech.say("median"), speech.say("open")),
            [_cells(speech.say(side), one, speech, unit) for side, one in both],
        ),
        language=speech.language,
    )


def _row(
    statistic: str, side: str, one: CohortFigures, speech: Speech, unit: Unit, *, suppressed: bool
) -> dict[str, Any]:
    value = getattr(one, statistic)
    n = "" if one.n is None else f" (n = {speech.number(one.n)})"
    return {
        "name": f"{speech.say(statistic)}, {speech.say(side).lower()}{n}",
        "series": speech.say(side),
        "value": None if value is None else value / unit.seconds,
        "label": speech.time(value, unit),
        "few": suppressed,
    }


def _cells(name: str, one: CohortFigures, speech: Speech, unit: Unit) -> list[str]:
    if one.n is None:
        return [name, speech.say("too_few"), DASH, DASH, DASH]
    times = [speech.time(getattr(one, statistic), unit) for statistic in STATISTICS]
    return [name, speech.number(one.n), *times, speech.count(one.open)]


def _lines(told: Comparison, zone: str, speech: Speech) -> Iterator[str]:
    yield speech.sentence(told.interval, told.start, told.end)
    for side, one in (("baseline", told.baseline), ("comparison", told.comparison)):
        n = stating.counts(speech, one.n, open=one.open)
        yield speech.say("side", side=speech.say(side), n=n, filters=stating.filters(one.chosen, speech, zone))
    if told.suppressed:
        yield speech.say("all_suppressed")
    for name, one_change in (("mean", told.mean), ("median", told.median)):
        if one_change and one_change.percent is not None:
            yield changed(name, one_change, speech)
    yield stating.moment(told.comparison.as_of, zone, speech)


def changed(statistic: str, change: ChangeTold, speech: Speech) -> str:
    """Such as "Mean -87.7% (95% of resamples: -90% to -84%)"."""
    said = {"statistic": speech.say(statistic), "change": speech.percent((change.percent or 0) / 100, 1, signed=True)}
    if change.percent_low is None or change.percent_high is None:
        return speech.say("change_alone", **said)
    low, high = (speech.percent(one / 100, 1, signed=True) for one in (change.percent_low, change.percent_high))
    return speech.say("change", low=low, high=high, **said)
