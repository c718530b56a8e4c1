"""``/v1/flow`` and the event logs, with pm4py as the outside judge of both."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any
from uuid import UUID, uuid4

import duckdb
import pandas as pd
import pm4py
import pytest
import pytest_asyncio
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from tests.examples import NOON, minutes, recorded
from tests.integration.test_metrics_projection import life
from tests.sample_data import shared
from tests.system import Servers, System
from vpr.cli import app
from vpr_events.contracts.case import CaseClosed, CaseNoShow, CaseReopened, CloseReason
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import ReportFiled, ReportWithdrawn, WithdrawalReason, WithdrawnBy
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Recorded
from vpr_metrics.flow import MILESTONES
from vpr_metrics.transitions import transitions

WITHDRAWN = ReportWithdrawn(by=WithdrawnBy.CLERK, reason=WithdrawalReason.OTHER)

pm: Any = pm4py
IN_MODULE = pytest.mark.asyncio(loop_scope="module")
"""Reading tests share one metrics and its figures."""
pytestmark = pytest.mark.filterwarnings("ignore:Install the optional requirement")


def happened() -> Iterator[Recorded]:
    """Six whole lives, five withdrawn, one whose resident did not come and whose case was reopened; six past cases."""
    for number in range(1, 7):
        yield from life(UUID(int=number))
    for number in range(7, 12):
        filed = recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=UUID(int=number), at=NOON)
        yield filed
        yield recorded(WITHDRAWN, entity=UUID(int=number), at=NOON + minutes(number), after=filed)
    report, case = UUID(int=12), uuid4()
    yield recorded(ReportFiled(channel=Channel.WEB, category="fraud"), entity=report, at=NOON)
    last = None
    steps = (
        (CaseNoShow(attempt=1), 30),
        (CaseClosed(reason=CloseReason.NO_SHOW), 40),
        (CaseReopened(reason="came"), 50),
    )
    for event, minute in steps:
        last = recorded(event, entity=case, report=report, at=NOON + minutes(minute), after=last)
        yield last
    for number in range(6):
        told = HistoryCaseRecorded(source="past", filed_at=NOON, dispatched_at=NOON + minutes(number + 1))
        yield recorded(told, entity=UUID(int=100 + number))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def metrics(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["metrics"]) as running:
        await running.servers.publish(*happened())
        await running.quiet()
        yield running


async def get(system: System, path: str, role: Role = Role.SUPERVISOR, **query: Any) -> Any:
    answer = await system["metrics"].get(path, params=query, headers=system.as_(role))
    assert answer.status_code == 200, answer.text
    return answer


@IN_MODULE
async def test_who_came_how_far_and_where_the_time_went(metrics: System) -> None:
    told = (await get(metrics, "/v1/flow")).json()
    assert told["cases"] == 12
    stages = {stage["stage"]: (stage["cases"], stage["median"]) for stage in told["stages"]}
    assert stages["filed_at"] == (12, 0)
    assert stages["dispatched_at"] == (6, 900)
    assert stages["offered_at"] == (0, None)
    ends = {end["end"]: end["cases"] for end in told["ends"]}
    assert ends == {
        "closed": 6, "settled_without_dispatch": 0, "withdrawn": 5, "no_show": 1, "reopened": 1, "duplicate": 0,
        "declined": 0,
    }  # fmt: skip
    bottleneck = told["bottleneck"]
    assert (bottleneck["before"], bottleneck["after"], bottleneck["mean"]) == ("arrived", "cleared", 1800)
    total = 6 * 3600 + sum(range(7, 12)) * 60 + 3000
    assert bottleneck["share"] == pytest.approx(6 * 1800 / total)
    assert sum(step["total"] for step in told["transitions"]) == pytest.approx(total)
    work = {(one["activity"], one["hour"]): one["n"] for one in told["workload"]}
    assert work["filed_at", "1-07"] == 12, "noon in UTC is seven in Winnipeg"


@IN_MODULE
async def test_small_numbers_of_the_flow_are_for_supervisors(metrics: System) -> None:
    told = (await get(metrics, "/v1/flow", Role.ANALYST)).json()
    ends = {end["end"]: (end["cases"], end["suppressed"]) for end in told["ends"]}
    assert ends["no_show"] == ends["reopened"] == (None, True)
    assert ends["withdrawn"] == (5, False)
    steps = {(step["before"], step["after"]): step for step in told["transitions"]}
    assert steps["filed", "withdrawn"]["n"] is None, "with it shown, shares would tell how long the single one took"
    assert steps["filed", "no_show"]["suppressed"]
    total = steps["arrived", "cleared"]["total"] / steps["arrived", "cleared"]["share"]
    hidden = total - sum(step["total"] or 0 for step in told["transitions"])
    assert hidden == pytest.approx(sum(range(7, 12)) * 60 + 3000), "what is left tells of seven steps together"
    rows = list(csv.DictReader(io.StringIO((await get(metrics, "/v1/flow.csv")).text)))
    assert {row["part"] for row in rows} == {"stage", "end", "transition", "workload"}


@IN_MODULE
async def test_pm4py_finds_the_same_transitions_in_the_xes_log(metrics: System, tmp_path: Path) -> None:
    told = (await get(metrics, "/v1/flow")).json()
    path = tmp_path / "log.xes"
    path.write_bytes((await get(metrics, "/v1/event-log.xes")).content)
    log = pm.read_xes(str(path))
    assert log["case:concept:name"].nunique() == 12
    assert set(log["case:pathway"]) == {"virtual", "conventional"}
    for kind in ("mean", "median"):
        assert performances(log, kind) == pytest.approx(
            {(step["before"], step["after"]): step[kind] for step in told["transitions"]}, abs=0.001
        )
    frequencies, _, _ = pm.discover_dfg(log)
    assert frequencies == {(step["before"], step["after"]): step["n"] for step in told["transitions"]}


def performances(log: pd.DataFrame, kind: str) -> dict[tuple[str, str], float]:
    found, _, _ = pm.discover_performance_dfg(log, perf_aggregation_key=kind)
    return {pair: times[kind] if isinstance(times, dict) else times for pair, times in found.items()}


@IN_MODULE
async def test_pm4py_reads_the_object_centric_log(metrics: System, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonocel"
    path.write_bytes((await get(metrics, "/v1/event-log.jsonocel")).content)
    log = pm.read_ocel2_json(str(path))
    kinds = log.objects[log.object_type_column].value_counts().to_dict()
    assert kinds == {"report": 12, "case": 7, "session": 6, "dispatch": 6}
    assert len(log.events) == 6 * 15 + 5 * 2 + 4
    assert set(log.events[log.event_activity]) >= {"report.filed", "dispatch.unit_assigned", "case.no_show"}
    past = json.loads((await get(metrics, "/v1/event-log.jsonocel", source="past")).content)
    assert {event["type"] for event in past["events"]} == {"filed", "dispatched"}
    assert len(past["objects"]) == 6


@IN_MODULE
async def test_the_event_logs_know_what_the_filters_choose(metrics: System) -> None:
    early = await get(metrics, "/v1/event-log.csv", until=(NOON + minutes(5)).isoformat())
    rows = list(csv.DictReader(io.StringIO(early.text)))
    assert {row["concept:name"] for row in rows} == {"filed", "opened", "claimed"}
    some = await get(metrics, "/v1/event-log.csv", category="fraud")
    assert [row["concept:name"] for row in csv.DictReader(io.StringIO(some.text))] == ["filed", "no_show", "reopened"]
    none = json.loads((await get(metrics, "/v1/event-log.jsonocel", category="nothing")).content)
    assert (none["events"], none["objects"]) == ([], [])
    empty = (await get(metrics, "/v1/event-log.xes", category="nothing")).text
    assert "<trace>" not in empty
    assert empty.endswith("</log>\n")


@pytest.mark.parametrize(
    "name", ["running-example.csv", "roadtraffic100traces.csv", "running-example.xes", "08_receipt.xes.gz"]
)
def test_transitions_of_public_logs_are_those_of_pm4py(name: str) -> None:
    """Each pair's n exactly, mean and median to the millisecond. Ties in time keep the file's order."""
    path = shared(f"eventlogs/{name}")
    log = pm.read_xes(str(path)) if ".xes" in path.suffixes else pd.read_csv(path, dtype=str)
    log["time:timestamp"] = pd.to_datetime(log["time:timestamp"], utc=True, format="ISO8601")
    done = CliRunner().invoke(app, ["flow", str(path)], catch_exceptions=False)
    found = {(row["before"], row["after"]): row for row in csv.DictReader(io.StringIO(done.stdout))}
    frequencies, _, _ = pm.discover_dfg(log)
    assert {pair: int(row["n"]) for pair, row in found.items()} == dict(frequencies)
    for kind in ("mean", "median"):
        assert {pair: float(row[kind]) for pair, row in found.items()} == pytest.approx(
            performances(log, kind), abs=0.001
        ), kind


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "case:concept:name,concept:name\n1,a\n"),
        ("x.csv", "case:concept:name,concept:name,time:timestamp\n1,a,yesterday\n"),
        ("x.xes", "<log><trace><event/></trace></log>"),
        ("x.xes", '<log><trace><string key="concept:name" value="1"/><event/></trace></log>'),
        ("x.xes", "<log>"),
        ("x.xes", "case,activity"),
    ],
)
def test_what_is_no_event_log_is_refused(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    done = CliRunner().invoke(app, ["flow", str(tmp_path / name)], catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (1, "")
    assert name in done.stderr


MOMENTS = st.sampled_from(["0001-01-01", "1969-12-31 23:59:59.000001", "2024-02-29", "9999-12-31 23:59:59"])
CASES = st.lists(st.fixed_dictionaries({point: MOMENTS | st.none() for point in MILESTONES}), max_size=5)


def way_of(case: dict[str, str | None]) -> list[tuple[datetime, str]]:
    """A case's milestones in time; those of the same moment in their usual order."""
    happened = [(datetime.fromisoformat(at), place) for place, at in enumerate(case.values()) if at]
    return [(at, MILESTONES[place].removesuffix("_at")) for at, place in sorted(happened)]


