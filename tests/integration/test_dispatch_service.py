"""Dispatch on real servers: requests from the log, assignments and reports over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select

from tests.examples import minutes, recorded
from tests.system import Servers, System
from vpr_dispatch.domain.dispatch import dispatch_of
from vpr_dispatch.tables import dispatch_units, dispatches, units, withdrawals
from vpr_events import store
from vpr_events.contracts.case import CaseAssessed, CaseClosed, CloseReason, Outcome
from vpr_events.contracts.dispatch import DispatchOverridden, DispatchUnitAssigned, UnitStatus, UnitStatusChanged
from vpr_events.contracts.report import ReportWithdrawn, WithdrawalReason, WithdrawnBy
from vpr_events.contracts.values import Capability, Gravest, Role
from vpr_events.event import Recorded, new_id, stream_name

pytestmark = pytest.mark.asyncio(loop_scope="module")


def assessed(report: UUID, **changes: Any) -> Recorded:
    fields: dict[str, Any] = {
        "assessment_id": new_id(),
        "report_id": report,
        "officer_id": new_id(),
        "outcome": Outcome.DISPATCH,
        "capabilities": (Capability.FORENSIC,),
    }
    return recorded(CaseAssessed(**fields | changes), entity=new_id(), report=report)


def withdrawn(report: UUID) -> Recorded:
    return recorded(ReportWithdrawn(by=WithdrawnBy.RESIDENT, reason=WithdrawalReason.MISTAKE), entity=report)


def closed(report: UUID) -> Recorded:
    """What triage makes of the withdrawal of a report that it had assessed for dispatch."""
    return recorded(CaseClosed(reason=CloseReason.WITHDRAWN, outcome=Outcome.DISPATCH), entity=new_id(), report=report)


@dataclass
class Desk:
    """A dispatcher's hands on a running dispatch service."""

    system: System

    @property
    def client(self) -> httpx.AsyncClient:
        return self.system["dispatch"]

    async def get(self, path: str, role: Role = Role.DISPATCHER, **query: Any) -> httpx.Response:
        return await self.client.get(f"/v1{path}", headers=self.system.as_(role), params=query)

    async def post(
        self, path: str, body: Any = None, role: Role = Role.DISPATCHER, key: str | None = None
    ) -> httpx.Response:
        headers = self.system.as_(role) | ({"Idempotency-Key": key} if key else {})
        return await self.client.post(f"/v1{path}", json=body, headers=headers)

    async def requested(self, report: UUID | None = None, **changes: Any) -> str:
        """The id of a dispatch that an assessment requested."""
        report = report or new_id()
        await self.take_in(assessed(report, **changes))
        return str(dispatch_of(report))

    async def take_in(self, *foreign: Recorded) -> None:
        """Publish foreign events and wait until they are taken in."""
        await self.system.servers.publish(*foreign)
        await self.system.took_in("dispatch", *foreign)

    async def on_duty(self, *capabilities: str, call_sign: str | None = None) -> str:
        """The id of a unit that is on duty."""
        body = {"call_sign": call_sign or uuid4().hex[:8], "capabilities": capabilities or ["forensic"]}
        answer = await self.post("/units", body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def assigned(self) -> tuple[str, str]:
        """The ids of a dispatch and of the unit assigned to it."""
        dispatch_id, unit_id = await self.requested(), await self.on_duty()
        answer = await self.post(f"/dispatches/{dispatch_id}/units", {"unit_id": unit_id})
        assert answer.status_code == 201, answer.text
        return dispatch_id, unit_id

    async def step(self, ids: tuple[str, str], step: str, body: Any = None, **more: Any) -> httpx.Response:
        return await self.post(f"/dispatches/{ids[0]}/units/{ids[1]}/{step}", body, **more)

    async def dispatch(self, dispatch_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get(f"/dispatches/{dispatch_id}")).raise_for_status().json()
        return found

    async def unit(self, unit_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get(f"/units/{unit_id}")).raise_for_status().json()
        return found

    async def stream(self, family: str, entity: str) -> list[Recorded]:
        name = stream_name(family, UUID(entity))
        async with self.system.runtime("dispatch").reading() as connection:
            return list((await store.load(connection, [name])).get(name, []))

    async def rows(self) -> list[Any]:
        """The whole read model."""
        async with self.system.runtime("dispatch").reading() as connection:
            return [
                (await connection.execute(select(table).order_by(*table.primary_key))).all()
                for table in (dispatches, dispatch_units, units, withdrawals)
            ]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    async with System.started(servers, ["dispatch"]) as running:
        yield Desk(running)


def refused(answer: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"] == f"urn:vpr:problem:{code}"
    assert field is None or [error["field"] for error in problem["errors"]] == [field]


async def test_an_assessment_becomes_a_waiting_dispatch(desk: Desk) -> None:
    report = new_id()
    event = assessed(report, priority=2, gravest=Gravest.LOWEST, district="north")
    await desk.take_in(event)
    answer = await desk.get(f"/dispatches/{dispatch_of(report)}")
    found = answer.json()
    assert found["status"] == "waiting"
    assert (found["case_id"], found["report_id"]) == (str(event.entity_id), str(report))
    assert (found["capabilities"], found["priority"], found["district"]) == (["forensic"], 2, "north")
    assert found["units"] == []
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Cache-Control"] == "no-store"
    (requested,) = await desk.stream("dispatch", found["id"])
    assert (requested.correlation_id, requested.causation_id) == (report, event.id)


async def test_a_dispatch_from_assignment_to_completion(desk: Desk) -> None:
    ids = await desk.assigned()
    assert (await desk.dispatch(ids[0]))["status"] == "assigned"
    for step, status in (("en-route", "en_route"), ("on-scene", "on_scene")):
        answer = await desk.step(ids, step)
        assert answer.json()["status"] == status
        assert (await desk.unit(ids[1]))["status"] == status
    done = (await desk.step(ids, "clear")).json()
    assert (done["status"], done["active_units"]) == ("completed", 0)
    points = [done[name] for name in ("requested_at", "dispatched_at", "en_route_at", "arrived_at", "cleared_at")]
    assert points == sorted(points)
    assert done["completed_at"] == done["cleared_at"]
    freed = await desk.unit(ids[1])
    assert (freed["status"], freed["dispatch_id"]) == ("available", None)


async def test_steps_told_twice_are_the_same_as_once(desk: Desk) -> None:
    ids = await desk.assigned()
    for step in ("en-route", "on-scene", "clear"):
        first = await desk.step(ids, step)
        model = await desk.rows()
        again = await desk.step(ids, step)
        assert (again.status_code, again.json()) == (200, first.json())
        assert await desk.rows() == model


async def test_unit_events_of_a_job_belong_to_its_report(desk: Desk) -> None:
    ids = await desk.assigned()
    report = UUID((await desk.dispatch(ids[0]))["report_id"])
    _, assigned = await desk.stream("unit", ids[1])
    assert assigned.data == UnitStatusChanged(status=UnitStatus.ASSIGNED, dispatch_id=UUID(ids[0]))
    assert assigned.correlation_id == report


async def test_late_reports_keep_the_time_they_happened(desk: Desk) -> None:
    ids = await desk.assigned()
    start = datetime.fromisoformat((await desk.dispatch(ids[0]))["dispatched_at"])
    told = await desk.step(ids, "en-route", {"at": start.isoformat()}, role=Role.SERVICE)
    assert datetime.fromisoformat(told.json()["en_route_at"]) == start
    assert (await desk.stream("dispatch", ids[0]))[-1].occurred_at == start
    assert datetime.fromisoformat((await desk.unit(ids[1]))["since"]) == start


async def test_a_report_is_neither_from_the_future_nor_before_the_previous_status(desk: Desk) -> None:
    ids = await desk.assigned()
    now = datetime.now(UTC)
    model = await desk.rows()
    for at in (now + minutes(5), now - minutes(5)):
        refused(await desk.step(ids, "on-scene", {"at": at.isoformat()}), 422, "invalid", "at")
    refused(await desk.step(ids, "on-scene", {"at": "2026-05-04T12:00:00"}), 422, "invalid", "at")
    assert await desk.rows() == model


async def test_the_first_arrival_and_the_last_clearing_count(desk: Desk) -> None:
    dispatch_id, first = await desk.assigned()
    second = await desk.on_duty()
    await desk.post(f"/dispatches/{dispatch_id}/units", {"unit_id": second})
    early = datetime.now(UTC)
    assert (await desk.step((dispatch_id, first), "on-scene")).json()["status"] == "on_scene"
    await desk.step((dispatch_id, second), "on-scene", {"at": early.isoformat()})
    found = await desk.dispatch(dispatch_id)
    assert datetime.fromisoformat(found["arrived_at"]) == early
    assert (await desk.step((dispatch_id, first), "clear")).json()["status"] == "on_scene"
    done = (await desk.step((dispatch_id, second), "clear", {"at": early.isoformat()})).json()
    assert done["status"] == "completed"
    assert done["cleared_at"] == done["completed_at"] == max(unit["cleared_at"] for unit in done["units"])


async def test_without_its_units_a_dispatch_waits_again(desk: Desk) -> None:
    ids = await desk.assigned()
    answer = await desk.step(ids, "withdraw", {"reason": "breakdown"})
    assert (answer.json()["status"], answer.json()["active_units"]) == ("waiting", 0)
    assert answer.json()["units"][0]["withdrawn_reason"] == "breakdown"
    assert (await desk.unit(ids[1]))["status"] == "available"
    again = await desk.post(f"/dispatches/{ids[0]}/units", {"unit_id": ids[1]})
    assert again.status_code == 201
    (unit,) = (await desk.dispatch(ids[0]))["units"]
    assert (unit["status"], unit["withdrawn_at"], unit["withdrawn_reason"]) == ("assigned", None, None)


async def test_a_withdrawn_report_cancels_and_its_units_are_recalled(desk: Desk) -> None:
    ids = await desk.assigned()
    report = UUID((await desk.dispatch(ids[0]))["report_id"])
    await desk.take_in(withdrawn(report), closed(report))
    found = await desk.dispatch(ids[0])
    assert (found["status"], found["cancel_reason"]) == ("cancelled", "report_withdrawn")
    assert found["active_units"] == 1
    assert found["report_withdrawn_at"] is not None
    assert [one["id"] for one in (await desk.get("/dispatches", to_recall=True)).json()] == [ids[0]]
    refused(await desk.step(ids, "on-scene"), 409, "dispatch_over")
    assert (await desk.step(ids, "withdraw", {"reason": "recalled"})).status_code == 200
    assert (await desk.unit(ids[1]))["status"] == "available"
    assert (await desk.get("/dispatches", to_recall=True)).json() == []
    assert (await desk.dispatch(ids[0]))["status"] == "cancelled"


async def test_a_dispatcher_cancels(desk: Desk) -> None:
    dispatch_id = await desk.requested()
    for _ in range(2):
        answer = await desk.post(f"/dispatches/{dispatch_id}/cancel", {"reason": "not_needed"}, Role.SUPERVISOR)
        assert (answer.json()["status"], answer.json()["version"]) == ("cancelled", 2)
    refused(await desk.post(f"/dispatches/{dispatch_id}/cancel", {"reason": "bored"}), 422, "invalid", "reason")
    refused(await desk.post(f"/dispatches/{new_id()}/cancel", {"reason": "not_needed"}), 404, "no_such_dispatch")


async def test_after_the_end_a_new_assessment_starts_anew(desk: Desk) -> None:
    ids = await desk.assigned()
    await desk.step(ids, "clear")
    report = UUID((await desk.dispatch(ids[0]))["report_id"])
    assert await desk.requested(report, capabilities=(Capability.K9,)) == ids[0]
    found = await desk.dispatch(ids[0])
    assert (found["status"], found["capabilities"], found["units"]) == ("waiting", ["k9"], [])
    times = ("dispatched_at", "en_route_at", "arrived_at", "cleared_at", "completed_at")
    assert [found[name] for name in times] == [None] * len(times)


async def test_a_cancelled_dispatch_is_resumed_with_the_units_still_on_it(desk: Desk) -> None:
    ids = await desk.assigned()
    before = await desk.dispatch(ids[0])
    await desk.post(f"/dispatches/{ids[0]}/cancel", {"reason": "not_needed"})
    await desk.requested(UUID(before["report_id"]))
    after = await desk.dispatch(ids[0])
    kept = ("status", "active_units", "requested_at", "dispatched_at", "cancelled_at", "cancel_reason", "units")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


async def test_a_missing_capability_needs_an_override_with_a_reason(desk: Desk) -> None:
    dispatch_id, unit_id = await desk.requested(), await desk.on_duty("patrol")
    path, body = f"/dispatches/{dispatch_id}/units", {"unit_id": unit_id}
    refused(await desk.post(path, body), 409, "capability_missing")
    refused(await desk.post(path, body | {"override": True}), 422, "invalid", "reason")
    assert (await desk.unit(unit_id))["status"] == "available"
    answer = await desk.post(path, body | {"override": True, "reason": "nobody_else"})
    assert answer.status_code == 201
    _, overridden, assigned = [event.data for event in await desk.stream("dispatch", dispatch_id)]
    assert isinstance(overridden, DispatchOverridden)
    assert overridden.reason == "nobody_else"
    assert isinstance(assigned, DispatchUnitAssigned)
    assert assigned.dispatcher_id == overridden.dispatcher_id


async def test_what_does_not_exist_cannot_be_assigned(desk: Desk) -> None:
    dispatch_id, unit_id = await desk.requested(), await desk.on_duty()
    answer = await desk.post(f"/dispatches/{dispatch_id}/units", {"unit_id": str(new_id())})
    refused(answer, 422, "invalid", "unit_id")
    refused(await desk.post(f"/dispatches/{new_id()}/units", {"unit_id": unit_id}), 404, "no_such_dispatch")
    refused(await desk.step((dispatch_id, unit_id), "en-route"), 409, "unit_not_assigned")
    refused(await desk.step((str(new_id()), unit_id), "en-route"), 404, "no_such_dispatch")


async def test_creations_need_an_idempotency_key_and_are_answered_alike(desk: Desk) -> None:
    dispatch_id, body = await desk.requested(), {"call_sign": "F-1", "capabilities": ["forensic"]}
    bare = {"Authorization": desk.system.as_(Role.DISPATCHER)["Authorization"]}
    for path in ("/v1/units", f"/v1/dispatches/{dispatch_id}/units"):
        answer = await desk.client.post(path, json=body | {"unit_id": str(new_id())}, headers=bare)
        assert answer.status_code in {400, 422}
    created = [await desk.post("/units", body, key="one") for _ in range(2)]
    assert [one.status_code for one in created] == [201, 201]
    assert created[0].json() == created[1].json()
    assert created[0].headers["Location"] == f"/v1/units/{created[0].json()['id']}"
    job = {"unit_id": created[0].json()["id"]}
    path = f"/dispatches/{dispatch_id}/units"
    assigned = [await desk.post(path, job, key=key) for key in ("two", "two", "three")]
    assert [one.status_code for one in assigned] == [201] * 3
    assert assigned[0].json() == assigned[1].json() == assigned[2].json()
    assert assigned[0].headers["Location"] == f"/v1/dispatches/{dispatch_id}"
    assert len(await desk.stream("dispatch", dispatch_id)) == 2


async def test_shifts_and_own_statuses(desk: Desk) -> None:
    unit_id = await desk.on_duty("patrol", "k9", call_sign="K-9")
    busy = await desk.post(f"/units/{unit_id}/status", {"status": "busy"}, Role.SERVICE)
    assert busy.json()["status"] == "busy"
    refused(await desk.post(f"/units/{unit_id}/status", {"status": "en_route"}), 422, "invalid", "status")
    for _ in range(2):
        assert (await desk.post(f"/units/{unit_id}/off-duty")).json()["status"] == "off_duty"
    refused(await desk.post(f"/units/{unit_id}/status", {"status": "busy"}), 409, "unit_off_duty")
    assert await desk.on_duty("patrol", call_sign="k-9") == unit_id
    refused(await desk.post("/units", {"call_sign": "K-9", "capabilities": ["youth"]}), 409, "already_on_duty")
    refused(await desk.post("/units", {"call_sign": "K-8", "capabilities": []}), 422, "invalid", "capabilities")
    refused(await desk.post(f"/units/{new_id()}/off-duty"), 404, "no_such_unit")


async def test_a_unit_with_a_job_cannot_leave_it_by_its_own_word(desk: Desk) -> None:
    _, unit_id = await desk.assigned()
    refused(await desk.post(f"/units/{unit_id}/off-duty"), 409, "unit_engaged")
    refused(await desk.post(f"/units/{unit_id}/status", {"status": "available"}), 409, "unit_engaged")


ACTS = [
    ("/units", {"call_sign": "X-1", "capabilities": ["k9"]}),
    ("/units/{unit}/off-duty", None),
    ("/dispatches/{dispatch}/units", {"unit_id": "{unit}"}),
    ("/dispatches/{dispatch}/units/{unit}/withdraw", {"reason": "x"}),
    ("/dispatches/{dispatch}/cancel", {"reason": "duplicate"}),
]
REPORTS = [
    ("/units/{unit}/status", {"status": "busy"}),
    *((f"/dispatches/{{dispatch}}/units/{{unit}}/{step}", None) for step in ("en-route", "on-scene", "clear")),
]


async def test_who_may_act_report_and_read(desk: Desk) -> None:
    names = {"dispatch": str(new_id()), "unit": str(new_id())}
    readers = {Role.DISPATCHER, Role.SUPERVISOR, Role.OFFICER, Role.ADMIN, Role.AUDITOR, Role.SERVICE}
    for role in Role:
        for path, body in ACTS:
            allowed = role in {Role.DISPATCHER, Role.SUPERVISOR}
            assert ((await desk.post(path.format(**names), body, role)).status_code != 403) == allowed, (role, path)
        for path, body in REPORTS:
            allowed = role in {Role.DISPATCHER, Role.SUPERVISOR, Role.SERVICE}
            assert ((await desk.post(path.format(**names), body, role)).status_code != 403) == allowed, (role, path)
        for path in ("/units", "/dispatches", f"/units/{new_id()}", f"/dispatches/{new_id()}"):
            assert ((await desk.get(path, role)).status_code != 403) == (role in readers), (role, path)
    assert (await desk.client.get("/v1/dispatches")).status_code == 401
