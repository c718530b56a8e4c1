"""Appointments through triage, video and the gateways on stepped time: told, reminded of, kept or missed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from tests.examples import NOON, minutes, recorded
from tests.integration.test_triage_work import Desk
from tests.inviting import Town, text_of, token_in
from tests.system import Servers, System
from tests.waiting import until
from vpr.stepping import Stepper
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import new_id
from vpr_events.tables import events
from vpr_service.clock import SteppedTime
from vpr_triage.domain.case import case_id

ZONE = "America/Winnipeg"
"""Five hours behind in May."""
START = NOON + minutes(120)


@dataclass
class City:
    """Triage and video, whose messages a town's gateways take, an officer, and cases."""

    system: System
    stepper: Stepper
    town: Town
    officer: UUID = field(default_factory=new_id)

    async def holds(self) -> Desk:
        """The officer holds a new case."""
        report = new_id()
        await self.system.servers.publish(recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=report))
        desk = Desk(self.system, case_id(report), officer=self.officer)

        async def claimed() -> bool:
            return (await desk("claim")).status_code == 200

        await until(claimed)
        return desk

    async def books(self, desk: Desk, at: datetime, **more: Any) -> dict[str, Any]:
        """Book, or move, and wait until all of it has happened: the newest session of the case."""
        assert (await desk("claim")).status_code == 200
        offer = {"earliest_at": at.isoformat()}
        answer = await desk("appointment", {"starts_at": at.isoformat(), "zone": ZONE} | offer | more)
        assert answer.status_code == 200, answer.text
        await self.goes_to(self.stepper.clock())
        return (await self.sessions(desk))[0]

    async def sessions(self, desk: Desk) -> list[dict[str, Any]]:
        """The sessions of a case, newest first."""
        answer = await self.system["video"].get("/v1/sessions", params={"case_id": str(desk.case)}, headers=self.staff)
        assert answer.status_code == 200, answer.text
        return list(answer.json())

    @property
    def staff(self) -> dict[str, str]:
        return self.system.as_(Role.OFFICER, subject=self.officer)

    async def goes_to(self, moment: datetime) -> None:
        """Time goes on until then, with all that it brings."""
        await self.stepper.go_to(moment)

    async def joins(self, desk: Desk, session: dict[str, Any]) -> None:
        """The officer, whose claim has ended meanwhile, comes in."""
        assert (await desk("claim")).status_code == 200
        await self.goes_to(self.stepper.clock())
        answer = await self.system["video"].post(f"/v1/sessions/{session['id']}/participants", headers=self.staff)
        assert answer.status_code == 200, answer.text

    async def opens(self, token: str) -> tuple[int, str]:
        """The page behind a link."""
        answer = await self.system["video"].get(f"/join/{token}", params={"lang": "en"})
        return answer.status_code, answer.text

    async def told(self, service: str) -> list[str]:
        """What a service's log tells."""
        async with self.system.runtime(service).reading() as connection:
            kinds = (await connection.execute(select(events.c.type).order_by(events.c.position))).scalars().all()
        return [kind.rpartition(".v")[0] for kind in kinds]


@pytest.fixture
async def city(servers: Servers) -> AsyncIterator[City]:
    clock = SteppedTime(NOON)
    async with Town.open() as town, System.started(servers, ["triage", "video"], clock, **town.options()) as system:
        stepper = Stepper(clock, [system.runtime(name) for name in ("triage", "video")])
        yield City(town.joins(system), stepper, town)


async def test_an_appointment_is_announced_and_reminded_of_and_its_link_is_good_then(city: City) -> None:
    desk = await city.holds()
    session = await city.books(desk, START)
    assert (session["status"], session["scheduled_zone"]) == ("waiting", ZONE)
    assert datetime.fromisoformat(session["scheduled_at"]) == START
    [sms] = city.town.sms
    assert "Monday 2026-05-04, 09:00" in sms["Body"]
    status, page = await city.opens(token_in(sms["Body"]))
    assert status == 409
    assert "Monday 4 May 2026, 09:00" in page
    assert "08:45" in page
    await city.goes_to(START - minutes(60))
    assert "reminder" in city.town.sms[1]["Body"]
    early = await city.system["video"].post(f"/join/{token_in(sms['Body'])}")
    assert early.status_code == 409, "looking, or pressing too early, spends nothing"
    await city.goes_to(START - minutes(15))
    assert (await city.opens(token_in(sms["Body"])))[0] == 200
    assert (await city.system["video"].post("/v1/join", json={"token": token_in(sms["Body"])})).status_code == 200
    await city.joins(desk, session)
    await city.goes_to(START + minutes(16))
    [session] = await city.sessions(desk)
    assert session["status"] == "joined"
    assert len(city.town.sms) == 2


