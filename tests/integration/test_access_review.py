"""What readings set off: alarms for many reports, for one's own, and for restricted ones; and the list to review."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi import Request
from sqlalchemy import text

from tests.access import Others, Person, as_service, file_report, problem
from tests.examples import NOON, PERSON, minutes, new_report
from tests.system import Servers, System
from vpr_events.contracts.values import Role
from vpr_intake.elsewhere import Elsewhere
from vpr_service.auth import Principal
from vpr_service.clock import SteppedTime
from vpr_service.held import Held

LIMIT = 3
RESTRICTED = "drug_gang_information"


@pytest.fixture
def clock() -> SteppedTime:
    return SteppedTime(NOON)


@pytest.fixture
async def watched(servers: Servers, clock: SteppedTime) -> AsyncIterator[System]:
    """Intake on stepped time, where more than three reports an hour are many."""
    async with System.started(servers, ["intake"], clock, bulk_reading_limit=LIMIT) as running:
        yield running


async def held_by(system: System, reader: UUID, count: int) -> list[UUID]:
    """So many reports of others, whose cases one officer holds."""
    reports = [await file_report(system) for _ in range(count)]
    for report in reports:
        await Others(system, report).claimed(reader)
    return reports


async def alarms(system: System) -> list[dict[str, Any]]:
    """What supervisors are told of, the oldest first."""
    answer = await Person(system, Role.AUDITOR).get("/v1/alarms")
    assert answer.status_code == 200
    return sorted(answer.json(), key=lambda one: one["raised_at"])


async def kinds(system: System) -> list[str]:
    return [one["kind"] for one in await alarms(system)]


async def test_who_reads_many_reports_within_an_hour_raises_one_alarm(watched: System, clock: SteppedTime) -> None:
    officer = Person(watched)
    reports = await held_by(watched, officer.id, LIMIT + 3)
    for report in reports[:LIMIT]:
        for _ in range(2):
            assert (await officer.reads(report)).status_code == 200
    assert await kinds(watched) == [], "the same report again is no other report"
    for report in reports[LIMIT:]:
        assert (await officer.reads(report)).status_code == 200
    [alarm] = await alarms(watched)
    assert (alarm["kind"], alarm["caused_by"], alarm["reason"]) == ("bulk_reading", str(officer.id), "over_3_an_hour")
    assert alarm["report_id"] == str(reports[LIMIT])
    clock.step_to(NOON + minutes(61))
    for report in reports:
        await officer.reads(report)
    assert await kinds(watched) == ["bulk_reading"] * 2


async def test_as_many_reports_over_a_longer_time_raise_none(watched: System, clock: SteppedTime) -> None:
    officer = Person(watched)
    for number, report in enumerate(await held_by(watched, officer.id, LIMIT + 3)):
        clock.step_to(NOON + minutes(21 * number))
        await officer.reads(report)
    assert await kinds(watched) == []


async def test_readings_at_the_same_moment_do_not_slip_through(watched: System) -> None:
    officer = Person(watched)
    reports = await held_by(watched, officer.id, LIMIT + 1)
    answers = await asyncio.gather(*(officer.reads(report) for report in reports))
    assert {answer.status_code for answer in answers} == {200}
    assert set(await kinds(watched)) == {"bulk_reading"}


async def test_what_a_service_reads_for_an_officer_is_the_officers(watched: System) -> None:
    officer = uuid4()
    reports = await held_by(watched, officer, LIMIT + 1)
    for report in reports:
        with as_service(watched, "triage", officer):
            assert (await watched["intake"].get(f"/v1/reports/{report}/contact")).status_code == 200
    [alarm] = await alarms(watched)
    assert (alarm["kind"], alarm["caused_by"]) == ("bulk_reading", str(officer))


async def test_a_service_by_itself_may_read_many(watched: System) -> None:
    for _ in range(LIMIT + 1):
        report = await file_report(watched)
        await Others(watched, report).meets()
        with as_service(watched, "video"):
            assert (await watched["intake"].get(f"/v1/reports/{report}/contact")).status_code == 200
    assert await kinds(watched) == []


async def test_who_filed_a_report_and_reads_it_is_told_of_once(watched: System) -> None:
    clerk, other = Person(watched, Role.SUPERVISOR), Person(watched)
    report = UUID((await clerk.post("/v1/reports", new_report())).json()["id"])
    await Others(watched, report).claimed(other.id)
    await other.reads(report)
    assert await kinds(watched) == []
    await clerk.breaks_glass(report)
    for _ in range(2):
        assert (await clerk.reads(report)).status_code == 200
    glass, own = sorted(await alarms(watched), key=lambda one: str(one["kind"]))
    assert (glass["kind"], own["kind"], own["reason"]) == ("break_glass", "own_case", "filed_by_reader")
    path = f"/v1/alarms/{own['id']}/acknowledgement"
    assert problem(await clerk.post(path)) == (409, "own_alarm")
    assert (await Person(watched, Role.SUPERVISOR).post(path)).status_code == 200
    await clerk.reads(report)
    assert sorted(await kinds(watched)) == ["break_glass", "own_case"]
    assert (await clerk.breaks_glass(report)).json()["alarm_id"] == glass["id"]


def carrying(officer: Person, contact: str) -> Callable[[Request], Awaitable[Principal]]:
    """Every caller is this officer, whose token carries this."""

    async def somebody(_: Request) -> Principal:
        return Principal(officer.id, frozenset({Role.OFFICER}), contacts=(contact,))

    return somebody


@pytest.mark.parametrize(
    ("contact", "alarmed"),
    [(PERSON["email"].upper(), True), ("(204) 555-0142", True), ("another@resident.example", False)],
)
async def test_who_is_reached_where_the_reporter_is_reads_their_own_case(
    watched: System, monkeypatch: pytest.MonkeyPatch, contact: str, alarmed: bool
) -> None:
    officer = Person(watched)
    [report] = await held_by(watched, officer.id, 1)
    monkeypatch.setattr("vpr_intake.api.callers.principal", carrying(officer, contact))
    assert (await officer.reads(report)).status_code == 200
    assert [(one["kind"], one["reason"]) for one in await alarms(watched)] == (
        [("own_case", "contact_of_reader")] if alarmed else []
    )


async def restricted(system: System) -> UUID:
    answer = await system["intake"].post(
        "/v1/reports", json=new_report(category=RESTRICTED), headers=system.as_(Role.OFFICER)
    )
    return UUID(answer.json()["id"])


async def test_a_restricted_report_is_read_by_who_holds_its_case(watched: System) -> None:
    report, officer, dispatcher = await restricted(watched), Person(watched), Person(watched, Role.DISPATCHER)
    told = Others(watched, report)
    await told.needs_unit()
    await told.claimed(officer.id)
    assert (await officer.reads(report)).status_code == 200
    for person in (dispatcher, Person(watched), Person(watched, Role.SUPERVISOR)):
        assert problem(await person.reads(report)) == (403, "restricted_case")
    for person in (dispatcher, Person(watched)):
        assert problem(await person.breaks_glass(report)) == (403, "restricted_case")
    assert await kinds(watched) == []


async def test_a_supervisor_breaks_its_glass_with_an_alarm_of_its_own_kind(watched: System) -> None:
    report, supervisor = await restricted(watched), Person(watched, Role.SUPERVISOR)
    glass = (await supervisor.breaks_glass(report)).json()
    assert (await supervisor.reads(report)).status_code == 200
    [alarm] = await alarms(watched)
    assert (alarm["id"], alarm["kind"], alarm["reason"]) == (glass["alarm_id"], "restricted_case", "welfare_check")
    assert (await supervisor.breaks_glass(report)).json() == glass


async def test_glass_that_an_officer_broke_does_not_open_a_report_that_became_restricted(watched: System) -> None:
    report, officer = await file_report(watched), Person(watched)
    assert (await officer.breaks_glass(report)).status_code == 201
    async with watched.runtime("intake").engine.begin() as connection:
        await connection.execute(text(f"update reports set category = '{RESTRICTED}'"))
    assert problem(await officer.reads(report)) == (403, "restricted_case")


async def test_video_reaches_whom_it_invites_also_of_a_restricted_report(watched: System) -> None:
    report, officer = await restricted(watched), uuid4()
    path, told = f"/v1/reports/{report}/contact", Others(watched, report)
    await told.meets()
    with as_service(watched, "video"):
        assert (await watched["intake"].get(path)).status_code == 200
    with as_service(watched, "triage", officer):
        assert problem(await watched["intake"].get(path)) == (403, "restricted_case")
    await told.claimed(officer)
    with as_service(watched, "triage", officer):
        assert (await watched["intake"].get(path)).status_code == 200


async def test_the_list_is_of_a_span_of_time(watched: System, clock: SteppedTime) -> None:
    officer, auditor = Person(watched), Person(watched, Role.AUDITOR)
    [report] = await held_by(watched, officer.id, 1)
    for minute in (0, 10, 20):
        clock.step_to(NOON + minutes(minute))
        await officer.reads(report)

    async def between(**query: str) -> list[timedelta]:
        told = (await auditor.get("/v1/access", **query)).json()
        return [datetime.fromisoformat(one["at"]) - NOON for one in told]

    ten, twenty = ((NOON + minutes(minute)).isoformat() for minute in (10, 20))
    assert await between(since=ten) == [minutes(20), minutes(10)]
    assert await between(until=ten) == [minutes(0)]
    assert await between(since=ten, until=twenty) == [minutes(10)]
    for wrong in ({"since": "yesterday"}, {"until": "2026-05-04T12:00:00"}):
        answer = await auditor.get("/v1/access", **wrong)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, next(iter(wrong)))


async def test_an_export_is_reviewed_as_any_reading_is(watched: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other services' parts are no matter here: none is there."""

    async def nothing(*_: object) -> dict[str, Held]:
        return {}

    monkeypatch.setattr(Elsewhere, "held", nothing)
    keeper, report = Person(watched, Role.ADMIN), await restricted(watched)
    answer = await keeper.get(f"/v1/reports/{report}/export", reference="FOI-7")
    assert answer.status_code == 200
    assert answer.json()["services"]["intake"]["parts"]["particulars"][0]["email"] == PERSON["email"]
    [alarm] = await alarms(watched)
    assert (alarm["kind"], alarm["reason"], alarm["caused_by"]) == ("restricted_case", "export", str(keeper.id))
    filed = (await keeper.post("/v1/reports", new_report())).json()["id"]
    others = [str(report), filed, *[str(await file_report(watched)) for _ in range(LIMIT - 1)]]
    for one in others:
        assert (await keeper.get(f"/v1/reports/{one}/export", reference="FOI-7")).status_code == 200
    assert sorted(await kinds(watched)) == ["bulk_reading", "own_case", "restricted_case"]
