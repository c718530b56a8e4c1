"""Links and codes: what spends them, what does not, who may ask for another, and how far guessing gets."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from tests.integration.test_invites_sending import invited, listed, settled
from tests.integration.test_video_joining import both_refuse, page_is_private_and_plain
from tests.integration.test_video_life import Meeting
from tests.inviting import Town, text_of, token_in
from tests.system import Servers, System
from vpr_events.contracts.values import Role
from vpr_video.credentials import COOKIE
from vpr_video.tables import invite_tokens
from vpr_video.tokens import ALPHABET, digest_of

STAFF = "http://localhost:8001"


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town.open() as one:
        yield one


@pytest.fixture
async def video(servers: Servers, town: Town) -> AsyncIterator[System]:
    """Video alone, which sends through the town's servers."""
    async with System.started(servers, ["video"], **town.options()) as running:
        yield town.joins(running)


def at(system: System, address: str = "198.51.100.7") -> httpx.AsyncClient:
    """A browser at this address."""
    transport = httpx.ASGITransport(system.apps["video"], client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://video.test")


def session_cookie(page: httpx.Response) -> str:
    """The attributes of the cookie by which whoever came in is known."""
    [cookie] = [one for one in page.headers.get_list("Set-Cookie") if one.startswith(COOKIE)]
    return cookie


async def test_scanners_of_mail_spend_nothing(video: System) -> None:
    meeting = await Meeting.arranged(video)
    path = f"/join/{await meeting.token()}"
    scanners = [video["video"].get(path) for _ in range(10)] + [video["video"].head(path) for _ in range(10)]
    answers = await asyncio.gather(*scanners)
    assert {one.status_code for one in answers} == {200}
    assert not any("Set-Cookie" in one.headers for one in answers)
    assert await meeting.names() == ["created", "invite_sent"]
    assert (await video["video"].post(path)).status_code == 303


async def test_the_button_gives_this_browser_a_session_of_its_own(video: System) -> None:
    meeting = await Meeting.arranged(video)
    page = await video["video"].post(f"/join/{await meeting.token()}")
    attributes = {part.strip().lower() for part in session_cookie(page).split(";")[1:]}
    assert {"httponly", "secure", "path=/", "samesite=lax"} == attributes
    assert COOKIE.startswith("__Host-")


async def test_a_link_that_was_taken_back_opens_nothing(video: System) -> None:
    meeting = await Meeting.arranged(video)
    invite = await invited(meeting)
    path, headers = f"{meeting.url}/invitations/{invite['id']}", meeting.as_officer()
    for _ in range(2):
        assert (await video["video"].delete(path, headers=headers)).status_code == 204
    await both_refuse(meeting, invite["link"].rpartition("/")[2], 410, "invite_withdrawn", "This link was taken back")
    assert await meeting.names() == ["created", "invite_sent", "invite_revoked"]
    [row] = await listed(meeting)
    assert (row["state"], row["reason"]) == ("revoked", "taken_back")


async def test_a_link_that_was_used_is_not_taken_back(video: System) -> None:
    meeting = await Meeting.arranged(video)
    invite = await invited(meeting)
    await meeting.join(invite["link"].rpartition("/")[2])
    path = f"{meeting.url}/invitations/{invite['id']}"
    answer = await video["video"].delete(path, headers=meeting.as_officer())
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:vpr:problem:invite_used")
    assert [one["state"] for one in await listed(meeting)] == ["opened"]


async def test_only_who_acts_on_the_session_takes_back(video: System) -> None:
    meeting = await Meeting.arranged(video)
    invite = await invited(meeting)
    path = f"{meeting.url}/invitations/{invite['id']}"
    for role, status in {Role.OFFICER: 403, Role.ADMIN: 403, Role.AUDITOR: 403, Role.SUPERVISOR: 204}.items():
        assert (await video["video"].delete(path, headers=video.as_(role))).status_code == status


@pytest.mark.parametrize(
    "change", [lambda token: token[:-1], lambda token: token.swapcase(), lambda token: token + "A"]
)
async def test_a_forged_link_opens_nothing(video: System, change: object) -> None:
    meeting = await Meeting.arranged(video)
    assert callable(change)
    await both_refuse(meeting, change(await meeting.token()), 404, "no_such_invite", "We do not know this link")


async def test_the_digest_of_a_token_is_no_token(video: System) -> None:
    meeting = await Meeting.arranged(video)
    assert (await meeting.join(digest_of(await meeting.token()))).status_code == 404


async def test_a_neutral_link_shows_no_word_of_police_whatever_became_of_it(video: System) -> None:
    meeting = await Meeting.arranged(video)
    first = (await invited(meeting, neutral=True))["link"].rpartition("/")[2]
    second = (await invited(meeting, neutral=True))["link"].rpartition("/")[2]
    client = video["video"]
    pages = [await client.get(f"/join/{first}"), await client.get(f"/join/{second}")]
    assert (await client.post(f"/join/{second}")).status_code == 303
    pages += [await client.post(f"/join/{second}")]
    pages += [await client.get("/join/nothing-like-it"), await client.get("/join")]
    for page in pages:
        page_is_private_and_plain(page)
        assert not any(word in page.text.lower() for word in ("polic", "officer", "agent")), page.text
    assert [page.status_code for page in pages] == [410, 200, 409, 404, 200]


async def test_a_neutral_link_has_an_address_of_its_own(servers: Servers) -> None:
    options: dict[str, Any] = {"neutral_join_url": "https://meet.example/j/{token}"}
    async with System.started(servers, ["video"], **options) as video:
        meeting = await Meeting.arranged(video)
        assert (await invited(meeting, neutral=True))["link"].startswith("https://meet.example/j/")
        assert (await invited(meeting))["link"].startswith("http://localhost:8000/video/join/")


async def test_who_came_in_at_the_neutral_address_stays_there(servers: Servers) -> None:
    options: dict[str, Any] = {"neutral_join_url": "https://meet.example/join/{token}"}
    async with System.started(servers, ["video"], **options) as video:
        meeting = await Meeting.arranged(video)
        link = (await invited(meeting, neutral=True))["link"]
        transport = httpx.ASGITransport(video.apps["video"])
        async with httpx.AsyncClient(transport=transport, base_url="https://meet.example") as browser:
            assert (await browser.post(link)).headers["Location"] == "/call?lang=en"
            assert (await browser.get("/v1/call")).json()["kind"] == "resident"
            for origin, status in {"https://evil.example": 403, "https://meet.example": 200}.items():
                answer = await browser.post("/v1/call/departure", headers={"Origin": origin})
                assert answer.status_code == status, answer.text


async def test_a_resident_asks_for_a_new_link_and_gets_it_where_the_old_one_went(servers: Servers, town: Town) -> None:
    async with (
        System.started(servers, ["video"], **town.options(links_per_session=1)) as video,
        at(video) as browser,
    ):
        meeting = await Meeting.arranged(town.joins(video))
        await invited(meeting, channel="email", language="fr")
        await settled(meeting)
        old = token_in(text_of(town.mail.came[0]))
        assert (await meeting.join(old)).status_code == 200
        page = await browser.get(f"/join/{old}")
        assert page.status_code == 409
        assert f'action="/join/{old}/new-link?lang=en"' in page.text
        assert page.text.count("<button") == 1
        asked = await browser.post(f"/join/{old}/new-link")
        assert asked.status_code == 200
        page_is_private_and_plain(asked)
        assert "on its way" in asked.text
        await settled(meeting)
        new = token_in(text_of(town.mail.came[1]))
        assert new != old
        assert new not in asked.text
        assert "vidéo" in text_of(town.mail.came[1])
        again = await browser.post(f"/join/{old}/new-link")
        assert again.status_code == 429
        assert 1 <= int(again.headers["Retry-After"]) <= 3600
        page_is_private_and_plain(again)
        assert len(town.mail.came) == 2
        assert (await meeting.join(new)).status_code == 200


@pytest.mark.parametrize("since", ["a code", "another SMS", "taken back"])
async def test_an_old_link_on_a_stolen_phone_brings_no_new_one(video: System, town: Town, since: str) -> None:
    meeting = await Meeting.arranged(town.joins(video))
    first = await invited(meeting, channel="sms")
    await settled(meeting)
    old = token_in(town.sms[0]["Body"])
    if since == "taken back":
        path = f"{meeting.url}/invitations/{first['id']}"
        assert (await video["video"].delete(path, headers=meeting.as_officer())).status_code == 204
    else:
        await invited(meeting, channel="code" if since == "a code" else "sms")
        await settled(meeting)
    before = await listed(meeting)
    assert "<button" not in (await video["video"].get(f"/join/{old}")).text
    assert (await video["video"].post(f"/join/{old}/new-link")).status_code == 410
    assert await listed(meeting) == before


async def test_a_link_that_the_officer_passed_on_is_not_replaced_by_asking(video: System) -> None:
    meeting = await Meeting.arranged(video)
    old, _ = await meeting.token(), await meeting.token()
    page = await video["video"].get(f"/join/{old}")
    assert "<button" not in page.text
    assert (await video["video"].post(f"/join/{old}/new-link")).status_code == 409
    assert (await video["video"].post("/join/unknown/new-link")).status_code == 404


async def test_no_new_link_for_a_meeting_that_is_over(video: System, town: Town) -> None:
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms")
    await settled(meeting)
    await meeting.post("end", {"reason": "declined"})
    page = await video["video"].post(f"/join/{token_in(town.sms[0]['Body'])}/new-link")
    assert page.status_code == 410
    assert "This meeting is over" in page.text
    assert len(town.gateway.came) == 1


async def test_a_code_is_typed_on_another_device(video: System) -> None:
    meeting = await Meeting.arranged(video)
    answer = await invited(meeting, channel="code")
    code = answer["code"]
    assert (len(code), answer["link"], set(code) <= set(ALPHABET)) == (6, None, True)
    assert not set("01OILU") & set(ALPHABET)
    form = await video["video"].get("/join")
    page_is_private_and_plain(form)
    assert 'name="code"' in form.text
    page = await video["video"].post("/join", data={"code": f" {code[:3].lower()}-{code[3:]} "})
    assert (page.status_code, page.headers["Location"]) == (303, "/call?lang=en")
    assert session_cookie(page)
    assert await meeting.names() == ["created", "invite_sent", "invite_opened", "participant_joined"]
    again = await video["video"].post("/join", data={"code": code})
    assert again.status_code == 404
    assert "does not open a meeting" in again.text


async def test_a_code_takes_the_link_on_the_stolen_phone_out_of_force(video: System) -> None:
    meeting = await Meeting.arranged(video)
    link = await meeting.token()
    code = (await invited(meeting, channel="code"))["code"]
    assert (await meeting.join(link)).status_code == 410
    assert (await video["video"].post("/join", data={"code": code})).status_code == 303


async def test_a_code_lives_for_minutes_only(servers: Servers) -> None:
    async with System.started(servers, ["video"], code_lifetime=timedelta(microseconds=1)) as video:
        meeting = await Meeting.arranged(video)
        answer = await invited(meeting, channel="code")
        assert (await video["video"].post("/join", data={"code": answer["code"]})).status_code == 404
    async with System.started(servers, ["video"]) as video:
        meeting = await Meeting.arranged(video)
        row = (await meeting.read(), await invited(meeting, channel="code"))
        assert row[1]["expires_at"] < row[0]["expires_at"]


async def test_only_a_slow_digest_of_a_code_is_stored(video: System) -> None:
    meeting = await Meeting.arranged(video)
    code = (await invited(meeting, channel="code"))["code"]
    async with video.runtime("video").reading() as connection:
        [stored] = (await connection.execute(select(invite_tokens.c.token_digest))).scalars()
    assert stored != digest_of(code)
    assert code not in stored
    assert (await video["video"].post("/v1/join", json={"token": code})).status_code == 404, "a code is no link"


async def test_guessing_codes_ends_soon(servers: Servers) -> None:
    options: dict[str, Any] = {"codes_per_source": 3, "codes_in_all": 5}
    async with System.started(servers, ["video"], **options) as video:
        meeting = await Meeting.arranged(video)
        code = (await invited(meeting, channel="code"))["code"]
        wrong = [one for one in ("222222", "333333", "not a code", "") if one != code]
        async with at(video) as guesser, at(video, "198.51.100.8") as another, at(video, "2001:db8::1") as third:
            statuses = [(await guesser.post("/join", data={"code": one})).status_code for one in wrong]
            assert statuses == [404, 404, 404, 429]
            right = await guesser.post("/join", data={"code": code})
            assert right.status_code == 429
            assert 1 <= int(right.headers["Retry-After"]) <= 600
            assert (await another.post("/join", data={"code": wrong[0]})).status_code == 404
            assert (await third.post("/join", data={"code": wrong[0]})).status_code == 404
            assert (await another.post("/join", data={"code": code})).status_code == 429, "so many in all"
        assert await meeting.names() == ["created", "invite_sent"]


async def test_one_subscriber_of_ipv6_is_one_source(servers: Servers) -> None:
    async with (
        System.started(servers, ["video"], codes_per_source=1) as video,
        at(video, "2001:db8:0:1::1") as first,
        at(video, "2001:db8:0:1:ffff::2") as second,
    ):
        assert (await first.post("/join", data={"code": "222222"})).status_code == 404
        assert (await second.post("/join", data={"code": "222222"})).status_code == 429


async def test_a_code_that_is_far_too_long_is_just_wrong(video: System) -> None:
    page = await video["video"].post("/join", data={"code": "2" * 5000})
    assert page.status_code == 404
    page_is_private_and_plain(page)


async def test_the_outbox_shows_staff_what_would_be_sent(servers: Servers, town: Town) -> None:
    options: dict[str, Any] = {"sms": "outbox", "email": "outbox", "intake_url": town.intake.url}
    async with System.started(servers, ["video"], **options) as video:
        meeting = await Meeting.arranged(town.joins(video))
        page = await shown(video, Role.OFFICER)
        assert "No invitation was sent yet" in page.text
        await invited(meeting, channel="sms")
        await settled(meeting)
        await invited(meeting, channel="email", language="fr")
        await settled(meeting)
        page = await shown(video, Role.SUPERVISOR)
        page_is_private_and_plain(page)
        assert [text in page.text for text in ("…42", "q…@resident.example", "204", "quillon")] == [
            True,
            True,
            False,
            False,
        ]
        assert page.text.count("<article") == 2
        assert (await meeting.join(token_in(page.text))).status_code == 200, "the newest comes first"
        assert (await shown(video, Role.ANALYST)).status_code == 403


async def test_where_messages_are_sent_there_is_no_outbox(video: System) -> None:
    assert (await shown(video, Role.ADMIN)).status_code == 404


async def shown(video: System, role: Role) -> httpx.Response:
    """The outbox as a member of staff sees it."""
    headers = video.as_(role) | {"Host": STAFF.removeprefix("http://")}
    return await video["video"].get("/outbox", headers=headers)
