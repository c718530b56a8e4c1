"""Invitations on their way: through real servers, once more until taken, by the other channel, and never twice."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text

from tests.examples import PERSON, minutes
from tests.integration.test_video_life import Meeting
from tests.inviting import PHONE, TAKEN, Town, json_of, text_of, token_in
from tests.receivers import Reply
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.values import Role
from vpr_events.tables import effects
from vpr_video.tables import invite_attempts, invite_tokens


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town.open() as one:
        yield one


@pytest.fixture
async def video(servers: Servers, town: Town) -> AsyncIterator[System]:
    """Video alone, which sends through the town's servers."""
    async with System.started(servers, ["video"], **town.options()) as running:
        yield town.joins(running)


async def invited(meeting: Meeting, **how: Any) -> dict[str, Any]:
    """The officer invites: the answer."""
    answer = await meeting.post("invitations", how)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def listed(meeting: Meeting) -> list[dict[str, Any]]:
    answer = await meeting.get(f"{meeting.url}/invitations")
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def settled(meeting: Meeting, state: str = "sent") -> dict[str, Any]:
    """The newest invitation, once it stands so."""

    async def there() -> dict[str, Any] | None:
        [newest, *_] = await listed(meeting)
        return newest if newest["state"] == state else None

    newest = await until(there)
    assert newest
    return newest


async def count(system: System, table: Any) -> int:
    async with system.runtime("video").reading() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def test_an_sms_brings_the_link_that_opens_the_session(video: System, town: Town) -> None:
    meeting = await Meeting.arranged(video)
    answer = await invited(meeting, channel="sms")
    assert (answer["state"], answer["link"], answer["code"]) == ("pending", None, None)
    row = await settled(meeting)
    assert (row["sent_by"], row["reason"], [one["error"] for one in row["attempts"]]) == ("sms", None, [None])
    [sms], [request] = town.sms, town.gateway.came
    assert (sms["To"], sms["From"]) == (PHONE, "+12045550100")
    assert request.path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert request.headers["authorization"] == "Basic QUMxOm5vcnRo"
    assert await meeting.names() == ["created", "invite_issued", "invite_sent"]
    assert (await meeting.join(token_in(sms["Body"]))).status_code == 200
    assert (await settled(meeting, "opened"))["opened_at"]
    assert await count(video, effects) == 0


async def test_an_email_brings_the_link_in_french_without_a_word_of_police(video: System, town: Town) -> None:
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="email", language="fr", neutral=True)
    await settled(meeting)
    [mail] = town.mail.came
    assert (mail["To"], mail["From"]) == (PERSON["email"], "Calls <calls@meet.example>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@meet.example>")
    assert "vidéo" in text_of(mail)
    whole = str(mail["Subject"]) + str(mail["From"]) + text_of(mail)
    assert "polic" not in whole.lower()
    page = await video["video"].get(f"/join/{token_in(text_of(mail))}?lang=en")
    assert page.status_code == 200
    assert not {"polic", "officer"} & set(page.text.lower().split()), "nor on the page"
    assert "polic" not in page.text.lower()
    assert "officer" not in page.text.lower()


async def test_a_gateway_that_fails_is_asked_again_under_one_key_and_each_link_opens(video: System, town: Town) -> None:
    town.gateway.answering = lambda one: Reply(503) if one.nth < 3 else TAKEN
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms")
    row = await settled(meeting)
    assert [one["error"] for one in row["attempts"]] == ["http_503", "http_503", None]
    assert all(one["next_at"] for one in row["attempts"][:2])
    assert len({one.headers["idempotency-key"] for one in town.gateway.came}) == 1
    tokens = [token_in(one["Body"]) for one in town.sms]
    assert len(set(tokens)) == 3
    assert (await meeting.join(tokens[0])).status_code == 200, "the first message may have come after all"
    assert [(await meeting.join(one)).status_code for one in tokens] == [409] * 3
    assert await meeting.names() == [
        "created", "invite_issued", "invite_sent", "invite_opened", "participant_joined",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "code", "tries"),
    [
        (json_of({"code": 21211, "message": f"{PHONE} is no number"}, 400), "gateway_21211", 1),
        (Reply(401), "http_401", 1),
        (Reply(429), "http_429", 3),
        (Reply(302, {"location": "http://127.0.0.1:1/"}), "http_302", 1),
        (Reply(500, body=b"no json"), "http_500", 3),
    ],
    ids=["refused", "not_let_in", "too_many", "sent_elsewhere", "broken"],
)
async def test_what_sms_does_not_take_goes_by_email(
    video: System, town: Town, answer: Reply, code: str, tries: int
) -> None:
    town.gateway.answering = lambda _: answer
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms")
    row = await settled(meeting)
    assert (row["channel"], row["sent_by"]) == ("sms", "email")
    assert [one["error"] for one in row["attempts"]] == [*[code] * tries, None]
    assert (await meeting.join(token_in(text_of(town.mail.came[0])))).status_code == 200


