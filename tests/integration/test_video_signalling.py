"""Signalling with a plain WebSocket client: who hears whom, and what breaks nothing but its sender."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.test_video_life import Meeting
from tests.integration.test_video_people import tell
from tests.sockets import PROTOCOL, Caller, calling, listening
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.case import CaseReleased, ReleaseReason
from vpr_events.contracts.values import Role
from vpr_service.cookies import COOKIE as STAFF_COOKIE
from vpr_service.cookies import csrf_token
from vpr_video.signalling.hub import hub_of
from vpr_video.signalling.lines import BURST, RATE
from vpr_video.tables import chat

OFFER = {"type": "offer", "sdp": "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\n"}


@dataclass
class Call:
    """A meeting of two whom the officer let in, and how to reach it."""

    meeting: Meeting
    url: str
    officer: dict[str, str]
    resident: dict[str, str]
    resident_id: str
    stack: AsyncExitStack

    @property
    def officer_id(self) -> str:
        return str(self.meeting.officer)

    async def as_officer(self, url: str = "") -> Caller:
        path = f"{url or self.url}/v1/sessions/{self.meeting.id}/socket"
        return await self.stack.enter_async_context(calling(path, self.officer))

    async def as_resident(self, url: str = "") -> Caller:
        return await self.stack.enter_async_context(calling(f"{url or self.url}/v1/call/socket", self.resident))

    async def both(self) -> tuple[Caller, Caller]:
        """Officer and resident, who see each other online."""
        officer, resident = await self.as_officer(), await self.as_resident()
        await officer.sees(both_online)
        await resident.sees(both_online)
        return officer, resident


def both_online(view: dict[str, Any]) -> bool:
    return {one["kind"] for one in view["people"] if one["online"]} == {"officer", "resident"}


async def arranged(video: System, url: str, stack: AsyncExitStack) -> Call:
    meeting = await Meeting.arranged(video)
    joined = await meeting.both_in()
    return Call(meeting, url, meeting.as_officer(), meeting.as_resident(joined), joined.json()["participant_id"], stack)


@pytest.fixture
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone; who is gone for a quarter of a second counts as interrupted."""
    async with System.started(servers, ["video"], drop_after=0.25) as running:
        yield running


@pytest.fixture
async def call(video: System) -> AsyncIterator[Call]:
    async with listening(video.apps["video"]) as url, AsyncExitStack() as stack:
        yield await arranged(video, url, stack)


async def test_offer_answer_and_candidates_reach_the_other_and_nobody_else(call: Call) -> None:
    officer, resident = await call.both()
    await officer.say(type="description", to=call.resident_id, description=OFFER)
    heard = await resident.hears_of("description")
    assert (heard["description"], heard["from"]) == (OFFER, call.officer_id)
    candidate = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}
    await resident.say(type="candidate", to=call.officer_id, candidate=candidate)
    await resident.say(type="candidate", to=call.officer_id, candidate=None)
    assert (await officer.hears_of("candidate"))["candidate"] == candidate
    assert (await officer.hears_of("candidate"))["candidate"] is None
    await officer.answered()
    assert not [one for one in officer.told if one["type"] == "description"], "one's own is not heard"


async def test_state_and_wishes_pass(call: Call) -> None:
    officer, resident = await call.both()
    await resident.say(type="state", audio=True, video=True, facing="user", cameras=2, torch=False)
    assert (await officer.hears_of("state"))["cameras"] == 2
    await officer.say(type="request", what="rear_camera")
    assert (await resident.hears_of("request"))["what"] == "rear_camera"


