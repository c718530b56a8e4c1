"""``/v1/survival``: how long cases take, those counted that still wait."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import numpy as np
from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Query, Response

from vpr_metrics.api.answering import ReadersView, Shape, View, answered
from vpr_metrics.api.drawing import DRAWN_RESPONSES, AcceptedOrDrawn, Drawing, Draws
from vpr_metrics.api.forms import COUNT, NUMBER, TEXT, TRUTH, Form, Table
from vpr_metrics.api.projected import Projected, as_of, check_source
from vpr_metrics.charting.pictures import survival as pictures
from vpr_metrics.choosing import choose, newest
from vpr_metrics.definitions import CAUSES
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.survival import (
    CurveStep,
    Estimate,
    Incidence,
    Survival,
    SurvivalGroup,
    SurvivalQuery,
    Survivals,
)
from vpr_metrics.spans import REACHED, Spans, observed_until, spans
from vpr_metrics.suppressing import FEWEST, MEDIAN, hidden, is_small
from vpr_metrics.survival import Curve, incidences, kaplan_meier

router = APIRouter(prefix="/v1", tags=["figures"])
Asked = Annotated[SurvivalQuery, Query()]

type Found = tuple[list[tuple[Spans, Curve]], datetime, Any]


@router.get("/survival", response_model=Survivals, responses=DRAWN_RESPONSES)
async def survival(
    query: Asked, projection: Projected, view: ReadersView, form: AcceptedOrDrawn, drawing: Draws
) -> Response:
    """Kaplan-Meier percentiles and curve with their band, and the cumulative incidence of every way to end."""
    return await _survival(query, projection, view, form, drawing)


@router.get("/survival.{form}", response_model=Survivals, responses=DRAWN_RESPONSES)
async def survival_as(query: Asked, projection: Projected, view: ReadersView, form: Form, drawing: Draws) -> Response:
    """The curves in the form that the suffix names."""
    return await _survival(query, projection, view, form, drawing)


async def _survival(query: SurvivalQuery, projection: Projection, view: View, form: Form, drawing: Drawing) -> Response:
    return await answered(
        projection,
        lambda connection: told_survival(connection, query, view),
        Shape("survival", _table, lambda told, city: pictures.picture(query, told, city.speech)),
        form,
        drawing,
    )


def told_survival(connection: DuckDBPyConnection, query: SurvivalQuery, view: View) -> Survivals:
    """The answer to a question for survival."""
    check_source(connection, query.source)
    selection = view.of(query)
    choose(connection, selection)
    observed = observed_until(connection, selection, view.now)
    found = spans(connection, query.span(), observed, query.by, view.zone)
    curves = [(one, kaplan_meier(one.seconds, one.reached, query.confidence)) for one in found]
    asked = curves, observed, newest(connection, selection)
    return _answer(query, asked, view.zone, whole_truth=view.whole_truth)


def _answer(query: SurvivalQuery, found: Found, zone: str, *, whole_truth: bool) -> Survivals:
    [whole, *groups], observed, event = found
    sizes = [(one.ended(REACHED), one.records) for one, _ in (groups or [whole])]
    gone, without_total = (frozenset[int](), False) if whole_truth else hidden(sizes)
    silent, total_silent = _silent([one for one, _ in groups], gone) if not whole_truth else (frozenset[int](), False)
    interval = query.span()
    return Survivals(
        source=query.source,
        interval=interval.name,
        start=interval.start,
        end=interval.end,
        zone=zone,
        groupings=query.by,
        confidence=query.confidence,
        as_of=as_of(event),
        until=query.until,
        observed_until=observed,
        groups=[
            SurvivalGroup(
                key=" / ".join(one.keys),
                keys=dict(zip(query.by, one.keys, strict=True)),
                **_figures(query, one, curve, whole_truth, suppressed=place in gone, silent=place in silent),
            )
            for place, (one, curve) in enumerate(groups)
        ],
        total=Survival(**_figures(query, *whole, whole_truth, suppressed=without_total, silent=total_silent)),
    )


def _figures(
    query: SurvivalQuery, found: Spans, curve: Curve, whole_truth: bool, *, suppressed: bool, silent: bool
) -> dict[str, Any]:
    """``silent``: no counts but n, so that a group's small ones are not what the total leaves over."""
    if suppressed:
        return {"suppressed": True}
    completed, counts, fewest = found.completed, _counts(found, whole_truth), FEWEST * (not whole_truth)
    left_out = {"excluded": found.excluded, "invalid": found.invalid}
    if silent:
        counts = dict.fromkeys(counts)
    if silent or (not whole_truth and is_small(*left_out.values(), sum(left_out.values()))):
        left_out = {}
    figures: dict[str, Any] = {
        "n": len(found.causes),
        "open": counts.pop("open"),
        "causes": counts,
        "median": _estimate(curve, 50),
        "percentiles": {f"{one:g}": _estimate(curve, one, fewest) for one in (90.0, *query.percentile)},
        "completed": {
            "mean": float(np.mean(completed)) if len(completed) else None,
            "median": float(np.median(completed)) if len(completed) else None,
        },
    }
    figures |= left_out
    return figures | (_curves(found, curve, counts, fewest, query.steps) if query.curve else {})


