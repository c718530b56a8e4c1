"""Dispatch's lists, and what many callers or repeated events do to it: each test on a service of its own."""

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from tests.integration.test_dispatch_service import Desk, assessed, closed, refused, withdrawn
from tests.system import Servers, System
from vpr_dispatch.domain.dispatch import dispatch_of
from vpr_events.cloudevents import MESSAGE_ID, headers_of, subject_of
from vpr_events.contracts.dispatch import UnitStatus, UnitStatusChanged
from vpr_events.contracts.values import Gravest, Role
from vpr_events.event import new_id
from vpr_events.log import Outgoing
from vpr_events.tables import events


@pytest.fixture
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with System.started(servers, ["dispatch"]) as running:
        yield Desk(running)


async def test_units_are_listed_by_status_and_capability_in_pages(desk: Desk) -> None:
    for call_sign, capability in (("A-3", "k9"), ("A-1", "patrol"), ("A-2", "k9")):
        last = await desk.on_duty(capability, call_sign=call_sign)
    await desk.post(f"/units/{last}/status", {"status": "busy"})

    async def listed(**query: Any) -> list[str]:
        return [unit["call_sign"] for unit in (await desk.get("/units", **query)).json()]

    assert await listed() == ["A-1", "A-2", "A-3"]
    assert await listed(status="busy") == ["A-2"]
    assert await listed(capability=["k9", "youth"]) == ["A-2", "A-3"]
    assert await listed(capability="k9", status="available") == ["A-3"]
    first = await desk.get("/units", limit=2)
    second = await desk.client.get(first.links["next"]["url"], headers=desk.system.as_(Role.DISPATCHER))
    assert [unit["call_sign"] for unit in second.json()] == ["A-3"]
    assert "next" not in second.links


async def test_the_gravest_and_then_the_oldest_waits_first(desk: Desk) -> None:
    low, high = Gravest.LOWEST, Gravest.HIGHEST
    scales = [(3, low), (None, None), (1, low), (-5, high), (1, low), (4, None)]
    wanted = [await desk.requested(priority=priority, gravest=gravest) for priority, gravest in scales]
    order = [wanted[index] for index in (2, 4, 0, 5, 3, 1)]
    await desk.post(f"/dispatches/{order[1]}/units", {"unit_id": await desk.on_duty()})
    for over in (order[0], order[2]):
        await desk.post(f"/dispatches/{over}/cancel", {"reason": "duplicate"})
    expected = [order[3], order[4], order[5], order[1], order[0], order[2]]

    found: list[str] = []
    url = "/v1/dispatches?limit=2"
    while url:
        answer = await desk.client.get(url, headers=desk.system.as_(Role.DISPATCHER))
        found += [one["id"] for one in answer.json()]
        url = answer.links.get("next", {}).get("url", "")
    assert found == expected

    async def listed(**query: Any) -> list[str]:
        return [one["id"] for one in (await desk.get("/dispatches", **query)).json()]

    one = await desk.dispatch(order[0])
    assert await listed(report_id=one["report_id"]) == [order[0]]
    assert await listed(case_id=one["case_id"]) == [order[0]]
    assert await listed(status=["assigned", "waiting"]) == expected[:4]


@pytest.mark.parametrize("path", ["/dispatches", "/units"])
async def test_a_misspelt_parameter_is_named(desk: Desk, path: str) -> None:
    refused(await desk.get(path, statuses="waiting"), 422, "invalid", "statuses")


async def test_a_forged_cursor_is_refused(desk: Desk) -> None:
    keys: list[Any] = [None, [], [1], [1, 2, 3, "x"], [10**19, 2, 3, str(UUID(int=1))], ["A\0", str(UUID(int=1))]]
    forged = ["x", *(urlsafe_b64encode(json.dumps(key).encode()).decode() for key in keys)]
    for path in ("/units", "/dispatches"):
        for cursor in forged:
            refused(await desk.get(path, cursor=cursor), 422, "invalid", "cursor")


async def test_of_twenty_dispatchers_one_gets_the_unit(desk: Desk) -> None:
    requests = [assessed(new_id()) for _ in range(20)]
    await desk.take_in(*requests)
    ids = [str(dispatch_of(event.correlation_id)) for event in requests]
    unit_id = await desk.on_duty()
    tries = (desk.post(f"/dispatches/{one}/units", {"unit_id": unit_id}) for one in ids)
    answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    for answer in answers:
        if answer.status_code == 409:
            refused(answer, 409, "unit_not_available")
    (winner,) = [one for one, answer in zip(ids, answers, strict=True) if answer.status_code == 201]
    assert [event.data for event in await desk.stream("unit", unit_id)][1:] == [
        UnitStatusChanged(status=UnitStatus.ASSIGNED, dispatch_id=UUID(winner))
    ]
    for one in ids:
        shown = [unit["unit_id"] for unit in (await desk.dispatch(one))["units"]]
        assert shown == ([unit_id] if one == winner else [])
        assert len(await desk.stream("dispatch", one)) == (2 if one == winner else 1)
    assert (await desk.unit(unit_id))["dispatch_id"] == winner


async def test_simultaneous_reports_and_a_withdrawal_leave_dispatch_and_unit_agreed(desk: Desk) -> None:
    ids = await desk.assigned()
    steps = ["en-route", "on-scene", "clear"] * 4
    answers = await asyncio.gather(
        *(desk.step(ids, step) for step in steps), desk.step(ids, "withdraw", {"reason": "breakdown"})
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    left = await desk.step(ids, "clear")
    assert left.status_code in {200, 409}
    assert (await desk.dispatch(ids[0]))["active_units"] == 0
    assert (await desk.unit(ids[1]))["dispatch_id"] is None
    names = [event.type for event in await desk.stream("dispatch", ids[0])]
    assert len(names) == len(set(names))


async def test_foreign_events_that_come_again_change_nothing(desk: Desk, servers: Servers) -> None:
    kept, dropped = new_id(), new_id()
    foreign = [assessed(kept), assessed(dropped), withdrawn(dropped), closed(dropped)]
    await desk.take_in(*foreign)
    model = await desk.rows()
    again = [*reversed(foreign), foreign[0], *foreign]
    async with servers.admin_log() as admin:
        for event in again:
            headers = {name: value for name, value in headers_of(event).items() if name != MESSAGE_ID}
            await admin.publish([Outgoing(subject_of(event.type), headers, event.body)])
    await desk.system.quiet()
    assert await desk.rows() == model
    async with desk.system.runtime("dispatch").reading() as connection:
        assert (await connection.execute(select(func.count()).select_from(events))).scalar_one() == 3


async def test_the_same_assessment_in_another_event_changes_nothing(desk: Desk) -> None:
    report, assessment = new_id(), new_id()
    await desk.requested(report, assessment_id=assessment)
    model = await desk.rows()
    await desk.requested(report, assessment_id=assessment, capabilities=())
    assert await desk.rows() == model


async def test_an_assessment_that_a_withdrawal_overtook_waits_with_a_warning_until_triage_closes_the_case(
    desk: Desk,
) -> None:
    report = new_id()
    await desk.take_in(withdrawn(report), assessed(report))
    found = await desk.dispatch(str(dispatch_of(report)))
    assert found["status"] == "waiting"
    assert found["report_withdrawn_at"] is not None
    await desk.take_in(closed(report))
    assert (await desk.dispatch(str(dispatch_of(report))))["status"] == "cancelled"
