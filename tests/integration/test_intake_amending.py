"""Amending a report: by whom, of which version, and what others learn of it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio

from tests.access import Others, Person, file_report, problem
from tests.examples import NARRATIVE, PERSON, new_report
from tests.system import Servers, System
from tests.waiting import until
from vpr_events.contracts.values import Role
from vpr_events.event import new_id

pytestmark = pytest.mark.asyncio(loop_scope="module")
FILED = 2
"""A filing is two events: what was filed, and what the rules say of it."""
ETAG = {"If-Match": f'"{FILED}"'}


class Client:
    """A 311 system with one report of its own."""

    def __init__(self, system: System, key: str, report: str) -> None:
        self.system, self.key, self.report = system, key, report

    @classmethod
    async def with_report(cls, system: System) -> "Client":
        """A new client that has just filed."""
        admitted = await system["intake"].post(
            "/v1/clients", json={"name": uuid4().hex}, headers=system.as_(Role.ADMIN)
        )
        key = str(admitted.json()["api_key"])
        sent = {"X-API-Key": key, "Idempotency-Key": uuid4().hex}
        return cls(
            system, key, (await system["intake"].post("/v1/reports", json=new_report(), headers=sent)).json()["id"]
        )

    async def amends(self, version: int | None = FILED, **body: Any) -> httpx.Response:
        """Replace these fields."""
        match = {"If-Match": f'"{version}"'} if version is not None else {}
        headers = {"X-API-Key": self.key} | match
        return await self.system["intake"].patch(f"/v1/reports/{self.report}", json=body, headers=headers)

    async def reads(self) -> Any:
        """The report."""
        answer = await self.system["intake"].get(f"/v1/reports/{self.report}", headers={"X-API-Key": self.key})
        return answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(servers: Servers) -> AsyncIterator[System]:
    """One for all, each of which has a report of its own."""
    async with System.started(servers, ["intake", "triage"]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def client(system: System) -> Client:
    return await Client.with_report(system)


async def test_what_is_named_is_replaced_and_the_rest_stays(client: Client) -> None:
    before = await client.reads()
    changes = {"category": "mischief", "description": "It was the fence.", "district": before["district"]}
    answer = await client.amends(**changes, place={"address": "9 Elm"})
    assert (answer.status_code, answer.headers["etag"], answer.json()["category"]) == (
        200,
        f'"{FILED + 1}"',
        "mischief",
    )
    assert "description" not in answer.json()
    after = await client.reads()
    assert (after["description"], after["version"]) == ("It was the fence.", FILED + 1)
    assert after["place"] == {"address": "9 Elm", "latitude": None, "longitude": None}
    kept = ("reporter", "occurred_from", "occurred_to", "filed_at", "district")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


async def test_triages_case_follows(client: Client) -> None:
    system = client.system
    await client.amends(category="mischief", district="7", place={"address": "9 Elm"})

    async def case() -> list[tuple[str, str]]:
        answer = await system["triage"].get("/v1/cases", headers=system.as_(Role.OFFICER))
        return [(one["category"], one["district"]) for one in answer.json() if one["report_id"] == client.report]

    async def followed() -> bool:
        return await case() == [("mischief", "7")]

    await until(followed)


async def test_of_two_changes_to_one_version_the_second_is_refused(client: Client) -> None:
    assert (await client.amends(category="mischief")).status_code == 200
    assert problem(await client.amends(category="theft")) == (412, "version_changed")
    assert (await client.reads())["category"] == "mischief"
    assert (await client.amends(FILED + 1, category="theft")).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"category": None}, "category"),
        ({"category": "piracy"}, "category"),
        ({"occurred_from": "2999-01-01T00:00:00Z"}, "occurred_from"),
        ({"place": {"latitude": 1.0}}, "place"),
        ({"place": {"address": "9 Elm"}}, "district"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_bad_input_names_the_field_and_changes_nothing(client: Client, body: dict[str, Any], field: str) -> None:
    answer = await client.amends(**body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert (await client.reads())["version"] == FILED


async def test_the_version_must_be_named(client: Client) -> None:
    assert problem(await client.amends(None, category="theft")) == (428, "if_match_missing")
    headers = {"X-API-Key": client.key, "If-Match": "*"}
    answer = await client.system["intake"].patch(
        f"/v1/reports/{client.report}", json={"district": "1"}, headers=headers
    )
    assert problem(answer) == (412, "version_changed")


async def test_an_end_before_the_known_beginning_is_refused(client: Client) -> None:
    assert (await client.amends(occurred_from="2026-05-04T10:00:00Z")).status_code == 200
    answer = await client.amends(FILED + 1, occurred_to="2026-05-04T09:00:00Z")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "occurred_to")


async def test_a_withdrawn_report_is_not_amended(client: Client) -> None:
    path, headers = f"/v1/reports/{client.report}/withdrawal", {"X-API-Key": client.key}
    await client.system["intake"].post(path, json={"reason": "mistake"}, headers=headers)
    assert problem(await client.amends(FILED + 1, category="theft")) == (409, "withdrawn")


async def test_an_officer_amends_under_a_claim_alone(system: System) -> None:
    report, officer = await file_report(system), Person(system)
    path, headers = f"/v1/reports/{report}", officer.headers() | ETAG
    change = {"reporter": PERSON | {"first_name": "Vex"}}
    refused = await system["intake"].patch(path, json=change, headers=headers)
    assert problem(refused) == (403, "no_active_claim")
    await Others(system, report).claimed(officer.id)
    assert (await system["intake"].patch(path, json=change, headers=headers)).status_code == 200
    shown = (await officer.reads(report)).json()
    assert (shown["reporter"]["first_name"], shown["description"]) == ("Vex", NARRATIVE)


async def test_a_report_that_does_not_exist_is_not_found(client: Client) -> None:
    client.report = str(UUID(int=new_id().int))
    assert problem(await client.amends(category="theft")) == (404, "no_such_report")


async def test_a_new_fact_is_screened_and_an_emergency_stops_the_report(client: Client) -> None:
    assert (await client.amends(answers={"weapon": "no"})).status_code == 200
    assert (await client.reads())["status"] == "received"
    version = (await client.reads())["version"]
    assert (await client.amends(version, answers={"weapon": "yes"})).json()["status"] == "stopped"
    supervisor = Person(client.system, Role.SUPERVISOR)
    alarms = (await supervisor.get("/v1/alarms")).json()
    assert [(one["kind"], one["report_id"]) for one in alarms] == [("stopped_report", client.report)]


async def test_another_category_keeps_the_answers_that_it_asks_for(client: Client) -> None:
    await client.amends(answers={"weapon": "no"})
    version = (await client.reads())["version"]
    assert (await client.amends(version, category="lost_property")).status_code == 200
    answer = await client.amends((await client.reads())["version"], answers={"colour": "red"})
    assert [one["field"] for one in answer.json()["errors"]] == ["answers.colour"]