async def test_a_gateway_that_does_not_answer_is_given_up(servers: Servers, town: Town) -> None:
    town.gateway.answering = lambda _: Reply(None)
    async with System.started(servers, ["video"], **town.options(send_within=5)) as video:
        meeting = await Meeting.arranged(town.joins(video))
        await invited(meeting, channel="sms")
        row = await settled(meeting)
        assert [one["error"] for one in row["attempts"]] == [*["timeout"] * 3, None]


async def test_a_gateway_that_is_not_there(servers: Servers, town: Town) -> None:
    async with System.started(servers, ["video"], **town.options(sms_url="http://127.0.0.1:9", smtp_port=9)) as video:
        meeting = await Meeting.arranged(town.joins(video))
        await invited(meeting, channel="email")
        row = await settled(meeting, "failed")
        assert [one["channel"] for one in row["attempts"]] == [*["email"] * 3, *["sms"] * 3]
        assert {one["error"] for one in row["attempts"]} == {"connection"}


async def test_a_gateway_at_an_inner_address_is_refused_unless_listed(servers: Servers, town: Town) -> None:
    options = town.options(sms_url="https://localhost:9", outbound_allow=())
    async with System.started(servers, ["video"], **options) as video:
        meeting = await Meeting.arranged(town.joins(video))
        await invited(meeting, channel="sms", fallback=False)
        row = await settled(meeting, "failed")
        assert row["reason"] in {"target_refused", "connection"}


async def test_without_fallback_a_refusal_is_the_end_and_is_told(video: System, town: Town) -> None:
    town.mail.answering = lambda _: "550 no such user here"
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="email", fallback=False)
    row = await settled(meeting, "failed")
    assert (row["reason"], len(row["attempts"])) == ("smtp_550", 1)
    assert await meeting.names() == ["created", "invite_issued", "invite_failed"]
    assert (await count(video, effects), len(town.gateway.came)) == (0, 0)


async def test_a_mail_server_that_is_busy_is_asked_again(video: System, town: Town) -> None:
    answers = iter(["451 greylisted", "250 OK"])
    town.mail.answering = lambda _: next(answers)
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="email")
    row = await settled(meeting)
    assert [one["error"] for one in row["attempts"]] == ["smtp_451", None]


async def test_a_neutral_invitation_goes_nowhere_else_unless_asked(video: System, town: Town) -> None:
    town.gateway.answering = lambda _: Reply(400)
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms", neutral=True)
    assert (await settled(meeting, "failed"))["reason"] == "http_400"
    assert "police" not in town.sms[0]["Body"].lower()
    assert town.mail.came == []


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        (None, "no_phone"),
        ("", "no_phone"),
        ("call me", "number_invalid"),
        ("(12)", "number_invalid"),
        ("+44 20 7946 0018", "country_not_allowed"),
        ("+1 212 555 0100", "country_not_allowed"),
        ("+1 876 555 0100", "country_not_allowed"),
        ("+1 900 555 1234", "country_not_allowed"),
    ],
)
async def test_a_number_that_gets_no_sms_is_refused_without_being_shown(
    video: System, town: Town, phone: str | None, code: str
) -> None:
    town.contact["phone"] = phone
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms", fallback=False)
    row = await settled(meeting, "failed")
    assert row["reason"] == code
    assert town.gateway.came == []
    assert not phone or phone not in str(await listed(meeting))
    assert await count(video, invite_tokens) == 0


async def test_a_number_without_its_country_is_one_of_ours(video: System, town: Town) -> None:
    town.contact["phone"] = "(204) 555-0142"
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms")
    await settled(meeting)
    assert town.sms[0]["To"] == PHONE