async def test_a_moved_appointment_moves_its_session_and_a_cancelled_one_ends_it(city: City) -> None:
    desk = await city.holds()
    first = await city.books(desk, START + minutes(60), earliest_at=START.isoformat())
    moved = await city.books(desk, START, earliest_at=None)
    assert (moved["id"], datetime.fromisoformat(moved["scheduled_at"])) == (first["id"], START)
    old, new = (token_in(one["Body"]) for one in city.town.sms)
    assert (await city.opens(old))[0] == 410
    assert (await city.opens(new))[0] == 409
    assert (await desk("appointment/cancellation", {"reason": "not_needed"})).status_code == 200
    await city.goes_to(START + minutes(60))
    [ended] = await city.sessions(desk)
    assert (ended["status"], ended["end_reason"]) == ("ended", "appointment_cancelled")
    assert (await city.opens(new))[0] == 410
    assert len(city.town.sms) == 2, "nobody is reminded of what does not take place"
    assert "case.no_show" not in await city.told("triage")


async def test_an_appointment_stands_beside_a_session_for_now_and_both_end_with_the_case(city: City) -> None:
    desk = await city.holds()
    assert (await desk("video-requests")).status_code == 201
    await city.goes_to(NOON)
    await city.books(desk, START)
    now, scheduled = sorted(await city.sessions(desk), key=lambda one: one["scheduled_at"] is not None)
    assert {now["status"], scheduled["status"]} == {"waiting"}
    ending = await city.system["video"].post(
        f"/v1/sessions/{scheduled['id']}/end", json={"reason": "completed"}, headers=city.staff
    )
    assert (ending.status_code, ending.json()["type"]) == (409, "urn:vpr:problem:appointment_ahead")
    assert (await desk("assessment", {"outcome": "resolved"})).status_code == 201
    assert (await desk("close", {})).status_code == 200
    await city.goes_to(NOON)
    assert {one["end_reason"] for one in await city.sessions(desk)} == {"case_closed"}


async def test_who_does_not_come_is_a_no_show_and_a_supervisor_hears_of_the_second(city: City) -> None:
    desk = await city.holds()
    seen: list[tuple[int, str, str]] = []
    start = START
    for _ in range(2):
        session = await city.books(desk, start)
        await city.goes_to(start)
        await city.joins(desk, session)
        await city.goes_to(start + minutes(15))
        [ended, *_] = await city.sessions(desk)
        assert (ended["status"], ended["end_reason"]) == ("ended", "no_show")
        row = await desk.reads()
        seen.append((row["no_shows"], row["next_step"], row["status"]))
        start += timedelta(hours=3)
    assert seen == [(1, "retry", "claimed"), (2, "phone", "claimed")]
    told = await city.told("triage")
    assert (told.count("case.no_show"), told.count("case.escalated")) == (2, 1)
    assert "case.closed" not in told
    assert (await city.books(desk, start))["status"] == "waiting"
    assert (await desk.reads())["next_step"] is None


async def test_without_an_officer_nobody_failed_to_come_and_a_supervisor_hears_of_that(city: City) -> None:
    desk = await city.holds()
    session = await city.books(desk, START)
    await city.goes_to(START + timedelta(hours=25))
    [ended] = await city.sessions(desk)
    assert (ended["id"], ended["status"], ended["end_reason"]) == (session["id"], "expired", None)
    assert "session.officer_absent" in await city.told("video")
    told = await city.told("triage")
    assert "case.no_show" not in told
    assert "case.escalated" in told
    assert (await desk.reads())["no_shows"] == 0


async def test_who_asked_for_neutral_words_gets_them_in_their_language(city: City) -> None:
    city.town.contact |= {"discreet": True, "language": "fr"}
    session = await city.books(await city.holds(), START, invitation={"channel": "email"})
    [mail] = city.town.mail.came
    whole = f"{mail['Subject']} {mail['From']} {text_of(mail)}"
    assert "lundi 4 mai 2026, 9 h 00" in whole
    assert "polic" not in whole.lower()
    page = (await city.opens(token_in(text_of(mail))))[1].lower()
    assert "monday 4 may 2026, 09:00" in page
    assert not [word for word in ("polic", "officer") if word in page]
    await city.goes_to(START - minutes(60))
    assert str(city.town.mail.came[1]["Subject"]).startswith("Rappel")
    listed = await city.system["video"].get(f"/v1/sessions/{session['id']}/invitations", headers=city.staff)

    newest, failed = sorted(listed.json(), key=lambda one: not one["neutral"])
    assert (newest["neutral"], failed["reason"]) == (True, "replaced")
    assert [one["purpose"] for one in newest["attempts"]] == ["invitation", "reminder"]


async def test_who_is_booked_within_the_hour_is_not_reminded(city: City) -> None:
    await city.books(await city.holds(), NOON + minutes(50))
    await city.goes_to(NOON + minutes(50))
    assert len(city.town.sms) == 1


async def test_a_time_outside_of_the_opening_hours_is_refused(city: City) -> None:
    city.town.city["opening_hours"] = {"monday": ["07:30-12:00", "13:00-24:00"]}
    desk = await city.holds()
    for at, status in ((30, 200), (29, 422), (299, 200), (300, 422), (360, 200), (24 * 60, 422)):
        when = (NOON + minutes(at)).isoformat()
        answer = await desk("appointment", {"starts_at": when, "earliest_at": when, "zone": ZONE})
        assert answer.status_code == status, (at, answer.text)
        if status == 422:
            assert [one["field"] for one in answer.json()["errors"]] == ["starts_at"]
        else:
            assert (await desk("appointment/cancellation", {"reason": "not_needed"})).status_code == 200
