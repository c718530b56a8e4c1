"""Evidence ends with its report: keys and words at once, objects soon, each item told; and nothing comes afterwards."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from tests.evidence import TABLES, WEBM, Call, code_of, held, wait_for_locks
from tests.examples import recorded
from tests.files import photo
from tests.system import Servers, System
from tests.waiting import lock_waits, until
from vpr_events import locks
from vpr_events.contracts.report import ErasureBasis, ReportPersonalDataErased
from vpr_events.contracts.session import Participant
from vpr_events.decider import Refused
from vpr_events.event import new_id, stream_name
from vpr_video.seats import Seat, seat_in
from vpr_video.signalling import record
from vpr_video.signalling.messages import Chat
from vpr_video.tables import chat

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone, for all these tests."""
    async with System.started(servers, ["video"]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def call(video: System) -> Call:
    return await Call.arranged(video, "record")


async def erase(call: Call) -> None:
    erased = ReportPersonalDataErased(basis=ErasureBasis.RETENTION, rule="R-7")
    call.before["erased_reports"] += await call.rows("erased_reports")
    await call.system.servers.publish(recorded(erased, entity=call.meeting.report))

    async def told() -> bool:
        return await call.rows("erased_reports") > 0

    await until(told)


async def states(call: Call) -> dict[str, Any]:
    answer = await call.officer.client.get(call.officer.path, headers=call.meeting.as_officer())
    return {one["id"]: (one["state"], one["name"], one["note"]) for one in answer.json()}


async def test_an_erasure_takes_all_evidence_of_its_report_and_no_other(call: Call) -> None:
    captured = (await call.resident.sent("photo", "image/jpeg", photo(), name="door.jpg", note="my door"))["id"]
    running = await call.officer.begun("recording", "video/webm")
    assert (await call.officer.put(running, 0, WEBM)).status_code == 204
    other = await Call.arranged(call.system)
    kept = (await other.resident.sent("photo", "image/jpeg", photo()))["id"]
    await erase(call)
    assert await call.rows("evidence_files") == 1, "keys, names and words are gone with the event"
    erased = {captured: ("erased", None, None), running: ("erased", None, None)}

    async def all_told() -> bool:
        return await states(call) == erased and len(call.stored) == 1 and await call.rows("stored_objects") == 1

    assert await until(all_told)
    assert (await call.names()).count("erased") == 2
    assert code_of(await call.officer.read(captured, "/content")) == (410, "erased")
    assert code_of(await call.officer.put(running, 1, WEBM)) == (409, "evidence_closed")
    assert code_of(await call.officer.complete(running, 1)) == (409, "evidence_closed")
    assert code_of(await call.meeting.post("export", {"purpose": "prosecution"})) == (409, "nothing_to_export")
    custody = (await call.officer.read(captured, "/custody")).json()
    assert (custody[-1]["deed"], custody[-1]["why"]) == ("erased", "R-7")
    assert (await other.officer.read(kept, "/content")).content == photo()


async def seat_of(call: Call) -> Seat:
    seat = await seat_in(call.meeting.id, call.meeting.officer, call.system.runtime("video"), acts=True)
    assert seat is not None
    assert seat.person["kind"] == Participant.OFFICER
    return seat


async def written(call: Call) -> int:
    async with call.system.runtime("video").reading() as connection:
        query = select(func.count()).select_from(chat).where(chat.c.report_id == call.meeting.report)
        return int((await connection.execute(query)).scalar_one())


async def test_nothing_is_kept_of_a_call_that_goes_on_after_its_report_was_erased(call: Call) -> None:
    seat, runtime = await seat_of(call), call.system.runtime("video")
    assert await record.keep(Chat(type="chat", id=new_id(), text="Good day."), seat, runtime)
    await erase(call)
    assert await written(call) == 0
    with pytest.raises(Refused) as refused:
        await record.keep(Chat(type="chat", id=new_id(), text="Are you there?"), seat, runtime)
    assert (refused.value.code, await written(call)) == ("erased", 0)
    assert code_of(await call.resident.begin("photo", "image/jpeg")) == (409, "erased")


async def test_what_is_written_while_a_report_is_erased_comes_before_or_not_at_all(call: Call) -> None:
    seat, runtime = await seat_of(call), call.system.runtime("video")

    erasing = asyncio.create_task(erase(call))

    async def write() -> None:
        with suppress(Refused):
            while not erasing.done():
                await record.keep(Chat(type="chat", id=new_id(), text="Good day."), seat, runtime)

    await asyncio.gather(erasing, *(write() for _ in range(5)))
    assert await written(call) == 0


async def test_what_an_erasure_overtakes_is_not_kept(call: Call) -> None:
    engine, meeting = call.system.runtime("video").engine, call.meeting
    call.before |= {table: await call.rows(table) for table in ("upload_links", "guests")}

    async def all_wait() -> bool:
        return await lock_waits(engine) >= 3

    async with engine.begin() as held:
        await locks.wait_for(held, [stream_name("session", meeting.id)])
        coming = asyncio.gather(
            meeting.post("upload-links", {"purpose": "camera"}),
            meeting.post("guests", {"kind": "interpreter", "name": "Quillon Zzyzxwood"}),
            call.resident.begin("photo", "image/jpeg", note="my door"),
        )
        await until(all_wait)
        await erase(call)
    assert [answer.status_code for answer in await coming] == [201, 201, 201]
    for table in ("upload_links", "guests", "evidence_files"):
        assert await call.rows(table) == 0, table


async def test_what_was_told_is_not_secured_once_or_while_its_report_is_erased(call: Call) -> None:
    line = Chat(type="chat", id=new_id(), text="Good day.")
    assert await record.keep(line, await seat_of(call), call.system.runtime("video"))
    async with held(call, stream_name("session", call.meeting.id)):
        securing = asyncio.create_task(call.meeting.post("evidence/chat"))
        await wait_for_locks(call, 1, securing)
        await erase(call)
    assert code_of(await securing) == (409, "erased")
    for document in ("chat", "location"):
        assert code_of(await call.meeting.post(f"evidence/{document}")) == (409, "erased")
    assert [await call.rows(table) for table in TABLES[:3]] == [0, 0, 0]
    assert await call.names() == []


async def test_a_copy_that_is_asked_for_while_the_report_is_erased_is_not_being_made_for_ever(call: Call) -> None:
    original = (await call.resident.sent("photo", "image/jpeg", photo()))["id"]
    body = {"purpose": "disclosure", "blur": [{"x": 0, "y": 0, "width": 8, "height": 8}]}
    async with held(call, stream_name("session", call.meeting.id)):
        asking = asyncio.create_task(call.meeting.post(f"evidence/{original}/copies", body))
        await wait_for_locks(call, 1, asking)
        await erase(call)
        await wait_for_locks(call, 2, asking)  # what tells of the erasure has looked for items, and knows of no copy
    copied = (await asking).json()["id"]

    async def over() -> bool:
        return {item: state for item, (state, *_) in (await states(call)).items()} == {
            original: "erased",
            copied: "discarded",
        }

    await until(over)