async def test_while_intake_does_not_tell_it_is_asked_again(video: System, town: Town) -> None:
    town.refusing = {1: 403, 2: 500, 3: 403, 4: 503, 5: 403}.get
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms")
    row = await settled(meeting)
    errors = [(one["channel"], one["error"]) for one in row["attempts"]]
    assert errors == [*(("contact", f"intake_{status}") for status in (403, 500, 403, 503, 403)), ("sms", None)]
    assert len(town.gateway.came) == 1
    assert town.asked[0].path == f"/v1/reports/{meeting.report}/contact"
    assert town.asked[0].headers["vpr-purpose"] == "invitation"


async def test_a_report_that_intake_does_not_know_is_given_up(video: System, town: Town) -> None:
    town.refusing = lambda _: 404
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms")
    assert (await settled(meeting, "failed"))["reason"] == "intake_404"


async def test_who_asked_for_neutral_words_is_sent_no_others(video: System, town: Town) -> None:
    town.contact["discreet"] = True
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms")
    assert (await settled(meeting, "failed"))["reason"] == "neutral_needed"
    assert (town.sms, town.mail.came) == ([], [])
    await invited(meeting, channel="sms", neutral=True)
    await settled(meeting)
    assert "police" not in town.sms[0]["Body"].lower()


async def test_the_budget_of_a_session(servers: Servers, town: Town) -> None:
    async with System.started(servers, ["video"], **town.options(sms_per_session=2)) as video:
        meeting = await Meeting.arranged(town.joins(video))
        for _ in range(2):
            await invited(meeting, channel="sms")
            await settled(meeting)
        answer = await meeting.post("invitations", {"channel": "sms"})
        assert (answer.status_code, answer.json()["type"]) == (429, "urn:vpr:problem:sms_budget_of_session")
        assert PHONE not in answer.text
        await invited(meeting, channel="email")
        await settled(meeting)
        other = await Meeting.arranged(video)
        await invited(other, channel="sms")
        await settled(other)
        assert len(town.gateway.came) == 3


async def test_the_budget_of_an_hour_holds_also_for_what_waited(servers: Servers, town: Town) -> None:
    async with System.started(servers, ["video"], **town.options(sms_per_hour=1)) as video:
        town.joins(video)
        first, second = await Meeting.arranged(video), await Meeting.arranged(video)
        town.refusing = lambda _: 503
        await invited(first, channel="sms")
        await invited(second, channel="sms")
        town.refusing = lambda _: None
        rows = [await settled(first), await settled(second)]
        assert sorted(row["sent_by"] for row in rows) == ["email", "sms"]
        answer = await first.post("invitations", {"channel": "sms"})
        assert (answer.status_code, answer.json()["type"]) == (429, "urn:vpr:problem:sms_budget_of_hour")


async def test_what_was_taken_back_replaced_or_ended_is_not_sent(video: System, town: Town) -> None:
    holding = True
    town.refusing = lambda _: 503 if holding else None
    back, replaced, ended = [await Meeting.arranged(video) for _ in range(3)]
    invite = await invited(back, channel="sms")
    await invited(replaced, channel="sms")
    await invited(ended, channel="sms")
    path = f"{back.url}/invitations/{invite['id']}"
    assert (await video["video"].delete(path, headers=back.as_officer())).status_code == 204
    await invited(replaced, channel="link")
    await ended.post("end", {"reason": "declined"})
    holding = False

    async def none_waits() -> bool:
        return await count(video, effects) == 0

    await until(none_waits)
    assert town.gateway.came == []
    states = [[one["state"] for one in await listed(meeting)] for meeting in (back, replaced, ended)]
    assert states == [["revoked"], ["sent", "revoked"], ["expired"]]


async def test_an_invitation_whose_time_is_over_is_not_sent(servers: Servers, town: Town) -> None:
    town.refusing = lambda _: 503
    async with System.started(servers, ["video"], **town.options(invite_lifetime=timedelta(seconds=0.4))) as video:
        meeting = await Meeting.arranged(town.joins(video))
        await invited(meeting, channel="sms")

        async def over() -> bool:
            return await count(video, effects) == 0

        await until(over)
        assert (await listed(meeting))[0]["reason"] == "expired"
        assert town.gateway.came == []


