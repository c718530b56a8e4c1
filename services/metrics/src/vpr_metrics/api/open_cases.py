"""``/v1/open-cases``: who waits, and for how long."""

from typing import Annotated, Any

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Query, Response

from vpr_metrics import open_cases
from vpr_metrics.api.drawing import DRAWN_RESPONSES, AcceptedOrDrawn, Draws, answered
from vpr_metrics.api.forms import COUNT, NUMBER, TEXT, TRUTH, Form, Table
from vpr_metrics.api.projected import Projected, as_of, check_source, read
from vpr_metrics.api.readers import Reader, Zone, sees_small
from vpr_metrics.charting.pictures import open_cases as pictures
from vpr_metrics.choosing import Row, choose, newest
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.open_cases import AgeBand, OpenCases, OpenCasesQuery
from vpr_metrics.spans import observed_until
from vpr_metrics.suppressing import hidden

router = APIRouter(prefix="/v1", tags=["figures"])
Asked = Annotated[OpenCasesQuery, Query()]
STATISTICS = ("mean", "median", "p90", "oldest")


@router.get("/open-cases", response_model=OpenCases, responses=DRAWN_RESPONSES)
async def open_by_age(
    query: Asked, projection: Projected, reader: Reader, zone: Zone, form: AcceptedOrDrawn, drawing: Draws
) -> Response:
    """The cases that have begun an interval and not ended it, by how long they have waited."""
    answer = await told(query, projection, zone, whole_truth=sees_small(reader))
    return await answered(
        answer, _table(answer), form, "open-cases", drawing, lambda city: pictures.picture(query, answer, city.speech)
    )


@router.get("/open-cases.{form}", response_model=OpenCases, responses=DRAWN_RESPONSES)
async def open_by_age_as(
    query: Asked, projection: Projected, reader: Reader, zone: Zone, form: Form, drawing: Draws
) -> Response:
    """The same in the form that the suffix names."""
    return await open_by_age(query, projection, reader, zone, form, drawing)


async def told(query: OpenCasesQuery, projection: Projection, zone: str, *, whole_truth: bool) -> OpenCases:
    """The answer; small numbers are in it for who sees the ``whole_truth`` only."""

    def find(connection: DuckDBPyConnection) -> OpenCases:
        check_source(connection, query.source)
        selection, interval = query.selection(), query.span()
        choose(connection, selection)
        observed = observed_until(connection, selection, projection.now())
        found = open_cases.ages(connection, interval, observed)
        return OpenCases(
            source=query.source,
            interval=interval.name,
            start=interval.start,
            end=interval.end,
            zone=zone,
            as_of=as_of(newest(connection, selection.as_of)),
            until=query.until,
            observed_until=observed,
            **_figures(found, whole_truth=whole_truth),
        )

    return await read(projection, find)


def _figures(found: Row, *, whole_truth: bool) -> dict[str, Any]:
    counts = list(found["bands"])
    gone, without_total = (frozenset[int](), False) if whole_truth else hidden([(one, one) for one in counts])
    if without_total:
        return {"suppressed": True}
    bands = [
        AgeBand(least=least, below=below, n=None if place in gone else count, suppressed=place in gone)
        for place, ((least, below), count) in enumerate(zip(open_cases.BANDS, counts, strict=True))
    ]
    return {"n": found["n"], "ages": bands} | {name: found[name] for name in STATISTICS}


def _table(answer: OpenCases) -> Table:
    """A row for each band of ages."""
    columns = {"source": TEXT, "interval": TEXT, "least": NUMBER, "below": NUMBER, "n": COUNT, "suppressed": TRUTH}
    place = {"source": answer.source, "interval": answer.interval, "definition_version": answer.definition_version}
    return Table(columns | {"definition_version": COUNT}, [place | band.model_dump() for band in answer.ages])
