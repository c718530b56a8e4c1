"""The join link: issued once, opened once, and its pages."""

import asyncio
import hashlib
from datetime import datetime, timedelta

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from tests.integration.test_video_life import Meeting
from tests.system import Servers, System
from vpr_events.contracts.values import Role
from vpr_events.decider import TimerFired
from vpr_events.pipeline import Execution
from vpr_video.domain.session import session
from vpr_video.domain.waiting import EXPIRY
from vpr_video.tables import invite_tokens

FRENCH = {"Accept-Language": "fr-CA,fr;q=0.9,en;q=0.8"}


def page_is_private_and_plain(page: httpx.Response) -> None:
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "<style" not in page.text
    assert page.text.count("<h1>") == 1


async def test_the_link_is_shown_once_and_only_its_digest_is_stored(video: System) -> None:
    meeting = await Meeting.arranged(video)
    answer = await meeting.post("invitations")
    assert answer.headers["Cache-Control"] == "no-store"
    base, _, token = answer.json()["link"].rpartition("/")
    assert base == "http://localhost:8000/video/join"
    async with video.runtime("video").reading() as connection:
        [row] = (await connection.execute(select(invite_tokens))).mappings()
    assert row["token_digest"] == hashlib.sha256(token.encode()).hexdigest()
    assert not any(token.encode() in event.body for event in await meeting.events())
    assert str(row["invite_id"]) == answer.json()["id"]


