"""``/v1/open-cases``: who waits, and for how long."""

from typing import Annotated, Any

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Query, Response

from vpr_metrics import definitions, open_cases, queries
from vpr_metrics.api.answering import ReadersView, Shape, View, answered
from vpr_metrics.api.drawing import DRAWN_RESPONSES, AcceptedOrDrawn, Draws
from vpr_metrics.api.forms import COUNT, NUMBER, TEXT, TRUTH, Form, Table
from vpr_metrics.api.projected import Projected, as_of, check_source
from vpr_metrics.charting.pictures import open_cases as pictures
from vpr_metrics.choosing import Row, choose, newest
from vpr_metrics.schemas.open_cases import AgeBand, OpenCases, OpenCasesQuery
from vpr_metrics.spans import observed_until
from vpr_metrics.suppressing import hidden, is_of_few

router = APIRouter(prefix="/v1", tags=["figures"])
Asked = Annotated[OpenCasesQuery, Query()]
STATISTICS = ("mean", "median", "p90", "oldest")


@router.get("/open-cases", response_model=OpenCases, responses=DRAWN_RESPONSES)
async def open_by_age(
    query: Asked, projection: Projected, view: ReadersView, form: AcceptedOrDrawn, drawing: Draws
) -> Response:
    """The cases that have begun an interval and not ended it, by how long they have waited."""
    return await answered(
        projection,
        lambda connection: told_open_cases(connection, query, view),
        Shape("open-cases", _table, lambda told, city: pictures.picture(query, told, city.speech)),
        form,
        drawing,
    )


@router.get("/open-cases.{form}", response_model=OpenCases, responses=DRAWN_RESPONSES)
async def open_by_age_as(
    query: Asked, projection: Projected, view: ReadersView, form: Form, drawing: Draws
) -> Response:
    """The same in the form that the suffix names."""
    return await open_by_age(query, projection, view, form, drawing)


def told_open_cases(connection: DuckDBPyConnection, query: OpenCasesQuery, view: View) -> OpenCases:
    """The answer to a question for who waits."""
    check_source(connection, query.source)
    selection, interval = view.of(query), query.span()
    choose(connection, selection)
    observed = observed_until(connection, selection, view.now)
    found = open_cases.ages(connection, interval, observed)
    return OpenCases(
        source=query.source,
        interval=interval.name,
        start=interval.start,
        end=interval.end,
        zone=view.zone,
        as_of=as_of(newest(connection, selection)),
        until=query.until,
        observed_until=observed,
        **_figures(found, whole_truth=view.whole_truth),
    )


def _figures(found: Row, *, whole_truth: bool) -> dict[str, Any]:
    counts = list(found["bands"])
    gone, without_total = (frozenset[int](), False) if whole_truth else hidden([(one, one) for one in counts])
    if without_total:
        return {"suppressed": True}
    bands = [
        AgeBand(least=least, below=below, n=None if place in gone else count, suppressed=place in gone)
        for place, ((least, below), count) in enumerate(zip(open_cases.BANDS, counts, strict=True))
    ]
    figures = {"n": found["n"], "ages": bands} | {name: found[name] for name in STATISTICS}
    return figures if whole_truth else figures | _withheld(found["n"])


def _withheld(count: int) -> dict[str, Any]:
    """What tells of single cases, in the place of which the rule is told."""
    p90 = {"p90": None} if is_of_few(queries.P90, count) else {}
    return p90 | {"oldest": None, "withheld": definitions.SMALL_NUMBERS["single_values"]}


def _table(answer: OpenCases) -> Table:
    """A row for each band of ages."""
    columns = {"source": TEXT, "interval": TEXT, "least": NUMBER, "below": NUMBER, "n": COUNT, "suppressed": TRUTH}
    place = {"source": answer.source, "interval": answer.interval, "definition_version": answer.definition_version}
    return Table(columns | {"definition_version": COUNT}, [place | band.model_dump() for band in answer.ages])
