"""What goes on around a call: a place in the line, where a resident is, what an officer ticked, what comes after."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from tests.examples import NOON, recorded
from tests.integration.test_video_life import Meeting
from tests.integration.test_video_signalling import Call, arranged
from tests.sockets import listening
from tests.system import System
from tests.waiting import until
from vpr_events.contracts.report import ErasureBasis, ReportPersonalDataErased
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_video.held import HOLDINGS
from vpr_video.places import FEWEST
from vpr_video.tables import PERSONAL, locations, sessions

HERE = {"latitude": 49.8951, "longitude": -97.1384, "accuracy": 12.5}
THERE = {"latitude": 49.9, "longitude": -97.2, "accuracy": 5.0}


@pytest.fixture
async def call(video: System) -> AsyncIterator[Call]:
    async with listening(video.apps["video"]) as url, AsyncExitStack() as stack:
        yield await arranged(video, url, stack)


def at(video: System, seconds: float = 0) -> str:
    return (video.runtime("video").now() + timedelta(seconds=seconds)).isoformat()


async def locate(call: Call, place: dict[str, Any], seconds: float = 0) -> str:
    """Tell a place: the problem's code, empty when it was taken."""
    system = call.meeting.system
    body = place | {"at": at(system, seconds)}
    answer = await system["video"].put("/v1/call/location", json=body, headers=call.resident)
    return "" if answer.status_code == 204 else str(answer.json()["type"].rpartition(":")[2])


async def allow(call: Call, *scopes: str) -> None:
    answer = await call.meeting.system["video"].put("/v1/call/consents", json={"scopes": scopes}, headers=call.resident)
    assert answer.status_code == 200


def located(view: dict[str, Any]) -> Any:
    return next(one["location"] for one in view["people"] if one["kind"] == "resident")


async def test_where_a_resident_is_needs_consent_and_is_told_to_the_officer_alone(call: Call) -> None:
    officer, resident = await call.both()
    assert await locate(call, HERE) == "location_not_allowed"
    await allow(call, "view", "location")
    assert await locate(call, HERE, -20) == ""
    shown = located(await officer.sees(lambda view: located(view) is not None))
    assert {name: shown[name] for name in HERE} == HERE
    assert await locate(call, THERE, -10) == ""
    await officer.sees(lambda view: bool(located(view)) and located(view)["latitude"] == THERE["latitude"])
    assert await locate(call, HERE, -30) == "", "it is late: taken, and changes nothing"
    await allow(call, "view")
    await officer.sees(lambda view: located(view) is None)
    assert await locate(call, HERE) == "location_not_allowed"
    await allow(call, "view", "location")
    again = await officer.sees(lambda view: located(view) is not None)
    assert located(again)["latitude"] == THERE["latitude"]
    views = [one for one in resident.told if one["type"] == "session"]
    assert all("location" not in one for view in views for one in view["people"]), "nobody else is told"
    told = str([event.data.model_dump(mode="json") for event in await call.meeting.events()])
    assert str(HERE["latitude"]) not in told


async def test_a_place_is_told_from_the_call_alone_and_must_be_one(call: Call) -> None:
    video, meeting = call.meeting.system, call.meeting
    joined = await meeting.join(await meeting.token())
    waiting = meeting.as_resident(joined)
    await meeting.allow(joined, "location")
    body = HERE | {"at": at(video)}
    refused = await video["video"].put("/v1/call/location", json=body, headers=waiting)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:vpr:problem:not_admitted")
    wrong = await video["video"].put("/v1/call/location", json=body | {"latitude": 91}, headers=call.resident)
    assert (wrong.status_code, [one["field"] for one in wrong.json()["errors"]]) == (422, ["latitude"])
    for beyond in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        wrong = await video["video"].put("/v1/call/location", json=HERE | {"at": beyond}, headers=call.resident)
        assert (wrong.status_code, [one["field"] for one in wrong.json()["errors"]]) == (422, ["at"])
    await allow(call, "location")
    await meeting.post("end", {"reason": "completed"})
    assert await locate(call, HERE) == "session_ended"


