"""Metrics on a real log: exact figures, redelivery, what cannot be read, and generations."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import duckdb
import pytest
from nats.aio.client import Client
from sqlalchemy import update

from tests.examples import NOON, minutes, recorded
from tests.system import Servers, System
from tests.waiting import until
from vpr_events import parking
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.case import (
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CloseReason,
    Outcome,
)
from vpr_events.contracts.dispatch import (
    DispatchCompleted,
    DispatchUnitAssigned,
    DispatchUnitCleared,
    DispatchUnitEnRoute,
    DispatchUnitOnScene,
)
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.session import Mode, SessionConnected
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Recorded
from vpr_events.log import Outgoing
from vpr_events.pull import Delivery
from vpr_events.tables import parked
from vpr_metrics.model import TABLES
from vpr_metrics.projecting import Projection, Rebuild, Stage

EXACT = {
    "reporting_delay": 60.0,
    "virtual_response": 420.0,
    "headline": 900.0,
    "triage_wait": 120.000001,
    "dispatch_delay": 60.0,
    "turnout": 90.0,
    "travel": 630.0,
    "response": 1620.0,
    "on_scene": 1800.0,
    "resolution": 3600.0,
}
"""Of ``life``, in seconds."""


def life(report: UUID, **filed: Any) -> list[Recorded]:
    """A report from filing to closing, met by video and then by two units."""
    case, session, dispatch = uuid4(), uuid4(), uuid4()
    officer, first, second = uuid4(), uuid4(), uuid4()
    claimed = CaseClaimed(officer_id=officer, lease_until=NOON + minutes(60))
    assessed = CaseAssessed(assessment_id=uuid4(), report_id=report, officer_id=officer, outcome=Outcome.DISPATCH)
    body = {"channel": Channel.WEB, "category": "theft", "district": "D1", "occurred_to": NOON - minutes(1)} | filed
    steps = [
        (ReportFiled(**body), report, 0.0),
        (CaseOpened(report_id=report, category="theft", channel=Channel.WEB), case, 1.0),
        (claimed, case, 2.0),
        (claimed, case, 5.0),
        (SessionConnected(mode=Mode.VIDEO), session, 7.0),
        (assessed, case, 14.0),
        (DispatchUnitAssigned(unit_id=first), dispatch, 15.0),
        (DispatchUnitAssigned(unit_id=second), dispatch, 16.0),
        (DispatchUnitEnRoute(unit_id=first), dispatch, 16.5),
        (DispatchUnitOnScene(unit_id=first), dispatch, 27.0),
        (DispatchUnitOnScene(unit_id=second), dispatch, 30.0),
        (DispatchUnitCleared(unit_id=second), dispatch, 40.0),
        (DispatchUnitCleared(unit_id=first), dispatch, 57.0),
        (DispatchCompleted(), dispatch, 57.0),
        (CaseClosed(reason=CloseReason.DISPATCHED), case, 60.0),
    ]
    events: dict[UUID, Recorded] = {}
    made = []
    for event, entity, minute in steps:
        at = NOON + minutes(minute) + timedelta(microseconds=event is claimed and minute == 2.0)
        events[entity] = recorded(event, entity=entity, report=report, at=at, after=events.get(entity))
        made.append(events[entity])
    return made


@pytest.fixture
async def metrics(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["metrics"]) as running:
        yield running


async def ask(system: System, path: str = "/v1/timings", **query: Any) -> Any:
    answer = await system["metrics"].get(path, params=query, headers=system.as_(Role.SUPERVISOR))
    assert answer.status_code == 200, answer.text
    return answer.json()


def totals(timings: Any) -> dict[str, Any]:
    """Of every interval but that of appointments, of which there are none here."""
    return {one["interval"]: one["total"] for one in timings["intervals"] if one["interval"] != "chosen_delay"}


async def records(system: System, count: int, **query: Any) -> Any:
    """The timings, once there are so many records."""

    async def enough() -> Any:
        answer = await system["metrics"].get("/v1/timings", params=query, headers=system.as_(Role.SUPERVISOR))
        return answer.json() if answer.status_code == 200 and answer.json()["records"] == count else None

    return await until(enough)


def projection(system: System) -> Projection:
    return system.runtime("metrics").worker(Projection)


async def settled(system: System) -> None:
    """Wait for the first generation, and until the log is read."""

    async def built() -> bool:
        return projection(system).generation is not None

    await until(built)
    await system.quiet()


async def count_events(system: System) -> int:
    def query(connection: Any) -> int:
        return int(connection.execute("select count(*) from events").fetchone()[0])

    return await projection(system).read(query)


async def test_a_reports_events_give_the_intervals_between_their_own_times(metrics: System) -> None:
    await metrics.servers.publish(*life(uuid4()))
    await settled(metrics)
    timings = await ask(metrics)
    assert timings["records"] == 1
    assert timings["definition_version"] == 2
    assert {name: total["mean"] for name, total in totals(timings).items()} == EXACT
    assert {name: total["p90"] for name, total in totals(timings).items()} == EXACT
    assert {total["n"] for total in totals(timings).values()} == {1}


async def test_repeated_events_count_once(metrics: System) -> None:
    events = life(uuid4())
    await metrics.servers.publish(*events)
    await settled(metrics)
    before = await ask(metrics, by="category")
    async with metrics.servers.admin_log() as admin:
        for one in (*reversed(events), events[3]):
            headers = headers_of(one) | {"Nats-Msg-Id": uuid4().hex}
            await admin.publish([Outgoing(subject_of(one.type), headers, one.body)])
    await settled(metrics)
    assert await ask(metrics, by="category") == before
    assert await count_events(metrics) == len(events)


async def test_a_case_reopened_since_is_open_again(metrics: System) -> None:
    events = life(uuid4())
    await metrics.servers.publish(*events)
    closed = events[-1]
    again = recorded(
        CaseReopened(reason="new_facts"), entity=closed.entity_id, report=closed.correlation_id,
        at=NOON + minutes(61), after=closed,
    )  # fmt: skip
    await metrics.servers.publish(again)
    await settled(metrics)
    resolution = totals(await ask(metrics))["resolution"]
    assert (resolution["n"], resolution["open"]) == (0, 1)


def spoilt(event: Recorded) -> Iterator[Outgoing]:
    """Messages that nobody can read, each in a way of its own."""
    subject, headers = subject_of(event.type), headers_of(event)

    def fresh() -> dict[str, str]:
        return {"Nats-Msg-Id": uuid4().hex}

    yield Outgoing(subject, fresh(), b"\xff\x00 garbage")
    yield Outgoing(subject, headers | fresh(), b"{")
    yield Outgoing(subject, {k: v for k, v in headers.items() if k != "ce-sequence"} | fresh(), event.body)
    yield Outgoing(subject, headers | fresh() | {"ce-type": "report.filed.v9"}, event.body)
    yield Outgoing(subject, headers | fresh() | {"ce-recordedtime": "0001-01-01T00:00:00+05:00"}, event.body)


async def test_what_cannot_be_read_is_a_dead_letter_and_holds_nothing_up(metrics: System) -> None:
    first, second = life(uuid4()), life(uuid4())
    bad = list(spoilt(recorded(ReportFiled(channel=Channel.WEB, category="fraud_phone"), entity=uuid4())))
    unknown = Outgoing("vpr.report.pondered", headers_of(first[0]) | {"ce-type": "report.pondered.v1"}, b"{}")
    await metrics.servers.publish(*first)
    async with metrics.servers.admin_log() as admin:
        await admin.publish([*bad, Outgoing(unknown.subject, dict(unknown.headers) | {"Nats-Msg-Id": "u"}, b"{}")])
    await metrics.servers.publish(*second)
    await settled(metrics)
    timings = await records(metrics, 2)
    assert totals(timings)["headline"]["mean"] == EXACT["headline"]
    set_aside = await letters(metrics)
    assert len(set_aside) == len(bad)
    assert any("v9 is newer" in letter["error"] for letter in set_aside)

    await rebuilt(metrics)
    assert await ask(metrics) == timings
    assert await letters(metrics) == set_aside
    status = await metrics["metrics"].get("/v1/rebuild", headers=metrics.as_(Role.ADMIN))
    assert status.json()["unreadable"] == len(bad)


async def letters(system: System) -> list[dict[str, Any]]:
    answer = await system["metrics"].get("/v1/dead-letters", headers=system.as_(Role.ADMIN))
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def test_a_replayed_dead_letter_that_can_be_read_by_now_is_counted(metrics: System) -> None:
    await settled(metrics)
    event = recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=uuid4())
    async with metrics.runtime("metrics").engine.begin() as connection:
        message = Delivery(subject_of(event.type), headers_of(event), event.body, "", Client())
        await parking.park(connection, message, None, error="this was not known yet", dead=True)
    [letter] = await letters(metrics)
    replaying = f"/v1/dead-letters/{letter['id']}/replay"
    assert (await metrics["metrics"].post(replaying, headers=metrics.as_(Role.ADMIN))).status_code == 204
    await metrics.quiet()
    assert await letters(metrics) == []
    assert (await ask(metrics))["records"] == 1


async def test_a_replayed_dead_letter_that_fails_again_is_one_again(metrics: System) -> None:
    """Such as one that was made readable in the table by hand, and is not."""
    await settled(metrics)
    async with metrics.servers.admin_log() as admin:
        await admin.publish([Outgoing("vpr.report.filed", {"Nats-Msg-Id": uuid4().hex}, b"{}")])
    await metrics.quiet()
    [before] = await letters(metrics)
    async with metrics.runtime("metrics").engine.begin() as connection:
        await connection.execute(update(parked).values(dead=False, error="tried again"))
    await metrics.quiet()
    [after] = await letters(metrics)
    assert (after["id"], after["attempts"], after["error"]) == (before["id"], 1, before["error"])
    assert (await ask(metrics))["records"] == 0


async def test_what_cannot_even_be_parked_does_not_hold_up_the_rest(
    metrics: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settled(metrics)
    park = parking.park

    async def choosy(connection: Any, delivery: Delivery, *arguments: Any, **options: Any) -> None:
        if delivery.body == b"unparkable":
            raise ValueError("cannot be stored")
        await park(connection, delivery, *arguments, **options)

    monkeypatch.setattr(parking, "park", choosy)
    async with metrics.servers.admin_log() as admin:
        bodies = (b"unparkable", b"parkable")
        await admin.publish([Outgoing("vpr.report.filed", {"Nats-Msg-Id": uuid4().hex}, body) for body in bodies])
    await metrics.servers.publish(*life(uuid4()))
    await metrics.quiet()
    assert len(await letters(metrics)) == 1
    assert (await ask(metrics))["records"] == 1


async def rebuilt(system: System) -> None:
    """Ask for a rebuild and wait for it."""
    admin = system.as_(Role.ADMIN)
    asked = await system["metrics"].post("/v1/rebuild", headers=admin)
    assert asked.status_code == 202, asked.text
    assert (asked.json()["stage"], asked.json()["total"], asked.json()["seconds_left"]) == ("running", None, None)

    async def done() -> bool:
        return bool((await system["metrics"].get("/v1/rebuild", headers=admin)).json()["stage"] == "done")

    await until(done)
    status = (await system["metrics"].get("/v1/rebuild", headers=admin)).json()
    assert 0 <= status["total"] <= status["read"]
    assert status["seconds_left"] is None


async def test_a_rebuild_while_events_flow_loses_and_doubles_nothing(metrics: System) -> None:
    before, during, after = ([event for _ in range(20) for event in life(uuid4())] for _ in range(3))
    await metrics.servers.publish(*before)
    await settled(metrics)
    first = projection(metrics).generation
    asked = await metrics["metrics"].post("/v1/rebuild", headers=metrics.as_(Role.ADMIN))
    assert asked.status_code == 202
    for start in range(0, len(during), 15):
        await metrics.servers.publish(*during[start : start + 15])
        assert (await ask(metrics, interval="headline"))["records"] >= 20

    async def switched() -> bool:
        return projection(metrics).generation != first

    await until(switched)
    await metrics.servers.publish(*after)
    await settled(metrics)
    timings = await records(metrics, 60, by="week")
    assert {name: (total["n"], total["mean"]) for name, total in totals(timings).items()} == {
        name: (60, pytest.approx(exact)) for name, exact in EXACT.items()
    }
    assert await count_events(metrics) == len(before) + len(during) + len(after)
    await rebuilt(metrics)
    assert await ask(metrics, by="week") == timings
    assert [path.name for path in files(projection(metrics).folder)] == [
        f"metrics-{projection(metrics).generation}.duckdb"
    ]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix == ".duckdb")


async def test_a_restarted_service_goes_on_where_it_was_even_when_its_file_is_gone(servers: Servers) -> None:
    await servers.fresh_log(["metrics"])
    system, folder = System(servers), servers.folder / f"duckdb-{uuid4().hex}"
    async with servers.database("metrics") as url:
        async with system.service("metrics", url, folder=folder):
            await servers.publish(*life(uuid4()))
            await settled(system)
            timings, number = await ask(system), projection(system).generation
        async with system.service("metrics", url, folder=folder):
            await settled(system)
            assert projection(system).generation == number
            assert await ask(system) == timings
            await servers.publish(*life(uuid4()))
            await settled(system)
            assert totals(await ask(system))["headline"]["n"] == 2
        for path in files(folder):
            path.unlink()
        await servers.publish(*life(uuid4()))
        async with system.service("metrics", url, folder=folder):
            await settled(system)
            assert totals(await ask(system))["headline"]["n"] == 3
            assert await count_events(system) == 45


@pytest.mark.parametrize("left_behind", ["half_filled", "no_database", "only_its_log"])
async def test_a_generation_that_is_not_whole_is_replaced(servers: Servers, left_behind: str) -> None:
    await servers.fresh_log(["metrics"])
    system, folder = System(servers), servers.folder / f"duckdb-{uuid4().hex}"
    folder.mkdir()
    broken = folder / "metrics-7.duckdb"
    match left_behind:
        case "half_filled":
            duckdb.connect(str(broken)).execute(TABLES).close()
        case "no_database":
            broken.write_bytes(b"no database" * 999)
        case "only_its_log":
            broken.with_name("metrics-7.duckdb.wal").write_bytes(b"no log")
    await servers.publish(*life(uuid4()))
    async with servers.database("metrics") as url, system.service("metrics", url, folder=folder):
        await settled(system)
        assert (await ask(system))["records"] == 1
        assert len(files(folder)) == 1


def test_the_time_left_goes_by_the_speed_so_far() -> None:
    rebuild = Rebuild(Stage.RUNNING, read=100, total=400, began=monotonic() - 10)
    assert rebuild.seconds_left == pytest.approx(30, rel=0.5)
    assert Rebuild(Stage.RUNNING, read=0, total=400).seconds_left is None
    assert Rebuild(Stage.DONE, read=400, total=400).seconds_left is None


async def test_a_stream_keeps_its_generation_open_until_it_is_left(metrics: System) -> None:
    await metrics.servers.publish(*life(uuid4()))
    await settled(metrics)

    def pieces(connection: Any) -> Iterator[bytes]:
        for _ in range(3):
            yield str(connection.execute("select count(*) from records").fetchone()[0]).encode()

    stream = projection(metrics).stream(pieces)
    assert await anext(stream) == b"1"
    first = projection(metrics).generation
    asked = await metrics["metrics"].post("/v1/rebuild", headers=metrics.as_(Role.ADMIN))
    assert asked.status_code == 202

    async def switched() -> bool:
        return projection(metrics).generation != first

    await until(switched)
    await metrics.servers.publish(*life(uuid4()))
    await records(metrics, 2)
    assert await anext(stream) == b"1", "one transaction of the file that it began with"
    assert len(files(projection(metrics).folder)) == 2
    await stream.aclose()

    async def removed() -> bool:
        return len(files(projection(metrics).folder)) == 1

    await until(removed)