def _curves(
    found: Spans, curve: Curve, counts: Mapping[str, int | None], fewest: int, most: int | None
) -> dict[str, Any]:
    """The curve, and how each way to end adds up, both by steps of as many that ended as may be told of, as far as so
    many are at risk: a step of its own would tell of a single case.
    """
    last = max(curve.times[curve.at_risk >= fewest].tolist(), default=0.0)
    rises = incidences(found.seconds, found.causes, list(CAUSES))
    shown = {cause: rises[cause].shown(fewest, last, most) for cause in CAUSES if counts[cause] is not None}
    shares = {cause: [Incidence(time=at, incidence=share) for at, share in one.steps] for cause, one in shown.items()}
    return {"curve": list(_steps(curve.shown(fewest, most), told=not fewest)), "incidences": shares}


def _counts(found: Spans, whole_truth: bool) -> dict[str, int | None]:
    """How many ended in which way, and how many wait; small numbers are left out as in groups."""
    counts = _ends(found)
    gone, without_total = (frozenset[int](), False) if whole_truth else hidden([(one,) for one in counts.values()])
    return {
        name: None if place in gone or without_total else count for place, (name, count) in enumerate(counts.items())
    }


def _silent(groups: Sequence[Spans], gone: frozenset[int]) -> tuple[frozenset[int], bool]:
    """Which groups, and whether the total, tell no counts but n."""
    if not groups:
        return frozenset(), False
    return hidden([(*_ends(one).values(), one.excluded, one.invalid) for one in groups], gone)


def _ends(found: Spans) -> dict[str, int]:
    return {"open": found.open} | {cause: found.ended(cause) for cause in CAUSES}


def _steps(curve: Curve, *, told: bool) -> Iterator[CurveStep]:
    """The counts of a step would tell of few: all or none is ``told``."""
    for step in curve.steps:
        at_risk, ended = (step.at_risk, step.ended) if told else (None, None)
        yield CurveStep(
            time=step.time, at_risk=at_risk, ended=ended, survival=step.survival, low=step.low, high=step.high
        )


def _estimate(curve: Curve, percentage: float, fewest: int = 0) -> Estimate:
    """Null is what lies where fewer than ``fewest`` have ended, or are at risk; a median is of all."""
    value, low, high = curve.percentile(percentage), *curve.band(percentage)
    if fewest and percentage != MEDIAN:
        seen = [one if one is not None and curve.is_among(one, fewest) else None for one in (value, low, high)]
        value, low, high = seen
    return Estimate(value=value, low=low, high=high)


def _table(told: Survivals) -> Table:
    """A row for each step of each curve: ``figure`` is survival, or the way to end whose incidence it is."""
    columns = {"source": TEXT, "interval": TEXT, "whole": TRUTH} | dict.fromkeys(told.groupings, TEXT)
    columns |= {"figure": TEXT, "time": NUMBER, "value": NUMBER, "low": NUMBER, "high": NUMBER}
    columns |= {"at_risk": COUNT, "ended": COUNT, "definition_version": COUNT}
    groups: Sequence[Survival] = [*told.groups, told.total]
    return Table(columns, [row for one in groups for row in _rows(told, one)])


def _rows(told: Survivals, figures: Survival) -> Iterator[dict[str, Any]]:
    place: dict[str, Any] = {"source": told.source, "interval": told.interval, "whole": figures is told.total}
    place |= {"definition_version": told.definition_version}
    place |= figures.keys if isinstance(figures, SurvivalGroup) else {}
    for step in figures.curve or ():
        own = step.model_dump()
        yield place | {"figure": "survival", "value": own.pop("survival")} | own
    for cause, shares in (figures.incidences or {}).items():
        for share in shares:
            yield place | {"figure": cause, "time": share.time, "value": share.incidence}
