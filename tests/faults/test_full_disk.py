"""A full disk: writes are refused with 507 and leave nothing half-written, or wait; then all goes on."""

import asyncio
import os
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from tests.access import REASON
from tests.examples import PER_FILING, new_report
from tests.faults.driver.disks import impossible
from tests.faults.driver.world import World, started
from tests.reading import read_log
from tests.waiting import DEADLINE, until
from vpr_events.contracts.values import Role

MOST = 2000


@pytest.fixture
async def world() -> AsyncIterator[World]:
    if reason := impossible():
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    async with started(["intake"]) as running:
        yield running


@pytest.fixture
async def clerk(world: World) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {world.home.issuer().token([Role.OFFICER, Role.ADMIN])}"}
    async with httpx.AsyncClient(base_url=world.processes["intake"].url, headers=headers, timeout=DEADLINE) as client:
        yield client


async def file(clerk: httpx.AsyncClient, key: str) -> httpx.Response:
    return await clerk.post("/v1/reports", json=new_report(), headers={"Idempotency-Key": key})


async def counts(world: World) -> set[int]:
    """How many reports there are by each of the tables that a filing writes."""
    async with world.database("intake") as connection:
        filed = "(select from events where type = 'report.filed.v1') as filed"
        tables = (filed, "reports", "particulars", "idempotency")
        return {(await connection.execute(text(f"select count(*) from {one}"))).scalar_one() for one in tables}


async def test_without_room_in_the_database_writes_are_answered_507_and_leave_nothing(
    world: World, clerk: httpx.AsyncClient
) -> None:
    assert world.database_disk
    key = str((await clerk.post("/v1/clients", json={"name": "city"})).json()["api_key"])
    stood = (await file(clerk, uuid4().hex)).json()["id"]
    world.database_disk.fill()
    filed, answer = 1, await file(clerk, "first")
    while answer.status_code == 201 and filed < MOST:  # until what was left in its files is used up
        filed, answer = filed + 1, await file(clerk, uuid4().hex)

    assert answer.status_code == 507
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"]
    assert answer.json()["type"] == "urn:vpr:problem:storage_full"
    form = {"api_key": key, "service_code": "theft", "lat": "49.9", "long": "-97.1", "description": "x" * 3000}
    answer = await clerk.post("/open311/v2/requests.json", data=form)
    assert (answer.status_code, answer.json()[0]["code"]) == (507, 507)
    assert (await file(clerk, "again")).status_code == 507
    assert (await clerk.get("/v1/reports")).status_code == 200
    unrecorded = await clerk.post(f"/v1/reports/{stood}/break-glass", json=REASON, headers={"Idempotency-Key": "seen"})
    assert unrecorded.status_code == 507
    assert (await clerk.get("/readyz")).status_code == 200
    assert await counts(world) == {filed}

    world.database_disk.free()
    [again, repeated] = [await file(clerk, "again") for _ in range(2)]
    assert (again.status_code, repeated.json()) == (201, again.json())
    assert await counts(world) == {filed + 1}
    await world.quiet()
    assert len(await read_log(world.endpoints)) == PER_FILING * (filed + 1)


async def test_without_room_in_the_log_filing_goes_on_and_everything_is_told_afterwards(
    world: World, clerk: httpx.AsyncClient
) -> None:
    assert world.log_disk
    world.log_disk.fill()
    for _ in range(20):
        assert (await file(clerk, uuid4().hex)).status_code == 201

    async def refused() -> bool:
        """They wait for seconds, though the broker is there: it takes none of them."""
        state = (await clerk.get("/readyz")).json()
        return bool(state["broker"] and state["outbox"] == 20 * PER_FILING and state["outbox_age"] > 2)

    assert await until(refused)

    world.log_disk.free()
    await asyncio.to_thread(world.embedded.broker.stop)
    await asyncio.to_thread(world.embedded.broker.start)
    await world.quiet()
    events = await read_log(world.endpoints)
    assert len(events) == len({event.id for event in events}) == 20 * PER_FILING