@settings(max_examples=30)
@given(CASES)
def test_transitions_are_what_follows_directly_in_any_year(cases: list[dict[str, str | None]]) -> None:
    columns = ", ".join(f"{point} timestamp" for point in MILESTONES)
    with duckdb.connect() as connection:
        connection.execute(f"create temp table chosen (id integer, excluded varchar, {columns})")
        for number, case in enumerate(cases):
            row = [number, None, *case.values()]
            connection.execute(f"insert into chosen values ({', '.join('?' * len(row))})", row)
        found = {(row["before"], row["after"]): row for row in transitions(connection)}
    steps = [step for case in cases for step in pairwise(way_of(case))]
    assert sum(row["n"] for row in found.values()) == len(steps)
    for before, after in {(before, after) for (_, before), (_, after) in steps}:
        pairs = [(since, until) for (since, one), (until, other) in steps if (one, other) == (before, after)]
        taken = [(until - since).total_seconds() for since, until in pairs]
        told = found[before, after]
        assert told["n"] == len(taken)
        assert [told["mean"], told["median"]] == pytest.approx([mean(taken), median(taken)])


@IN_MODULE
async def test_a_log_of_an_unknown_kind_is_refused(metrics: System) -> None:
    answer = await metrics["metrics"].get("/v1/event-log.pdf", headers=metrics.as_(Role.SUPERVISOR))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "form")


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AUDITOR, Role.ADMIN])
@pytest.mark.parametrize("form", ["xes", "jsonocel", "csv"])
@IN_MODULE
async def test_event_logs_tell_of_single_cases_and_are_for_supervisors(metrics: System, form: str, role: Role) -> None:
    refused = await metrics["metrics"].get(f"/v1/event-log.{form}", headers=metrics.as_(role))
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:vpr:problem:forbidden")


@IN_MODULE
async def test_cases_that_an_officer_settled_are_counted(metrics: System) -> None:
    """The last: it adds to what all others count."""
    settled = CaseClosed(reason=CloseReason.RESOLVED)
    await metrics.servers.publish(
        recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=UUID(int=50), at=NOON),
        recorded(settled, entity=uuid4(), report=UUID(int=50), at=NOON + minutes(5)),
    )
    await metrics.quiet()
    ends = {end["end"]: end["cases"] for end in (await get(metrics, "/v1/flow")).json()["ends"]}
    assert ends["settled_without_dispatch"] == 1
