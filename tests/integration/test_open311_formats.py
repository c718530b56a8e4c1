"""Open311 in XML and JSON: the exact bytes, the specification's shapes, and errors in either format."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree.ElementTree import fromstring

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from jsonschema import Draft202012Validator, FormatChecker

from tests.integration.open311_shapes import SHAPES
from tests.open311 import ASKING, V2, Client, catalogue, errors_of, text
from tests.system import Servers, System, starting_at
from vpr_events.contracts.values import Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "<b onclick='x'>& \"kept\" ]]></b> \N{BICYCLE} שלום \u202eevil\u202c \x08"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["intake"], starting_at(datetime(2026, 5, 4, 12, tzinfo=UTC))) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def city(shared: System) -> Client:
    return await Client.admitted(shared)


def check_golden(name: str, content: bytes, **varying: str) -> None:
    """The bytes are those of the file, once what differs from run to run is named."""
    for label, value in varying.items():
        content = content.replace(value.encode(), f"[{label}]".encode())
    assert content == (GOLDEN / name).read_bytes()


async def test_the_services_are_these_bytes(city: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with catalogue(monkeypatch, city.system, ASKING):
        answer = await city.system["intake"].get(f"{V2}/services.xml")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    check_golden("services.xml", answer.content)


async def test_a_definition_is_these_bytes(city: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with catalogue(monkeypatch, city.system, ASKING):
        answer = await city.system["intake"].get(f"{V2}/services/theft.xml")
    check_golden("service_definition.xml", answer.content)


async def test_an_answer_to_a_form_is_these_bytes(city: Client) -> None:
    answer = await city.post("requests.xml", description="golden answer")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    check_golden("filed.xml", answer.content, id=text(fromstring(answer.content), "request/service_request_id"))


async def test_a_request_is_these_bytes(city: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await city.filed(description=HOSTILE, address_string="1 <Example> Street")
    with catalogue(monkeypatch, city.system, ASKING):
        [shown] = await city.rows(f"requests/{number}.json")
        answer = await city.get(f"requests/{number}.xml")
    check_golden("request.xml", answer.content, id=number, filed=shown["requested_datetime"])
    assert shown["description"] == HOSTILE.strip()
    assert text(fromstring(answer.content), "request/description") == HOSTILE.strip().replace("\x08", "\ufffd")


async def test_a_token_and_errors_and_discovery_are_these_bytes(city: Client) -> None:
    number = await city.filed(description="golden token")
    check_golden("token.xml", (await city.get(f"tokens/{number}.xml")).content, id=number)
    check_golden("errors.xml", (await city.post("requests.xml", service_code=None, lat="91", email="nobody")).content)
    answer = await city.system["intake"].get("/open311/discovery.xml")
    assert answer.headers["Content-Type"] == "text/xml"
    check_golden("discovery.xml", answer.content)


async def test_nothing_found_is_an_empty_element(city: Client) -> None:
    stranger = await Client.admitted(city.system)
    answer = await stranger.get("requests.xml")
    assert (answer.status_code, fromstring(answer.content).tag, len(fromstring(answer.content))) == (
        200,
        "service_requests",
        0,
    )


@pytest.mark.parametrize("path", ["/open311/discovery.json", f"{V2}/discovery.json"])
async def test_discovery_names_two_endpoints_in_two_formats(city: Client, path: str) -> None:
    answer = await city.system["intake"].get(path)
    assert answer.headers["Content-Type"] == "application/json"
    check_shape("discovery", answer.json())
    assert {one["url"] for one in answer.json()["endpoints"]} == {"http://intake.test/open311/v2"}


async def test_discovery_tells_the_address_below_which_we_are_mounted(city: Client) -> None:
    parent = FastAPI()
    parent.mount("/intake", city.system.apps["intake"])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(parent), base_url="https://311.test") as client:
        answer = await client.get("/intake/open311/discovery.json")
        lost = await client.get("/intake/open311/v2/nothing.xml")
    assert {one["url"] for one in answer.json()["endpoints"]} == {"https://311.test/intake/open311/v2"}
    assert [code for code, _ in errors_of(lost)] == [404]


def check_shape(name: str, document: Any) -> None:
    Draft202012Validator(SHAPES[name], format_checker=FormatChecker()).validate(document)


async def test_every_answer_has_the_specifications_shape(city: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    number = await city.filed(description="shapes")
    check_shape("services", await city.rows("services.json"))
    with catalogue(monkeypatch, city.system, ASKING):
        check_shape("service_definition", (await city.get("services/theft.json")).json())
    check_shape("service_definition", (await city.get("services/threats.json")).json())
    check_shape("filed", (await city.post(description="shapes")).json())
    check_shape("requests", await city.rows("requests.json"))
    check_shape("requests", await city.rows(f"requests/{number}.json", extensions="true"))
    check_shape("token", await city.rows(f"tokens/{number}.json"))
    check_shape("errors", (await city.get("requests/none.json")).json())
    await city.post("servicerequestupdates.json", **update(number))
    check_shape("updates", await city.rows("servicerequestupdates.json"))


def update(number: str) -> dict[str, str]:
    return {
        "service_request_id": number,
        "update_id": f"of {number}",
        "status": "OPEN",
        "updated_datetime": "2026-05-04T12:00:00Z",
    }


async def test_both_formats_say_the_same(city: Client) -> None:
    number = await city.filed(description="both formats")
    [in_json] = await city.rows(f"requests/{number}.json")
    [in_xml] = fromstring((await city.get(f"requests/{number}.xml")).content)
    assert {one.tag: one.text for one in in_xml} == {
        name: None if value is None else str(value) for name, value in in_json.items()
    }


OUTSIDE: dict[str, tuple[str, str, int]] = {
    "a path of nothing": ("GET", f"{V2}/nothing", 404),
    "a format of nothing": ("GET", f"{V2}/services.html", 404),
    "a service of nothing": ("GET", f"{V2}/services/potholes", 404),
    "no method of ours": ("DELETE", f"{V2}/services", 405),
    "no key": ("GET", f"{V2}/requests", 403),
    "no key for an update": ("POST", f"{V2}/servicerequestupdates", 403),
}


@pytest.mark.parametrize("suffix", ["xml", "json"])
@pytest.mark.parametrize(("method", "path", "status"), OUTSIDE.values(), ids=OUTSIDE)
async def test_errors_come_in_the_format_that_was_asked_for(
    city: Client, method: str, path: str, status: int, suffix: str
) -> None:
    address = path if path.endswith("html") else f"{path}.{suffix}"
    answer = await city.system["intake"].request(method, address)
    assert answer.status_code == status
    assert [code for code, _ in errors_of(answer)] == [status]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_form_that_is_too_large_is_refused_in_xml_too(city: Client) -> None:
    answer = await city.post("requests.xml", description="x" * 1_100_000)
    assert (answer.status_code, [code for code, _ in errors_of(answer)]) == (413, [413])


async def test_several_errors_are_told_at_once_and_the_gravest_decides(city: Client) -> None:
    answer = await city.post("requests.xml", service_code="potholes", lat=None, email="nobody", description="x" * 4001)
    told = errors_of(answer)
    assert (answer.status_code, told[0][0]) == (404, 404)
    assert {description.partition(":")[0] for _, description in told} == {"service_code", "lat", "email", "description"}
    assert "nobody" not in answer.text


async def test_a_fault_of_ours_is_told_in_that_form_too(city: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("vpr_intake.queries.list_reports", broken)
    answer = await city.get("requests.xml")
    assert (answer.status_code, [code for code, _ in errors_of(answer)]) == (500, [500])


async def test_an_officer_reads_every_link_and_update(city: Client) -> None:
    links = ["https://media.example/1.jpg", "https://media.example/2.jpg"]
    number = await city.filed(media_url=links, description="two links")
    assert (await city.post("servicerequestupdates.json", **update(number), media_url=links[1])).status_code == 200
    officer = city.system.as_(Role.OFFICER)
    glass = {"reason": "welfare_check", "text": "A neighbour called, worried."}
    reports = f"/v1/reports/{UUID(number)}"
    assert (await city.system["intake"].post(f"{reports}/break-glass", json=glass, headers=officer)).status_code == 201
    shown = (await city.system["intake"].get(reports, headers=officer)).json()
    assert (shown["media_urls"], shown["updates"][0]["media_urls"]) == (links, [links[1]])