async def test_from_the_waiting_room_nothing_passes_and_only_officers_are_seen(call: Call) -> None:
    meeting = call.meeting
    joined = await meeting.join(await meeting.token())
    officer, resident = await call.both()
    path = f"{call.url}/v1/call/socket"
    async with calling(path, meeting.as_resident(joined)) as waiting:
        view = await waiting.sees(lambda view: not view["you"]["admitted"])
        assert {one["kind"] for one in view["people"]} == {"officer", "resident"}
        assert len(view["people"]) == 2, "the other resident is not told of"
        early = str(uuid4())
        await waiting.say(type="chat", id=early, text="Hello?")
        assert await waiting.hears_of("error") == {"type": "error", "code": "not_admitted", "id": early}
        await officer.say(type="chat", id=str(uuid4()), text="Good day.")
        await resident.hears_of("chat")
        await waiting.answered()
        assert not [one for one in waiting.told if one["type"] in {"chat", "history"}]
        await meeting.admit(joined)
        await waiting.sees(lambda view: bool(view["you"]["admitted"]))
        assert [one["text"] for one in (await waiting.hears_of("history"))["messages"]] == ["Good day."]


async def test_what_is_written_is_kept_once_and_told_to_who_comes_back(call: Call, video: System) -> None:
    officer, resident = await call.both()
    first = str(uuid4())
    for _ in range(2):
        await resident.say(type="chat", id=first, text="  The lock is broken. ")
    assert (await officer.hears_of("chat", kind="resident"))["text"] == "The lock is broken."
    written = await resident.hears_of("chat", id=first)
    repeated = await resident.hears_of("history")
    assert [one["id"] for one in repeated["messages"]] == [written["id"]], "a repetition is answered too"
    await officer.say(type="chat", id=str(uuid4()), text="Please show me the door.")
    assert (await resident.hears_of("chat", kind="officer"))["text"] == "Please show me the door."
    async with video.runtime("video").reading() as connection:
        rows = (await connection.execute(select(chat).order_by(chat.c.at))).mappings().all()
    assert [(row["kind"], row["text"]) for row in rows] == [
        ("resident", "The lock is broken."),
        ("officer", "Please show me the door."),
    ]
    assert {row["report_id"] for row in rows} == {call.meeting.report}
    again = await call.as_resident()
    assert len((await again.hears_of("history"))["messages"]) == 2


async def test_connected_is_what_the_officers_page_says_and_a_lost_resident_interrupts(call: Call) -> None:
    officer, resident = await call.both()
    await resident.say(type="media", state="connected", mode="video")
    await resident.answered()
    assert (await call.meeting.read())["status"] == "joined"
    await officer.say(type="media", state="connected", mode="video")
    await officer.sees(lambda view: view["status"] == "connected")
    await resident.connection.close()
    await officer.sees(lambda view: view["status"] == "interrupted")
    await call.as_resident()
    await officer.say(type="media", state="connected", mode="video")
    await officer.sees(lambda view: view["status"] == "connected")
    assert (await call.meeting.names())[-3:] == ["connected", "interrupted", "resumed"]


