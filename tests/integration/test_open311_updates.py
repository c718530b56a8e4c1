"""Service request updates: what became of a report, and what its client adds."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4
from xml.etree.ElementTree import fromstring

import pytest
import pytest_asyncio

from tests.access import Others
from tests.examples import NOON, minutes
from tests.open311 import Client, errors_of, text
from tests.system import Servers, System
from vpr_events.contracts.case import CaseAssessed, CaseOpened, Outcome
from vpr_events.contracts.dispatch import DispatchUnitAssigned
from vpr_events.contracts.values import Channel, Role
from vpr_intake.api.open311.documents import stamp
from vpr_intake.api.open311.shown import TEXTS
from vpr_intake.projections import CLOSED, STATUSES

pytestmark = pytest.mark.asyncio(loop_scope="module")

UPDATES = "servicerequestupdates.json"
SAID = "The thief came back to the greenhouse."
SINCE = {"start_date": stamp(NOON - timedelta(days=30)), "end_date": stamp(NOON + timedelta(days=30))}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["intake"]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def city(shared: System) -> Client:
    return await Client.admitted(shared)


def update(number: str, **changes: Any) -> dict[str, Any]:
    fixed = {"service_request_id": number, "update_id": "17", "status": "OPEN", "description": SAID,
             "updated_datetime": "2026-05-04T07:00:00-05:00"}  # fmt: skip
    return fixed | changes


async def worked_on(city: Client) -> tuple[str, Others]:
    """A report that two units are sent to, and that is closed."""
    number = await city.filed()
    others = Others(city.system, UUID(number))
    ids = {"report_id": others.report, "category": "theft", "channel": Channel.OPEN311}
    await others.tell("case", CaseOpened(**ids))
    await others.claimed(uuid4())
    assessed = {"report_id": others.report, "assessment_id": uuid4(), "outcome": Outcome.DISPATCH}
    assessed |= {"officer_id": uuid4()}
    await others.tell("case", CaseAssessed(**assessed))
    for _ in range(2):
        await others.tell("dispatch", DispatchUnitAssigned(unit_id=uuid4()))
    await others.closed()
    return number, others


async def test_a_client_reads_what_became_of_its_reports_each_change_once(city: Client) -> None:
    number, _ = await worked_on(city)
    rows = await city.rows(UPDATES, **SINCE)
    assert [one["status"] for one in rows] == ["for_triage", "investigating", "planned", "action_scheduled", "fixed"]
    assert {one["service_request_id"] for one in rows} == {number}
    assert len({one["update_id"] for one in rows}) == 5
    assert all(one["description"] for one in rows)
    [shown] = await city.rows(f"requests/{number}.json", extensions="true")
    assert [one["status"] for one in shown["notes"]] == [one["status"] for one in rows]
    in_xml = fromstring((await city.get("servicerequestupdates.xml", **SINCE)).content)
    assert [text(one, "status") for one in in_xml.findall("request_update")] == [one["status"] for one in rows]
    assert await (await Client.admitted(city.system)).rows(UPDATES, **SINCE) == []


async def test_every_update_lies_inside_the_window_to_the_second(city: Client) -> None:
    await worked_on(city)
    whole = [one["updated_datetime"] for one in await city.rows(UPDATES, **SINCE)]
    assert whole == sorted(whole)
    for first in whole:
        for last in whole:
            inside = await city.rows(UPDATES, start_date=first, end_date=last)
            assert [one["updated_datetime"] for one in inside] == [one for one in whole if first <= one <= last]
    third = stamp(NOON + minutes(2))
    a_moment_later = {"start_date": third.replace("Z", ".001Z"), "end_date": SINCE["end_date"]}
    assert [one["updated_datetime"] for one in await city.rows(UPDATES, **a_moment_later)] == whole[3:]


async def test_every_status_that_a_report_can_get_has_a_text() -> None:
    assert {*STATUSES.values(), *CLOSED.values(), "planned"} == set(TEXTS)


async def test_a_withdrawal_is_an_update(city: Client) -> None:
    number = await city.filed()
    headers = {"X-API-Key": city.key}
    path = f"/v1/reports/{number}/withdrawal"
    assert (await city.system["intake"].post(path, json={"reason": "mistake"}, headers=headers)).status_code == 200
    assert [one["status"] for one in await city.rows(UPDATES)] == ["cancelled"]


async def test_what_a_client_adds_is_kept_once_and_never_told_back(city: Client) -> None:
    number = await city.filed()
    for said in (SAID, "other words"):
        answer = await city.post(UPDATES, **update(number, description=said))
        assert (answer.status_code, answer.json()) == (200, [{"update_id": "17"}])
    in_xml = await city.post("servicerequestupdates.xml", **update(number))
    assert text(fromstring(in_xml.content), "request_update/update_id") == "17"
    assert await city.rows(UPDATES) == []
    assert [one["description"] for one in await added(city, number)] == [SAID]


async def added(city: Client, number: str) -> list[dict[str, Any]]:
    """What an officer sees of it."""
    headers = city.system.as_(Role.OFFICER)
    glass = {"reason": "welfare_check", "text": "A neighbour called, worried."}
    await city.system["intake"].post(f"/v1/reports/{number}/break-glass", json=glass, headers=headers)
    rows: list[dict[str, Any]] = (await city.system["intake"].get(f"/v1/reports/{number}", headers=headers)).json()[
        "updates"
    ]
    return rows


async def test_an_update_makes_the_request_newer(city: Client) -> None:
    number = await city.filed()
    long_ago = stamp(NOON)
    assert await city.rows("requests.json", updated_before=long_ago) == []
    assert (await city.post(UPDATES, **update(number, status="closed"))).status_code == 200
    [shown] = await city.rows("requests.json", updated_after=(await city.rows("requests.json"))[0]["updated_datetime"])
    assert (shown["service_request_id"], shown["status"]) == (number, "open")


BAD: dict[str, tuple[dict[str, Any], int, str]] = {
    "no report": ({"service_request_id": None}, 400, "service_request_id"),
    "an unknown report": ({"service_request_id": "17"}, 404, "service_request_id"),
    "no id": ({"update_id": None}, 400, "update_id"),
    "an id that is too long": ({"update_id": "1" * 101}, 400, "update_id"),
    "a word of nobody": ({"status": "LOST"}, 400, "status"),
    "no time": ({"updated_datetime": None}, 400, "updated_datetime"),
    "a time that is none": ({"updated_datetime": "yesterday"}, 400, "updated_datetime"),
    "a text that is too long": ({"description": "x" * 4001}, 400, "description"),
    "a text with NUL": ({"description": "\0"}, 400, "description"),
    "a bad address": ({"email": "nobody"}, 400, "email"),
    "a bad link": ({"media_url": "media.example"}, 400, "media_url"),
}


@pytest.mark.parametrize(("changes", "status", "name"), BAD.values(), ids=BAD)
async def test_a_bad_update_is_refused_by_name(city: Client, changes: dict[str, Any], status: int, name: str) -> None:
    number = await city.filed()
    told = errors_of(await city.post(UPDATES, **update(number, **changes)))
    assert [(code, one.partition(":")[0]) for code, one in told] == [(status, name)]
    assert await added(city, number) == []


async def test_an_update_id_is_not_taken_for_another_report(city: Client) -> None:
    first, second = await city.filed(), await city.filed(phone="555-0142")
    assert (await city.post(UPDATES, **update(first))).status_code == 200
    assert [code for code, _ in errors_of(await city.post(UPDATES, **update(second)))] == [400]


async def test_another_clients_report_takes_no_update(city: Client) -> None:
    number = await city.filed()
    stranger = await Client.admitted(city.system)
    assert [code for code, _ in errors_of(await stranger.post(UPDATES, **update(number)))] == [404]


async def test_updates_are_erased_with_the_rest_and_none_is_taken_after(city: Client) -> None:
    number = await city.filed()
    assert (await city.post(UPDATES, **update(number))).status_code == 200
    for role in (Role.SUPERVISOR, Role.ADMIN):
        await city.system["intake"].post(f"/v1/reports/{number}/erasure", headers=city.system.as_(role))
    assert await added(city, number) == []
    late = await city.post(UPDATES, **update(number, update_id="18"))
    assert [(code, one.partition(":")[0]) for code, one in errors_of(late)] == [(400, "service_request_id")]
    assert await added(city, number) == []
