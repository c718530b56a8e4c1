"""``/v1/timings``, ``/v1/sources``, ``/v1/definitions``: figures and what they mean."""

from typing import Annotated

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Query, Response

from vpr_metrics import definitions, queries
from vpr_metrics.api import timing_answers
from vpr_metrics.api.forms import RESPONSES, Accepted, Form, shown
from vpr_metrics.api.projected import Projected, check_source, read
from vpr_metrics.api.readers import Measurer, Reader, Reading, Zone, sees_small
from vpr_metrics.choosing import sources as counted_sources
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.figures import Definitions, IntervalDefinition, Source, TimingQuery, Timings
from vpr_metrics.suppressing import is_small
from vpr_service.auth import Principal

router = APIRouter(prefix="/v1", tags=["figures"])
Asked = Annotated[TimingQuery, Query()]


@router.get("/timings", response_model=Timings, responses=RESPONSES)
async def timings(query: Asked, projection: Projected, reader: Measurer, zone: Zone, form: Accepted) -> Response:
    """Timing figures of one source. Every record is counted in n, open, excluded or invalid of every interval."""
    return await _timings(query, projection, reader, zone, form)


@router.get("/timings.{form}", response_model=Timings, responses=RESPONSES)
async def timings_as(query: Asked, projection: Projected, reader: Measurer, zone: Zone, form: Form) -> Response:
    """The same in the form that the suffix names."""
    return await _timings(query, projection, reader, zone, form)


async def _timings(query: TimingQuery, projection: Projection, reader: Principal, zone: str, form: Form) -> Response:
    intervals = query.spans()

    def find(connection: DuckDBPyConnection) -> queries.Found:
        check_source(connection, query.source)
        return queries.timings(connection, query.selection(), query.by, intervals, query.percentile, zone)

    found = await read(projection, find)
    answer = timing_answers.answer(query, found, zone, whole_truth=sees_small(reader))
    return shown(answer, timing_answers.table(answer, query.percentile), form, "timings")


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
