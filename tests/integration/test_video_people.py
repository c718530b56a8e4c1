"""Who is in a session and who acts on it: holders, the waiting room, third participants, credentials."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from tests.examples import NOON, minutes, recorded
from tests.integration.test_video_life import Meeting
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.case import CaseClaimed, CaseReleased, ReleaseReason
from vpr_events.contracts.report import ErasureBasis, ReportPersonalDataErased
from vpr_events.contracts.values import Role
from vpr_events.event import Event, new_id
from vpr_video.tables import chat, credentials

ORIGIN = "http://localhost:8000"


@pytest.fixture
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone, with a TURN server that nobody asks."""
    turn: dict[str, Any] = {
        "turn_urls": ("stun:turn.example:3478", "turns:turn.example:443?transport=tcp"),
        "turn_secret": "north",
    }
    async with System.started(servers, ["video"], **turn) as running:
        yield running


async def tell(meeting: Meeting, version: int, event: Event) -> None:
    """Triage tells something of the case, under this version."""
    told = recorded(event, entity=meeting.case, report=meeting.report, at=NOON + minutes(version))
    object.__setattr__(told, "version", version)
    await meeting.system.servers.publish(told)
    await meeting.system.quiet()


def claimed(officer: UUID) -> CaseClaimed:
    return CaseClaimed(officer_id=officer, lease_until=NOON)


async def acts(meeting: Meeting, officer: UUID) -> bool:
    """Whether the officer may act (the mode of a session that is not connected is refused with 409)."""
    answer = await meeting.post("mode", {"mode": "audio"}, meeting.system.as_(Role.OFFICER, subject=officer))
    assert answer.status_code in {403, 409}
    return answer.status_code == 409


async def test_who_holds_the_case_acts_and_nobody_else(video: System) -> None:
    meeting, other = await Meeting.arranged(video), new_id()
    assert await acts(meeting, meeting.officer), "who asked for it, until triage tells otherwise"
    await tell(meeting, 5, CaseReleased(officer_id=meeting.officer, reason=ReleaseReason.RELEASED))
    assert not await acts(meeting, meeting.officer)
    await tell(meeting, 6, claimed(other))
    assert (await acts(meeting, other), await acts(meeting, meeting.officer)) == (True, False)
    await tell(meeting, 4, claimed(meeting.officer))
    assert (await acts(meeting, other), await acts(meeting, meeting.officer)) == (True, False), "older news"
    assert (await meeting.read())["holder_id"] == str(other)
    supervisor = await meeting.post("mode", {"mode": "audio"}, video.as_(Role.SUPERVISOR))
    assert supervisor.status_code == 409


async def test_a_resident_waits_until_the_officer_lets_them_in(video: System) -> None:
    meeting = await Meeting.arranged(video)
    joined = await meeting.join(await meeting.token())
    own = meeting.as_resident(joined)
    waiting = await video["video"].get("/v1/call", headers=own)
    assert (waiting.json()["admitted"], waiting.json()["kind"]) == (False, "resident")
    refused = await video["video"].get("/v1/call/ice", headers=own)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:vpr:problem:not_admitted")
    await meeting.post("participants")
    await meeting.admit(joined)
    assert (await video["video"].get("/v1/call", headers=own)).json()["admitted"]
    ice = (await video["video"].get("/v1/call/ice", headers=own)).json()
    stun, turn = ice["iceServers"]
    assert (stun["urls"], turn["urls"]) == (["stun:turn.example:3478"], ["turns:turn.example:443?transport=tcp"])
    assert turn["username"].endswith(f":{joined.json()['participant_id']}")
    assert ice["iceTransportPolicy"] == "all"
    assert (await meeting.get(f"{meeting.url}/ice")).status_code == 200


async def test_hanging_up_and_coming_back(video: System) -> None:
    meeting = await Meeting.arranged(video)
    joined = await meeting.both_in()
    await meeting.post("connection", {"mode": "video"})
    own = meeting.as_resident(joined)
    left = (await video["video"].post("/v1/call/departure", headers=own)).json()
    assert (left["present"], left["consents"], left["status"]) == (False, [], "joined")
    back = (await video["video"].post("/v1/call/return", headers=own)).json()
    assert (back["present"], back["admitted"], back["consents"]) == (True, False, [])
    await meeting.allow(joined, "view")
    await meeting.admit(joined)
    assert (await meeting.post("connection", {"mode": "video"})).json()["status"] == "connected"
    assert (await meeting.names())[-4:] == ["participant_joined", "consented", "participant_admitted", "resumed"]


async def test_consent_taken_back_goes_down_the_ladder(video: System) -> None:
    meeting = await Meeting.arranged(video)
    joined = await meeting.both_in()
    await meeting.post("connection", {"mode": "video"})
    assert (await meeting.allow(joined)).json()["mode"] == "audio"
    up = await meeting.post("mode", {"mode": "video"})
    assert (up.status_code, up.json()["type"]) == (409, "urn:vpr:problem:view_not_allowed")
    wrong = await meeting.allow(joined, "everything")
    assert (wrong.status_code, [one["field"] for one in wrong.json()["errors"]]) == (422, ["scopes.0"])