async def test_who_comes_back_in_time_interrupted_nothing(
    call: Call, video: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, back_in_time = hub_of(video.runtime("video")), asyncio.Event()
    missed = hub.missed

    async def missed_late(session: UUID, who: UUID) -> None:
        await back_in_time.wait()
        await missed(session, who)

    async def nobody_is_waited_for() -> bool:
        return not hub._running

    monkeypatch.setattr(hub, "missed", missed_late)
    officer, resident = await call.both()
    await officer.say(type="media", state="connected", mode="video")
    await officer.sees(lambda view: view["status"] == "connected")
    back = await call.as_resident()
    assert (await resident.end())[0] == 4409
    await back.sees(both_online)
    await back.connection.close()
    await officer.sees(lambda view: not both_online(view))
    await call.as_resident()
    await officer.sees(both_online)
    back_in_time.set()
    await until(nobody_is_waited_for)
    assert "interrupted" not in await call.meeting.names()


async def test_changes_by_events_reach_everyone_in_the_call(call: Call) -> None:
    officer, resident = await call.both()
    await officer.say(type="media", state="connected", mode="video")
    await resident.sees(lambda view: view["mode"] == "video")
    await officer.say(type="mode", mode="chat")
    await resident.sees(lambda view: view["mode"] == "chat")
    await resident.say(type="mode", mode="upload")
    await officer.sees(lambda view: view["mode"] == "upload")
    await call.meeting.post("end", {"reason": "completed"})
    assert (await resident.sees(lambda view: view["status"] == "ended"))["end_reason"] == "completed"
    assert (await resident.end())[0] == (await officer.end())[0] == 4410


async def test_an_officer_who_no_longer_holds_the_case_is_hung_up_on(call: Call) -> None:
    officer, resident = await call.both()
    await tell(call.meeting, 9, CaseReleased(officer_id=call.meeting.officer, reason=ReleaseReason.RELEASED))
    assert await officer.end() == (4403, "not_your_session")
    await resident.sees(lambda view: not both_online(view))


async def test_who_is_shown_out_is_hung_up_on(call: Call, video: System) -> None:
    _, resident = await call.both()
    path = f"{call.meeting.url}/participants/{call.resident_id}"
    await video["video"].delete(path, headers=call.meeting.as_officer())
    assert (await resident.end())[0] == 4411


ABUSE: dict[str, tuple[Any, int]] = {
    "no json": ("hello", 4400),
    "no type": ("{}", 4400),
    "unknown type": (json.dumps({"type": "launch"}), 4400),
    "unknown field": (json.dumps({"type": "ping", "more": 1}), 4400),
    "a list": ("[]", 4400),
    "deeply nested": ("[" * 30_000, 4400),
    "no recipient": (json.dumps({"type": "description", "description": OFFER}), 4400),
    "a NUL": (json.dumps({"type": "chat", "id": str(UUID(int=1)), "text": "a\0b"}), 4400),
    "a long text": (json.dumps({"type": "chat", "id": str(UUID(int=1)), "text": "a" * 2001}), 4400),
    "a candidate of two lines": (
        json.dumps({"type": "candidate", "to": str(UUID(int=1)), "candidate": {"candidate": "a\r\nb"}}), 4400,
    ),
    "a large message": (json.dumps({"type": "chat", "id": str(UUID(int=1)), "text": "a" * 70_000}), 1009),
    "an SDP of 1 MB": (
        json.dumps({"type": "description", "to": str(UUID(int=1)), "description": {**OFFER, "sdp": "a" * 1_048_576}}),
        1009,
    ),
    "binary": (b"\x00\x01", 1003),
}  # fmt: skip


@pytest.mark.parametrize("kind", ABUSE)
async def test_abuse_ends_its_own_connection_with_a_reason_and_harms_nobody(call: Call, kind: str) -> None:
    officer, resident = await call.both()
    sent, code = ABUSE[kind]
    await resident.connection.send(sent)
    ended, reason = await resident.end()
    assert ended == code
    assert reason
    back = await call.as_resident()
    await back.hears_of("session")
    await officer.say(type="request", what="unmute")
    await back.hears_of("request")


async def test_a_flood_is_cut_off_and_the_others_go_on(call: Call) -> None:
    officer, resident = await call.both()
    ping = json.dumps({"type": "state"})
    begun = asyncio.get_running_loop().time()
    with suppress(ConnectionClosed):  # under our hands, as it should be
        for _ in range(2000):
            await resident.connection.send(ping)
    assert (await resident.end())[0] == 4429
    passed = asyncio.get_running_loop().time() - begun
    await officer.answered()
    assert len([one for one in officer.told if one["type"] == "state"]) <= BURST + RATE * passed + 1


async def status_for(url: str, headers: dict[str, str], protocol: str = PROTOCOL) -> int:
    """The status with which a handshake is answered; 101 for one that leads to the session."""
    parts = urlsplit(url)
    to = {"host": parts.hostname, "port": parts.port}
    named = urlunsplit(parts._replace(netloc=headers.get("Host", parts.netloc)))
    sent = {name: value for name, value in headers.items() if name != "Host"}
    try:
        async with calling(named, sent, protocol, **to) as caller:
            await caller.hears_of("session")
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


async def test_who_may_connect(call: Call, video: System) -> None:
    staff, own = f"{call.url}/v1/sessions/{call.meeting.id}/socket", f"{call.url}/v1/call/socket"
    token = video.servers.issuer.token([Role.OFFICER], subject=call.meeting.officer)
    guarded = f"{staff}?csrf_token={csrf_token(token)}"
    cookie = {"Cookie": f"{STAFF_COOKIE}={token}", "Host": "localhost:8001"}
    credential = call.resident["Authorization"].partition(" ")[2]
    resident = {"Cookie": f"__Host-vpr_participant={credential}", "Host": "localhost:8000"}
    public, ours, evil = ({"Origin": f"http://{one}"} for one in ("localhost:8000", "localhost:8001", "evil.test"))
    expected: list[tuple[str, dict[str, str], int]] = [
        (own, {}, 401),
        (own, {"Authorization": "Participant guess"}, 401),
        (own, resident, 403),
        (own, resident | evil, 403),
        (own, resident | public | {"Host": "localhost:8001"}, 401),
        (own, resident | public, 101),
        (staff, {}, 401),
        (staff, video.as_(Role.OFFICER), 403),
        (staff, video.as_(Role.DISPATCHER), 403),
        (staff, cookie, 403),
        (staff, cookie | ours, 403),
        (guarded, cookie | evil, 403),
        (guarded, cookie | public, 403),
        (guarded, cookie | ours, 101),
    ]
    for url, headers, status in expected:
        assert await status_for(url, headers) == status, (url, headers)
    assert await status_for(own, call.resident, "vpr.call.99") == 400


async def test_participants_on_two_replicas_meet(video: System, servers: Servers) -> None:
    url = str(video.runtime("video").engine.url.render_as_string(hide_password=False))
    first = video.apps["video"]
    async with video.service("video", url) as second, AsyncExitStack() as stack:
        here = await stack.enter_async_context(listening(first))
        there = await stack.enter_async_context(listening(second))
        call = await arranged(video, here, stack)
        await both_listen(call, here, there)
        officer, resident = await call.as_officer(here), await call.as_resident(there)
        await officer.sees(both_online)
        await resident.sees(both_online)
        await officer.say(type="description", to=call.resident_id, description=OFFER)
        assert (await resident.hears_of("description"))["from"] == call.officer_id
        await resident.say(type="chat", id=str(uuid4()), text="I hear you.")
        assert (await officer.hears_of("chat"))["text"] == "I hear you."
        elsewhere = await call.as_resident(here)
        assert (await resident.end())[0] == 4409, "the newer connection counts, wherever it is"
        await elsewhere.sees(both_online)
        await elsewhere.connection.close()
        await officer.sees(lambda view: not both_online(view))


async def test_with_the_policy_relay_no_other_address_passes(servers: Servers) -> None:
    turn: dict[str, Any] = {"turn_urls": ("turn:turn.example",), "turn_secret": "north", "ice_policy": "relay"}
    async with (
        System.started(servers, ["video"], **turn) as video,
        listening(video.apps["video"]) as url,
        AsyncExitStack() as stack,
    ):
        call = await arranged(video, url, stack)
        officer, resident = await call.both()
        for kind in ("host", "srflx raddr 192.0.2.7 rport 9", "relay raddr 192.0.2.7 rport 9"):
            candidate = {"candidate": f"candidate:1 1 udp 1 203.0.113.9 9 typ {kind}"}
            await resident.say(type="candidate", to=call.officer_id, candidate=candidate)
        heard = await officer.hears_of("candidate")
        assert heard["candidate"]["candidate"].endswith(" typ relay raddr 0.0.0.0 rport 0")
        sdp = "v=0\r\nc=IN IP4 192.0.2.7\r\na=candidate:1 1 udp 1 192.0.2.7 9 typ host\r\n"
        await resident.say(type="description", to=call.officer_id, description={"type": "offer", "sdp": sdp})
        assert "192.0.2.7" not in (await officer.hears_of("description"))["description"]["sdp"]


async def both_listen(call: Call, here: str, there: str) -> None:
    """Both replicas hear each other: a session's view at one tells of who is at the other."""

    async def met() -> bool:
        async with (
            calling(f"{here}/v1/sessions/{call.meeting.id}/socket", call.officer) as officer,
            calling(f"{there}/v1/call/socket", call.resident),
        ):
            try:
                async with asyncio.timeout(10):
                    await officer.sees(both_online)
            except TimeoutError:
                return False
            return True

    await until(met)
