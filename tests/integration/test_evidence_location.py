"""What was told in a call, places and words, becomes an item of evidence: whole, once, and never after an erasure."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from sqlalchemy import select

from tests.evidence import Call, code_of, held, sha256, verified, wait_for_locks
from tests.integration.test_evidence_erasing import erase, seat_of, states
from tests.integration.test_evidence_export import bag_of, faults_of
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.session import SessionEvidenceCaptured
from vpr_events.decider import Refused
from vpr_events.event import new_id, stream_name
from vpr_events.tables import effects
from vpr_video import queries
from vpr_video.evidence.documents import DOCUMENTING
from vpr_video.signalling import record
from vpr_video.signalling.messages import Chat
from vpr_video.tables import positions

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = {"latitude": 49.8951, "longitude": -97.1384, "accuracy": 12.5}
THERE = {"latitude": 49.9, "longitude": -97.2, "accuracy": 5.0}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone, which keeps three positions of a session, for all these tests."""
    async with System.started(servers, ["video"], positions_most=3) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def call(video: System) -> Call:
    """A call whose resident allows to be located."""
    return await Call.arranged(video, "location")


async def tell(call: Call, place: Mapping[str, float], seconds: float) -> str:
    """Tell a place, measured so many seconds from now by the phone's clock: that time. 204 is asserted."""
    at = (call.system.runtime("video").now() + timedelta(seconds=seconds)).isoformat()
    await _told(call, {**place, "at": at})
    return at


async def _told(call: Call, body: Mapping[str, Any]) -> None:
    answer = await _asked(call, body)
    assert answer.status_code == 204, answer.text


async def _asked(call: Call, body: Mapping[str, Any]) -> httpx.Response:
    return await call.system["video"].put("/v1/call/location", json=body, headers=call.resident.headers)


async def shown(call: Call) -> float:
    """The latitude that the officer sees."""
    async with call.system.runtime("video").reading() as connection:
        people = await queries.people_of(connection, call.meeting.id)
    [place] = [one["latitude"] for one in people if one["kind"] == "resident"]
    return float(place)


async def secure(call: Call) -> httpx.Response:
    path = f"{call.officer.path}/location"
    return await call.officer.client.post(path, headers=call.meeting.as_officer())


async def content_of(call: Call, item: str) -> Any:
    answer = await call.officer.read(item, "/content")
    assert answer.status_code == 200
    return orjson.loads(answer.content)


