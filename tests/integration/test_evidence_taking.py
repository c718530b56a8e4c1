"""Evidence of calls over HTTP: begun, sent in chunks, completed; and everything that is refused."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text, update

from tests.evidence import WEBM, Call, code_of, sha256
from tests.files import PROGRAM, photo
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_video.tables import evidence_chunks, evidence_files

SECOND, THIRD = bytes(range(256)) * 300, b"the end"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone, for all these tests."""
    async with System.started(servers, ["video"]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def call(video: System) -> Call:
    return await Call.arranged(video, "snapshot", "record")


async def test_a_recording_is_sent_in_chunks_and_captured(call: Call) -> None:
    begun = await call.officer.begin(
        "recording", "video/webm;codecs=vp8,opus", note="front door", name="../../etc/a.webm"
    )
    assert begun.status_code == 201, begun.text
    told = begun.json()
    assert [told[name] for name in ("kind", "state", "next_sequence", "chunk_limit")] == [
        "recording",
        "open",
        0,
        8 << 20,
    ]
    item = told["id"]
    for sequence, chunk in enumerate((WEBM, SECOND, THIRD)):
        assert (await call.officer.put(item, sequence, chunk)).status_code == 204
        assert (await call.officer.read(item)).json()["next_sequence"] == sequence + 1
    whole = WEBM + SECOND + THIRD
    done = await call.officer.complete(item, 3, sha256=sha256(whole).upper())
    assert done.status_code == 200, done.text
    shown = done.json()
    assert (shown["state"], shown["sha256"], shown["size"]) == ("captured", sha256(whole), len(whole))
    assert (shown["media_type"], shown["incomplete"], shown["note"]) == ("video/webm", False, "front door")
    assert shown["name"] == "a.webm"
    again = await call.officer.complete(item, 3)
    assert (again.status_code, again.json()) == (200, shown)
    assert await call.names() == ["opened", "captured"]
    assert all(WEBM[:40] not in path.read_bytes() and THIRD not in path.read_bytes() for path in call.stored)


async def test_each_reading_is_recorded_before_it_is_shown_and_any_part_can_be_read(call: Call) -> None:
    item = (await call.officer.sent("recording", "video/webm", WEBM, SECOND, THIRD))["id"]
    whole = WEBM + SECOND + THIRD
    read = await call.officer.read(item, "/content")
    assert (read.status_code, read.content) == (200, whole)
    assert read.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    for start, end in ((0, 10), (len(WEBM) - 5, len(WEBM) + 5), (len(whole) - 3, len(whole)), (70_000, 76_000)):
        part = await call.officer.read(item, "/content", Range=f"bytes={start}-{end - 1}")
        assert (part.status_code, part.content) == (206, whole[start:end])
    assert await call.names() == ["opened", "captured", *["viewed"] * 5]
    viewed = (await call.meeting.events())[-1].data
    assert (viewed.viewer_id, viewed.purpose) == (call.meeting.officer, "claim")  # type: ignore[attr-defined]
    [listed] = (await call.officer.client.get(call.officer.path, headers=call.officer.headers)).json()
    assert listed["id"] == item


async def test_a_chunk_again_changes_nothing_and_other_bytes_or_a_gap_are_refused(call: Call) -> None:
    item = await call.officer.begun("recording", "video/webm")
    ahead = await call.officer.put(item, 1, SECOND)
    assert (code_of(ahead), ahead.json()["errors"]) == (
        (409, "expected_sequence"),
        [{"field": "sequence", "detail": "0"}],
    )
    assert (await call.officer.put(item, 0, WEBM)).status_code == 204
    assert (await call.officer.put(item, 0, WEBM)).status_code == 204
    assert code_of(await call.officer.put(item, 0, WEBM + b"x")) == (409, "chunk_differs")
    at_once = await asyncio.gather(*(call.officer.put(item, 1, SECOND) for _ in range(4)))
    assert [one.status_code for one in at_once] == [204] * 4
    either = await asyncio.gather(call.officer.put(item, 2, SECOND), call.officer.put(item, 2, THIRD))
    assert sorted(one.status_code for one in either) == [204, 409]
    assert code_of(await call.officer.complete(item, 2)) == (409, "expected_sequence")
    assert code_of(await call.officer.complete(item, 3, sha256="0" * 64)) == (422, "hash_differs")
    assert (await call.officer.complete(item, 3)).status_code == 200
    assert code_of(await call.officer.put(item, 3, SECOND)) == (409, "evidence_closed")
    assert code_of(await call.officer.complete(item, 4)) == (409, "evidence_closed")
    assert (len(call.stored), await call.rows("stored_objects")) == (3, 3)


@pytest.mark.parametrize("length", [600, 100])
async def test_a_program_that_calls_itself_a_picture_is_refused_and_nothing_of_it_kept(call: Call, length: int) -> None:
    """At the first chunk that shows it, or at completion when that is too short to tell."""
    item = await call.resident.begun("photo", "image/png", name="door.png")
    answer = await call.resident.put(item, 0, PROGRAM[:length])
    if length == 100:
        assert answer.status_code == 204
        answer = await call.resident.complete(item, 1)
    assert code_of(answer) == (422, "file_type_refused")
    assert await until(call.nothing_kept)
    shown = (await call.resident.read(item)).json()
    assert (shown["state"], shown["reason"], shown["name"]) == ("discarded", "file_type_refused", None)
    assert code_of(await call.resident.put(item, 0, photo())) == (409, "evidence_closed")
    assert code_of(await call.officer.read(item, "/content")) == (410, "erased")
    assert await call.names() == ["opened", "discarded"]


async def test_a_type_that_is_not_what_was_declared_is_refused(call: Call) -> None:
    item = await call.resident.begun("photo", "image/png")
    assert code_of(await call.resident.put(item, 0, photo())) == (422, "file_type_refused")
    wrong = await call.officer.begin("snapshot", "video/webm")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "media_type")
    assert (await call.officer.begin("selfie", "image/png")).status_code == 422


