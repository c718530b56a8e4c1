"""``/v1/timings``, ``/v1/sources``, ``/v1/definitions``: figures and what they mean."""

from typing import Annotated

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Query, Response

from vpr_metrics import definitions, queries
from vpr_metrics.api import timing_answers
from vpr_metrics.api.drawing import DRAWN_RESPONSES, AcceptedOrDrawn, Drawing, Draws, answered
from vpr_metrics.api.forms import Form
from vpr_metrics.api.projected import Projected, check_source, read
from vpr_metrics.api.readers import Measurer, Reader, Reading, Zone, sees_small
from vpr_metrics.charting.pictures import timings as pictures
from vpr_metrics.choosing import sources as counted_sources
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.figures import Definitions, IntervalDefinition, Source, TimingQuery, Timings
from vpr_metrics.suppressing import is_small
from vpr_service.auth import Principal

router = APIRouter(prefix="/v1", tags=["figures"])
Asked = Annotated[TimingQuery, Query()]


@router.get("/timings", response_model=Timings, responses=DRAWN_RESPONSES)
async def timings(
    query: Asked, projection: Projected, reader: Measurer, zone: Zone, form: AcceptedOrDrawn, drawing: Draws
) -> Response:
    """Timing figures of one source. Every record is counted in n, open, excluded or invalid of every interval."""
    return await _timings(query, projection, reader, zone, form, drawing)


@router.get("/timings.{form}", response_model=Timings, responses=DRAWN_RESPONSES)
async def timings_as(
    query: Asked, projection: Projected, reader: Measurer, zone: Zone, form: Form, drawing: Draws
) -> Response:
    """The same in the form that the suffix names."""
    return await _timings(query, projection, reader, zone, form, drawing)


async def _timings(
    query: TimingQuery, projection: Projection, reader: Principal, zone: str, form: Form, drawing: Drawing
) -> Response:
    answer = await told(query, projection, zone, whole_truth=sees_small(reader))
    table = timing_answers.table(answer, query.percentile)
    return await answered(
        answer, table, form, "timings", drawing, lambda city: pictures.picture(query, answer, city.speech, city.shapes)
    )


async def told(query: TimingQuery, projection: Projection, zone: str, *, whole_truth: bool) -> Timings:
    """The answer; small numbers are in it for who sees the ``whole_truth`` only."""
    intervals = query.spans()

    def find(connection: DuckDBPyConnection) -> queries.Found:
        check_source(connection, query.source)
        return queries.timings(connection, query.selection(), query.by, intervals, query.percentile, zone)

    return timing_answers.answer(query, await read(projection, find), zone, whole_truth=whole_truth)


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
