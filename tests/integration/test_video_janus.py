"""The service between plain participants and a real Janus: who may use it, and what is said when it is away."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.evidence import code_of
from tests.integration.test_video_signalling import Call, arranged
from tests.janus import SECRET, MediaServer, media_server
from tests.sockets import calling, listening
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.session import SessionEvidenceClosed
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_video.media.janus import Janus
from vpr_video.media.rooms import Room, remove_empty_rooms

FINGERPRINT = ":".join(["AB"] * 32)
SDP = "\r\n".join([
    "v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=msid-semantic: WMS",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", "a=ice-ufrag:abcd",
    "a=ice-pwd:abcdefghijklmnopqrstuvwx", "a=ice-options:trickle", f"a=fingerprint:sha-256 {FINGERPRINT}",
    "a=setup:actpass", "a=mid:0", "a=sendonly", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2", "a=ssrc:1 cname:a", "",
])  # fmt: skip
OFFER = {"type": "offer", "sdp": SDP}


@pytest.fixture(scope="module")
def janus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaServer]:
    with media_server(tmp_path_factory.mktemp("janus")) as running:
        yield running


@pytest.fixture
async def video(servers: Servers, janus: MediaServer) -> AsyncIterator[System]:
    """Video alone, every call of which goes through Janus."""
    options: dict[str, Any] = {
        "media": "janus",
        "janus_url": janus.environment["VIDEO_JANUS_URL"],
        "janus_secret": SECRET,
    }
    async with System.started(servers, ["video"], **options) as running:
        yield running


@pytest.fixture
async def call(video: System) -> AsyncIterator[Call]:
    async with listening(video.apps["video"]) as url, AsyncExitStack() as stack:
        yield await arranged(video, url, stack)


def through(way: str) -> Any:
    return lambda view: view["media"] == way


async def feeds(janus: MediaServer, call: Call) -> int:
    """How many feeds Janus has in the call's room."""
    own = Janus(janus.environment["VIDEO_JANUS_URL"], SECRET)
    async with own.connected():
        handle = await own.attach()
        told = await own.message(handle, {"request": "exists", "room": call.meeting.id.hex})
        if not told["plugindata"]["data"]["exists"]:
            return 0
        asked = {"request": "listparticipants", "room": call.meeting.id.hex}
        return len((await own.message(handle, asked))["plugindata"]["data"]["participants"])


async def test_an_offer_is_answered_by_janus_and_whoever_is_shown_out_is_in_no_room(
    call: Call, video: System, janus: MediaServer
) -> None:
    resident = await call.as_resident()
    await resident.sees(through("server"))
    leg = str(uuid4())
    await resident.say(type="server_ready", legs=[leg])
    assert (await resident.hears_of("server_gone"))["leg"] == leg
    await resident.say(type="server_description", leg=leg, description=OFFER)
    told = await resident.hears_of("server_description")
    assert (told["leg"], told["description"]["type"], told["from"]) == (leg, "answer", call.resident_id)
    candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
    await resident.say(type="server_candidate", leg=leg, candidate=candidate)
    await resident.say(type="server_candidate", leg=leg, candidate=None)
    await resident.say(type="server_ready", legs=[leg])
    await resident.answered()
    assert await feeds(janus, call) == 1
    assert not [one for one in resident.told if one["type"] == "error"]
    await video["video"].delete(
        f"{call.meeting.url}/participants/{call.resident_id}", headers=call.meeting.as_officer()
    )
    assert (await resident.end())[0] == 4411

    async def nobody() -> bool:
        return await feeds(janus, call) == 0

    await until(nobody)


async def test_whoever_opens_the_call_anew_takes_the_place_of_the_page_before(call: Call, janus: MediaServer) -> None:
    first = await call.as_resident()
    await first.sees(through("server"))
    await first.say(type="server_description", leg=str(uuid4()), description=OFFER)
    await first.hears_of("server_description")
    again = await call.as_resident()
    await again.sees(through("server"))
    await again.say(type="server_ready", legs=[])
    await again.hears_of("server_gone")

    async def nobody() -> bool:
        return await feeds(janus, call) == 0

    await until(nobody)


async def test_what_janus_cannot_take_is_told_in_words_and_breaks_nothing(call: Call) -> None:
    resident = await call.as_resident()
    await resident.sees(through("server"))
    for sdp in ("", "v=0", SDP.replace("a=fingerprint", "a=fingertip"), "\U0001f4a5" * 1000):
        wrong = {"type": "offer", "sdp": sdp}
        await resident.say(type="server_description", leg=str(uuid4()), description=wrong)
        assert (await resident.hears_of("error"))["code"] == "media_server_refused"
    await resident.say(type="server_description", leg=str(uuid4()), description={"type": "answer", "sdp": SDP})
    await resident.say(type="server_candidate", leg=str(uuid4()), candidate=None)
    leg = str(uuid4())
    await resident.say(type="server_description", leg=leg, description=OFFER)
    assert (await resident.hears_of("server_description"))["leg"] == leg


