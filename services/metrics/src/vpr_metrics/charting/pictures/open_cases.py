"""Open cases by age as bars."""

from vpr_metrics.charting.picture import Kind, Numbers, Picture
from vpr_metrics.charting.pictures import stating
from vpr_metrics.charting.speech import DAY, HOUR, Speech
from vpr_metrics.schemas.open_cases import AgeBand, OpenCases, OpenCasesQuery


def picture(query: OpenCasesQuery, told: OpenCases, speech: Speech) -> Picture:
    """A bar for each band of ages."""
    named = [(_age(band, speech), band) for band in told.ages]
    return Picture(
        kind=Kind.BARS,
        title=speech.say("title_open_cases", interval=speech.interval(told.interval, told.start, told.end)),
        lines=[
            speech.sentence(told.interval, told.start, told.end),
            _counted(told, speech),
            stating.filters(query, speech, told.zone),
            stating.moment(told.as_of, told.zone, speech, told.until),
            speech.say("observed_until", moment=speech.moment(told.observed_until, told.zone)),
        ],
        rows=[
            {"name": name, "value": band.n, "label": speech.count(band.n), "few": band.suppressed}
            for name, band in named
        ]
        or [{"name": speech.say("whole"), "value": None, "label": "", "few": told.suppressed}],
        words={"value": speech.say("cases")} | stating.blanks(speech),
        numbers=Numbers((speech.say("age"), "n"), [(name, speech.count(band.n)) for name, band in named]),
        language=speech.language,
    )


def _counted(told: OpenCases, speech: Speech) -> str:
    named = {"mean": told.mean, "median": told.median, "p90": told.p90}
    times = [f"{speech.say(name)} {speech.time(value)}" for name, value in named.items() if value is not None]
    return ", ".join([speech.say("total_open", n=speech.count(told.n)), *times])


def _age(band: AgeBand, speech: Speech) -> str:
    if not band.least and band.below:
        return speech.say("age_below", high=_bound(band.below, speech))
    if band.below is None:
        return speech.say("age_from", low=_bound(band.least, speech))
    return speech.say("age_between", low=_bound(band.least, speech), high=_bound(band.below, speech))


def _bound(seconds: float, speech: Speech) -> str:
    if seconds < DAY:
        hours = round(seconds / HOUR)
        return speech.say("hour_1" if hours == 1 else "hour_n", n=hours)
    days = round(seconds / DAY)
    return speech.say("day_one" if days == 1 else "day_n", n=days)
