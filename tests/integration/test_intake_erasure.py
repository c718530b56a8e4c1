"""Legal holds, and an erasure that two different people approve."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from tests.access import Person
from tests.e2e.test_no_personal_data import found_in
from tests.examples import new_report
from tests.system import System
from vpr_events.contracts.values import Role


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
    assert (await officer.breaks_glass(UUID(report))).status_code == 201
    shown = await officer.reads(UUID(report))
    assert (shown.status_code, shown.json()["description"], shown.json()["version"]) == (200, None, 3)


async def test_two_people_at_the_same_moment_are_two(intake: System) -> None:
    report = await filed(intake)
    answers = await asyncio.gather(*(erase(intake, report, role) for role in (Role.SUPERVISOR, Role.ADMIN)))
    assert "erased" in {answer.json()["status"] for answer in answers}
    assert not await personal(intake)


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
