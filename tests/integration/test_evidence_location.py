"""Where a resident was becomes an item of evidence, as chat does: whole, once, and never after an erasure."""

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

from tests.evidence import Call, code_of, sha256
from tests.integration.test_evidence_erasing import erase, states
from tests.integration.test_evidence_export import bag_of, faults_of, verified
from tests.system import Servers, System, until
from vpr_events.contracts.session import SessionEvidenceCaptured
from vpr_events.tables import effects
from vpr_video.evidence.documents import DOCUMENTING
from vpr_video.tables import positions

pytestmark = pytest.mark.asyncio(loop_scope="module")

HERE = {"latitude": 49.8951, "longitude": -97.1384, "accuracy": 12.5}
THERE = {"latitude": 49.9, "longitude": -97.2, "accuracy": 5.0}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone, for all these tests."""
    async with System.started(servers, ["video"]) as running:
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
    answer = await call.system["video"].put("/v1/call/location", json=body, headers=call.resident.headers)
    assert answer.status_code == 204, answer.text


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
    assert code_of(await secure(call)) == (409, "nothing_told")
    assert [(one["id"], one["state"]) for one in await at_the_end(call)] == [(item, "erased")]
