"""Property, vehicles, people and statements: kept structured, screened, amended whole, erased, and of no event."""

import hashlib
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.access import Others, Person, file_report, problem
from tests.examples import new_report
from tests.integration.test_intake_amending import Client
from tests.integration.test_intake_erasure import erase
from tests.system import System
from vpr_events.contracts.values import Role

BICYCLE = {"kind": "bicycle", "make": "Velorama", "serial": "XK-000-17", "value": "950.00", "quantity": 2}
CAR = {"involvement": "used", "plate": "zzz 000", "plate_region": "ca-mb", "vin": "1m8gdm9axkp042788"}
SOMEBODY = {"part": "suspect", "clothing": "a yellow raincoat", "age_from": 30, "age_to": 40}
DETAILS: dict[str, Any] = {"property": [BICYCLE], "vehicles": [CAR], "persons": [SOMEBODY]}
WORDS = "I saw the greenhouse open at seven, and the marzipan-coloured bicycle was gone."


@pytest.fixture
async def client(intake: System) -> Client:
    return await Client.with_report(intake)


async def filed(client: Client, **changes: Any) -> httpx.Response:
    headers = {"X-API-Key": client.key, "Idempotency-Key": uuid4().hex}
    return await client.system["intake"].post("/v1/reports", json=new_report(**changes), headers=headers)


async def states(client: Client, path: str = "", **body: Any) -> httpx.Response:
    headers = {"X-API-Key": client.key, "Idempotency-Key": uuid4().hex}
    address = f"/v1/reports/{client.report}/statements{path}"
    return await client.system["intake"].post(address, json=body, headers=headers)


async def test_details_are_kept_as_they_were_told_in_one_spelling(client: Client) -> None:
    client.report = (await filed(client, details=DETAILS)).json()["id"]
    told = (await client.reads())["details"]
    assert told["property"][0] | BICYCLE == told["property"][0]
    assert (told["property"][0]["involvement"], told["property"][0]["colour"]) == ("stolen", None)
    car = told["vehicles"][0]
    assert (car["plate"], car["plate_region"], car["vin"]) == ("ZZZ 000", "CA-MB", "1M8GDM9AXKP042788")
    assert told["persons"][0]["clothing"] == SOMEBODY["clothing"]


async def test_a_report_without_details_has_none(client: Client) -> None:
    assert (await client.reads())["details"] is None


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"property": [{"make": "Velorama"}]}, "details.property.0.kind"),
        ({"property": [{"kind": "ring", "value": "-1"}]}, "details.property.0.value"),
        ({"vehicles": [CAR, {"vin": "1O8GDM9AXKP042788"}]}, "details.vehicles.1.vin"),
        ({"vehicles": [{"involvement": "seen"}]}, "details.vehicles.0"),
        ({"persons": [{"age_from": 40, "age_to": 30}]}, "details.persons.0"),
        ({"persons": [{"part": "bystander", "name": "N"}]}, "details.persons.0.part"),
        ({"property": [BICYCLE] * 51}, "details.property"),
        ({"weapons": []}, "details.weapons"),
    ],
)
async def test_what_is_wrong_in_details_is_named(client: Client, details: Any, field: str) -> None:
    answer = await filed(client, details=details)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


async def test_the_rules_know_what_the_property_is_worth_and_whether_a_suspect_is_known(client: Client) -> None:
    rings = {"property": [{"kind": "ring", "value": "2600.00", "quantity": 2}]}
    known = {"persons": [{"name": "Zzyzx", "known_to_reporter": True}]}
    reasons = [
        {rule["code"] for rule in (await filed(client, details=details)).json()["screening"]["rules"]}
        for details in (DETAILS, rings, known)
    ]
    assert ["high_value" in fired for fired in reasons] == [False, True, False]
    assert ["suspect_known" in fired for fired in reasons] == [False, False, True]


async def test_details_are_amended_whole_and_screened_again(client: Client) -> None:
    first = await client.amends(details=DETAILS)
    assert first.status_code == 200
    version = first.json()["version"]
    rings = {"property": [{"kind": "ring", "value": "5200.00"}]}
    assert (await client.amends(version, details=rings)).status_code == 200
    told = await client.reads()
    assert ([one["kind"] for one in told["details"]["property"]], told["details"]["vehicles"]) == (["ring"], [])
    assert "high_value" in {rule["code"] for rule in told["screening"]["rules"]}
    kept = await client.amends(told["version"], description="And a watch.")
    assert (kept.status_code, (await client.reads())["details"]) == (200, told["details"])


