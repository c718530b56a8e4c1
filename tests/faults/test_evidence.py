"""Evidence of calls and faults: a service that is killed in the middle of a recording, and a full disk."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from tests.evidence import WEBM, Sending, code_of
from tests.examples import recorded
from tests.faults.driver.disks import Disk, impossible
from tests.faults.driver.world import World, started
from tests.files import photo
from tests.janus import media_server
from tests.mjr import write_sound
from tests.waiting import DEADLINE, until
from vpr_events.cloudevents import headers_of, subject_of
from vpr_events.contracts.case import CaseVideoRequested
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_events.log import Outgoing
from vpr_video.domain.session import session_id

MIB = 1024 * 1024
CHUNK = 4 * MIB
SMALL = 32 * MIB


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    async with started(["video"]) as running:
        yield running


@dataclass
class Officer:
    """An officer in a call that may be recorded."""

    world: World
    sending: Sending

    @property
    def stored(self) -> list[Path]:
        """Every file in the store."""
        return [path for path in (self.world.home.evidence / "video").rglob("*") if path.is_file()]


@pytest_asyncio.fixture(loop_scope="module")
async def officer(world: World) -> AsyncIterator[Officer]:
    who, request = new_id(), new_id()
    asked = CaseVideoRequested(request_id=request, report_id=new_id(), officer_id=who)
    event = recorded(asked, entity=new_id(), report=asked.report_id)
    async with world.admin_log() as log:
        await log.publish([Outgoing(subject_of(event.type), headers_of(event), event.body)])
    headers = {"Authorization": f"Bearer {world.home.issuer().token([Role.OFFICER], subject=who)}"}
    async with httpx.AsyncClient(base_url=world.processes["video"].url, timeout=DEADLINE) as client:
        path = f"/v1/sessions/{session_id(request)}"

        async def there() -> bool:
            return (await client.get(path, headers=headers)).status_code == 200

        await until(there)
        await _meet(client, path, headers)
        yield Officer(world, Sending(client, f"{path}/evidence", headers))


async def _meet(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> None:
    invited = await client.post(f"{path}/invitations", json={}, headers=headers | {"Idempotency-Key": "one"})
    joined = (await client.post("/v1/join", json={"token": invited.json()["link"].rpartition("/")[2]})).json()
    own = {"Authorization": f"Participant {joined['participant_token']}"}
    client.cookies.clear()
    await client.put("/v1/call/consents", json={"scopes": ["view", "record"]}, headers=own)
    await client.post(f"{path}/participants", json={}, headers=headers)
    await client.post(f"{path}/participants/{joined['participant_id']}/admission", headers=headers)


def recording(size: int) -> bytes:
    """So many bytes that cannot be compressed, and begin as a recording does."""
    return WEBM + Random(22).randbytes(size - len(WEBM))


async def half_sent(officer: Officer, item: str, sequence: int, content: bytes) -> asyncio.StreamWriter:
    """A connection on which a chunk is half sent, and that much of it was taken."""
    address = urlsplit(officer.world.processes["video"].url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    lines = [f"PUT {officer.sending.path}/{item}/chunks/{sequence} HTTP/1.1", f"Host: {address.netloc}"]
    lines += [f"{name}: {value}" for name, value in officer.sending.headers.items()]
    writer.write("\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode())
    writer.write(content[: len(content) // 2])
    await writer.drain()
    before = len(officer.stored)

    async def begun() -> bool:
        return len(officer.stored) > before or any("#" in path.name for path in officer.stored)

    await until(begun)
    return writer


async def test_a_service_killed_in_a_recording_loses_nothing_that_was_acknowledged(
    world: World, officer: Officer
) -> None:
    """50 MiB, killed twice: after a chunk and in the middle of one. The sender goes on where it stands."""
    whole = recording(50 * MIB)
    chunks = [whole[place : place + CHUNK] for place in range(0, len(whole), CHUNK)]
    item = await officer.sending.begun("recording", "video/webm;codecs=vp8,opus")
    video = world.processes["video"]
    for sequence in range(4):
        assert (await officer.sending.put(item, sequence, chunks[sequence])).status_code == 204
    video.kill()
    await asyncio.to_thread(video.start)
    assert (await officer.sending.read(item)).json()["next_sequence"] == 4
    writer = await half_sent(officer, item, 4, chunks[4])
    video.kill()
    writer.transport.abort()
    await asyncio.to_thread(video.start)
    sequence = int((await officer.sending.read(item)).json()["next_sequence"])
    assert sequence == 4
    for again in range(sequence - 1, len(chunks)):  # the last one again: its answer may have been lost
        assert (await officer.sending.put(item, again, chunks[again])).status_code == 204
    expected = hashlib.sha256(whole).hexdigest()
    done = await officer.sending.complete(item, len(chunks), sha256=expected)
    assert done.status_code == 200, done.text
    assert (done.json()["sha256"], done.json()["size"]) == (expected, 50 * MIB)
    read = await officer.sending.read(item, "/content")
    assert hashlib.sha256(read.content).hexdigest() == expected
    assert not any(whole[place : place + 64] in path.read_bytes() for path in officer.stored for place in (0, CHUNK))


async def test_a_recording_in_which_the_service_died_is_kept_when_nobody_goes_on(
    world: World, officer: Officer
) -> None:
    whole = recording(2 * MIB)
    item = await officer.sending.begun("recording", "video/webm")
    assert (await officer.sending.put(item, 0, whole)).status_code == 204
    world.processes["video"].kill()
    async with world.database("video") as connection:
        await connection.exec_driver_sql("update timers set due_at = now() where name like 'evidence/%%'")
        await connection.commit()
    await asyncio.to_thread(world.processes["video"].start)

    async def closed() -> bool:
        return bool((await officer.sending.read(item)).json()["state"] == "captured")

    await until(closed)
    shown = (await officer.sending.read(item)).json()
    assert (shown["incomplete"], shown["sha256"]) == (True, hashlib.sha256(whole).hexdigest())


async def test_a_recording_of_the_media_server_outlives_a_kill_between_its_end_and_its_making(
    world: World, officer: Officer, tmp_path: Path
) -> None:
    """The service dies while Janus still writes, and again while it looks: the files are there until the item is."""
    video, folder, before = world.processes["video"], tmp_path / "recordings", world.processes["video"].environment
    folder.mkdir()
    with media_server(tmp_path / "janus") as janus:
        served = {"VIDEO_MEDIA": "janus", "VIDEO_JANUS_RECORDINGS": str(folder), **janus.environment}
        video.kill()
        video.environment = {**before, **served}
        await asyncio.to_thread(video.start)

        async def begun() -> str:
            answer = await officer.sending.begin("recording", "video/webm", method="media_server")
            return str(answer.json().get("id", ""))

        item = await until(begun)
        written = folder / f"{UUID(item).hex}-{1:032x}-seen-audio-0.mjr.tmp"
        write_sound(written, time.time() - 2, 2)
        stopped = await officer.sending.client.post(
            f"{officer.sending.path}/{item}/stop", headers=dict(officer.sending.headers)
        )
        assert stopped.json()["state"] == "closing"
        video.kill()
        await asyncio.to_thread(video.start)
        assert (await officer.sending.read(item)).json()["state"] == "closing"
        written.rename(written.with_suffix(""))
        video.kill()
        await asyncio.to_thread(video.start)

        async def captured() -> bool:
            return bool((await officer.sending.read(item)).json()["state"] == "captured" and not any(folder.iterdir()))

        await until(captured)
    video.kill()
    video.environment = before
    await asyncio.to_thread(video.start)
    content = (await officer.sending.read(item, "/content")).content
    assert hashlib.sha256(content).hexdigest() == (await officer.sending.read(item)).json()["sha256"]


@pytest.fixture
def disk(world: World) -> Iterator[Disk]:
    """Evidence on a small disk of its own."""
    if reason := impossible():
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    small = Disk(world.home.evidence / "video", SMALL)
    small.mount()
    yield small
    small.unmount()


async def test_a_full_disk_is_507_and_keeps_what_was_acknowledged(world: World, disk: Disk, officer: Officer) -> None:
    whole = recording(6 * MIB)
    chunks = [whole[: 3 * MIB], whole[3 * MIB :]]
    item = await officer.sending.begun("recording", "video/webm")
    assert (await officer.sending.put(item, 0, chunks[0])).status_code == 204
    stored = officer.stored
    disk.fill()
    refused = await officer.sending.put(item, 1, chunks[1])
    assert code_of(refused) == (507, "storage_full")
    assert refused.headers["Retry-After"]
    assert officer.stored == stored
    assert (await officer.sending.read(item)).json()["next_sequence"] == 1
    assert (await officer.sending.put(item, 0, chunks[0])).status_code == 204, "what was acknowledged stands"
    disk.free()
    assert (await officer.sending.put(item, 1, chunks[1])).status_code == 204
    done = await officer.sending.complete(item, 2)
    assert done.json()["sha256"] == hashlib.sha256(whole).hexdigest()
    assert (await officer.sending.sent("photo", "image/jpeg", photo()))["state"] == "captured"
