"""Interpreters and specialists without an account: their link, what they may in the call, and what is kept of them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from tests.evidence import Sending, code_of
from tests.examples import recorded
from tests.files import photo
from tests.integration.test_video_life import Meeting
from tests.sockets import calling, listening
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.report import ErasureBasis, ReportPersonalDataErased
from vpr_video.held import HOLDINGS
from vpr_video.tables import PERSONAL, guests
from vpr_video.tokens import digest_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME = "Example Interpreter"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def video(servers: Servers) -> AsyncIterator[System]:
    """Video alone, for all these tests."""
    async with System.started(servers, ["video"]) as running:
        yield running


@dataclass
class Guest:
    """Somebody who has a link of their own into a meeting."""

    meeting: Meeting
    invited: dict[str, Any]

    @classmethod
    async def of(cls, meeting: Meeting, kind: str = "interpreter") -> "Guest":
        """Invited by the officer."""
        answer = await meeting.post("guests", {"kind": kind, "name": NAME})
        assert answer.status_code == 201, answer.text
        return cls(meeting, answer.json())

    @property
    def token(self) -> str:
        """The secret of the link."""
        return str(self.invited["link"].rpartition("/")[2])

    async def comes(self) -> httpx.Response:
        """Spend the link."""
        return await self.meeting.system["video"].post("/v1/join/guest", json={"token": self.token})

    async def asks(self, method: str, path: str, came: httpx.Response, body: Any = None) -> httpx.Response:
        """Ask for something of the call."""
        headers = self.meeting.as_resident(came)
        return await self.meeting.system["video"].request(method, f"/v1/call{path}", json=body, headers=headers)

    async def revoked(self) -> httpx.Response:
        """The officer takes the link back."""
        url = f"{self.meeting.url}/guests/{self.invited['id']}"
        return await self.meeting.system["video"].delete(url, headers=self.meeting.as_officer())

    async def listed(self) -> list[dict[str, Any]]:
        """What the officer sees."""
        found: list[dict[str, Any]] = (await self.meeting.get(f"{self.meeting.url}/guests")).json()
        return found


@pytest_asyncio.fixture(loop_scope="module")
async def guest(video: System) -> Guest:
    """Invited into a meeting in which officer and resident are."""
    meeting = await Meeting.arranged(video)
    await meeting.both_in()
    return await Guest.of(meeting)


async def test_a_link_opens_once_and_whoever_comes_by_it_waits(guest: Guest) -> None:
    assert (guest.invited["state"], guest.invited["name"], len(guest.token)) == ("pending", NAME, 22)
    came = await guest.comes()
    assert came.status_code == 200, came.text
    assert code_of(await guest.comes()) == (409, "invite_used")
    shown = (await guest.asks("GET", "", came)).json()
    assert (shown["kind"], shown["admitted"], shown["place"]) == ("interpreter", False, None)
    assert code_of(await guest.asks("GET", "/ice", came)) == (403, "not_admitted")
    assert (await guest.meeting.admit(came)).status_code == 200
    assert (await guest.asks("GET", "/ice", came)).status_code == 200
    [listed] = await guest.listed()
    assert (listed["state"], listed["link"]) == ("opened", None)
    assert code_of(await guest.revoked()) == (409, "invite_used")
    bodies = b"".join(event.body for event in await guest.meeting.events()).decode()
    assert NAME not in bodies, "an event tells no name"
    assert guest.token not in bodies
    async with guest.meeting.system.runtime("video").reading() as connection:
        [stored] = (await connection.execute(select(guests).where(guests.c.session_id == guest.meeting.id))).mappings()
    assert stored["token_digest"] == digest_of(guest.token)


async def test_a_guest_does_what_a_third_participant_does_and_nothing_else(guest: Guest) -> None:
    came = await guest.comes()
    await guest.meeting.admit(came)
    position = {"latitude": 49.9, "longitude": -97.1, "accuracy": 5, "at": guest.invited["issued_at"]}
    assert code_of(await guest.asks("PUT", "/location", came, position)) == (403, "not_the_resident")
    assert code_of(await guest.asks("GET", "/summary", came)) == (403, "not_the_resident")
    assert (await guest.asks("PUT", "/consents", came, {"scopes": ["record"]})).json()["consents"] == ["record"]
    sending = Sending(guest.meeting.system["video"], "/v1/call/evidence", guest.meeting.as_resident(came))
    assert code_of(await sending.begin("recording", "video/webm")) == (403, "not_your_session")
    sent = await sending.sent("photo", "image/jpeg", photo())
    assert (sent["state"], sent["participant"]) == ("captured", "interpreter")
    for path in (guest.meeting.url, f"{guest.meeting.url}/evidence", f"{guest.meeting.url}/guests"):
        answer = await guest.meeting.system["video"].get(path, headers=guest.meeting.as_resident(came))
        assert answer.status_code == 401, f"{path} is for staff"
    assert (await guest.asks("POST", "/departure", came)).json()["present"] is False
    assert (await guest.asks("POST", "/return", came)).json()["admitted"] is False, "they wait again"


async def test_everyone_in_the_call_sees_as_whom_a_guest_comes(guest: Guest) -> None:
    came = await guest.comes()
    system, meeting = guest.meeting.system, guest.meeting
    async with listening(system.apps["video"]) as url:
        path = f"{url}/v1/sessions/{meeting.id}/socket"
        async with (
            calling(path, meeting.as_officer()) as officer,
            calling(f"{url}/v1/call/socket", meeting.as_resident(came)) as interpreter,
        ):

            def named(view: dict[str, Any]) -> bool:
                return ("interpreter", NAME) in {(one["kind"], one["name"]) for one in view["people"]}

            await officer.sees(named)
            waiting = await interpreter.sees(named)
            assert {one["kind"] for one in waiting["people"]} == {"officer", "interpreter"}, "no resident yet"
            await meeting.admit(came)
            inside = await interpreter.sees(lambda view: len(view["people"]) == 3)
            assert {one["name"] for one in inside["people"] if one["kind"] != "interpreter"} == {None}


async def test_a_link_that_was_taken_back_or_is_too_old_opens_nothing(video: System) -> None:
    meeting = await Meeting.arranged(video)
    back, old, late = [await Guest.of(meeting, kind) for kind in ("specialist", "specialist", "interpreter")]
    assert (await back.revoked()).status_code == (await back.revoked()).status_code == 204
    assert code_of(await back.comes()) == (410, "invite_withdrawn")
    page = await video["video"].get(f"/guest/{back.token}")
    assert (page.status_code, "police" in page.text.lower()) == (410, False)
    assert code_of(await video["video"].post("/v1/join/guest", json={"token": "x" * 22})) == (404, "no_such_invite")
    wrong = await meeting.post("guests", {"kind": "supervisor", "name": NAME})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "kind")
    nameless = await meeting.post("guests", {"kind": "interpreter", "name": " "})
    assert (nameless.status_code, nameless.json()["errors"][0]["field"]) == (422, "name")
    async with video.runtime("video").engine.begin() as connection:
        past = {"expires_at": video.runtime("video").now() - timedelta(seconds=1)}
        await connection.execute(update(guests).where(guests.c.token_digest == digest_of(old.token)).values(past))
    assert sorted(one["state"] for one in await old.listed()) == ["expired", "pending", "revoked"]
    await meeting.post("end", {"reason": "completed"})
    assert code_of(await late.comes()) == (410, "session_ended")
    assert code_of(await meeting.post("guests", {"kind": "interpreter", "name": NAME})) == (409, "session_ended")


async def test_opening_the_page_spends_nothing_and_its_button_leads_into_the_call(guest: Guest) -> None:
    client = guest.meeting.system["video"]
    for _ in range(2):
        asked = await client.get(f"/guest/{guest.token}?lang=fr")
        assert asked.status_code == 200
        assert "interpréter" in asked.text
    entered = await client.post(f"/guest/{guest.token}", follow_redirects=False)
    assert (entered.status_code, entered.headers["location"].partition("?")[0]) == (303, "/call")
    cookie = entered.headers["set-cookie"]
    assert "httponly" in cookie.lower()
    credential = cookie.partition("=")[2].partition(";")[0]
    page = await client.get("/call", headers={"Authorization": f"Participant {credential}"})
    assert (page.status_code, 'data-kind="interpreter"' in page.text) == (200, True)
    assert str(guest.meeting.id) not in page.text
    assert (await client.get(f"/guest/{guest.token}")).status_code == 409


async def test_an_erasure_takes_names_and_links(guest: Guest) -> None:
    meeting, system = guest.meeting, guest.meeting.system
    async with system.runtime("video").reading() as connection:
        [held] = (await connection.execute(HOLDINGS.parts["guests"], {"report": meeting.report})).mappings()
    assert (held["name"], "token_digest" in held) == (NAME, False)
    erased = ReportPersonalDataErased(basis=ErasureBasis.RETENTION, rule="retention")
    await system.servers.publish(recorded(erased, entity=meeting.report))

    async def gone() -> bool:
        return not await guest.listed()

    await until(gone)
    assert code_of(await guest.comes()) == (404, "no_such_invite")
    assert code_of(await meeting.post("guests", {"kind": "interpreter", "name": NAME})) == (409, "erased")
    assert guests in PERSONAL
