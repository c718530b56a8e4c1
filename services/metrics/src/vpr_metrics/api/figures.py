"""``/v1/timings``, ``/v1/sources``, ``/v1/definitions``: figures and what they mean."""

from typing import Annotated

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Query, Response

from vpr_metrics import definitions, queries
from vpr_metrics.api import timing_answers
from vpr_metrics.api.answering import MeasurersView, Shape, View, answered
from vpr_metrics.api.drawing import DRAWN_RESPONSES, AcceptedOrDrawn, Drawing, Draws
from vpr_metrics.api.forms import Form
from vpr_metrics.api.projected import Projected, check_source, read
from vpr_metrics.api.readers import Reader, Reading, sees_small
from vpr_metrics.charting.pictures import timings as pictures
from vpr_metrics.choosing import sources as counted_sources
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.figures import Definitions, IntervalDefinition, Source, TimingQuery, Timings
from vpr_metrics.suppressing import is_small

router = APIRouter(prefix="/v1", tags=["figures"])
Asked = Annotated[TimingQuery, Query()]


@router.get("/timings", response_model=Timings, responses=DRAWN_RESPONSES)
async def timings(
    query: Asked, projection: Projected, view: MeasurersView, form: AcceptedOrDrawn, drawing: Draws
) -> Response:
    """Timing figures of one source. Every record is counted in n, open, excluded or invalid of every interval."""
    return await _timings(query, projection, view, form, drawing)


@router.get("/timings.{form}", response_model=Timings, responses=DRAWN_RESPONSES)
async def timings_as(query: Asked, projection: Projected, view: MeasurersView, form: Form, drawing: Draws) -> Response:
    """The same in the form that the suffix names."""
    return await _timings(query, projection, view, form, drawing)


async def _timings(query: TimingQuery, projection: Projection, view: View, form: Form, drawing: Drawing) -> Response:
    return await answered(
        projection,
        lambda connection: told_timings(connection, query, view),
        Shape(
            "timings",
            lambda told: timing_answers.table(told, query.percentile),
            lambda told, city: pictures.picture(query, told, city.speech, city.shapes),
        ),
        form,
        drawing,
    )


def told_timings(connection: DuckDBPyConnection, query: TimingQuery, view: View) -> Timings:
    """The answer to a question for timings."""
    check_source(connection, query.source)
    found = queries.timings(connection, view.of(query), query.by, query.spans(), query.percentile, view.zone)
    return timing_answers.answer(query, found, view.zone, whole_truth=view.whole_truth)


@router.get("/sources")
async def sources(projection: Projected, reader: Reader) -> list[Source]:
    """Where records come from; the service's own cases are "live"."""
    found = await read(projection, counted_sources)
    return [
        Source(source=source, records=None if is_small(0, records) and not sees_small(reader) else records)
        for source, records in found
    ]


@router.get("/definitions", dependencies=[Reading])
async def defined() -> Definitions:
    """What every figure means."""
    return Definitions(
        intervals=[
            IntervalDefinition(interval=one.name, start=one.start, end=one.end, sentence=one.sentence)
            for one in definitions.INTERVALS.values()
        ],
        statistics=definitions.STATISTICS,
        counts=definitions.COUNTS,
        excluded_reasons=definitions.EXCLUDED,
        over=definitions.OVER,
    )
