"""What pictures of timing figures have in common."""

from collections.abc import Sequence

from vpr_metrics.charting.picture import Numbers
from vpr_metrics.charting.pictures import stating
from vpr_metrics.charting.speech import DASH, Speech, Unit
from vpr_metrics.schemas.figures import Figures, IntervalTimings, TimingQuery, Timings
from vpr_service.problems import invalid_field

STATISTICS = ("mean", "median", "p90")


def single(told: Timings) -> IntervalTimings:
    """The one interval that was asked for. Raises Problem 422 for several."""
    if len(told.intervals) != 1:
        raise invalid_field("interval", "a picture of these groups is of one interval: name it")
    return told.intervals[0]


def lines(query: TimingQuery, one: IntervalTimings | None, told: Timings, speech: Speech, *notes: str) -> Sequence[str]:
    """What the picture states; n only of one interval."""
    stated = []
    if one:
        total = one.total
        stated = [
            speech.sentence(one.interval, one.start, one.end),
            stating.counts(speech, total.n, open=total.open, excluded=total.excluded, invalid=total.invalid),
        ]
    moment = stating.moment(told.as_of, told.zone, speech, told.until)
    withheld = [speech.say("withheld")] if _withholds(told) else []
    return [*stated, stating.filters(query, speech, told.zone), moment, *withheld, *notes]


def _withholds(told: Timings) -> bool:
    """Whether a P90 is missing because it would tell of single cases."""
    shown: list[Figures] = [figures for one in told.intervals for figures in (*one.groups, one.total)]
    return told.withheld is not None and any(figures.n and figures.p90 is None for figures in shown)


def title(one: IntervalTimings, told: Timings, speech: Speech) -> str:
    """The interval, and by what it is split."""
    name = speech.interval(one.interval, one.start, one.end)
    if not told.groupings:
        return speech.say("title_timings_whole", interval=name)
    by = speech.say("by", value=", ".join(speech.say(f"by_{grouping}") for grouping in told.groupings))
    return speech.say("title_timings", interval=name, by=by)


def unit_of(figures: Sequence[Figures]) -> Unit:
    """What suits their longest statistic."""
    return Unit.fit(*(getattr(one, name) for one in figures for name in STATISTICS))


def numbers(head: str, named: Sequence[tuple[str, Figures]], speech: Speech, unit: Unit) -> Numbers:
    """A row of n and statistics for each."""
    heads = (head, "n", *(speech.say(name) for name in STATISTICS), speech.say("open"))
    return Numbers(heads, [[name, *_cells(one, speech, unit)] for name, one in named])


def _cells(one: Figures, speech: Speech, unit: Unit) -> list[str]:
    if one.suppressed or one.n is None:
        return [speech.say("too_few"), *[DASH] * (len(STATISTICS) + 1)]
    times = [speech.time(getattr(one, name), unit) for name in STATISTICS]
    return [speech.number(one.n), *times, speech.number(one.open or 0)]
