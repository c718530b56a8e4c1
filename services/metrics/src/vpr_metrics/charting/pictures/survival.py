"""Survival curves with their band, or how likely a case has ended in which way."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from vpr_metrics.charting.picture import Kind, Numbers, Picture
from vpr_metrics.charting.pictures import stating
from vpr_metrics.charting.speech import DASH, Speech, Unit
from vpr_metrics.schemas.survival import CurveStep, Estimate, Survival, SurvivalQuery, Survivals

MOST_CURVES = 6
"""So many can be told apart by colour."""
MOST_STEPS = 300
ENOUGH_STEPS = 10 * MOST_STEPS
"""Of a whole curve, whose far end is not drawn."""
TAIL = 0.01
"""A curve is drawn until this share still waits: its far end would press the rest together."""

type Named = Sequence[tuple[str, Survival]]


def picture(query: SurvivalQuery, told: Survivals, speech: Speech) -> Picture:
    """The curves of the groups, or of all; of incidences always of all."""
    groups = [(speech.groups(group.keys), group) for group in told.groups]
    named: Named = groups or [(speech.say("whole"), told.total)]
    kept = _kept(named)
    incidence = query.chart == "incidence"
    end = _end([told.total] if incidence else [one for _, one in kept])
    unit = Unit.fit(end)
    notes = [speech.say("thinned", n=len(kept), all=len(named))] if len(kept) < len(named) and not incidence else []
    name = speech.interval(told.interval, told.start, told.end)
    return Picture(
        kind=Kind.CURVES,
        title=speech.say("title_incidence" if incidence else "title_survival", interval=name),
        lines=[*_lines(query, told, speech, incidence=incidence), *notes],
        rows=list(_shares(told.total, speech, unit, end) if incidence else _curves(kept, unit, end)),
        words={
            "time": speech.say(f"in_{unit.name}"),
            "value": speech.say("ended_so" if incidence else "still_waiting"),
        }
        | stating.blanks(speech),
        numbers=_numbers(groups, told.total, speech),
        language=speech.language,
    )


def _kept(named: Named) -> Named:
    """Those with the most cases, in their own order."""
    largest = {name for name, _ in sorted(named, key=lambda pair: -(pair[1].n or 0))[:MOST_CURVES]}
    return [pair for pair in named if pair[0] in largest]


def _lines(query: SurvivalQuery, told: Survivals, speech: Speech, *, incidence: bool) -> Iterator[str]:
    total = told.total
    yield speech.sentence(told.interval, told.start, told.end)
    yield stating.counts(speech, total.n, open=total.open, excluded=total.excluded, invalid=total.invalid)
    yield stating.filters(query, speech, told.zone)
    moment = stating.moment(told.as_of, told.zone, speech, told.until)
    yield f"{moment}, {speech.say('observed_until', moment=speech.moment(told.observed_until, told.zone))}"
    yield speech.say("incidence_note") if incidence else speech.say("band", confidence=speech.percent(told.confidence))
    yield speech.say("tail")


def _end(shown: Sequence[Survival]) -> float:
    """Until when the picture goes, in seconds."""
    return max((_tail(one.curve) for one in shown if one.curve), default=0.0)


def _tail(curve: Sequence[CurveStep]) -> float:
    """When so few are left, or when the curve comes down for the last time."""
    least = curve[-1].survival
    return next(step.time for step in curve if step.survival <= max(TAIL, least))


def _curves(named: Named, unit: Unit, end: float) -> Iterator[dict[str, Any]]:
    for name, one in named:
        if one.suppressed:
            yield {"series": name, "few": True}
        if one.curve:
            yield {"series": name, "time": 0.0, "value": 1.0, "low": 1.0, "high": 1.0}
        for step in _thin([step for step in one.curve or () if step.time <= end]):
            yield {"series": name, "time": step.time / unit.seconds} | {
                "value": step.survival, "low": step.low, "high": step.high
            }  # fmt: skip


def _shares(total: Survival, speech: Speech, unit: Unit, end: float) -> Iterator[dict[str, Any]]:
    if total.suppressed:
        yield {"series": speech.say("whole"), "few": True}
    for cause, shares in (total.incidences or {}).items():
        name = speech.say(f"cause_{cause}")
        yield {"series": name, "time": 0.0, "value": 0.0, "low": None, "high": None}
        for one in _thin([share for share in shares if share.time <= end]):
            yield {"series": name, "time": one.time / unit.seconds, "value": one.incidence, "low": None, "high": None}


def _thin[T](steps: Sequence[T]) -> Sequence[T]:
    """As many as can be seen, the first and the last among them."""
    if len(steps) <= MOST_STEPS:
        return steps
    return [steps[place] for place in np.unique(np.linspace(0, len(steps) - 1, MOST_STEPS).astype(int))]


def _numbers(groups: Named, total: Survival, speech: Speech) -> Numbers:
    heads = (speech.say("group"), "n", speech.say("median"), speech.say("p90"), speech.say("open"))
    named = [*groups, (speech.say("whole"), total)]
    return Numbers(heads, [[name, *_cells(one, speech)] for name, one in named])


def _cells(one: Survival, speech: Speech) -> list[str]:
    if one.suppressed or one.n is None:
        return [speech.say("too_few"), DASH, DASH, DASH]
    p90 = (one.percentiles or {}).get("90")
    return [speech.number(one.n), _estimate(one.median, speech), _estimate(p90, speech), speech.count(one.open)]


def _estimate(one: Estimate | None, speech: Speech) -> str:
    if one is None or one.value is None:
        return DASH
    if one.low is None or one.high is None:
        return speech.time(one.value)
    return f"{speech.time(one.value)} ({speech.time(one.low)} {DASH} {speech.time(one.high)})"
