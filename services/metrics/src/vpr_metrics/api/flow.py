"""``/v1/flow``: who came how far, where the time went, when work came in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Query, Response

from vpr_metrics import flow
from vpr_metrics.api.drawing import DRAWN_RESPONSES, AcceptedOrDrawn, Drawing, Draws, answered
from vpr_metrics.api.forms import COUNT, NUMBER, TEXT, Form, Table
from vpr_metrics.api.projected import Projected, as_of, check_source, read
from vpr_metrics.api.readers import Reader, Zone, sees_small
from vpr_metrics.charting.pictures import flow as pictures
from vpr_metrics.choosing import Row, choose, newest
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.flow import End, Flow, FlowQuery, Stage, Transition, Work
from vpr_metrics.suppressing import hidden, is_small, tells_of_few
from vpr_service.auth import Principal

router = APIRouter(prefix="/v1", tags=["figures"])
Asked = Annotated[FlowQuery, Query()]


@dataclass(frozen=True, slots=True)
class Found:
    """What the read model tells."""

    newest: Any
    ends: Row
    stages: Sequence[Row]
    transitions: Sequence[Row]
    workload: Sequence[Row]

    @property
    def cases(self) -> int:
        """How many cases are not flagged as excluded."""
        return int(self.ends["cases"])


@router.get("/flow", response_model=Flow, responses=DRAWN_RESPONSES)
async def flow_of(
    query: Asked, projection: Projected, reader: Reader, zone: Zone, form: AcceptedOrDrawn, drawing: Draws
) -> Response:
    """Stages, ends, the time between milestones with the bottleneck, and the workload by hour of week."""
    return await _flow(query, projection, reader, zone, form, drawing)


@router.get("/flow.{form}", response_model=Flow, responses=DRAWN_RESPONSES)
async def flow_as(
    query: Asked, projection: Projected, reader: Reader, zone: Zone, form: Form, drawing: Draws
) -> Response:
    """The same in the form that the suffix names."""
    return await _flow(query, projection, reader, zone, form, drawing)


async def _flow(
    query: FlowQuery, projection: Projection, reader: Principal, zone: str, form: Form, drawing: Drawing
) -> Response:
    answer = await told(query, projection, zone, whole_truth=sees_small(reader))
    return await answered(
        answer, _table(answer), form, "flow", drawing, lambda city: pictures.picture(query, answer, city.speech)
    )


async def told(query: FlowQuery, projection: Projection, zone: str, *, whole_truth: bool) -> Flow:
    """The answer; small numbers are in it for who sees the ``whole_truth`` only."""

    def find(connection: DuckDBPyConnection) -> Found:
        check_source(connection, query.source)
        choose(connection, query.selection())
        ways = flow.ends(connection), flow.stages(connection), flow.transitions(connection)
        return Found(newest(connection, query.as_of), *ways, flow.workload(connection, zone))

    return _answer(query, await read(projection, find), zone, whole_truth=whole_truth)


def _answer(query: FlowQuery, found: Found, zone: str, *, whole_truth: bool) -> Flow:
    steps = list(_transitions(found.transitions, whole_truth=whole_truth))
    few = is_small(0, found.cases) and not whole_truth
    return Flow(
        source=query.source,
        zone=zone,
        as_of=as_of(found.newest),
        until=query.until,
        cases=None if few else found.cases,
        stages=[_stage(row, found.cases, whole_truth=whole_truth) for row in found.stages],
        ends=[_end(name, found, whole_truth=whole_truth) for name in flow.ENDS],
        transitions=steps,
        bottleneck=steps[0] if steps and steps[0].total else None,
        workload=list(_workload(found.workload, whole_truth=whole_truth)),
    )


def _stage(row: Row, cases: int, *, whole_truth: bool) -> Stage:
    if not whole_truth and tells_of_few(row["cases"], cases):
        return Stage(stage=row["stage"], cases=None, share=None, mean=None, median=None, suppressed=True)
    return Stage(share=row["cases"] / cases if cases else None, **row)


def _end(name: str, found: Found, *, whole_truth: bool) -> End:
    count = found.ends[name]
    if not whole_truth and tells_of_few(count, found.cases):
        return End(end=name, cases=None, share=None, suppressed=True)
    return End(end=name, cases=count, share=count / found.cases if found.cases else None)


def _transitions(rows: Sequence[Row], *, whole_truth: bool) -> Iterator[Transition]:
    total = sum(row["total"] for row in rows)
    for row in rows:
        if not whole_truth and is_small(row["n"], row["n"]):
            nothing = dict.fromkeys(("n", "mean", "median", "total", "share"))
            yield Transition(before=row["before"], after=row["after"], suppressed=True, **nothing)
        else:
            yield Transition(share=row["total"] / total if total else None, **row)


def _workload(rows: Sequence[Row], *, whole_truth: bool) -> Iterator[Work]:
    for activity in flow.WORK:
        own = [row for row in rows if row["activity"] == activity]
        gone, without_total = hidden([(row["n"], row["n"]) for row in own])
        for place, row in enumerate(own):
            shown_n = whole_truth or not (place in gone or without_total)
            yield Work(activity=activity, hour=row["hour"], n=row["n"] if shown_n else None)


def _table(told: Flow) -> Table:
    """A row for each stage, end, transition and hour: ``part`` tells which, ``name`` and ``after`` what."""
    columns = {"part": TEXT, "name": TEXT, "after": TEXT, "hour": TEXT, "n": COUNT, "share": NUMBER}
    columns |= {"mean": NUMBER, "median": NUMBER, "total": NUMBER, "source": TEXT, "definition_version": COUNT}
    place = {"source": told.source, "definition_version": told.definition_version}
    return Table(columns, [place | row for row in _rows(told)])


def _rows(told: Flow) -> Iterator[dict[str, Any]]:
    for stage in told.stages:
        yield {"part": "stage", "name": stage.stage, "n": stage.cases} | stage.model_dump()
    for end in told.ends:
        yield {"part": "end", "name": end.end, "n": end.cases} | end.model_dump()
    for step in told.transitions:
        yield {"part": "transition", "name": step.before} | step.model_dump()
    for work in told.workload:
        yield {"part": "workload", "name": work.activity} | work.model_dump()
