"""``/v1/timings``, ``/v1/sources``, ``/v1/definitions``: figures and what they mean."""

from collections.abc import Callable
from typing import Annotated, Any

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Depends, Query

from vpr_events.contracts.values import Role
from vpr_metrics import definitions, queries
from vpr_metrics.api.projected import Projected
from vpr_metrics.projecting import NotBuilt, Projection
from vpr_metrics.schemas import (
    AsOf,
    Definitions,
    ExcludedReasons,
    Figures,
    Group,
    IntervalDefinition,
    IntervalTimings,
    Source,
    TimingQuery,
    Timings,
)
from vpr_service.auth import require
from vpr_service.problems import Problem, invalid_field

READERS = (Role.ANALYST, Role.SUPERVISOR, Role.AUDITOR, Role.ADMIN)

router = APIRouter(prefix="/v1", tags=["figures"])
Reading = Depends(require(*READERS))
Measuring = Depends(require(*READERS, Role.SERVICE))
"""Services ask how long cases take."""


@router.get("/timings", dependencies=[Measuring])
async def timings(query: Annotated[TimingQuery, Query()], projection: Projected) -> Timings:
    """Timing figures of one source. Every record is counted in n, open, excluded or invalid of every interval."""
    wanted = query.model_dump(include=set(queries.FILTERS), exclude_none=True)
    intervals = queries.chosen_intervals(query.interval)

    def find(connection: DuckDBPyConnection) -> queries.Found:
        if query.source not in dict(queries.sources(connection)):
            raise invalid_field("source", "unknown source; GET /v1/sources lists them")
        return queries.timings(connection, query.source, query.by, intervals, wanted)

    found = await _read(projection, find)
    return Timings(
        source=query.source,
        by=query.by,
        as_of=AsOf(event_id=found.newest[0], recorded_at=found.newest[1]) if found.newest else None,
        records=found.records,
        intervals=[_interval(one, [row for row in found.rows if row["interval"] == one.name]) for one in intervals],
    )


@router.get("/sources", dependencies=[Reading])
async def sources(projection: Projected) -> list[Source]:
    """Where records come from; the service's own cases are "live"."""
    found = await _read(projection, queries.sources)
    return [Source(source=source, records=records) for source, records in found]


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


async def _read[T](projection: Projection, query: Callable[[DuckDBPyConnection], T]) -> T:
    try:
        return await projection.read(query)
    except NotBuilt:
        detail = "the read model is being built from the log, try again"
        raise Problem(503, "not_built", detail, headers={"Retry-After": "2"}) from None


def _interval(interval: definitions.Interval, rows: list[queries.Row]) -> IntervalTimings:
    whole = next((row for row in rows if row["whole"]), NOTHING)
    return IntervalTimings(
        interval=interval.name,
        start=interval.start,
        end=interval.end,
        groups=[Group(key=row["key"], **_counts(row)) for row in rows if not row["whole"]],
        total=Figures(**_counts(whole)),
    )


def _counts(row: queries.Row) -> dict[str, Any]:
    reasons = {reason: row[reason] for reason in definitions.EXCLUDED}
    own = {name: row[name] for name in ("n", "mean", "median", "p90", "open", "invalid")}
    return own | {"excluded": sum(reasons.values()), "excluded_reasons": ExcludedReasons(**reasons)}


NOTHING: queries.Row = dict.fromkeys(("n", *queries.STATES), 0) | dict.fromkeys(("mean", "median", "p90"))
