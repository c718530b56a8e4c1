"""Who may read a report's personal data, and that every reading is recorded before it is answered."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from tests.access import Others, Person, as_service, file_report, problem
from tests.examples import NARRATIVE, PERSON, PLACE, new_report
from tests.system import Servers, System
from vpr_events.contracts.case import ReleaseReason
from vpr_events.contracts.values import Role
from vpr_events.tables import events
from vpr_intake.api.callers import STAFF

NOT_ALLOWED = (403, "no_active_claim")
SECRETS = [*PERSON.values(), NARRATIVE, str(PLACE["address"])]


async def accesses(system: System, **query: Any) -> list[dict[str, Any]]:
    """The review list, newest first."""
    answer = await Person(system, Role.AUDITOR).get("/v1/access", **query)
    assert answer.status_code == 200, answer.text
    assert not [secret for secret in SECRETS if secret in answer.text]
    return list(answer.json())


async def test_who_filed_as_a_clerk_sees_the_receipt_and_no_particulars(intake: System) -> None:
    clerk = Person(intake)
    filed = await clerk.post("/v1/reports", new_report())
    assert filed.status_code == 201, filed.text
    assert filed.headers["Location"] == f"/v1/reports/{filed.json()['id']}"
    assert not [secret for secret in SECRETS if secret in filed.text]
    refused = await clerk.get(filed.headers["Location"])
    assert problem(refused) == NOT_ALLOWED
    assert "claim" in refused.json()["detail"]
    assert "break-glass" in refused.json()["detail"]
    assert await accesses(intake) == []


async def test_the_holder_of_the_case_reads_and_that_is_recorded(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    await Others(intake, report).claimed(officer.id)
    read = await officer.reads(report)
    assert read.status_code == 200, read.text
    assert (read.json()["description"], read.json()["reporter"]) == (NARRATIVE, PERSON)
    assert read.headers["Cache-Control"] == "no-store"
    assert read.headers["ETag"] == '"2"'

    [noted] = await accesses(intake)
    expected = {
        "report_id": str(report), "reader_id": str(officer.id), "role": "officer", "resource": "particulars",
        "purpose": "claim", "break_glass": False, "until": None, "acting_for": None,
    }  # fmt: skip
    assert {name: noted[name] for name in expected} == expected
    assert datetime.now(UTC) - datetime.fromisoformat(noted["at"]) < timedelta(minutes=1)


async def test_every_reading_is_recorded_and_changes_nothing_of_the_report(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    await Others(intake, report).claimed(officer.id)
    for _ in range(3):
        assert (await officer.reads(report)).headers["ETag"] == '"2"'
    assert len(await accesses(intake)) == 3
    async with intake.runtime("intake").reading() as connection:
        query = select(events.c.stream, events.c.version, events.c.type).order_by(events.c.position)
        stored = [tuple(row) for row in await connection.execute(query)]
    assert stored == [
        (f"report/{report}", 1, "report.filed.v1"),
        (f"report/{report}", 2, "report.screened.v1"),
        *((f"access/{report}", number, "access.recorded.v1") for number in (1, 2, 3)),
    ]


async def test_readings_at_the_same_moment_are_all_recorded(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    await Others(intake, report).claimed(officer.id)
    answers = await asyncio.gather(*(officer.reads(report) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert len(await accesses(intake)) == 3


async def test_nobody_else_reads_what_somebody_holds(intake: System) -> None:
    report = await file_report(intake)
    await Others(intake, report).claimed(uuid4())
    for role in (Role.OFFICER, Role.SUPERVISOR, Role.DISPATCHER):
        assert problem(await Person(intake, role).reads(report)) == NOT_ALLOWED
    for role in (Role.AUDITOR, Role.ANALYST, Role.ADMIN, Role.SERVICE):
        assert problem(await Person(intake, role).reads(report)) == (403, "forbidden")
    assert (await intake["intake"].get(f"/v1/reports/{report}")).status_code == 401


async def test_a_claim_is_for_its_report_alone(intake: System) -> None:
    mine, foreign, officer = await file_report(intake), await file_report(intake), Person(intake)
    await Others(intake, mine).claimed(officer.id)
    assert (await officer.reads(mine)).status_code == 200
    assert problem(await officer.reads(foreign)) == NOT_ALLOWED
    assert problem(await officer.reads(uuid4())) == (404, "no_such_report")


@pytest.mark.parametrize("reason", ReleaseReason)
async def test_with_the_claim_the_reading_ends(intake: System, reason: ReleaseReason) -> None:
    report, officer, next_one = await file_report(intake), Person(intake), Person(intake)
    others = Others(intake, report)
    await others.claimed(officer.id)
    await others.released(officer.id, reason)
    assert problem(await officer.reads(report)) == NOT_ALLOWED
    await others.claimed(next_one.id)
    assert problem(await officer.reads(report)) == NOT_ALLOWED
    assert (await next_one.reads(report)).status_code == 200
    await others.closed()
    assert problem(await next_one.reads(report)) == NOT_ALLOWED


async def test_a_supervisor_reads_by_a_claim_as_well(intake: System) -> None:
    report, supervisor = await file_report(intake), Person(intake, Role.SUPERVISOR)
    await Others(intake, report).claimed(supervisor.id)
    assert (await supervisor.reads(report)).status_code == 200
    assert [one["role"] for one in await accesses(intake)] == ["supervisor"]


async def test_dispatchers_read_while_a_dispatch_is_open(intake: System) -> None:
    report, dispatcher, others = await file_report(intake), Person(intake, Role.DISPATCHER), Person(intake)
    told = Others(intake, report)
    await told.needs_unit()
    assert (await dispatcher.reads(report)).status_code == 200
    for role in (Role.OFFICER, Role.SUPERVISOR):
        assert problem(await Person(intake, role).reads(report)) == NOT_ALLOWED
    await told.unit_done()
    assert problem(await dispatcher.reads(report)) == NOT_ALLOWED
    await told.needs_unit()
    assert (await dispatcher.reads(report)).status_code == 200
    assert [(one["role"], one["purpose"]) for one in await accesses(intake)] == [("dispatcher", "task")] * 2
    assert problem(await others.reads(report)) == NOT_ALLOWED


async def test_a_client_reads_its_own_report_unrecorded(intake: System) -> None:
    admitting = await Person(intake, Role.ADMIN).post("/v1/clients", {"name": "city"})
    headers = {"X-API-Key": admitting.json()["api_key"], "Idempotency-Key": "1"}
    filed = await intake["intake"].post("/v1/reports", json=new_report(), headers=headers)
    read = await intake["intake"].get(filed.headers["Location"], headers=headers)
    assert (read.status_code, read.json()["description"]) == (200, NARRATIVE)
    assert await accesses(intake) == []


BREAK = "alter table events add constraint broken check (type not like 'access.%')"


async def test_what_can_not_be_recorded_is_not_shown(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    others = Others(intake, report)
    await others.claimed(officer.id)
    await others.meets()
    async with intake.runtime("intake").engine.begin() as connection:
        await connection.execute(text(BREAK))
    answers = [await officer.reads(report)]
    with as_service(intake, "video"):
        answers.append(await intake["intake"].get(f"/v1/reports/{report}/contact"))
    for answer in answers:
        assert answer.status_code == 500
        assert not [secret for secret in SECRETS if secret in answer.text]
    assert await accesses(intake) == []


async def test_the_video_service_reads_how_to_reach_whom_it_meets(intake: System) -> None:
    report = await file_report(intake)
    told, path = Others(intake, report), f"/v1/reports/{report}/contact"
    with as_service(intake, "video"):
        assert problem(await intake["intake"].get(path)) == NOT_ALLOWED
    await told.meets()
    with as_service(intake, "video"):
        read = await intake["intake"].get(path)
    assert read.status_code == 200, read.text
    unknown = {"language": None, "discreet": False}
    assert read.json() == {name: PERSON[name] for name in ("first_name", "email", "phone")} | unknown
    assert read.headers["Cache-Control"] == "no-store"
    with as_service(intake, "dispatch"):
        assert problem(await intake["intake"].get(path)) == (403, "forbidden")
    await told.met()
    with as_service(intake, "video"):
        assert problem(await intake["intake"].get(path)) == NOT_ALLOWED
    [noted] = await accesses(intake)
    assert (noted["role"], noted["resource"], noted["purpose"]) == ("service", "contact", "invitation")


async def test_a_service_that_acts_for_an_officer_may_what_the_officer_may(intake: System) -> None:
    report, officer = await file_report(intake), uuid4()
    told, path = Others(intake, report), f"/v1/reports/{report}/contact"
    await told.meets()
    with as_service(intake, "video", officer, "reminder"):
        assert problem(await intake["intake"].get(path)) == NOT_ALLOWED
    await told.claimed(officer)
    with as_service(intake, "video", officer, "reminder"):
        assert (await intake["intake"].get(path)).status_code == 200
    with as_service(intake, "triage", officer):
        assert (await intake["intake"].get(path)).status_code == 200
    for reader in (officer, UUID((await accesses(intake))[0]["reader_id"])):
        noted = await accesses(intake, reader_id=reader)
        assert {one["acting_for"] for one in noted} == {str(officer)}
    assert [one["purpose"] for one in await accesses(intake, reader_id=officer)] == ["claim", "reminder"]


async def test_people_do_not_use_the_services_door(intake: System) -> None:
    report = await file_report(intake)
    await Others(intake, report).claimed(uuid4())
    for role in Role:
        if role is not Role.SERVICE:
            answer = await Person(intake, role).get(f"/v1/reports/{report}/contact")
            assert problem(answer) == (403, "forbidden")


async def test_no_list_shows_staff_personal_data(intake: System) -> None:
    await file_report(intake)
    for role in STAFF:
        answer = await Person(intake, role).get("/v1/reports")
        assert answer.status_code == 200
        assert not [secret for secret in SECRETS if secret in answer.text]


async def test_the_review_list_is_paged_and_filtered(intake: System) -> None:
    first, second, officer, other = await file_report(intake), await file_report(intake), Person(intake), Person(intake)
    told = Others(intake, first)
    await told.claimed(officer.id)
    for _ in range(3):
        await officer.reads(first)
    await told.released(officer.id)
    await told.claimed(other.id)
    await other.reads(first)
    await Others(intake, second).claimed(other.id)
    await other.reads(second)
    assert [one["report_id"] for one in await accesses(intake, reader_id=other.id)] == [str(second), str(first)]
    assert len(await accesses(intake, report_id=first)) == 4
    assert len(await accesses(intake, report_id=first, reader_id=other.id)) == 1

    auditor, seen, url = Person(intake, Role.AUDITOR), [], f"/v1/access?limit=2&report_id={first}"
    while url:
        page = await intake["intake"].get(url, headers=auditor.headers())
        seen += [one["id"] for one in page.json()]
        url = str(page.links["next"]["url"]) if "next" in page.links else ""
    assert seen == [one["id"] for one in await accesses(intake, report_id=first)]


async def test_only_auditors_and_supervisors_review(intake: System) -> None:
    assert (await Person(intake, Role.SUPERVISOR).get("/v1/access")).status_code == 200
    for role in (Role.OFFICER, Role.DISPATCHER, Role.ANALYST, Role.ADMIN, Role.SERVICE):
        assert problem(await Person(intake, role).get("/v1/access")) == (403, "forbidden")
    for query in ({"reader": "x"}, {"reader_id": "x"}, {"cursor": "x"}, {"limit": "0"}):
        assert (await Person(intake, Role.AUDITOR).get("/v1/access", **query)).status_code == 422


async def test_reading_works_without_a_broker_under_the_grants_that_are_known(servers: Servers, intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    await Others(intake, report).claimed(officer.id)
    await asyncio.to_thread(servers.embedded.broker.stop)
    try:
        assert (await officer.reads(report)).status_code == 200
    finally:
        await asyncio.to_thread(servers.embedded.broker.start)
    await intake.quiet()