async def test_a_statement_is_read_back_and_confirmed_once(client: Client) -> None:
    taken = await states(client, text=WORDS, language="en")
    told = taken.json()
    assert (taken.status_code, told["text"], told["confirmed_at"]) == (201, WORDS, None)
    assert hashlib.sha256(bytes.fromhex(told["salt"]) + WORDS.encode()).hexdigest() == told["digest"]
    path = f"/{told['id']}/confirmation"

    other = await states(client, path, digest="0" * 64)
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "digest")
    first, again = [(await states(client, path, digest=told["digest"])).json() for _ in range(2)]
    assert first["confirmed_at"] is not None
    assert first == again
    assert (await states(client, f"/{uuid4()}/confirmation", digest=told["digest"])).status_code == 404


async def test_a_confirmed_statement_is_corrected_by_another(client: Client) -> None:
    first = (await states(client, text=WORDS)).json()
    second = await states(client, text="It was at eight.", corrects=first["id"])
    assert (second.status_code, second.json()["corrects"]) == (201, first["id"])
    wrong = await states(client, text="It was at nine.", corrects=str(uuid4()))
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "corrects")
    listed = await client.system["intake"].get(
        f"/v1/reports/{client.report}/statements", headers={"X-API-Key": client.key}
    )
    assert [one["text"] for one in listed.json()] == [WORDS, "It was at eight."]


async def test_staff_who_read_statements_need_a_grant_and_are_recorded(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    path = f"/v1/reports/{report}/statements"
    assert problem(await officer.get(path)) == (403, "no_active_claim")
    await Others(intake, report).claimed(officer.id)
    taken = await officer.post(path, {"text": WORDS})
    assert (taken.status_code, taken.json()["taken_by"]) == (201, str(officer.id))
    assert (await officer.get(path)).status_code == 200
    seen = await Person(intake, Role.SUPERVISOR).get("/v1/access", report_id=str(report))
    assert [one["resource"] for one in seen.json()] == ["statements"]


async def test_what_is_erased_takes_no_statement_and_shows_none(client: Client) -> None:
    await client.amends(details=DETAILS)
    told = (await states(client, text=WORDS)).json()
    for role in (Role.SUPERVISOR, Role.ADMIN):
        await erase(client.system, client.report, role)
    assert (await client.reads())["details"] is None
    refused = await states(client, text=WORDS)
    assert problem(refused) == (409, "erased")
    assert (await states(client, f"/{told['id']}/confirmation", digest=told["digest"])).status_code == 404
    path = f"/v1/reports/{client.report}/statements"
    assert (await client.system["intake"].get(path, headers={"X-API-Key": client.key})).json() == []


async def test_the_history_of_a_report_tells_each_status_once(client: Client) -> None:
    path = f"/v1/reports/{client.report}"
    key = {"X-API-Key": client.key}
    await client.system["intake"].post(f"{path}/withdrawal", json={"reason": "mistake"}, headers=key)
    told = (await client.system["intake"].get(f"{path}/history", headers=key)).json()
    assert (told[0]["status"], told[-1]["status"]) == ("open", "cancelled")
    assert [one["at"] for one in told] == sorted(one["at"] for one in told)
    stopped = (await filed(client, answers={"danger_now": "yes"})).json()["id"]
    began = (await client.system["intake"].get(f"/v1/reports/{stopped}/history", headers=key)).json()
    assert began[0]["status"] == "stopped"


async def test_of_a_sensitive_report_a_client_learns_no_more_than_that_it_is_open(client: Client) -> None:
    report = (await filed(client, answers={"domestic": "yes"})).json()["id"]
    officer = client.system.as_(Role.OFFICER)
    path = f"/v1/reports/{report}"
    await client.system["intake"].post(f"{path}/withdrawal", json={"reason": "mistake"}, headers=officer)
    told = [
        [one["status"] for one in (await client.system["intake"].get(f"{path}/history", headers=who)).json()]
        for who in ({"X-API-Key": client.key}, officer)
    ]
    assert told == [["open"], ["open", "cancelled"]]


async def test_a_client_reads_and_confirms_its_own_statements_and_annotations_alone(client: Client) -> None:
    officer = Person(client.system)
    await Others(client.system, UUID(client.report)).claimed(officer.id)
    path = f"/v1/reports/{client.report}"
    theirs = (await officer.post(f"{path}/statements", {"text": "The officer's words."})).json()
    await officer.post(f"{path}/annotations", {"concerns": "place", "text": "It is the back door."})
    own = (await states(client, text=WORDS)).json()
    key = {"X-API-Key": client.key}
    listed = (await client.system["intake"].get(f"{path}/statements", headers=key)).json()
    assert [one["id"] for one in listed] == [own["id"]]
    assert (await client.system["intake"].get(f"{path}/annotations", headers=key)).json() == []
    assert (await client.reads())["annotations"] == []
    refused = await states(client, f"/{theirs['id']}/confirmation", digest=theirs["digest"])
    assert refused.status_code == 404
    both = (await officer.get(f"{path}/statements")).json()
    assert {one["id"] for one in both} == {own["id"], theirs["id"]}
