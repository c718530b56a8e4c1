"""``/v1/flow``: who came how far, where the time went, when work came in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from duckdb import DuckDBPyConnection
from fastapi import APIRouter, Query, Response

from vpr_metrics import flow
from vpr_metrics.api.answering import ReadersView, Shape, View, answered
from vpr_metrics.api.drawing import DRAWN_RESPONSES, AcceptedOrDrawn, Drawing, Draws
from vpr_metrics.api.forms import COUNT, NUMBER, TEXT, Form, Table
from vpr_metrics.api.projected import Projected, as_of, check_source
from vpr_metrics.charting.pictures import flow as pictures
from vpr_metrics.choosing import Row, choose, newest
from vpr_metrics.projecting import Projection
from vpr_metrics.schemas.choosing import Choice
from vpr_metrics.schemas.flow import End, Flow, FlowQuery, Stage, Transition, Work
from vpr_metrics.suppressing import hidden, is_small, tells_of_few
from vpr_metrics.transitions import transitions

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
    query: Asked, projection: Projected, view: ReadersView, form: AcceptedOrDrawn, drawing: Draws
) -> Response:
    """Stages, ends, the time between milestones with the bottleneck, and the workload by hour of week."""
    return await _flow(query, projection, view, form, drawing)


@router.get("/flow.{form}", response_model=Flow, responses=DRAWN_RESPONSES)
async def flow_as(query: Asked, projection: Projected, view: ReadersView, form: Form, drawing: Draws) -> Response:
    """The same in the form that the suffix names."""
    return await _flow(query, projection, view, form, drawing)


async def _flow(query: FlowQuery, projection: Projection, view: View, form: Form, drawing: Drawing) -> Response:
    return await answered(
        projection,
        lambda connection: told_flow(connection, query, view),
        Shape("flow", _table, lambda told, city: pictures.picture(query, told, city.speech)),
        form,
        drawing,
    )


def told_flow(connection: DuckDBPyConnection, query: Choice, view: View) -> Flow:
    """The answer to a question for the flow."""
    check_source(connection, query.source)
    selection = view.of(query)
    choose(connection, selection)
    ways = flow.ends(connection), flow.stages(connection), transitions(connection)
    found = Found(newest(connection, selection), *ways, flow.workload(connection, view.zone))
    return _answer(query, found, view.zone, whole_truth=view.whole_truth)


def _answer(query: Choice, found: Found, zone: str, *, whole_truth: bool) -> Flow:
    few = is_small(found.cases) and not whole_truth
    steps, bottleneck = _transitions(found, whole_truth=whole_truth)
    return Flow(
        source=query.source,
        zone=zone,
        as_of=as_of(found.newest),
        until=query.until,
        cases=None if few else found.cases,
        stages=[_stage(row, found.cases, whole_truth=whole_truth) for row in found.stages],
        ends=[_end(name, found, whole_truth=whole_truth) for name in flow.ENDS],
        transitions=steps,
        bottleneck=bottleneck,
        workload=list(_workload(found, whole_truth=whole_truth)),
    )


def _stage(row: Row, cases: int, *, whole_truth: bool) -> Stage:
    if not whole_truth and tells_of_few(row["cases"], cases):
        return Stage(stage=row["stage"], cases=None, share=None, mean=None, median=None, suppressed=True)
    return Stage(share=row["cases"] / cases if cases else None, **row)


def _end(name: str, found: Found, *, whole_truth: bool) -> End:
    count = found.ends[name]
    closed = found.ends["closed"] if name == "settled_without_dispatch" else count
    if not whole_truth and (tells_of_few(count, found.cases) or tells_of_few(count, closed)):
        return End(end=name, cases=None, share=None, suppressed=True)
    return End(end=name, cases=count, share=count / found.cases if found.cases else None)


def _transitions(found: Found, *, whole_truth: bool) -> tuple[list[Transition], Transition | None]:
    """The steps, hidden ones last (their place would tell how long they took), and the longest of those shown."""
    rows = found.transitions
    total = sum(row["total"] for row in rows)
    gone, without_shares = (frozenset[int](), False) if whole_truth else _hidden_steps(found)
    shown = [
        Transition(share=None if without_shares or not total else row["total"] / total, **row)
        for place, row in enumerate(rows)
        if place not in gone
    ]
    nothing = dict.fromkeys(("n", "mean", "median", "total", "share"))
    pairs = sorted((rows[place]["before"], rows[place]["after"]) for place in gone)
    silent = [Transition(before=before, after=after, suppressed=True, **nothing) for before, after in pairs]
    return [*shown, *silent], shown[0] if shown and shown[0].total else None


def _hidden_steps(found: Found) -> tuple[frozenset[int], bool]:
    """Which transitions are hidden, and whether all shares are, which tell the time of all transitions together.

    The transitions to one milestone are as many as the cases that reached it, which stages and ends tell.
    """
    rows = found.transitions
    gone: set[int] = set()
    for after in dict.fromkeys(row["after"] for row in rows):
        places = [place for place, row in enumerate(rows) if row["after"] == after]
        counts = [rows[place]["n"] for place in places]
        own, _ = hidden(_beside_missing(counts, found.cases))
        gone |= {places[one] for one in own if one < len(places)}
    return hidden([(row["n"],) for row in rows], gone)


def _beside_missing(counts: Sequence[int], cases: int) -> list[tuple[int]]:
    """Parts of the cases that reached something; beside them those that did not, where they are few: the parts
    together tell of them.
    """
    missing = cases - sum(counts)
    return [(count,) for count in (*counts, *([missing] if is_small(missing) else []))]


def _workload(found: Found, *, whole_truth: bool) -> Iterator[Work]:
    for activity in flow.WORK:
        own = [row for row in found.workload if row["activity"] == activity]
        gone, without_total = hidden(_beside_missing([row["n"] for row in own], found.cases))
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