async def test_a_restart_sends_what_waited_and_nothing_twice(servers: Servers, town: Town) -> None:
    await servers.fresh_log(["video"])
    async with servers.database("video") as url:
        system = System(servers)
        async with system.service("video", url, **town.options()):
            town.joins(system)
            sent = await Meeting.arranged(system)
            await invited(sent, channel="sms")
            await settled(sent)
            town.refusing = lambda _: 503
            waiting = await Meeting.arranged(system)
            await invited(waiting, channel="sms")

            async def tried() -> bool:
                return bool((await listed(waiting))[0]["attempts"])

            await until(tried)
        town.refusing = lambda _: None
        async with system.service("video", url, **town.options()):
            town.joins(system)
            await settled(waiting)
            admin = system.as_(Role.ADMIN)
            assert (await system["video"].post("/v1/refill", headers=admin)).is_success
            await servers.publish(sent.requested, *await sent.events(), *await waiting.events())
            await system.quiet()
            assert await count(system, effects) == 0
    assert len(town.gateway.came) == 2


async def test_nothing_of_the_resident_is_kept_here(video: System, town: Town) -> None:
    town.gateway.answering = lambda _: json_of({"code": 21610, "message": f"{PHONE} said stop"}, 400)
    town.mail.answering = lambda address: f"451 {address} is busy"
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms")
    await settled(meeting, "failed")
    async with video.runtime("video").reading() as connection:
        tables = (
            await connection.execute(text("select tablename from pg_tables where schemaname = 'public'"))
        ).scalars()
        rows = [
            str(row)
            for table in tables.all()
            for row in (await connection.execute(text(f'select t::text, * from "{table}" t'))).all()
        ]
    told = "\n".join(rows) + str(await listed(meeting))
    assert not any(value in told for value in (PHONE, PHONE[2:], *PERSON.values()))


async def test_the_effect_holds_ids_alone(servers: Servers, town: Town) -> None:
    town.refusing = lambda _: 503
    async with System.started(servers, ["video"], **town.options(send_delays=(60.0,))) as video:
        meeting = await Meeting.arranged(town.joins(video))
        answer = await invited(meeting, channel="sms")
        async with video.runtime("video").reading() as connection:
            [data] = (await connection.execute(select(effects.c.data))).scalars()
        assert data == {"invite": answer["id"], "lane": "sms"}


async def test_channels_that_are_not_set_up_are_refused_at_once(servers: Servers, town: Town) -> None:
    options = town.options(email="none", sms_from="POLICE")
    async with System.started(servers, ["video"], **options) as video:
        meeting = await Meeting.arranged(town.joins(video))
        for body, code in (
            ({"channel": "email"}, "channel_not_set_up"),
            ({"channel": "sms", "neutral": True}, "no_neutral_sender"),
        ):
            answer = await meeting.post("invitations", body)
            assert (answer.status_code, answer.json()["type"]) == (409, f"urn:vpr:problem:{code}")
        assert await meeting.names() == ["created"]


async def test_a_repeat_of_the_request_sends_once(video: System, town: Town) -> None:
    meeting = await Meeting.arranged(video)
    headers = meeting.as_officer()
    first = await meeting.post("invitations", {"channel": "sms"}, headers)
    second = await meeting.post("invitations", {"channel": "sms"}, headers)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    await settled(meeting)
    await video.quiet()
    assert len(town.gateway.came) == 1


async def test_attempts_are_counted_in_real_time(video: System, town: Town) -> None:
    meeting = await Meeting.arranged(video)
    await invited(meeting, channel="sms")
    await settled(meeting)
    async with video.runtime("video").reading() as connection:
        lag = func.clock_timestamp() - invite_attempts.c.at
        [age] = (await connection.execute(select(lag))).scalars()
    assert timedelta(0) <= age < minutes(1)


async def test_an_invitation_of_another_session_is_unknown(video: System) -> None:
    first, second = await Meeting.arranged(video), await Meeting.arranged(video)
    invite = await invited(first)
    for session, name in ((second, invite["id"]), (first, uuid4())):
        path = f"{session.url}/invitations/{name}"
        assert (await video["video"].delete(path, headers=session.as_officer())).status_code == 404
