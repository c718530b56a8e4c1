"""A hold in intake holds in every service: nobody erases before the event that intake refuses."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import func, select

from tests.access import Person, problem
from tests.examples import NOON, new_report
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role
from vpr_intake.city import load_city, shipped
from vpr_intake.domain.retention import Retention, RetentionRule
from vpr_intake.tables import particulars
from vpr_service.clock import SteppedTime
from vpr_triage.tables import notes

DAY = timedelta(days=1)
CITY = replace(
    load_city(shipped()["winnipeg"]), retention=Retention(RetentionRule("general", 30 * DAY), {}, unclosed=60 * DAY)
)


async def closed_with_a_note(system: System) -> UUID:
    """A report whose officer noted something and closed its case."""
    answer = await system["intake"].post("/v1/reports", json=new_report(), headers=system.as_(Role.OFFICER))
    report, officer = UUID(answer.json()["id"]), uuid4()

    async def triage(method: str, path: str = "", body: Any = None) -> httpx.Response:
        headers = system.as_(Role.OFFICER, subject=officer)
        return await system["triage"].request(method, f"/v1/cases{path}", json=body, headers=headers)

    async def case() -> list[str]:
        return [one["id"] for one in (await triage("GET")).json() if one["report_id"] == str(report)]

    [found] = await until(case)
    for path, body in (
        ("claim", None),
        ("assessment", {"outcome": "resolved", "note": "Spoke with the neighbour."}),
        ("close", {}),
    ):
        done = await triage("POST", f"/{found}/{path}", body)
        assert done.is_success, done.text
    await system.quiet()
    return report


async def kept(system: System) -> tuple[int, int]:
    """How many rows intake has of reporters, and triage of notes."""
    counts = []
    for service, table in (("intake", particulars), ("triage", notes)):
        async with system.runtime(service).reading() as connection:
            counts.append((await connection.execute(select(func.count()).select_from(table))).scalar_one())
    return counts[0], counts[1]


async def test_a_hold_keeps_what_every_service_holds_from_every_way_of_erasing(servers: Servers) -> None:
    clock = SteppedTime(NOON)
    async with System.started(servers, SERVICES, clock, city=CITY, retention_every=0.02) as system:
        report = await closed_with_a_note(system)
        path = f"/v1/reports/{report}"
        keeper = Person(system, Role.SUPERVISOR)
        hold = (await keeper.post(f"{path}/holds")).json()["id"]
        for role in (Role.SUPERVISOR, Role.ADMIN):
            assert problem(await Person(system, role).post(f"{path}/erasure")) == (409, "legal_hold")
        clock.step_to(NOON + 31 * DAY)

        async def seen() -> bool:
            return bool((await system["intake"].get("/readyz")).json()["retention_held"])

        await until(seen)
        await system.quiet()
        assert await kept(system) == (1, 1)

        lifted = await system["intake"].delete(f"{path}/holds/{hold}", headers=keeper.headers())
        assert lifted.status_code == 204

        async def gone() -> bool:
            return await kept(system) == (0, 0)

        await until(gone)
