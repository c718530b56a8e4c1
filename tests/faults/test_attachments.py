"""Files and faults: a full disk, connections that break, and a process that is killed in the middle of a file."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from tests.examples import new_report
from tests.faults.driver.disks import Disk, impossible
from tests.faults.driver.world import World, started
from tests.files import PDF, photo
from tests.waiting import DEADLINE, until
from vpr_events.contracts.values import Role

MIB = 1024 * 1024
SMALL = 32 * MIB


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with started(["intake"]) as running:
        yield running


@pytest.fixture
async def partner(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """A client system."""
    url, staff = world.processes["intake"].url, f"Bearer {world.home.issuer().token([Role.ADMIN])}"
    async with httpx.AsyncClient(base_url=url, timeout=DEADLINE) as client:
        admitted = await client.post("/v1/clients", json={"name": "city"}, headers={"Authorization": staff})
        client.headers["X-API-Key"] = admitted.json()["api_key"]
        yield client


async def report_of(partner: httpx.AsyncClient) -> str:
    answer = await partner.post("/v1/reports", json=new_report(), headers={"Idempotency-Key": uuid4().hex})
    assert answer.status_code == 201, answer.text
    return f"/v1/reports/{answer.json()['id']}/attachments"


async def send(partner: httpx.AsyncClient, path: str, content: bytes, content_type: str) -> httpx.Response:
    headers = {"Idempotency-Key": uuid4().hex, "Content-Type": content_type}
    return await partner.post(path, content=content, headers=headers)


def stored(world: World) -> list[Path]:
    return [path for path in (world.home.evidence / "intake").rglob("*") if path.is_file()]


async def rows(world: World) -> list[int]:
    tables = ("stored_objects", "attachment_files", "attachments")
    async with world.database("intake") as connection:
        return [(await connection.execute(text(f"select count(*) from {one}"))).scalar_one() for one in tables]


@pytest.fixture
def disk(world: World) -> Iterator[Disk]:
    """Evidence on a small disk of its own."""
    if reason := impossible():
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    small = Disk(world.home.evidence / "intake", SMALL)
    small.mount()
    yield small
    small.unmount()


async def test_without_room_for_files_they_are_507_and_leave_nothing(
    world: World, partner: httpx.AsyncClient, disk: Disk
) -> None:
    path = await report_of(partner)
    assert (await send(partner, path, photo(), "image/jpeg")).status_code == 201
    for content in (PDF + bytes(20 * MIB), PDF + bytes(20 * MIB)):  # the first fits
        answer = await send(partner, path, content, "application/pdf")
    assert (answer.status_code, answer.json()["type"]) == (507, "urn:vpr:problem:storage_full")
    assert answer.headers["Retry-After"]
    form = {"service_code": "theft", "lat": "49.8951", "long": "-97.1384", "api_key": partner.headers["X-API-Key"]}
    files = {"media": ("x.pdf", PDF + bytes(20 * MIB), "application/pdf")}
    refused = await partner.post("/open311/v2/requests.json", data=form, files=files)
    assert (refused.status_code, refused.json()[0]["code"]) == (507, 507)
    assert (len(stored(world)), await rows(world)) == (2, [2, 2, 2])
    assert (await partner.get(path)).status_code == 200
    assert len((await partner.get("/v1/reports")).json()) == 1

    disk.free()
    assert (await send(partner, path, photo(), "image/jpeg")).status_code == 201
    assert len(stored(world)) == 3


async def half_sent(world: World, partner: httpx.AsyncClient, path: str) -> asyncio.StreamWriter:
    """A connection on which a file of 20 MiB is half sent, and that much of it has been taken."""
    address = urlsplit(world.processes["intake"].url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    headers = {
        "Host": address.netloc,
        "X-API-Key": partner.headers["X-API-Key"],
        "Idempotency-Key": uuid4().hex,
        "Content-Type": "application/pdf",
        "Content-Length": str(20 * MIB),
    }
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    writer.write("\r\n".join(lines).encode())
    writer.write(PDF + bytes(12 * MIB))
    await writer.drain()

    async def begun() -> bool:
        return await rows(world) == [1, 0, 0] and bool(stored(world))

    await until(begun)
    return writer


async def test_a_connection_that_breaks_halfway_leaves_nothing(world: World, partner: httpx.AsyncClient) -> None:
    path = await report_of(partner)
    writer = await half_sent(world, partner, path)
    writer.transport.abort()

    async def nothing() -> bool:
        return await rows(world) == [0, 0, 0] and not stored(world)

    assert await until(nothing)
    assert (await partner.get(path)).json() == []


async def test_a_process_that_is_killed_halfway_leaves_what_nobody_sees_and_the_sweeper_removes(
    world: World, partner: httpx.AsyncClient
) -> None:
    path = await report_of(partner)
    writer = await half_sent(world, partner, path)
    world.processes["intake"].kill()
    writer.transport.abort()
    async with world.database("intake") as connection:
        await connection.execute(text("update stored_objects set begun_at = begun_at - interval '1 hour'"))
        await connection.commit()
    assert stored(world)
    await asyncio.to_thread(world.processes["intake"].start)
    assert (await partner.get(path)).json() == []

    async def nothing() -> bool:
        return await rows(world) == [0, 0, 0] and not stored(world)

    assert await until(nothing)