async def test_what_was_ticked_is_kept_with_the_session(video: System) -> None:
    meeting = await Meeting.arranged(video)
    url = f"{meeting.url}/checklists"
    await video["video"].put(f"{url}/break_enter/points/lock", json={"ticked": True}, headers=meeting.as_officer())
    for ticked in (True, False):
        await video["video"].put(f"{url}/general/points/damage", json={"ticked": ticked}, headers=meeting.as_officer())
    shown = (await meeting.get(url)).json()
    assert [(one["checklist"], one["ticked"]) for one in shown if one["ticked"]] == [("break_enter", ["lock"])]
    assert shown[0]["suggested"]
    assert shown[0]["checklist"] == "general", "the session knows no category"

    async def tick(point: str, who: dict[str, str]) -> int:
        answer = await video["video"].put(f"{url}/general/points/{point}", json={"ticked": True}, headers=who)
        return answer.status_code

    assert await tick("none", meeting.as_officer()) == 404
    assert await tick("damage", video.as_(Role.OFFICER)) == 403, "it is another's case"
    await meeting.post("end", {"reason": "completed"})
    assert await tick("damage", meeting.as_officer()) == 409


async def test_the_checklist_of_the_reports_category_comes_first(video: System) -> None:
    meeting = await Meeting.arranged(video, category="fraud_phone")
    [first, *_] = (await meeting.get(f"{meeting.url}/checklists")).json()
    assert (first["checklist"], first["suggested"]) == ("fraud", True)
    joined = await meeting.join(await meeting.token())
    page = await video["video"].get("/call", headers=meeting.as_resident(joined))
    assert "Delete nothing: messages" in page.text


async def test_who_waits_learns_how_many_are_before_and_a_time_once_some_were_measured(video: System) -> None:
    officer = new_id()
    busy, mine = [await Meeting.arranged(video, officer=officer) for _ in range(2)]
    other = await Meeting.arranged(video)
    await other.join(await other.token())
    first = await busy.join(await busy.token())
    own = mine.as_resident(await mine.join(await mine.token()))

    async def place() -> Any:
        return (await video["video"].get("/v1/call", headers=own)).json()["place"]

    assert await place() == {"ahead": 1, "busy": False, "minutes": None}
    await _meetings_took(video, FEWEST, timedelta(minutes=8))
    assert (await place())["minutes"] == 8
    await busy.post("participants")
    await busy.admit(first)
    assert await place() == {"ahead": 0, "busy": False, "minutes": None}, "nobody is before"
    await busy.post("connection", {"mode": "audio"})
    assert await place() == {"ahead": 0, "busy": True, "minutes": 8}
    await mine.post("participants")
    await mine.post(f"participants/{(await _resident(mine))}/admission")
    assert await place() is None


async def test_nobody_stands_in_line_by_a_session_that_is_over_or_met_already(video: System) -> None:
    officer, report = new_id(), new_id()
    gone, late, twice, mine_before = [
        await Meeting.arranged(video, officer=officer, **more) for more in ({}, {}, {}, {"report": report})
    ]
    for one in (gone, late, twice, mine_before):
        await one.join(await one.token())
    mine = await Meeting.arranged(video, officer=officer, report=report)
    own = mine.as_resident(await mine.join(await mine.token()))

    async def ahead() -> Any:
        return (await video["video"].get("/v1/call", headers=own)).json()["place"]["ahead"]

    assert await ahead() == 3, "not oneself, by an earlier session about the same report"
    await gone.post("end", {"reason": "no_show"})
    assert await ahead() == 2
    async with video.runtime("video").engine.begin() as connection:
        past = {"expires_at": video.runtime("video").now() - timedelta(seconds=1)}
        await connection.execute(update(sessions).where(sessions.c.id == late.id).values(past))
    assert await ahead() == 1, "its time is over, though no timer told so yet"
    second = await twice.join(await twice.token())
    await twice.post("participants")
    await twice.admit(second)
    assert await ahead() == 0, "they are in, from another device"


