"""Case-level access on the whole system: what triage, video and dispatch do decides who may read in intake."""

from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.access import Person, as_service, file_report, problem
from tests.examples import NARRATIVE, NOON
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role
from vpr_service.clock import SteppedTime
from vpr_triage.domain.case import LEASE

DISPATCH = {"outcome": "dispatch", "capabilities": ["patrol"], "priority": 1, "gravest": "lowest"}
NOT_ALLOWED = (403, "no_active_claim")


class Desk:
    """An officer, at triage and at intake."""

    def __init__(self, system: System, report: UUID, case: str) -> None:
        self.person, self.report, self.case = Person(system), report, case

    async def does(self, step: str, body: Any = None) -> httpx.Response:
        """Do this with the case."""
        triage = self.person.system["triage"]
        answer = await triage.post(f"/v1/cases/{self.case}/{step}", json=body, headers=self.person.headers())
        assert answer.is_success, answer.text
        return answer

    async def may_read(self) -> bool:
        """Whether the particulars are shown."""
        answer = await self.person.reads(self.report)
        assert answer.status_code == 200 or problem(answer) == NOT_ALLOWED
        return answer.status_code == 200 and answer.json()["description"] == NARRATIVE

    async def may_not_read(self) -> bool:
        """Whether they are refused."""
        return not await self.may_read()


async def case_of(system: System, report: UUID) -> str:
    async def found() -> list[dict[str, Any]]:
        rows = (await system["triage"].get("/v1/cases", headers=system.as_(Role.OFFICER))).json()
        return [row for row in rows if row["report_id"] == str(report)]

    return str((await until(found))[0]["id"])


async def desk_at(system: System) -> Desk:
    """An officer at a new case."""
    report = await file_report(system)
    return Desk(system, report, await case_of(system, report))


async def test_claim_release_and_close_open_and_shut_the_report(system: System) -> None:
    first = await desk_at(system)
    second = Desk(system, first.report, first.case)
    assert await first.may_not_read()
    await first.does("claim")
    await until(first.may_read)
    assert await second.may_not_read()
    await first.does("release")
    await until(first.may_not_read)
    await second.does("claim")
    await until(second.may_read)
    assert await first.may_not_read()
    await second.does("assessment", {"outcome": "resolved"})
    assert await second.may_read()
    await second.does("close")
    await until(second.may_not_read)


async def test_a_lease_that_ran_out_is_told_and_shuts_the_report(servers: Servers) -> None:
    time = SteppedTime(NOON)
    async with System.started(servers, SERVICES, time) as system:
        first = await desk_at(system)
        second = Desk(system, first.report, first.case)
        await first.does("claim")
        await until(first.may_read)
        time.step_to(NOON + LEASE)
        await until(first.may_not_read)
        await second.does("claim")
        await until(second.may_read)


async def test_a_dispatch_opens_the_report_to_dispatchers_until_it_is_over(system: System) -> None:
    officer, dispatcher = await desk_at(system), Person(system, Role.DISPATCHER)
    board = system["dispatch"]

    async def post(path: str, body: Any = None) -> dict[str, Any]:
        answer = await board.post(path, json=body, headers=dispatcher.headers())
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def dispatched() -> list[dict[str, Any]]:
        query = {"report_id": str(officer.report)}
        return list((await board.get("/v1/dispatches", params=query, headers=dispatcher.headers())).json())

    async def read() -> bool:
        return (await dispatcher.reads(officer.report)).status_code == 200

    async def refused() -> bool:
        return problem(await dispatcher.reads(officer.report)) == NOT_ALLOWED

    assert await refused()
    await officer.does("claim")
    await officer.does("assessment", DISPATCH)
    [dispatch] = await until(dispatched)
    await until(read)
    unit = (await post("/v1/units", {"call_sign": f"P{uuid4().hex[:6]}", "capabilities": ["patrol"]}))["id"]
    units = f"/v1/dispatches/{dispatch['id']}/units"
    await post(units, {"unit_id": unit})
    assert await read()
    await post(f"{units}/{unit}/clear")

    async def over() -> bool:
        return (await dispatcher.reads(officer.report)).status_code == 403

    await until(over)
    await until(officer.may_not_read)


async def test_an_open_session_opens_the_contact_to_video(system: System) -> None:
    officer = await desk_at(system)
    path = f"/v1/reports/{officer.report}/contact"

    async def status() -> int:
        with as_service(system, "video"):
            return (await system["intake"].get(path)).status_code

    async def open_() -> bool:
        return await status() == 200

    async def shut() -> bool:
        return await status() == 403

    assert await shut()
    await officer.does("claim")
    await officer.does("video-requests")
    await until(open_)
    sessions = (await system["video"].get("/v1/sessions", headers=officer.person.headers())).json()
    await system["video"].post(
        f"/v1/sessions/{sessions[0]['id']}/end", json={"reason": "declined"}, headers=officer.person.headers()
    )
    await until(shut)


async def test_what_is_read_reaches_the_log_and_no_dead_letter(system: System) -> None:
    officer = await desk_at(system)
    assert (await officer.person.breaks_glass(officer.report)).status_code == 201
    assert await officer.may_read()
    await system.quiet()
    for service in system.apps:
        state = (await system[service].get("/readyz")).json()
        assert state["dead_letters"] == 0
