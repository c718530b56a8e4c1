"""Breaking the glass, its alarm, and who ends it: on the list and on the stream."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import func, select, text, update

from tests.access import REASON, Others, Person, file_report, problem
from tests.examples import NARRATIVE
from tests.processes import free_port
from tests.system import Servers, System
from tests.waiting import DEADLINE, until
from vpr_events.contracts.access import BreakGlassReason
from vpr_events.contracts.values import Role
from vpr_events.tables import events
from vpr_intake.tables import alarm_texts, alarms, grants
from vpr_service.serving import Server
from vpr_service.streams import Listener


async def broken(person: Person, report: UUID) -> dict[str, Any]:
    """What somebody gets who breaks the glass."""
    answer = await person.breaks_glass(report)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def listed(system: System, role: Role = Role.AUDITOR, **query: Any) -> list[dict[str, Any]]:
    """The alarms."""
    answer = await Person(system, role).get("/v1/alarms", **query)
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def accesses(system: System) -> list[dict[str, Any]]:
    return list((await Person(system, Role.AUDITOR).get("/v1/access")).json())


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SUPERVISOR, Role.DISPATCHER])
async def test_broken_glass_lets_its_breaker_read_and_raises_an_alarm(intake: System, role: Role) -> None:
    report, person = await file_report(intake), Person(intake, role)
    glass = await broken(person, report)
    assert glass["report_id"] == str(report)
    assert datetime.fromisoformat(glass["until"]) - datetime.now().astimezone() > timedelta(minutes=59)
    assert (await person.reads(report)).json()["description"] == NARRATIVE
    assert problem(await Person(intake, role).reads(report)) == (403, "no_active_claim")

    [alarm] = await listed(intake)
    expected = {
        "id": glass["alarm_id"], "kind": "break_glass", "report_id": str(report), "caused_by": str(person.id),
        "reason": "welfare_check", "acknowledged_by": None, "acknowledged_at": None,
    }  # fmt: skip
    assert {name: alarm[name] for name in expected} == expected
    noted = [(one["role"], one["purpose"], one["break_glass"], one["until"]) for one in await accesses(intake)]
    assert noted == [(role, "welfare_check", True, None), (role, "welfare_check", True, glass["until"])]


async def test_others_can_not_break_it(intake: System) -> None:
    report = await file_report(intake)
    for role in (Role.AUDITOR, Role.ANALYST, Role.ADMIN, Role.SERVICE):
        assert problem(await Person(intake, role).breaks_glass(report)) == (403, "forbidden")
    assert problem(await Person(intake).breaks_glass(report, Idempotency_Key="")) == (400, "idempotency_key_missing")
    assert await listed(intake) == []


async def test_who_holds_the_case_reads_by_the_claim_even_if_the_glass_is_broken(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    await broken(officer, report)
    await Others(intake, report).claimed(officer.id)
    await officer.reads(report)
    newest, *_ = await accesses(intake)
    assert (newest["purpose"], newest["break_glass"]) == ("claim", False)


async def test_breaking_it_again_while_it_is_broken_changes_nothing(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    first, again = [await officer.breaks_glass(report, Idempotency_Key="one") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    other = await officer.post(f"/v1/reports/{report}/break-glass", REASON | {"reason": "other"})
    assert (other.status_code, other.json()) == (200, first.json())
    assert len(await listed(intake)) == 1
    async with intake.runtime("intake").reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(alarm_texts))).scalar_one() == 1


async def test_when_its_time_is_over_the_reading_ends_and_a_new_alarm_is_raised(servers: Servers) -> None:
    short = timedelta(milliseconds=300)
    async with System.started(servers, ["intake"], break_glass_lifetime=short) as system:
        report, officer = await file_report(system), Person(system)
        await broken(officer, report)

        async def over() -> bool:
            return (await officer.reads(report)).status_code == 403

        await until(over)
        assert (await broken(officer, report))["alarm_id"]
        assert len(await listed(system)) == 2


@pytest.mark.parametrize("reason", BreakGlassReason)
async def test_every_reason_is_a_code_and_the_text_stays_out_of_the_events(
    intake: System, reason: BreakGlassReason
) -> None:
    report = await file_report(intake)
    said = {"reason": reason, "text": REASON["text"]}
    assert (await Person(intake).post(f"/v1/reports/{report}/break-glass", said)).status_code == 201
    async with intake.runtime("intake").reading() as connection:
        bodies = (await connection.execute(select(events.c.body))).scalars().all()
        kept = (await connection.execute(select(alarm_texts))).mappings().all()
    assert not [body for body in bodies if b"Quillon" in body]
    assert [(one["report_id"], one["text"]) for one in kept] == [(report, REASON["text"])]


async def test_another_supervisor_acknowledges_an_alarm_once(intake: System) -> None:
    report, cause = await file_report(intake), Person(intake, Role.SUPERVISOR)
    path = f"/v1/alarms/{(await broken(cause, report))['alarm_id']}/acknowledgement"
    assert problem(await cause.post(path)) == (409, "own_alarm")
    for role in (Role.OFFICER, Role.DISPATCHER, Role.AUDITOR, Role.ADMIN, Role.ANALYST, Role.SERVICE):
        assert problem(await Person(intake, role).post(path)) == (403, "forbidden")
    [alarm] = await listed(intake)
    assert alarm["acknowledged_at"] is None

    supervisor = Person(intake, Role.SUPERVISOR)
    seen = await supervisor.post(path)
    assert (seen.status_code, seen.json()["acknowledged_by"]) == (200, str(supervisor.id))
    assert (await supervisor.post(path)).json() == seen.json()
    assert (await Person(intake, Role.SUPERVISOR).post(path)).json() == seen.json()
    assert await listed(intake) == [seen.json()]
    assert problem(await supervisor.post(f"/v1/alarms/{uuid4()}/acknowledgement")) == (404, "no_such_alarm")


async def test_what_was_said_is_read_one_by_one_and_recorded(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    alarm = (await broken(officer, report))["alarm_id"]
    for role in (Role.SUPERVISOR, Role.AUDITOR):
        read = await Person(intake, role).get(f"/v1/alarms/{alarm}")
        assert (read.status_code, read.json()["text"]) == (200, REASON["text"])
    noted = [(one["role"], one["resource"], one["purpose"]) for one in await accesses(intake)][:2]
    assert noted == [("auditor", "alarm_text", "alarm_review"), ("supervisor", "alarm_text", "alarm_review")]
    for role in (Role.OFFICER, Role.DISPATCHER, Role.ADMIN, Role.ANALYST, Role.SERVICE):
        assert problem(await Person(intake, role).get(f"/v1/alarms/{alarm}")) == (403, "forbidden")
        assert problem(await Person(intake, role).get("/v1/alarms")) == (403, "forbidden")
        assert problem(await Person(intake, role).get("/v1/alarms/stream")) == (403, "forbidden")
    assert problem(await Person(intake, Role.AUDITOR).get(f"/v1/alarms/{uuid4()}")) == (404, "no_such_alarm")


async def test_open_alarms_come_first_on_every_page(intake: System) -> None:
    raised = [(await broken(Person(intake), await file_report(intake)))["alarm_id"] for _ in range(5)]
    for alarm in raised[1::2]:
        answer = await Person(intake, Role.SUPERVISOR).post(f"/v1/alarms/{alarm}/acknowledgement")
        assert answer.status_code == 200
    expected = [*raised[::2][::-1], *raised[1::2][::-1]]
    assert [one["id"] for one in await listed(intake)] == expected
    seen, url, pages = [], "/v1/alarms?limit=2", 0
    while url:
        page = await Person(intake, Role.AUDITOR).get(url)
        seen += [one["id"] for one in page.json()]
        url, pages = str(page.links["next"]["url"]) if "next" in page.links else "", pages + 1
    assert (seen, pages) == (expected, 3)
    for cursor in ("x", "WzFd", "WyJ4IiwieSJd"):
        assert (await Person(intake, Role.AUDITOR).get("/v1/alarms", cursor=cursor)).status_code == 422


@dataclass
class Told:
    """One event of a stream."""

    event: str
    id: str
    data: dict[str, Any]


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[tuple[str, Server]]:
    """The app behind a real socket: its address and server. The lifespan is the test's."""
    port = free_port()
    server = Server(uvicorn.Config(app, port=port, lifespan="off", log_level="warning", timeout_graceful_shutdown=20))
    task = asyncio.create_task(server._serve())

    [listener] = [one for one in app.state.runtime.workers if isinstance(one, Listener)]

    async def ready() -> bool:
        return server.started and listener.listening

    await until(ready)
    try:
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def stream(system: System, url: str, last_id: str = "") -> AsyncIterator[AsyncIterator[Told]]:
    """The alarms as they are told."""
    headers = system.as_(Role.SUPERVISOR) | ({"Last-Event-ID": last_id} if last_id else {})
    async with (
        httpx.AsyncClient(timeout=DEADLINE) as client,
        client.stream("GET", f"{url}/v1/alarms/stream", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield events_of(answer)


async def events_of(answer: httpx.Response) -> AsyncIterator[Told]:
    """The events of an answer as a browser would read them."""
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        name, _, value = line.partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield Told(fields["event"], fields["id"], json.loads(fields["data"]))
            fields = {}


async def test_alarms_are_told_as_they_happen_and_missed_ones_after_coming_back(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    async with served(intake.apps["intake"]) as (url, _):
        async with stream(intake, url) as told:
            assert (await anext(told)).event == "reload"
            glass = await broken(officer, report)
            alarm = await anext(told)
            assert alarm.event == "alarm"
            [row] = await listed(intake)
            known = {name: row[name] for name in ("id", "kind", "report_id", "caused_by", "reason")}
            assert {name: alarm.data[name] for name in known} == known
            assert datetime.fromisoformat(alarm.data["raised_at"]) == datetime.fromisoformat(row["raised_at"])
        supervisor = Person(intake, Role.SUPERVISOR)
        await supervisor.post(f"/v1/alarms/{glass['alarm_id']}/acknowledgement")
        async with stream(intake, url, alarm.id) as told:
            seen = await anext(told)
        assert (seen.event, seen.data["id"]) == ("acknowledged", glass["alarm_id"])
        assert seen.data["acknowledged_by"] == str(supervisor.id)
        process, _, number = seen.id.partition(":")
        assert alarm.id == f"{process}:{int(number) - 1}"
        async with stream(intake, url, f"another:{number}") as told:
            again = await anext(told)
        assert (again.event, again.id) == ("reload", seen.id)


async def test_another_process_of_intake_tells_the_alarm_too(servers: Servers) -> None:
    await servers.fresh_log(["intake"])
    one, other = System(servers), System(servers)
    async with servers.database("intake") as url, one.service("intake", url), other.service("intake", url):
        report = await file_report(one)
        async with served(other.apps["intake"]) as (address, _), stream(other, address) as told:
            assert (await anext(told)).event == "reload"
            glass = await broken(Person(one), report)
            assert (await anext(told)).data["id"] == glass["alarm_id"]


END_LISTENERS = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and state = 'idle' and (query ilike 'listen%' or query = 'select 1')
"""


async def test_after_a_time_without_a_database_everyone_is_told_to_reload(intake: System) -> None:
    async with served(intake.apps["intake"]) as (url, _), stream(intake, url) as told:
        first = await anext(told)
        async with intake.runtime("intake").engine.connect() as connection:
            assert set((await connection.execute(text(END_LISTENERS))).scalars()) == {True}
        again = await anext(told)
        assert (first.event, again.event) == ("reload", "reload")
        assert again.id.partition(":")[0] != first.id.partition(":")[0]
        glass = await broken(Person(intake), await file_report(intake))
        assert (await anext(told)).data["id"] == glass["alarm_id"]


async def test_what_is_rolled_back_is_not_told(intake: System) -> None:
    report, other = await file_report(intake), await file_report(intake)
    async with served(intake.apps["intake"]) as (url, _), stream(intake, url) as told:
        await anext(told)
        async with intake.runtime("intake").engine.begin() as connection:
            await connection.execute(text("alter table outbox add constraint broken check (false) not valid"))
        assert (await Person(intake).breaks_glass(report)).status_code == 500
        async with intake.runtime("intake").engine.begin() as connection:
            await connection.execute(text("alter table outbox drop constraint broken"))
        glass = await broken(Person(intake), other)
        assert (await anext(told)).data["id"] == glass["alarm_id"]
    assert len(await listed(intake)) == 1


async def test_a_silent_stream_shows_that_it_lives(intake: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastapi.routing._PING_INTERVAL", 0.05)
    headers = intake.as_(Role.AUDITOR)
    async with (
        served(intake.apps["intake"]) as (url, _),
        httpx.AsyncClient(timeout=DEADLINE) as client,
        client.stream("GET", f"{url}/v1/alarms/stream", headers=headers) as answer,
    ):
        lines = answer.aiter_lines()
        while await anext(lines) != ": ping":
            continue


async def test_an_open_stream_does_not_hold_up_the_end(intake: System) -> None:
    async with served(intake.apps["intake"]) as (url, server), stream(intake, url) as told:
        await anext(told)
        server.config.timeout_graceful_shutdown = None  # then nobody ends it but itself
        server.should_exit = True
        async with asyncio.timeout(DEADLINE):
            assert [event async for event in told] == []


async def test_grants_of_broken_glass_are_made_of_the_event(intake: System) -> None:
    """Nothing of a grant is known that the event does not tell: a read model can be made anew."""
    report, officer = await file_report(intake), Person(intake)
    glass = await broken(officer, report)
    async with intake.runtime("intake").engine.begin() as connection:
        [grant] = (await connection.execute(select(grants))).mappings().all()
        raised = (await connection.execute(select(alarms.c.raised_at))).scalar_one()
        await connection.execute(update(grants).values(until=raised))
    assert (grant["basis"], grant["principal_id"], grant["until"]) == (
        "break_glass", officer.id, datetime.fromisoformat(glass["until"]),
    )  # fmt: skip
    assert problem(await officer.reads(report)) == (403, "no_active_claim")