async def test_only_who_may_sends_only_what_they_may(call: Call) -> None:
    meeting = call.meeting
    assert code_of(await call.resident.begin("recording", "video/webm")) == (403, "not_your_session")
    other = call.by(call.system.as_(Role.OFFICER, subject=new_id()))
    assert code_of(await other.begin("photo", "image/jpeg")) == (403, "not_in_session")
    item = await call.officer.begun("photo", "image/jpeg")
    for refused in (await other.put(item, 0, photo()), await other.complete(item, 1), await other.read(item)):
        assert code_of(refused) == (403, "not_your_session")
    assert code_of(await other.read(item, "/content")) == (403, "not_your_session")
    assert code_of(await other.read(str(uuid4()))) == (403, "not_your_session")
    supervisor = call.by(call.system.as_(Role.SUPERVISOR))
    assert (await supervisor.read(item)).status_code == 200
    assert code_of(await supervisor.put(item, 0, photo())) == (403, "not_yours")
    assert code_of(await call.resident.put(item, 0, photo())) == (404, "no_such_evidence")
    assert code_of(await call.officer.read(str(uuid4()))) == (404, "no_such_evidence")
    elsewhere = await Call.arranged(call.system)
    foreign = elsewhere.officer
    assert code_of(await foreign.read(item)) == (404, "no_such_evidence")
    await meeting.post("end", {"reason": "completed"})
    assert code_of(await call.officer.begin("photo", "image/jpeg")) == (409, "session_ended")
    assert (await call.officer.put(item, 0, photo())).status_code == 204
    assert (await call.officer.complete(item, 1)).status_code == 200


async def test_an_interpreter_sends_photos_and_makes_no_snapshots(call: Call) -> None:
    interpreter = new_id()
    own = call.system.as_(Role.OFFICER, subject=interpreter)
    await call.meeting.post("participants", {"kind": "interpreter"}, own)
    sending = call.by(own)
    assert code_of(await sending.begin("photo", "image/jpeg")) == (403, "not_admitted")
    await call.meeting.post(f"participants/{interpreter}/admission")
    assert code_of(await sending.begin("snapshot", "image/png")) == (403, "not_your_session")
    sent = await call.by(call.system.as_(Role.OFFICER, subject=interpreter)).sent("photo", "image/jpeg", photo())
    assert sent["participant"] == "interpreter"


async def test_snapshots_and_recordings_need_consent_that_stands(video: System) -> None:
    call = await Call.arranged(video)
    for kind, media_type in (("snapshot", "image/png"), ("recording", "video/webm")):
        assert code_of(await call.officer.begin(kind, media_type)) == (409, "no_consent")
    await call.meeting.allow(call.joined, "view", "snapshot", "record")
    assert (await call.officer.sent("snapshot", "image/png", photo("PNG")))["state"] == "captured"
    await call.meeting.allow(call.joined, "view")
    assert code_of(await call.officer.begin("snapshot", "image/png")) == (409, "no_consent")


async def state_of(call: Call, item: str, state: str) -> dict[str, Any]:
    async def reached() -> dict[str, Any]:
        shown: dict[str, Any] = (await call.officer.read(item)).json()
        return shown if shown["state"] == state else {}

    return await until(reached)


async def test_a_recording_ends_with_its_consent_and_keeps_what_was_acknowledged(call: Call) -> None:
    item = await call.officer.begun("recording", "video/webm")
    assert (await call.meeting.read())["recording"] is True
    own = call.meeting.as_resident(call.joined)
    assert (await call.system["video"].get("/v1/call", headers=own)).json()["recording"] is True
    assert (await call.officer.put(item, 0, WEBM)).status_code == 204
    withdrawn = await call.meeting.allow(call.joined, "view", "snapshot")
    assert withdrawn.json()["recording"] is False
    assert code_of(await call.officer.put(item, 1, SECOND)) == (409, "consent_withdrawn")
    shown = await state_of(call, item, "captured")
    assert (shown["incomplete"], shown["sha256"], shown["reason"]) == (True, sha256(WEBM), "consent_withdrawn")
    assert code_of(await call.officer.complete(item, 1, sha256="0" * 64)) == (409, "consent_withdrawn")
    assert (await call.officer.read(item, "/content")).content == WEBM
    assert await call.names() == ["opened", "closed", "captured", "viewed"]