async def test_a_repeated_request_for_a_link_gets_the_same_invitation_without_the_link(video: System) -> None:
    meeting = await Meeting.arranged(video)
    headers = meeting.as_officer()
    first = await meeting.post("invitations", {"channel": "link"}, headers)
    second = await meeting.post("invitations", {"channel": "link"}, headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert first.json()["link"]
    assert not first.json()["note"]
    assert second.json()["link"] is None
    assert "new invitation" in second.json()["note"]
    assert await meeting.names() == ["created", "invite_sent"]
    assert (await meeting.join(first.json()["link"].rpartition("/")[2])).status_code == 200
    assert (await meeting.post("invitations", {"channel": "code"}, headers)).status_code == 422


async def test_an_invitation_needs_an_idempotency_key(video: System) -> None:
    meeting = await Meeting.arranged(video)
    headers = meeting.as_officer()
    del headers["Idempotency-Key"]
    assert (await meeting.post("invitations", None, headers)).status_code == 400


async def test_an_invitation_ends_before_or_with_its_session(servers: Servers) -> None:
    async with System.started(servers, ["video"], invite_lifetime=timedelta(days=3)) as video:
        meeting = await Meeting.arranged(video)
        answer = await meeting.post("invitations")
        assert answer.json()["expires_at"] == (await meeting.read())["expires_at"]


async def test_of_twenty_who_open_a_link_at_once_one_comes_in(video: System) -> None:
    meeting = await Meeting.arranged(video)
    token = await meeting.token()
    client = video["video"]
    forms = [client.post(f"/join/{token}", data={}) for _ in range(10)]
    answers = await asyncio.gather(*forms, *(meeting.join(token) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) in ([200, *[409] * 19], [303, *[409] * 19])
    assert await meeting.names() == ["created", "invite_sent", "invite_opened", "participant_joined"]


async def test_looking_at_the_page_does_not_spend_the_link(video: System) -> None:
    meeting = await Meeting.arranged(video)
    path = f"/join/{await meeting.token()}"
    for _ in range(3):
        page = await video["video"].get(path)
        assert page.status_code == 200
        page_is_private_and_plain(page)
    assert '<form method="post">' in page.text
    assert page.text.count("<button") == 1
    assert await meeting.names() == ["created", "invite_sent"]


async def test_the_button_brings_the_resident_in_once(video: System) -> None:
    meeting = await Meeting.arranged(video)
    path = f"/join/{await meeting.token()}"
    joined = await video["video"].post(path)
    assert (joined.status_code, joined.headers["Location"]) == (303, "/call?lang=en")
    assert joined.headers["Cache-Control"] == "no-store"
    assert joined.headers["Set-Cookie"].startswith("__Host-vpr_participant=")
    unknown = await video["video"].get(joined.headers["Location"])
    assert "The other side can see that you are here" in unknown.text
    cookie = joined.headers["Set-Cookie"].partition(";")[0]
    page = await video["video"].get(joined.headers["Location"], headers={"Cookie": cookie})
    assert "The officer can see that you are here" in page.text
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    assert (await meeting.read())["resident_joined_at"]
    for again in (await video["video"].post(path), await video["video"].get(path)):
        assert again.status_code == 409
        page_is_private_and_plain(again)
        assert "This link was used before" in again.text


async def test_pages_speak_french_to_who_asks_for_it(video: System) -> None:
    meeting = await Meeting.arranged(video)
    path = f"/join/{await meeting.token()}"
    client = video["video"]
    for page in (await client.get(path, headers=FRENCH), await client.get(f"{path}?lang=fr")):
        assert '<html lang="fr">' in page.text
        assert "Entrer dans la rencontre" in page.text
        assert 'href="?lang=en"' in page.text
    assert '<html lang="en">' in (await client.get(f"{path}?lang=en", headers=FRENCH)).text
    assert '<html lang="en">' in (await client.get(f"{path}?lang=xx")).text
    joined = await client.post(f"{path}?lang=fr")
    assert "Vous y êtes" in (await client.get(joined.headers["Location"])).text


async def both_refuse(meeting: Meeting, token: str, status: int, code: str, text: str) -> None:
    """Page and API say the same, each in its way."""
    client = meeting.system["video"]
    for page in (await client.get(f"/join/{token}"), await client.post(f"/join/{token}")):
        assert page.status_code == status
        page_is_private_and_plain(page)
        assert text in page.text
    answer = await meeting.join(token)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:vpr:problem:{code}"


async def test_an_unknown_link(video: System) -> None:
    await both_refuse(Meeting(video), "nothing-like-a-token", 404, "no_such_invite", "We do not know this link")
    await both_refuse(Meeting(video), "%00%FF<b>", 404, "no_such_invite", "We do not know this link")


async def test_a_link_longer_than_any_of_ours(video: System) -> None:
    page = await video["video"].get(f"/join/{'x' * 500}")
    assert page.status_code == 404
    assert "We do not know this link" in page.text
    assert (await Meeting(video).join("x" * 500)).status_code == 422


async def test_a_link_whose_time_is_over(servers: Servers) -> None:
    async with System.started(servers, ["video"], invite_lifetime=timedelta(microseconds=1)) as video:
        meeting = await Meeting.arranged(video)
        await both_refuse(meeting, await meeting.token(), 410, "invite_expired", "This link is too old")


async def test_a_link_that_a_newer_one_replaced(video: System) -> None:
    meeting = await Meeting.arranged(video)
    old, new = await meeting.token(), await meeting.token()
    await both_refuse(meeting, old, 410, "invite_revoked", "A newer link replaced this one")
    assert (await meeting.join(new)).status_code == 200


async def test_a_link_to_a_meeting_that_is_over(video: System) -> None:
    meeting = await Meeting.arranged(video)
    token = await meeting.token()
    await meeting.post("end", {"reason": "declined"})
    await both_refuse(meeting, token, 410, "session_ended", "This meeting is over")


async def test_a_link_to_a_session_that_expired(video: System) -> None:
    meeting = await Meeting.arranged(video)
    token = await meeting.token()
    due_at = datetime.fromisoformat((await meeting.read())["expires_at"])
    command = TimerFired(at=due_at, name=EXPIRY, due_at=due_at)
    await video.runtime("video").pipeline.execute(Execution(decider=session, entity=meeting.id, command=command))
    await both_refuse(meeting, token, 410, "session_expired", "time is over")
    row = await meeting.read()
    assert (row["status"], row["end_reason"]) == ("expired", None)
    assert row["ended_at"]
    assert (await meeting.post("end", {"reason": "no_show"})).json() == row


async def test_pages_work_under_the_prefix_of_the_all_in_one(video: System) -> None:
    parent = FastAPI()
    parent.mount("/video", video.apps["video"])
    meeting = await Meeting.arranged(video)
    token = await meeting.token()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(parent), base_url="http://vpr.test") as client:
        page = await client.get(f"/video/join/{token}")
        assert 'href="/video/static/join.css"' in page.text
        assert 'href="/video/static/resident.css"' in page.text
        for sheet in ("join", "resident"):
            answer = await client.get(f"/video/static/{sheet}.css")
            assert answer.headers["Content-Type"].startswith("text/css")
        joined = await client.post(f"/video/join/{token}")
        assert joined.headers["Location"] == "/video/call?lang=en"
        page = await client.get(joined.headers["Location"])
        assert 'src="/video/static/call/resident.js"' in page.text


async def test_the_token_is_in_no_description_of_a_refusal(video: System) -> None:
    meeting = await Meeting.arranged(video)
    token = await meeting.token()
    await meeting.join(token)
    for answer in (await meeting.join(token), await video["video"].post(f"/join/{token}")):
        assert token not in answer.text


async def test_joining_needs_no_role_but_reading_does(video: System) -> None:
    meeting = await Meeting.arranged(video)
    token = await meeting.token()
    assert (await meeting.join(token)).status_code == 200
    assert (await video["video"].get(meeting.url)).status_code == 401
    assert (await meeting.get(meeting.url, video.as_(Role.AUDITOR))).json()["status"] == "joined"
