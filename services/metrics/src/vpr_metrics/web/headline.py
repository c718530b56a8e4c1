"""The first thing on the page: how long it takes, before and after, with n."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from vpr_metrics.api import figures
from vpr_metrics.charting.pictures import stating
from vpr_metrics.charting.speech import DASH, Unit
from vpr_metrics.schemas.figures import Figures, TimingQuery, Timings
from vpr_metrics.web.parts import Looking
from vpr_metrics.web.viewing import FROM_SOURCE

STATISTICS = ("mean", "median", "p90")


@dataclass(frozen=True, slots=True)
class Side:
    """One row of the headline's table: a cohort, or the change. ``note`` says why there are no figures."""

    name: str
    cells: Sequence[str]
    note: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Headline:
    """``sentence`` and ``change`` are the figure to quote; empty where there is none. ``records`` is how many cases the
    view chose, None for few.
    """

    name: str
    definition: str
    sentence: str
    change: str
    sides: Sequence[Side]
    moment: str
    filters: str
    compared: bool
    records: int | None


async def headline(looking: Looking) -> Headline:
    """Of the view. Beside a cohort of few no other is shown: their total stands elsewhere. Raises Problem."""
    cohorts = looking.view.cohorts(looking.zone)
    chosen = cohorts or (looking.view.choice(looking.zone),)
    asked = [one | {"interval": looking.view.interval} for one in chosen]
    told = [await _told(looking, one) for one in asked]
    totals = [one.intervals[0].total for one in told]
    unit = Unit.fit(*(getattr(one, name) for one in totals for name in STATISTICS))
    few = any(total.suppressed for total in totals)
    sides = [
        _side(looking, name, total, unit, query, few=few)
        for name, total, query in zip(_names(looking), totals, asked, strict=True)
    ]
    if cohorts and not few:
        sides.append(Side(looking.text["change_row"], _changes(looking, totals[0], totals[1])))
    sentence, change = ("", "") if few else _sentence(looking, totals, unit)
    everything = told[0] if not cohorts else await _told(looking, looking.query())
    interval = everything.intervals[0]
    query = TimingQuery.model_validate(looking.query())
    return Headline(
        looking.speech.interval(interval.interval), looking.speech.sentence(interval.interval), sentence, change, sides,
        stating.moment(everything.as_of, looking.zone, looking.speech),
        stating.filters(query, looking.speech, looking.zone), cohorts is not None, everything.records,
    )  # fmt: skip


async def _told(looking: Looking, asked: Mapping[str, Any]) -> Timings:
    query = TimingQuery.model_validate(asked)
    return await looking.told(figures.told_timings, query)


def _names(looking: Looking) -> Sequence[str]:
    text, view = looking.text, looking.view
    if view.compared == "in_person":
        return text["side_in_person"], text["side_virtual"]
    if view.compared == "before" and view.first:
        return text["side_before"].format(day=view.first), text["side_since"].format(day=view.first)
    if view.compared.startswith(FROM_SOURCE):
        source = view.compared.removeprefix(FROM_SOURCE)
        return text["side_source"].format(source=source), text["side_source"].format(source=view.source)
    return (text["side_chosen"],)


def _side(looking: Looking, name: str, total: Figures, unit: Unit, query: Mapping[str, Any], *, few: bool) -> Side:
    path, text = f"v1/timings.json?{urlencode(query)}", looking.text
    if few:
        return Side(name, (), text["few_side"], path)
    speech = looking.speech
    if not total.n:
        return Side(
            name, (), f"{text['none_side']} n = 0, {speech.say('open')}: {speech.number(total.open or 0)}", path
        )
    times = [speech.time(getattr(total, one), unit) for one in STATISTICS]
    return Side(name, [speech.number(total.n), *times, speech.number(total.open or 0)], path=path)


def _changes(looking: Looking, before: Figures, after: Figures) -> list[str]:
    shares = [_share(getattr(before, name), getattr(after, name)) for name in STATISTICS]
    told = [DASH if share is None else looking.speech.percent(share, 1, signed=True) for share in shares]
    return [DASH, *told, DASH]


def _share(before: float | None, after: float | None) -> float | None:
    return after / before - 1 if before and after is not None else None


def _sentence(looking: Looking, totals: Sequence[Figures], unit: Unit) -> tuple[str, str]:
    speech, text = looking.speech, looking.text
    means = [one.mean for one in totals]
    if any(mean is None for mean in means):
        return "", ""
    times = [speech.time(mean, unit) for mean in means]
    if len(times) == 1:
        return text["headline_alone"].format(statistic=speech.say("mean"), value=times[0]), ""
    share = _share(means[0], means[1])
    sentence = text["headline_change"].format(statistic=speech.say("mean"), before=times[0], after=times[1])
    return sentence, "" if share is None else speech.percent(share, 1, signed=True)