async def test_a_chunk_that_is_on_its_way_when_the_consent_ends_is_refused(call: Call) -> None:
    item = await call.officer.begun("recording", "video/webm")
    assert (await call.officer.put(item, 0, WEBM)).status_code == 204
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield SECOND
        begun.set()
        await go_on.wait()
        yield THIRD

    sending = asyncio.create_task(call.officer.put(item, 1, slow()))
    await begun.wait()
    await call.meeting.allow(call.joined, "view")
    go_on.set()
    assert code_of(await sending) == (409, "consent_withdrawn")
    assert (await state_of(call, item, "captured"))["size"] == len(WEBM)
    assert len(call.stored) == 1


async def test_a_resident_who_comes_back_is_not_recorded_unasked(call: Call) -> None:
    item = await call.officer.begun("recording", "video/webm")
    assert (await call.officer.put(item, 0, WEBM)).status_code == 204
    own = call.meeting.as_resident(call.joined)
    await call.system["video"].post("/v1/call/departure", headers=own)
    assert (await call.officer.put(item, 1, SECOND)).status_code == 204, "what was seen before is still on its way"
    await call.system["video"].post("/v1/call/return", headers=own)
    await call.meeting.admit(call.joined)
    assert code_of(await call.officer.put(item, 2, THIRD)) == (409, "consent_withdrawn")


async def test_a_new_recording_of_the_same_officer_replaces_the_one_before(call: Call) -> None:
    first = await call.officer.begun("recording", "video/webm")
    assert (await call.officer.put(first, 0, WEBM)).status_code == 204
    second = await call.officer.begun("recording", "video/webm")
    assert (await state_of(call, first, "captured"))["reason"] == "replaced"
    assert (await call.officer.put(second, 0, WEBM)).status_code == 204
    assert (await state_of(call, second, "open"))["next_sequence"] == 1


async def test_the_same_key_begins_one_item(call: Call) -> None:
    headers = call.meeting.as_officer()
    first = await call.officer.begin("photo", "image/jpeg", headers)
    second = await call.officer.begin("photo", "image/jpeg", headers)
    assert first.json()["id"] == second.json()["id"]
    assert await call.rows("evidence") == 1


async def test_an_item_that_nobody_completes_is_closed_with_what_was_acknowledged(call: Call) -> None:
    item, empty = await call.resident.begun("photo", "image/jpeg"), await call.resident.begun("photo", "image/jpeg")
    content = photo()
    assert (await call.resident.put(item, 0, content)).status_code == 204
    await call.meeting.post("end", {"reason": "completed"})
    async with call.system.runtime("video").engine.begin() as connection:
        moved = text(
            "update timers set due_at = due_at - interval '1 hour' where name like 'evidence/%' and stream = :one"
        )
        assert (await connection.execute(moved, {"one": f"session/{call.meeting.id}"})).rowcount == 2
    shown = await state_of(call, item, "captured")
    assert (shown["incomplete"], shown["reason"], shown["sha256"]) == (True, "abandoned", sha256(content))
    assert (await state_of(call, empty, "discarded"))["reason"] == "file_empty"


async def test_every_chunk_gives_an_item_more_time(call: Call) -> None:
    item = await call.resident.begun("photo", "image/jpeg")

    async def due() -> Any:
        async with call.system.runtime("video").reading() as connection:
            return (
                await connection.execute(text(f"select due_at from timers where name = 'evidence/{item}'"))
            ).scalar()

    before = await due()
    assert (await call.resident.put(item, 0, photo())).status_code == 204
    assert await due() > before
    assert (await call.resident.complete(item, 1)).status_code == 200
    assert await due() is None


@pytest.mark.parametrize("what", ["a byte on disk", "a missing object", "a chunk in another place", "another key"])
async def test_what_was_changed_behind_our_back_is_never_captured_nor_shown(call: Call, what: str) -> None:
    open_item = await call.officer.begun("recording", "video/webm")
    for sequence, chunk in enumerate((WEBM, SECOND)):
        assert (await call.officer.put(open_item, sequence, chunk)).status_code == 204
    async with call.system.runtime("video").engine.begin() as connection:
        if what == "a chunk in another place":
            for before, after in ((0, 5), (1, 0), (5, 1)):
                moved = update(evidence_chunks).where(evidence_chunks.c.evidence_id == UUID(open_item))
                await connection.execute(moved.where(evidence_chunks.c.sequence == before).values(sequence=after))
        if what == "another key":
            mine = update(evidence_files).where(evidence_files.c.evidence_id == UUID(open_item))
            await connection.execute(mine.values(wrapped_key=bytes(60)))
    path = call.stored[0]
    if what == "a byte on disk":
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(bytes(content))
    if what == "a missing object":
        path.unlink()
    refused = await call.officer.complete(open_item, 2)
    assert code_of(refused) in {(500, "evidence_damaged"), (503, "evidence_off")}
    assert await call.names() == ["opened"]