def points(document: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Longitude, latitude, accuracy of every position, in their order."""
    shown = [(one["geometry"]["coordinates"], one["properties"]["accuracy_metres"]) for one in document["features"]]
    return [(*coordinates, accuracy) for coordinates, accuracy in shown]


def same(first: str, second: str) -> bool:
    return first.removesuffix("Z") == second.removesuffix("+00:00")


async def at_the_end(call: Call) -> list[dict[str, Any]]:
    """End the session: its items once all that its end makes is done."""
    await call.meeting.post("end", {"reason": "completed"})

    async def done() -> bool:
        async with call.system.runtime("video").reading() as connection:
            waiting = select(effects.c.id).where(
                effects.c.kind == DOCUMENTING, effects.c.correlation_id == call.meeting.report
            )
            return not (await connection.execute(waiting)).all()

    await until(done)
    answer = await call.officer.client.get(call.officer.path, headers=call.meeting.as_officer())
    found: list[dict[str, Any]] = answer.json()
    return found


async def test_all_positions_that_were_told_become_one_item_at_the_end(call: Call) -> None:
    late, early = await tell(call, THERE, 3600), await tell(call, HERE, -20)
    await _told(call, {**HERE, "at": early})
    [item] = await at_the_end(call)
    assert (item["kind"], item["media_type"], item["state"]) == ("location", "application/json", "captured")
    assert "the resident's device reported" in item["described_as"]["en"]
    assert "personne n’a vérifié" in item["described_as"]["fr"]  # noqa: RUF001 - our apostrophe
    document = await content_of(call, item["id"])
    assert (document["type"], document["document"], len(document["features"])) == ("FeatureCollection", "location", 2)
    assert document["session_id"] == str(call.meeting.id)
    assert points(document) == [(-97.2, 49.9, 5.0), (-97.1384, 49.8951, 12.5)], "in the order in which they came"
    properties = [one["properties"] for one in document["features"]]
    assert [same(one["measured_at"], told) for one, told in zip(properties, (late, early), strict=True)] == [True] * 2
    assert [one["received_at"] for one in properties] == sorted(one["received_at"] for one in properties)
    resident = call.joined.json()["participant_id"]
    assert {one["participant_id"] for one in properties} == {resident}
    bodies = [event.body.decode() for event in await call.meeting.events()]
    assert not any("49.8951" in body or "-97.2" in body for body in bodies), "an event tells no place"


async def test_it_is_handed_over_and_checked_as_any_other(call: Call, tmp_path: Path) -> None:
    await tell(call, HERE, 0)
    [item] = await at_the_end(call)
    bag = await bag_of(call, tmp_path)
    assert verified(bag) == (0, "whole: every file, the custody log and every item agree\n")
    [told] = json.loads((bag / "data" / "items.json").read_text())["items"]
    assert (told["kind"], sha256((bag / told["path"]).read_bytes())) == ("location", item["sha256"])
    assert await faults_of(call) == []
    custody = (await call.officer.read(item["id"], "/custody")).json()
    assert [one["deed"] for one in custody] == ["captured", "exported"]
    [path] = call.stored
    assert str(HERE["latitude"]).encode() not in path.read_bytes(), "it lies there encrypted"


async def test_an_officer_has_it_at_once_and_only_where_something_was_told(call: Call) -> None:
    assert code_of(await secure(call)) == (409, "nothing_told")
    assert await at_the_end(call) == []
    other = await Call.arranged(call.system, "location")
    await tell(other, HERE, 0)
    await other.meeting.allow(other.joined, "view")
    refused = await call.system["video"].put(
        "/v1/call/location",
        json=THERE | {"at": call.system.runtime("video").now().isoformat()},
        headers=other.resident.headers,
    )
    assert code_of(refused) == (409, "location_not_allowed")
    secured = await secure(other)
    assert secured.status_code == 201, secured.text
    assert points(await content_of(other, secured.json()["id"])) == [(-97.1384, 49.8951, 12.5)], "as it was allowed"
    [event] = [one.data for one in await other.meeting.events() if isinstance(one.data, SessionEvidenceCaptured)]
    assert event.participant_id == other.meeting.officer


async def test_so_many_are_kept_the_newest_is_shown_all_the_same_and_a_flood_is_refused(call: Call) -> None:
    first = HERE | {"at": await tell(call, HERE, -60)}
    for seconds in (-50, -40):
        await tell(call, HERE, seconds)
    place, answer = 50.0, await _asked(call, HERE | {"latitude": 50.0, "at": _now(call)})
    assert (answer.status_code, answer.json()) == (200, {"kept": False, "most": 3})
    assert await shown(call) == place
    await _told(call, first)

    async def refused() -> bool:
        nonlocal place, answer
        answer = await _asked(call, HERE | {"latitude": place + 0.01, "at": _now(call)})
        place += 0.01 if answer.status_code == 200 else 0
        return answer.status_code != 200

    await until(refused)
    assert code_of(answer) == (429, "too_many_tries")
    assert 1 <= int(answer.headers["Retry-After"]) <= 10
    assert await shown(call) == place, "the last that was not refused"
    [item] = await at_the_end(call)
    document = await content_of(call, item["id"])
    assert (len(document["features"]), document["limit_reached"]) == (3, True)


async def test_of_so_many_lines_no_more_are_taken(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MOST_TOLD", 1)
    assert await write(call, "Good day.")
    with pytest.raises(Refused) as refused:
        await write(call, "Good day again.")
    assert refused.value.code == "chat_full"


def _now(call: Call) -> str:
    return call.system.runtime("video").now().isoformat()


async def told_of(call: Call) -> int:
    async with call.system.runtime("video").reading() as connection:
        mine = select(positions.c.measured_at).where(positions.c.report_id == call.meeting.report)
        return len((await connection.execute(mine)).all())


async def test_an_erasure_takes_it_and_none_is_made_afterwards(call: Call) -> None:
    await tell(call, HERE, 0)
    item = (await secure(call)).json()["id"]
    await erase(call)
    assert await told_of(call) == 0

    async def gone() -> bool:
        return await states(call) == {item: ("erased", None, None)} and not call.stored

    await until(gone)
    assert code_of(await secure(call)) == (409, "erased")
    assert [(one["id"], one["state"]) for one in await at_the_end(call)] == [(item, "erased")]


async def write(call: Call, words: str) -> dict[str, object] | None:
    return await record.keep(
        Chat(type="chat", id=new_id(), text=words), await seat_of(call), call.system.runtime("video")
    )


async def words_at_the_end(call: Call) -> list[str]:
    [item] = await at_the_end(call)
    return [one["text"] for one in (await content_of(call, item["id"]))["messages"]]


async def test_a_line_that_is_being_stored_comes_before_the_end_and_is_in_its_document(call: Call) -> None:
    assert await write(call, "Good day.")
    async with held(call, f"erasure/{call.meeting.report}"):
        writing = asyncio.create_task(write(call, "One thing more."))
        await wait_for_locks(call, 1, writing)
        ending = asyncio.create_task(call.meeting.post("end", {"reason": "completed"}))
        await wait_for_locks(call, 2, ending)
    assert await writing
    assert (await ending).status_code == 200
    assert await words_at_the_end(call) == ["Good day.", "One thing more."]


async def test_a_line_that_comes_with_the_end_is_refused_and_in_no_document(call: Call) -> None:
    assert await write(call, "Good day.")
    async with held(call, stream_name("session", call.meeting.id)):
        ending = asyncio.create_task(call.meeting.post("end", {"reason": "completed"}))
        await wait_for_locks(call, 1, ending)
        writing = asyncio.create_task(write(call, "Too late."))
        await wait_for_locks(call, 2, writing)
    with pytest.raises(Refused) as refused:
        await writing
    assert refused.value.code == "session_ended"
    assert await words_at_the_end(call) == ["Good day."]
