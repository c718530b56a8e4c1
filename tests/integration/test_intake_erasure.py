"""Legal holds, and an erasure that two different people approve."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.access import Person
from tests.e2e.test_no_personal_data import found_in
from tests.examples import new_report
from tests.system import System
from tests.waiting import lock_waits, until
from vpr_events.contracts.report import ErasureBasis
from vpr_events.contracts.values import Role
from vpr_events.pipeline import Execution
from vpr_intake.domain.report import report as decider
from vpr_intake.domain.report_commands import ErasePersonalData
from vpr_intake.tables import alarm_texts, erasure_approvals


async def filed(intake: System) -> str:
    answer = await intake["intake"].post("/v1/reports", json=new_report(), headers=intake.as_(Role.OFFICER))
    return str(answer.json()["id"])


async def erase(intake: System, report: str, role: Role = Role.SUPERVISOR, **options: Any) -> httpx.Response:
    return await intake["intake"].post(f"/v1/reports/{report}/erasure", headers=intake.as_(role, **options))


async def place(intake: System, report: str) -> httpx.Response:
    return await intake["intake"].post(f"/v1/reports/{report}/holds", headers=intake.as_(Role.SUPERVISOR))


async def personal(intake: System) -> bool:
    async with intake.runtime("intake").reading() as connection:
        tables = (
            await connection.execute(text("select tablename from pg_tables where schemaname = 'public'"))
        ).scalars()
        rows = [(await connection.execute(text(f'select t::text from "{one}" t'))).scalars().all() for one in tables]
    return bool(found_in(str(rows).encode()))


async def texts(intake: System) -> int:
    """How many words that were said for an alarm are kept."""
    async with intake.runtime("intake").reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(alarm_texts))).scalar_one())


async def erase_in(connection: AsyncConnection, intake: System, report: str) -> None:
    """Erase as another process would, in this transaction."""
    runtime = intake.runtime("intake")
    command = ErasePersonalData(at=runtime.now(), basis=ErasureBasis.RETENTION, rule="general")
    await runtime.pipeline.apply(connection, [Execution(decider=decider, entity=UUID(report), command=command)])


async def waits_or_is_done(intake: System, task: asyncio.Task[Any], others: int = 0) -> None:
    """Wait until the task does, behind so many others, or is done."""

    async def answer() -> bool:
        return task.done() or await lock_waits(intake.runtime("intake").engine) > others

    await until(answer)


async def test_two_people_erase_what_a_report_tells_of_people(intake: System) -> None:
    report = await filed(intake)
    assert await personal(intake)
    for _ in range(2):
        waiting = await erase(intake, report)
        assert (waiting.status_code, waiting.json()["status"], waiting.json()["approvals"]) == (202, "waiting", 1)
    assert await personal(intake)

    done = await erase(intake, report, Role.ADMIN)
    assert (done.status_code, done.json()["status"]) == (200, "erased")
    assert not await personal(intake)
    again = await erase(intake, report)
    assert (again.status_code, again.json()["status"]) == (200, "erased")
    officer = Person(intake)
    glass = await officer.breaks_glass(UUID(report))
    assert (glass.status_code, glass.json()["text_kept"], await texts(intake)) == (201, False, 0)
    shown = await officer.reads(UUID(report))
    assert (shown.status_code, shown.json()["description"], shown.json()["version"]) == (200, None, 3)


async def test_two_people_at_the_same_moment_are_two(intake: System) -> None:
    report = await filed(intake)
    answers = await asyncio.gather(*(erase(intake, report, role) for role in (Role.SUPERVISOR, Role.ADMIN)))
    assert "erased" in {answer.json()["status"] for answer in answers}
    assert not await personal(intake)


async def test_who_asks_again_while_the_other_approval_erases_is_told_so(intake: System) -> None:
    report, keeper = await filed(intake), uuid4()
    assert (await erase(intake, report, subject=keeper)).status_code == 202
    async with intake.runtime("intake").engine.begin() as held:
        await erase_in(held, intake, report)
        again = asyncio.create_task(erase(intake, report, subject=keeper))
        await waits_or_is_done(intake, again)
    assert ((await again).status_code, (await again).json()["status"]) == (200, "erased")
    async with intake.runtime("intake").reading() as connection:
        assert (await connection.execute(select(erasure_approvals))).all() == []


async def test_what_is_said_for_an_alarm_while_its_report_is_erased_is_not_kept(intake: System) -> None:
    report, engine = await filed(intake), intake.runtime("intake").engine
    async with engine.begin() as held:
        await erase_in(held, intake, report)
        breaking = asyncio.create_task(Person(intake).breaks_glass(UUID(report)))
        await waits_or_is_done(intake, breaking)
    assert ((await breaking).status_code, (await breaking).json()["text_kept"], await texts(intake)) == (201, False, 0)


async def test_what_is_being_said_for_an_alarm_goes_with_its_report(intake: System) -> None:
    report, engine = await filed(intake), intake.runtime("intake").engine

    async def erases() -> None:
        async with engine.begin() as connection:
            await erase_in(connection, intake, report)

    async with engine.begin() as held:
        await held.execute(text("lock table alarms in share mode"))
        breaking = asyncio.create_task(Person(intake).breaks_glass(UUID(report)))
        await waits_or_is_done(intake, breaking)
        erasing = asyncio.create_task(erases())
        await waits_or_is_done(intake, erasing, others=1)
    await erasing
    assert ((await breaking).status_code, await texts(intake)) == (201, 0)


async def test_a_legal_hold_forbids_it_until_it_is_lifted(intake: System) -> None:
    report = await filed(intake)
    assert (await erase(intake, report)).status_code == 202
    hold = await place(intake, report)
    assert hold.status_code == 201
    for role in (Role.SUPERVISOR, Role.ADMIN):
        refused = await erase(intake, report, role)
        assert (refused.status_code, refused.json()["type"]) == (409, "urn:vpr:problem:legal_hold")
    assert await personal(intake)

    path = f"/v1/reports/{report}/holds/{hold.json()['id']}"
    for _ in range(2):
        assert (await intake["intake"].delete(path, headers=intake.as_(Role.ADMIN))).status_code == 204
    assert (await erase(intake, report, Role.ADMIN)).json()["status"] == "erased"
    refused = await place(intake, report)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:vpr:problem:erased")


@pytest.mark.parametrize("role", [Role.OFFICER, Role.DISPATCHER, Role.ANALYST, Role.AUDITOR, Role.SERVICE])
async def test_others_neither_hold_nor_erase(intake: System, role: Role) -> None:
    report, headers = await filed(intake), intake.as_(role)
    path = f"/v1/reports/{report}"
    assert (await intake["intake"].post(f"{path}/erasure", headers=headers)).status_code == 403
    assert (await intake["intake"].post(f"{path}/holds", headers=headers)).status_code == 403
    assert (await intake["intake"].delete(f"{path}/holds/{uuid4()}", headers=headers)).status_code == 403
    assert (await intake["intake"].post(f"{path}/erasure")).status_code == 401


async def test_what_does_not_exist_is_neither_held_nor_erased(intake: System) -> None:
    nothing = str(uuid4())
    assert (await erase(intake, nothing)).status_code == 404
    assert (await place(intake, nothing)).status_code == 404
    path = f"/v1/reports/{await filed(intake)}/holds/{nothing}"
    answer = await intake["intake"].delete(path, headers=intake.as_(Role.ADMIN))
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:vpr:problem:no_such_hold")


async def test_holds_are_listed_with_those_that_were_lifted(intake: System) -> None:
    report, keeper = await filed(intake), Person(intake, Role.SUPERVISOR)
    path = f"/v1/reports/{report}/holds"
    assert (await keeper.get(path)).json() == []
    first, second = [(await keeper.post(path)).json()["id"] for _ in range(2)]
    assert (await intake["intake"].delete(f"{path}/{first}", headers=keeper.headers())).status_code == 204
    for role in (Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR):
        answer = await Person(intake, role).get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        newest, oldest = answer.json()
        assert (newest["id"], newest["placed_by"], newest["lifted_at"]) == (second, str(keeper.id), None)
        assert (oldest["id"], oldest["lifted_by"]) == (first, str(keeper.id))
        assert oldest["lifted_at"] >= oldest["placed_at"]
    assert (await keeper.get(f"/v1/reports/{uuid4()}/holds")).status_code == 404