async def _meetings_took(video: System, many: int, long: timedelta) -> None:
    """So many meetings of others were connected for so long."""
    ids = [(await Meeting.arranged(video)).id for _ in range(many)]
    async with video.runtime("video").engine.begin() as connection:
        took = {"connected_at": NOON, "ended_at": NOON + long, "status": "ended"}
        await connection.execute(update(sessions).where(sessions.c.id.in_(ids)).values(took))


async def _resident(meeting: Meeting) -> str:
    people = (await meeting.get(f"{meeting.url}/participants")).json()
    return str(next(one["participant_id"] for one in people if one["kind"] == "resident"))


async def test_afterwards_the_resident_reads_how_long_it_took(call: Call) -> None:
    meeting, video = call.meeting, call.meeting.system
    await meeting.post("connection", {"mode": "video"})
    await meeting.post("end", {"reason": "completed"})
    told = (await video["video"].get("/v1/call/summary", headers=call.resident)).json()
    assert told["case_number"] is None, "intake is away"
    assert told["connected_at"] <= told["ended_at"]


async def test_the_page_of_a_neutral_invitation_holds_no_word_of_police(video: System) -> None:
    meeting = await Meeting.arranged(video)
    invited = await meeting.post("invitations", {"neutral": True}, meeting.as_officer() | {"Idempotency-Key": "n"})
    joined = await meeting.join(str(invited.json()["link"]).rpartition("/")[2])
    for language in ("en", "fr"):
        answer = await video["video"].get(f"/call?lang={language}", headers=meeting.as_resident(joined))
        text = answer.text.lower().replace("officer-there", "").replace("officer_", "").replace('"officer":', "")
        assert not [word for word in ("police", "officer", "agent", "signalement", "report") if word in text]
        assert "geolocation=(self)" in answer.headers["Permissions-Policy"]
    plain = await Meeting.arranged(video)
    known = plain.as_resident(await plain.join(await plain.token()))
    assert "police" in (await video["video"].get("/call", headers=known)).text.lower()
    assert "police" not in (await video["video"].get("/call")).text.lower(), "whom we do not know"


async def test_erasing_a_report_erases_where_its_resident_was_and_what_was_ticked(call: Call) -> None:
    meeting, video = call.meeting, call.meeting.system
    await allow(call, "location")
    assert await locate(call, HERE) == ""
    url = f"{meeting.url}/checklists/general/points/damage"
    await video["video"].put(url, json={"ticked": True}, headers=meeting.as_officer())
    assert (
        len(await _held(video, "locations", meeting.report)) == len(await _held(video, "ticked", meeting.report)) == 1
    )
    [told] = await _held(video, "positions", meeting.report)
    assert {name: told[name] for name in HERE} == HERE
    erased = ReportPersonalDataErased(basis=ErasureBasis.RETENTION, rule="retention")
    await video.servers.publish(recorded(erased, entity=meeting.report))

    async def gone() -> bool:
        async with video.runtime("video").reading() as connection:
            return not (await connection.execute(select(locations))).all()

    await until(gone)
    assert await locate(call, THERE, 1) == "erased"
    answer = await video["video"].put(url, json={"ticked": True}, headers=meeting.as_officer())
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:vpr:problem:erased")
    for part in ("ticked", "locations", "positions"):
        assert await _held(video, part, meeting.report) == []
    assert {"locations", "positions", "checklist_ticks"} <= {table.name for table in PERSONAL}


async def _held(video: System, part: str, report: UUID) -> list[Any]:
    async with video.runtime("video").reading() as connection:
        return list((await connection.execute(HOLDINGS.parts[part], {"report": report})).mappings())