async def test_from_the_waiting_room_nothing_reaches_janus(call: Call, janus: MediaServer) -> None:
    joined = await call.meeting.join(await call.meeting.token())
    async with calling(f"{call.url}/v1/call/socket", call.meeting.as_resident(joined)) as waiting:
        await waiting.say(type="server_description", leg=str(uuid4()), description=OFFER)
        assert (await waiting.hears_of("error"))["code"] == "not_admitted"
    assert await feeds(janus, call) == 0


async def test_while_janus_is_away_everybody_is_told_and_again_when_it_is_back(call: Call, janus: MediaServer) -> None:
    resident = await call.as_resident()
    before = (await resident.sees(through("server")))["media_run"]
    janus.kill()
    await resident.sees(through("away"))
    await resident.say(type="server_description", leg=str(uuid4()), description=OFFER)
    assert (await resident.hears_of("error"))["code"] == "media_server_away"
    janus.start()
    assert (await resident.sees(through("server")))["media_run"] != before
    await resident.say(type="server_description", leg=str(uuid4()), description=OFFER)
    await resident.hears_of("server_description")


async def allow(call: Call, *scopes: str) -> None:
    await call.meeting.system["video"].put("/v1/call/consents", json={"scopes": scopes}, headers=call.resident)


async def record(call: Call) -> httpx.Response:
    """Have the call recorded by Janus."""
    body = {"kind": "recording", "media_type": "video/webm", "method": "media_server"}
    return await call.meeting.post("evidence", body)


async def test_without_a_folder_janus_records_nothing(call: Call) -> None:
    await allow(call, "view", "record")
    officer = await call.as_officer()
    await officer.sees(lambda view: (view["media"], view["records"]) == ("server", "page"))
    assert code_of(await record(call)) == (503, "recording_off")


async def test_a_recording_ends_when_the_call_goes_from_browser_to_browser_again(
    servers: Servers, janus: MediaServer, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"media": "auto", "janus_url": janus.environment["VIDEO_JANUS_URL"]}
    options |= {"janus_secret": SECRET, "janus_recordings": tmp_path, "drop_after": 0.25}
    async with (
        System.started(servers, ["video"], **options) as system,
        listening(system.apps["video"]) as url,
        AsyncExitStack() as stack,
    ):
        call = await arranged(system, url, stack)
        await allow(call, "view", "record")
        officer = await call.as_officer()
        await officer.sees(lambda view: view["records"] == "page")
        assert code_of(await record(call)) == (409, "not_through_media_server")
        third, who = system.as_(Role.SUPERVISOR, subject=(own := new_id())), f"participants/{own}"
        assert (await call.meeting.post("participants", {"kind": "interpreter"}, third)).status_code == 200
        assert (await call.meeting.post(f"{who}/admission")).status_code == 200
        await officer.sees(lambda view: view["records"] == "media_server")
        item = (await record(call)).json()["id"]
        await officer.sees(lambda view: view["served_recording"] == item)
        await system["video"].delete(f"{call.meeting.url}/{who}", headers=call.meeting.as_officer())
        await officer.sees(lambda view: view["served_recording"] is None)
        [reason] = [
            one.data.reason for one in await call.meeting.events() if isinstance(one.data, SessionEvidenceClosed)
        ]
        assert reason == "media_server_away"


async def test_rooms_that_nobody_is_in_are_removed(janus: MediaServer) -> None:
    """There is no service: it would remove them too."""
    own, session = Janus(janus.environment["VIDEO_JANUS_URL"], SECRET), uuid4()
    async with own.connected():
        handle = await own.attach()
        await Room(own, session).made(handle)
        listing = {"request": "list", "admin_key": SECRET}
        rooms = (await own.message(handle, listing))["plugindata"]["data"]["list"]
        assert session.hex in {one["room"] for one in rooms}
        await remove_empty_rooms(own, handle)
        rooms = (await own.message(handle, listing))["plugindata"]["data"]["list"]
        assert session.hex not in {one["room"] for one in rooms}


def test_janus_listens_on_the_loopback_alone_and_takes_nothing_without_the_secret(janus: MediaServer) -> None:
    [folder] = sorted(janus.folder.glob("vpr-janus.*"))[-1:]
    assert "127.0.0.1" in (folder / "listen.jcfg").read_text()
    assert SECRET in (folder / "secret.jcfg").read_text()
    assert not re.search(SECRET, janus.log.read_text())
    for file in Path(folder).iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
