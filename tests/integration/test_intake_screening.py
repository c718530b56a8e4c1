"""Filing with answers: what the rules say is told, recorded, alarmed, and found again."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from tests.examples import NARRATIVE, PLACE, new_report, recorded
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.case import CaseClaimed
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel, Gravest, Role
from vpr_events.pipeline import Execution
from vpr_events.tables import events
from vpr_intake.api.screening import service_notice
from vpr_intake.domain.report import report
from vpr_intake.domain.report_commands import FileReport, RescreenReport
from vpr_intake.domain.screened import Urgency
from vpr_intake.domain.screening import Outcome, Screening
from vpr_intake.tables import answers, screenings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAFE = {"danger_now": "no", "when": "earlier", "suspect_here": "no", "weapon": "no", "injured": "no"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    """One intake with triage for all."""
    async with System.started(servers, ["intake", "triage"]) as running:
        yield running


async def file(system: System, headers: dict[str, str] | None = None, **changes: Any) -> httpx.Response:
    sent = system.as_(Role.OFFICER) | (headers or {})
    return await system["intake"].post("/v1/reports", json=new_report(**changes), headers=sent)


async def filed(system: System, **changes: Any) -> dict[str, Any]:
    answer = await file(system, **changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def told(system: System, report_id: str) -> list[str]:
    """The types of all events of a report."""
    async with system.runtime("intake").reading() as connection:
        query = select(events.c.type).where(events.c.correlation_id == UUID(report_id)).order_by(events.c.position)
        return list((await connection.execute(query)).scalars())


async def listed(system: System, report_id: str) -> dict[str, Any]:
    answer = await system["intake"].get(f"/v1/reports?id={report_id}", headers=system.as_(Role.OFFICER))
    return dict(answer.json()[0])


async def alarms(system: System, report_id: str) -> list[dict[str, Any]]:
    answer = await system["intake"].get("/v1/alarms?limit=200", headers=system.as_(Role.SUPERVISOR))
    return [one for one in answer.json() if one["report_id"] == report_id]


async def test_a_report_without_a_sign_of_danger_is_eligible(shared: System) -> None:
    answer = await filed(shared, answers=SAFE | {"value": "120"})
    assert (answer["status"], answer["version"]) == ("received", 2)
    assert answer["screening"]["outcome"] == "eligible"
    assert (answer["screening"]["rules"], answer["screening"]["version"]) == ([], "winnipeg-1")
    assert await told(shared, answer["id"]) == ["report.filed.v1", "report.screened.v1"]
    assert await alarms(shared, answer["id"]) == []


async def test_what_was_not_asked_goes_to_an_officer(shared: System) -> None:
    answer = await filed(shared)
    assert answer["screening"]["outcome"] == "officer_review"
    assert [one["code"] for one in answer["screening"]["rules"]] == ["safety_not_asked"]


async def test_an_emergency_is_told_so_stopped_and_alarmed_and_has_an_owner(shared: System) -> None:
    answer = await filed(shared, answers=SAFE | {"weapon": "yes", "value": "9000"})
    number = answer["id"]
    assert (answer["status"], answer["screening"]["outcome"], answer["version"]) == ("stopped", "emergency", 3)
    assert "Call 911 now" in answer["screening"]["advice"]
    assert [one["code"] for one in answer["screening"]["rules"]] == ["weapon_involved", "high_value"]
    assert (await listed(shared, number))["status"] == "stopped"
    assert await told(shared, number) == [
        "report.filed.v1", "report.screened.v1", "report.stopped.v1", "access.alarm_raised.v3",
    ]  # fmt: skip
    [alarm] = await alarms(shared, number)
    assert (alarm["kind"], alarm["reason"], alarm["acknowledged_at"]) == ("stopped_report", "weapon_involved", None)

    async def at_the_top() -> bool:
        cases = (await shared["triage"].get("/v1/cases", headers=shared.as_(Role.OFFICER))).json()
        return bool(cases and (cases[0]["report_id"], cases[0]["priority"]) == (number, 0))

    await until(at_the_top)


async def test_a_stopped_report_is_in_progress_once_somebody_works_on_it(shared: System) -> None:
    number = (await filed(shared, answers={"injured": "yes"}))["id"]
    claimed = CaseClaimed(officer_id=UUID(int=7), lease_until="2030-01-01T00:00:00Z")
    await shared.servers.publish(recorded(claimed, entity=UUID(int=8), report=UUID(number)))

    async def in_progress() -> bool:
        return bool((await listed(shared, number))["status"] == "in_progress")

    await until(in_progress)


async def test_the_alarm_stands_until_a_supervisor_acknowledges_it_even_who_filed(shared: System) -> None:
    both = shared.as_(Role.SUPERVISOR)
    number = (await file(shared, both, answers={"danger_now": "yes"})).json()["id"]
    [alarm] = await alarms(shared, number)
    seen = await shared["intake"].post(f"/v1/alarms/{alarm['id']}/acknowledgement", headers=both)
    assert (seen.status_code, bool(seen.json()["acknowledged_at"])) == (200, True)


async def test_the_answer_is_in_the_language_asked_for(shared: System) -> None:
    answer = await file(shared, {"Accept-Language": "fr-CA, en;q=0.5"}, answers={"weapon": "yes"})
    screening = answer.json()["screening"]
    assert "Appelez le 911" in screening["advice"]
    assert screening["rules"][0]["text"] == "Une arme a été utilisée ou montrée."


async def test_a_repeated_request_is_answered_alike(shared: System) -> None:
    headers = shared.as_(Role.OFFICER)
    first = await file(shared, headers, answers={"weapon": "yes"})
    again = await file(shared, headers, answers={"weapon": "yes"})
    assert (again.json(), again.headers["ETag"]) == (first.json(), first.headers["ETag"])
    assert len(await alarms(shared, first.json()["id"])) == 1


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an answer to what is not asked": ({"answers": {"hit": ["vehicle"]}}, "answers.hit"),
    "an option that is none": ({"answers": {"weapon": "perhaps"}}, "answers.weapon"),
    "a list for one answer": ({"answers": {"weapon": ["yes"]}}, "answers.weapon"),
    "words for a number": ({"answers": {"value": "a lot"}}, "answers.value"),
    "NUL in an answer": ({"answers": {"contact_time": "a\0b"}}, "answers.contact_time"),
    "a number that is no text": ({"answers": {"value": 5}}, "answers.value"),
    "an unknown category": ({"category": "arson", "answers": {"weapon": "yes"}}, "category"),
    "an unknown district": ({"place": {}, "district": "99"}, "district"),
    "a place in another city": ({"place": {"latitude": 43.65, "longitude": -79.38}}, "place.latitude"),
}


@pytest.mark.parametrize(("changes", "field"), WRONG.values(), ids=WRONG)
async def test_what_the_city_does_not_know_is_named_and_nothing_is_stored(
    shared: System, changes: dict[str, Any], field: str
) -> None:
    async def stored() -> int:
        async with shared.runtime("intake").reading() as connection:
            return (await connection.execute(select(func.count()).select_from(screenings))).scalar_one()

    before = await stored()
    answer = await file(shared, **changes)
    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "urn:vpr:problem:invalid"
    assert field in [one["field"] for one in answer.json()["errors"]]
    assert field in answer.json()["detail"]
    assert "perhaps" not in answer.text
    assert await stored() == before


async def test_everything_that_is_wrong_is_told_at_once(shared: System) -> None:
    answer = await file(shared, answers={"weapon": "perhaps", "value": "much"}, place={"latitude": 1, "longitude": 2})
    fields = {one["field"] for one in answer.json()["errors"]}
    assert fields == {"answers.weapon", "answers.value", "place.latitude"}


@pytest.mark.parametrize("swapped", [(-97.1384, 49.8951), (-89.0, 49.8951)])
async def test_swapped_coordinates_get_a_hint(shared: System, swapped: tuple[float, float]) -> None:
    answer = await file(shared, place={"latitude": swapped[0], "longitude": swapped[1]})
    [error] = answer.json()["errors"]
    assert error["field"] == "place.latitude"
    assert ("swapped" in error["detail"]) == (swapped[0] < -90)


async def test_the_district_is_that_of_the_place(shared: System) -> None:
    assert (await listed(shared, (await filed(shared, district="7"))["id"]))["district"] == "3"
    there = {"address": "9917 Fictitious Crescent"}
    assert (await listed(shared, (await filed(shared, place=there, district="7"))["id"]))["district"] == "7"
    assert (await listed(shared, (await filed(shared, place=there))["id"]))["district"] is None


async def test_categories_and_city_are_told_in_the_language_asked_for(shared: System) -> None:
    french = (await shared["intake"].get("/v1/categories", headers={"Accept-Language": "fr"})).json()
    english = (await shared["intake"].get("/v1/categories")).json()
    of_french, of_english = ({one["code"]: one for one in them} for them in (french, english))
    assert (of_french["theft"]["name"], of_english["theft"]["name"]) == ("Vol", "Theft")
    [weapon] = [one for one in of_french["theft"]["questions"] if one["code"] == "weapon"]
    assert weapon["options"] == [{"key": "yes", "name": "Oui"}, {"key": "no", "name": "Non"}]
    assert (of_english["lost_property"]["ucr2"], of_english["theft"]["ucr2"]) == (None, "2140")
    city = (await shared["intake"].get("/v1/city")).json()
    assert (city["code"], city["gravest"], len(city["districts"])) == ("winnipeg", "lowest", 15)


async def test_the_holder_reads_answers_and_reasons_until_they_are_erased(shared: System) -> None:
    number = (await filed(shared, answers={"weapon": "yes", "access": ["interpreter"]}))["id"]
    officer = shared.as_(Role.OFFICER)
    glass = {"reason": "welfare_check", "text": "nobody answers there"}
    path = f"/v1/reports/{number}"
    assert (await shared["intake"].post(f"{path}/break-glass", json=glass, headers=officer)).status_code == 201
    shown = (await shared["intake"].get(path, headers=officer)).json()
    assert (shown["answers"], shown["description"]) == ({"weapon": "yes", "access": ["interpreter"]}, NARRATIVE)
    assert shown["screening"]["rules"][0] == {"code": "weapon_involved", "text": "A weapon was used or shown."}
    for role in (Role.SUPERVISOR, Role.ADMIN):
        await shared["intake"].post(f"{path}/erasure", headers=shared.as_(role))
    async with shared.runtime("intake").reading() as connection:
        assert (
            await connection.execute(
                select(func.count()).select_from(answers).where(answers.c.report_id == UUID(number))
            )
        ).scalar_one() == 0
    assert (await shared["intake"].get(path, headers=officer)).json()["answers"] == {}


async def test_open311_tells_the_same(shared: System) -> None:
    admin = shared.as_(Role.ADMIN)
    key = (await shared["intake"].post("/v1/clients", json={"name": "screened"}, headers=admin)).json()["api_key"]
    form = {"api_key": key, "service_code": "theft", "description": "x", "lat": PLACE["latitude"]}
    sent = form | {"long": PLACE["longitude"]}
    [answer] = (await shared["intake"].post("/open311/v2/requests.json", data=sent)).json()
    assert "An officer reads it first" in answer["service_notice"]
    away = await shared["intake"].post("/open311/v2/requests.json", data=form | {"long": "0"})
    assert (away.status_code, away.json()[0]["description"][:4]) == (400, "lat:")


async def test_a_report_of_a_time_without_rules_is_read_as_before(shared: System) -> None:
    number = UUID(int=0xABC)
    command = FileReport(at=shared.runtime("intake").now(), channel=Channel.WEB, category="theft")
    outcome = await shared.runtime("intake").pipeline.execute(Execution(decider=report, entity=number, command=command))
    assert [type(one.data) for one in outcome.events] == [ReportFiled]
    assert service_notice(outcome.events, shared.runtime("intake").settings.city) is None  # type: ignore[attr-defined]
    shown = await listed(shared, str(number))
    assert (shown["status"], shown["version"]) == ("received", 1)


async def test_a_new_fact_may_make_it_an_emergency_later(shared: System) -> None:
    number = UUID((await filed(shared, answers=SAFE))["id"])
    runtime = shared.runtime("intake")

    async def rescreen(outcome: Outcome, *reasons: str) -> None:
        screening = Screening(outcome, reasons, "winnipeg-1")
        command = RescreenReport(at=runtime.now(), screening=screening, urgency=Urgency(0, Gravest.LOWEST))
        await runtime.pipeline.execute(Execution(decider=report, entity=number, command=command))

    await rescreen(Outcome.EMERGENCY, "weapon_involved")
    shown = await listed(shared, str(number))
    assert (shown["status"], shown["version"]) == ("stopped", 4)
    await rescreen(Outcome.OFFICER_REVIEW, "domestic")
    shown = await listed(shared, str(number))
    assert (shown["status"], shown["version"]) == ("stopped", 5)