async def test_a_third_participant_comes_through_the_waiting_room(video: System) -> None:
    meeting, interpreter = await Meeting.arranged(video), new_id()
    own = video.as_(Role.OFFICER, subject=interpreter)
    assert (await meeting.get(f"{meeting.url}/ice", own)).status_code == 403, "not in the session"
    assert (await meeting.post("participants", {"kind": "supervisor"}, own)).status_code == 403
    assert (await meeting.post("participants", {"kind": "interpreter"}, own)).status_code == 200
    assert (await meeting.get(f"{meeting.url}/ice", own)).status_code == 403, "waits"
    assert (await meeting.post(f"participants/{interpreter}/admission", None, own)).status_code == 403
    assert (await meeting.post(f"participants/{interpreter}/admission")).status_code == 200
    assert (await meeting.get(f"{meeting.url}/ice", own)).status_code == 200
    shown_out = await video["video"].delete(f"{meeting.url}/participants/{interpreter}", headers=meeting.as_officer())
    assert shown_out.json()[0]["left_at"]
    assert (await meeting.get(f"{meeting.url}/ice", own)).status_code == 403
    assert (await meeting.post(f"participants/{new_id()}/admission")).status_code == 404


async def test_the_cookie_counts_on_the_public_origin_and_for_our_own_pages_only(video: System) -> None:
    meeting = await Meeting.arranged(video)
    joined = await meeting.join(await meeting.token())
    cookie = joined.headers["Set-Cookie"]
    assert cookie.startswith("__Host-vpr_participant=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    kept = {"Cookie": cookie.partition(";")[0], "Host": "localhost:8000"}

    async def status(method: str, path: str, **headers: str) -> int:
        body: Any = {"scopes": ["view"]} if method == "PUT" else None
        return (await video["video"].request(method, path, json=body, headers=kept | headers)).status_code

    assert await status("GET", "/v1/call") == 200
    assert await status("GET", "/v1/call", Host="localhost:8001") == 401, "the staff origin"
    assert await status("GET", "/v1/call", Origin="http://evil.test") == 403
    assert await status("PUT", "/v1/call/consents", Origin=ORIGIN) == 200
    assert await status("PUT", "/v1/call/consents", Origin="http://evil.test") == 403
    assert await status("PUT", "/v1/call/consents") == 403, "from nowhere"
    assert await status("GET", "/v1/call", Cookie="__Host-vpr_participant=guess") == 401


async def test_leaving_quickly_leaves_no_way_back_in(servers: Servers) -> None:
    async with System.started(servers, ["video"], exit_url="https://weather.example/now") as video:
        meeting = await Meeting.arranged(video)
        joined = await meeting.both_in()
        person = joined.json()["participant_id"]
        kept = {"Cookie": joined.headers["Set-Cookie"].partition(";")[0], "Host": "localhost:8000"}
        page = await video["video"].get("/call", headers=kept)
        assert '<form method="post" action="/call/exit">' in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "form-action 'self' https://weather.example;" in policy, "a form may lead there without scripts"

        async def leave(origin: str = ORIGIN) -> httpx.Response:
            return await video["video"].post("/call/exit", headers=kept | {"Origin": origin})

        async def rows() -> int:
            async with video.runtime("video").reading() as connection:
                query = select(func.count()).select_from(credentials)
                return int(await connection.scalar(query.where(credentials.c.participant_id == UUID(person))) or 0)

        assert (await leave("http://evil.test")).status_code == 403
        assert (await rows(), (await meeting.names())[-1]) == (1, "participant_admitted")
        for _ in range(2):
            left = await leave()
            assert (left.status_code, left.headers["Location"]) == (303, "https://weather.example/now")
            assert left.headers["Cache-Control"] == "no-store"
            assert left.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
            assert left.headers["Set-Cookie"].startswith('__Host-vpr_participant="";')
            assert "Max-Age=0" in left.headers["Set-Cookie"]
            assert (await rows(), (await meeting.names()).count("participant_left")) == (0, 1)
        for path in ("/v1/call", "/v1/call/summary"):
            assert (await video["video"].get(path, headers=kept)).status_code == 401
        page, stranger = [
            await video["video"].get("/call", headers={"Host": "localhost:8000", **one}) for one in (kept, {})
        ]
        assert page.text == stranger.text


async def test_who_left_or_whose_session_is_over_leaves_quickly_too(video: System) -> None:
    meeting = await Meeting.arranged(video)
    own = meeting.as_resident(await meeting.both_in())
    await video["video"].post("/v1/call/departure", headers=own)
    await meeting.post("end", {"reason": "completed"})
    assert (await video["video"].get("/v1/call/summary", headers=own)).status_code == 200
    assert (await video["video"].post("/call/exit", headers=own)).status_code == 303
    assert (await video["video"].get("/v1/call/summary", headers=own)).status_code == 401


async def test_erasing_a_report_erases_what_was_written_in_its_calls(video: System) -> None:
    meeting, other = await Meeting.arranged(video), await Meeting.arranged(video)
    for one in (meeting, other):
        row = {"id": new_id(), "session_id": one.id, "report_id": one.report, "participant_id": one.officer}
        async with video.runtime("video").engine.begin() as connection:
            await connection.execute(chat.insert(), row | {"kind": "officer", "at": NOON, "text": "Good day."})
    erased = ReportPersonalDataErased(basis=ErasureBasis.RETENTION, rule="retention")
    await video.servers.publish(recorded(erased, entity=meeting.report))

    async def left() -> bool:
        async with video.runtime("video").reading() as connection:
            reports = (await connection.execute(select(chat.c.report_id))).scalars().all()
        return reports == [other.report]

    await until(left)
    async with video.runtime("video").reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(chat)) == 1
