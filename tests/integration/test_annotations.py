"""Annotations: a correction stands beside what it corrects, and goes with it."""

from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from tests.access import Others, Person, file_report, problem
from tests.examples import NARRATIVE
from tests.integration.test_intake_amending import Client
from tests.integration.test_intake_erasure import erase, personal
from tests.system import System
from tests.waiting import until
from vpr_events.contracts.values import Role
from vpr_intake.tables import annotations

WORDS = "It was the greenhouse of 9917 Fictitious Crescent, and it was locked."
BODY = {"concerns": "description", "text": WORDS}


@pytest.fixture
async def client(intake: System) -> Client:
    return await Client.with_report(intake)


async def says(client: Client, key: str | None = None, **changes: str) -> httpx.Response:
    headers = {"X-API-Key": client.key, "Idempotency-Key": key or uuid4().hex}
    path = f"/v1/reports/{client.report}/annotations"
    return await client.system["intake"].post(path, json=BODY | changes, headers=headers)


async def test_a_correction_stands_beside_what_it_corrects(client: Client) -> None:
    before = await client.reads()
    written = await says(client)
    assert written.status_code == 201
    told = written.json()
    assert (told["concerns"], told["text"], told["by_client"]) == ("description", WORDS, True)
    after = await client.reads()
    assert (after["description"], after["version"]) == (NARRATIVE, before["version"] + 1)
    assert after["annotations"] == [told]


async def test_the_same_request_is_answered_alike_and_written_once(client: Client) -> None:
    first, again = await says(client, "one"), await says(client, "one")
    assert first.json() == again.json()
    assert len((await client.reads())["annotations"]) == 1
    assert problem(await says(client, "one", text="Other words.")) == (422, "idempotency_key_reused")


async def test_a_withdrawn_report_is_put_right_and_an_erased_one_is_not(client: Client) -> None:
    report = f"/v1/reports/{client.report}"
    headers = {"X-API-Key": client.key}
    withdrawn = await client.system["intake"].post(f"{report}/withdrawal", json={"reason": "mistake"}, headers=headers)
    assert withdrawn.status_code == 200
    assert (await says(client)).status_code == 201
    for role in (Role.SUPERVISOR, Role.ADMIN):
        await erase(client.system, str(client.report), role)
    assert not await personal(client.system)
    async with client.system.runtime("intake").reading() as connection:
        assert (await connection.execute(select(annotations))).all() == []
    assert problem(await says(client)) == (409, "erased")


async def test_staff_write_and_read_under_a_grant_and_are_recorded(intake: System) -> None:
    report, officer = await file_report(intake), Person(intake)
    path = f"/v1/reports/{report}/annotations"
    assert problem(await officer.post(path, BODY)) == (403, "no_active_claim")
    assert problem(await officer.get(path)) == (403, "no_active_claim")
    await Others(intake, report).claimed(officer.id)
    written = await officer.post(path, BODY)
    assert (written.status_code, written.json()["by_client"]) == (201, False)
    assert written.json()["annotated_by"] == str(officer.id)
    read = await officer.get(path)
    assert read.json() == [written.json()]
    assert read.headers["Cache-Control"] == "no-store"
    accesses = (await Person(intake, Role.AUDITOR).get("/v1/access", report_id=str(report))).json()
    assert [one["resource"] for one in accesses] == ["annotations"]


@pytest.mark.parametrize(
    ("changes", "field"), [({"concerns": "weather"}, "concerns"), ({"text": " "}, "text"), ({"text": "a\0b"}, "text")]
)
async def test_what_is_wrong_is_named(client: Client, changes: dict[str, str], field: str) -> None:
    answer = await says(client, **changes)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_the_case_tells_officers_of_it(system: System) -> None:
    client = await Client.with_report(system)
    assert (await says(client)).status_code == 201

    async def followed() -> bool:
        cases = (await system["triage"].get("/v1/cases", headers=system.as_(Role.OFFICER))).json()
        return [one["version"] for one in cases if UUID(one["report_id"]) == UUID(str(client.report))] == [2]

    await until(followed)
