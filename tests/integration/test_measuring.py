"""What operators are told: figures, gauges, and dead effects that they replay or discard."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.system import Servers, System
from tests.verification import grown
from tests.waiting import DEADLINE, until
from vpr.cli.operating import look_at
from vpr_events import store
from vpr_events.contracts.values import Role
from vpr_events.tables import effects, events, outbox, parked, timers

QUIET = {
    "vpr_outbox_waiting": 0,
    "vpr_outbox_oldest_seconds": 0,
    "vpr_inbox_pending": 0,
    "vpr_parked": 0,
    "vpr_parked_oldest_seconds": 0,
    "vpr_dead_letters": 0,
    "vpr_timers_overdue": 0,
    "vpr_effects_waiting": 0,
    "vpr_effects_dead": 0,
    "vpr_seal_age_seconds": 0,
    "vpr_unsealed_oldest_seconds": 0,
    "vpr_retention_due": 0,
    "vpr_retention_held": 0,
    "vpr_retention_oldest_seconds": 0,
}


async def state(system: System) -> dict[str, Any]:
    return dict((await system["intake"].get("/readyz")).raise_for_status().json())


async def gauges(system: System) -> dict[str, float]:
    found = re.findall(r"^(vpr_\w+) (\S+)$", (await system["intake"].get("/telemetry")).text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def parked_row(**changes: Any) -> dict[str, Any]:
    return {"event_id": uuid4(), "subject": "vpr.case.opened", "headers": {}, "body": b"", "dead": False} | changes


def effect_row(**changes: Any) -> dict[str, Any]:
    row = {"id": uuid4(), "kind": "invitation", "data": {}, "correlation_id": uuid4(), "dead": False}
    return row | {"due_at": func.now() + timedelta(days=1)} | changes


async def overdue_timers(connection: AsyncConnection, system: System) -> None:
    """Two are overdue and one is only due, by business time."""
    now = system.runtime("intake").now()
    for name, ago in (("a", 3600), ("b", 90), ("c", 5)):
        row = {"stream": f"report/{uuid4()}", "name": name, "correlation_id": uuid4()}
        await connection.execute(insert(timers).values(row | {"due_at": now - timedelta(seconds=ago)}))


async def test_a_quiet_service_has_nothing_to_tell(intake: System) -> None:
    await intake.quiet()
    told = await state(intake)
    assert told["status"] == "ready"
    assert [told[name] for name in ("outbox_age", "parked_age", "seal_age", "unsealed_age")] == [None] * 4
    assert QUIET.items() <= (await gauges(intake)).items()


async def test_what_waits_is_counted_and_how_long(intake: System) -> None:
    async with intake.runtime("intake").engine.begin() as connection:
        ages = [timedelta(minutes=10), timedelta(minutes=2)]
        for age, dead in zip(ages, (True, False), strict=True):
            row = parked_row(dead=dead, parked_at=func.now() - age, due_at=func.now() + timedelta(days=1))
            await connection.execute(insert(parked).values(row))
        for dead in (True, False, False):
            await connection.execute(insert(effects).values(effect_row(dead=dead)))
        await overdue_timers(connection, intake)
        told = await state(intake)
        assert told["parked"] == 0, "what is not committed does not count"

    told = await state(intake)
    assert told["status"] == "degraded"
    counted = {name: told[name] for name in ("parked", "dead_letters", "effects_waiting", "effects_dead")}
    assert counted == {"parked": 1, "dead_letters": 1, "effects_waiting": 2, "effects_dead": 1}
    assert told["timers_overdue"] == 2
    assert 600 <= told["parked_age"] < 600 + DEADLINE
    shown = await gauges(intake)
    assert (shown["vpr_parked"], shown["vpr_effects_waiting"], shown["vpr_timers_overdue"]) == (1, 2, 2)
    assert shown["vpr_parked_oldest_seconds"] >= 600


@pytest.fixture
async def unsealed(servers: Servers) -> AsyncIterator[System]:
    """Intake that seals nothing unless it is told to."""
    async with System.started(servers, ["intake"], seal_every=3600) as running:
        yield running


async def test_the_age_of_what_is_not_published_and_not_sealed(unsealed: System) -> None:
    intake, broker = unsealed, unsealed.servers.embedded.broker
    broker.stop()
    try:
        async with intake.runtime("intake").engine.begin() as connection:
            [event] = grown(1)
            await store.append(connection, [event])
            await connection.execute(insert(outbox).values(event_id=event.id))
            recorded_at = intake.runtime("intake").now() - timedelta(minutes=5)
            await connection.execute(update(events).values(recorded_at=recorded_at))

        async def alone() -> bool:
            return not (await state(intake))["broker"]

        await until(alone)
        told = await state(intake)
        assert (told["outbox"], told["inbox_pending"]) == (1, None)
        assert 300 <= told["outbox_age"] < 300 + DEADLINE
        assert 0 <= told["unsealed_age"] < DEADLINE
        shown = await gauges(intake)
        assert shown["vpr_inbox_pending"] != shown["vpr_inbox_pending"], "nobody can tell: not a number"
    finally:
        broker.start()
    sealer = intake.runtime("intake").sealer
    assert sealer
    assert await sealer.seal() == 1
    told = await state(intake)
    assert told["unsealed_age"] is None
    assert 0 <= told["seal_age"] < DEADLINE


@pytest.fixture
async def idle(servers: Servers) -> AsyncIterator[System]:
    """Intake that leaves effects to another process, of which there is none."""
    async with System.started(servers, ["intake"], effects_in_flight=0) as running:
        yield running


async def test_dead_effects_are_listed_replayed_and_discarded(idle: System) -> None:
    one, other, alive = (effect_row(dead=dead, data={"to": "Quillon"}, attempts=5) for dead in (True, True, False))
    async with idle.runtime("intake").engine.begin() as connection:
        for row in (one, other, alive):
            await connection.execute(insert(effects).values(row))
    admin, path = idle.as_(Role.ADMIN), "/v1/dead-effects"
    listed = await idle["intake"].get(path, headers=admin)
    assert "Quillon" not in listed.text
    assert {effect["id"] for effect in listed.json()} == {str(one["id"]), str(other["id"])}

    assert (await idle["intake"].post(f"{path}/{one['id']}/replay", headers=admin)).status_code == 204
    assert (await idle["intake"].delete(f"{path}/{other['id']}", headers=admin)).status_code == 204
    for gone in (one, other, alive):
        answers = [
            await idle["intake"].post(f"{path}/{gone['id']}/replay", headers=admin),
            await idle["intake"].delete(f"{path}/{gone['id']}", headers=admin),
        ]
        assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [
            (404, "urn:vpr:problem:no_such_effect")
        ] * 2
    async with idle.runtime("intake").engine.connect() as connection:
        query = select(effects.c.attempts, effects.c.dead, effects.c.due_at <= func.now()).where(
            effects.c.id == one["id"]
        )
        left = (await connection.execute(select(effects.c.id))).scalars().all()
        assert (await connection.execute(query)).one() == (0, False, True)
    assert set(left) == {one["id"], alive["id"]}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", f"/{UUID(int=1)}/replay"), ("DELETE", f"/{UUID(int=1)}")],
)
async def test_dead_effects_are_for_administrators(intake: System, method: str, path: str) -> None:
    path = f"/v1/dead-effects{path}"
    assert (await intake["intake"].request(method, path)).status_code == 401
    others = [role for role in Role if role is not Role.ADMIN]
    assert (await intake["intake"].request(method, path, headers=intake.as_(*others))).status_code == 403


FINDINGS: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"broker": False}, "the broker does not answer"),
    ({"outbox": 3, "outbox_age": 61.0}, "the oldest of 3 events waits for 61.0 s to be published"),
    ({"outbox": 3, "outbox_age": 59.0}, None),
    ({"dead_letters": 2}, "2 dead letters (vpr dead-letters list)"),
    ({"parked": 1}, "1 events wait for another try"),
    ({"timers_overdue": 4}, "4 timers are overdue"),
    ({"effects_dead": 1}, "1 effects failed for good (vpr dead-letters list)"),
    ({"unsealed_age": 301.0}, "events are not sealed for 301.0 s"),
    ({"seal_age": 4000.0, "unsealed_age": None}, None),
    ({"retention_due": 3, "retention_age": 86_401.0}, "3 reports should have been erased, the first 86401.0 s ago"),
    ({"retention_due": 3, "retention_age": 86_399.0}, None),
]


async def test_the_doctor_names_what_is_wrong(intake: System) -> None:
    await intake.quiet()
    well = await state(intake)
    for changes, finding in FINDINGS:
        assert look_at("intake", httpx.Response(200, json=well | changes)) == (
            [f"intake: {finding}"] if finding else []
        )
    assert look_at("intake", httpx.Response(503)) == ["intake: its database does not answer"]
