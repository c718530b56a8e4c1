"""Appointments over HTTP, and what metrics makes of them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests.examples import NOON, recorded
from tests.integration.test_triage_cases import open_case
from tests.integration.test_triage_work import APPOINTMENT, CANCELLATION, CHOSEN, EARLY, LATER, Desk, problem
from tests.system import Servers, System, starting_at
from tests.waiting import until
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import new_id
from vpr_events.tables import events
from vpr_triage.domain.case import case_id


@pytest.fixture
async def holder(servers: Servers) -> AsyncIterator[Desk]:
    """An officer who holds a new case; triage is alone, at noon."""
    async with System.started(servers, ["triage"], starting_at(NOON)) as triage:
        desk = Desk(triage, case_id(await open_case(triage)))
        assert (await desk("claim")).status_code == 200
        yield desk


async def test_an_appointment_is_booked_moved_and_cancelled(holder: Desk) -> None:
    def told(answer: httpx.Response) -> tuple[Any, ...]:
        assert answer.status_code == 200, answer.text
        return tuple(answer.json()[name] for name in ("appointment_at", "earliest_at", "appointment_zone"))

    utc = {moment: moment.replace("+00:00", "Z") for moment in (EARLY, CHOSEN, LATER)}
    booked = await holder("appointment", APPOINTMENT)
    assert told(booked) == (utc[CHOSEN], utc[EARLY], "America/Winnipeg")
    assert (await holder("appointment", APPOINTMENT)).json() == booked.json()
    moved = await holder("appointment", {"starts_at": LATER, "zone": "America/Toronto"})
    assert told(moved) == (utc[LATER], utc[EARLY], "America/Toronto")
    assert moved.json()["appointment_id"] == booked.json()["appointment_id"]
    cancelled = await holder("appointment/cancellation", CANCELLATION)
    assert told(cancelled) == (None, None, None)
    assert (await holder("appointment/cancellation", CANCELLATION)).json() == cancelled.json()
    assert cancelled.json()["version"] == 5
    async with holder.system.runtime("triage").reading() as connection:
        kinds = (await connection.execute(select(events.c.type).order_by(events.c.version))).scalars().all()
    assert [kind for kind in kinds if "appointment" in kind] == [
        "case.appointment_booked.v1", "case.appointment_moved.v1", "case.appointment_cancelled.v1",
    ]  # fmt: skip


WRONG_BODIES: list[tuple[str, dict[str, Any], str]] = [
    ("", APPOINTMENT | {"starts_at": NOON.isoformat()}, "starts_at"),
    ("", APPOINTMENT | {"starts_at": CHOSEN.replace(":00+", ":30+")}, "starts_at"),
    ("", APPOINTMENT | {"starts_at": "2026-05-05T09:00"}, "starts_at"),
    ("", APPOINTMENT | {"starts_at": "9999-12-31T23:59:00-23:59"}, "starts_at"),
    ("", APPOINTMENT | {"starts_at": "9999-12-31T23:59:00Z"}, "starts_at"),
    ("", APPOINTMENT | {"earliest_at": LATER}, "earliest_at"),
    ("", APPOINTMENT | {"earliest_at": "2026-05-04T09:00:00Z"}, "earliest_at"),
    ("", APPOINTMENT | {"earliest_at": None}, "earliest_at"),
    ("", APPOINTMENT | {"zone": "Manitoba"}, "zone"),
    ("", APPOINTMENT | {"zone": "../../etc/passwd"}, "zone"),
    ("/cancellation", {"reason": "she is ill"}, "reason"),
]


async def test_a_wrong_body_names_its_field_and_nothing_is_booked(holder: Desk) -> None:
    for step, body, field in WRONG_BODIES:
        answer = await holder(f"appointment{step}", body)
        assert answer.status_code == 422, (body, answer.text)
        assert [one["field"] for one in answer.json()["errors"]] == [field], body
    assert problem(await holder("appointment/cancellation", CANCELLATION)) == (409, "no_appointment")
    assert (await holder.reads())["version"] == 2


async def test_an_appointment_is_the_delay_that_the_resident_chose(servers: Servers) -> None:
    """From triage's endpoint over the log to the figure of metrics."""
    async with System.started(servers, ["triage", "metrics"], starting_at(NOON)) as system:
        report = new_id()
        await servers.publish(recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=report))
        desk = Desk(system, case_id(report))

        async def claimed() -> bool:
            return (await desk("claim")).status_code == 200

        async def chosen() -> tuple[int, float | None]:
            asked, supervisor = {"interval": "chosen_delay"}, system.as_(Role.SUPERVISOR)
            answer = await system["metrics"].get("/v1/timings", params=asked, headers=supervisor)
            if answer.status_code == 503:
                return -1, None  # the read model is being built
            assert answer.status_code == 200, answer.text
            [one] = answer.json()["intervals"]
            return one["total"]["n"], one["total"]["mean"]

        async def is_told(n: int, hours: float | None) -> None:
            expected = n, None if hours is None else hours * 3600

            async def told() -> bool:
                return await chosen() == expected

            await until(told)

        await until(claimed)
        assert (await desk("appointment", APPOINTMENT)).status_code == 200
        await is_told(1, 2)
        assert (await desk("appointment", APPOINTMENT | {"starts_at": LATER})).status_code == 200
        await is_told(1, 4)
        assert (await desk("appointment/cancellation", CANCELLATION)).status_code == 200
        await is_told(0, None)
