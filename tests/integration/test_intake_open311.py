"""GeoReport v2: what a 311 client sees, and the errors in the specification's own form."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from tests.examples import NARRATIVE, PERSON
from tests.system import Servers, System
from vpr_events.contracts.values import Role
from vpr_events.tables import events
from vpr_intake.city import load_city, shipped
from vpr_intake.tables import particulars, reports

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUESTS = "/open311/v2/requests.json"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["intake"]) as running:
        yield running


async def admitted(system: System, name: str) -> str:
    """The API key of a new client."""
    admitting = await system["intake"].post("/v1/clients", json={"name": name}, headers=system.as_(Role.ADMIN))
    assert admitting.status_code == 201, admitting.text
    return str(admitting.json()["api_key"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def key(shared: System) -> str:
    return await admitted(shared, "city")


def request(key: str, **changes: Any) -> dict[str, Any]:
    """The form of a good request; None leaves a field out."""
    form = {"api_key": key, "service_code": "theft", "description": NARRATIVE, "lat": "49.8951", "long": "-97.1384"}
    return {name: value for name, value in (form | changes).items() if value is not None}


async def filed(system: System, key: str, **changes: Any) -> str:
    answer = await system["intake"].post(REQUESTS, data=request(key, **changes))
    assert answer.status_code == 200, answer.text
    return str(answer.json()[0]["service_request_id"])


async def stored(system: System) -> list[int]:
    async with system.runtime("intake").reading() as connection:
        tables = (events, reports, particulars)
        return [(await connection.execute(select(func.count()).select_from(one))).scalar_one() for one in tables]


def check_errors(answer: httpx.Response, status: int, word: str) -> None:
    assert answer.status_code == status, answer.text
    errors = answer.json()
    assert errors
    assert {one["code"] for one in errors} == {status}
    assert any(word in one["description"] for one in errors), errors
    assert NARRATIVE not in answer.text


async def test_the_services_are_public_and_are_our_categories(shared: System) -> None:
    services = (await shared["intake"].get("/open311/v2/services.json")).json()
    assert [one["service_code"] for one in services] == list(load_city(shipped()["winnipeg"]).categories)
    assert {one["type"] for one in services} == {"realtime"}


async def test_a_filed_request_is_read_back_as_it_was_sent(shared: System, key: str) -> None:
    sent = {"address_string": "9917 Fictitious Crescent", "media_url": "https://media.example/1.jpg"}
    number = await filed(shared, key, **sent, address_id="A-17", email=PERSON["email"], first_name="Quillon")
    answer = await shared["intake"].get(f"/open311/v2/requests/{number}.json", params={"api_key": key})
    [shown] = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert (shown["service_request_id"], shown["status"]) == (number, "open")
    assert (shown["lat"], shown["long"], shown["address"]) == (49.8951, -97.1384, sent["address_string"])
    assert (shown["media_url"], shown["address_id"]) == (sent["media_url"], "A-17")
    assert datetime.fromisoformat(shown["requested_datetime"]).tzinfo == UTC
    assert PERSON["email"] not in answer.text


BAD_FORMS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no key": ({"api_key": None}, 403, "api_key"),
    "a wrong key": ({"api_key": f"vpr_{uuid4().hex}_x"}, 403, "API key"),
    "a key that is none": ({"api_key": "sesame"}, 403, "API key"),
    "a key with NUL": ({"api_key": "vpr_\x00_"}, 403, "API key"),
    "no service": ({"service_code": None}, 400, "service_code"),
    "an unknown service": ({"service_code": "potholes"}, 404, "service_code"),
    "NUL for a service": ({"service_code": "\x00"}, 404, "service_code"),
    "no place": ({"lat": None, "long": None}, 400, "address_string"),
    "half a place": ({"long": None}, 400, "lat"),
    "half a place and an address": ({"long": None, "address_string": "here"}, 400, "lat and long"),
    "a latitude beyond the pole": ({"lat": "91"}, 400, "lat"),
    "a latitude of NaN": ({"lat": "nan"}, 400, "lat"),
    "a longitude of infinity": ({"long": "inf"}, 400, "long"),
    "a latitude that is a word": ({"lat": "north"}, 400, "lat"),
    "a description that is too long": ({"description": "x" * 4001}, 400, "description"),
    "NUL in the description": ({"description": "a\x00b"}, 400, "description"),
    "a bad e-mail address": ({"email": "nobody at home"}, 400, "email"),
    "NUL in a name": ({"first_name": "\x00"}, 400, "first_name"),
    "NUL in an address": ({"address_string": "\x00"}, 400, "address_string"),
    "NUL in an address's number": ({"address_id": "\x00"}, 400, "address_id"),
    "NUL in a media address": ({"media_url": "https://\x00"}, 400, "media_url"),
    "a media address that is too long": ({"media_url": "x" * 2001}, 400, "media_url"),
    "a media address that is too long by one": ({"media_url": "https://a.example/".ljust(2001, "x")}, 400, "media_url"),
    "a media address of no scheme": ({"media_url": "media.example/1.jpg"}, 400, "media_url"),
    "a media address that is a script": ({"media_url": "javascript:alert(1)"}, 400, "media_url"),
    "a media address on a disk": ({"media_url": "file:///etc/passwd"}, 400, "media_url"),
    "a media address without a host": ({"media_url": "https:///1.jpg"}, 400, "media_url"),
    "a media address that is none": ({"media_url": "https://[::1"}, 400, "media_url"),
    "a media address with a line break": ({"media_url": "https://media.example/\n1.jpg"}, 400, "media_url"),
    "a telephone number that is too long": ({"phone": "1" * 41}, 400, "phone"),
}


@pytest.mark.parametrize(("changes", "status", "word"), BAD_FORMS.values(), ids=BAD_FORMS)
async def test_a_bad_request_is_refused_and_stores_nothing(
    shared: System, key: str, changes: dict[str, Any], status: int, word: str
) -> None:
    before = await stored(shared)
    answer = await shared["intake"].post(REQUESTS, data=request(key, **changes))
    check_errors(answer, status, word)
    assert await stored(shared) == before


async def test_json_instead_of_a_form_is_refused(shared: System, key: str) -> None:
    check_errors(await shared["intake"].post(REQUESTS, json=request(key)), 400, "body")


async def test_a_file_where_a_text_belongs_is_refused(shared: System, key: str) -> None:
    files = {"description": ("description.txt", NARRATIVE.encode())}
    form = request(key, description=None)
    check_errors(await shared["intake"].post(REQUESTS, data=form, files=files), 400, "description")


async def test_a_form_that_is_too_large_is_refused(shared: System, key: str) -> None:
    before = await stored(shared)
    answer = await shared["intake"].post(REQUESTS, data=request(key, description="x" * 1_100_000))
    check_errors(answer, 413, "larger than")
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert await stored(shared) == before


async def test_a_large_form_in_pieces_is_refused_as_well(shared: System) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b"x" * 4096

    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    check_errors(await shared["intake"].post(REQUESTS, content=pieces(), headers=headers), 413, "larger than")


async def test_the_longest_media_address_and_fields_of_other_endpoints_are_taken(shared: System, key: str) -> None:
    address = "HTTP://media.example:8080/".ljust(2000, "x")
    others = {"device_id": "7", "account_id": "8", "jurisdiction_id": "city.example", "attribute[A1]": "yes"}
    number = await filed(shared, key, media_url=address, **others)
    answer = await shared["intake"].get(f"/open311/v2/requests/{number}.json", params={"api_key": key})
    assert answer.json()[0]["media_url"] == address


BAD_QUERIES: dict[str, tuple[dict[str, str], str]] = {
    "ninety-one days": ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-02T00:00:01Z"}, "90 days"),
    "a start without offset": ({"start_date": "2026-01-01T00:00:00"}, "start_date"),
    "a start that is none": ({"start_date": "January"}, "start_date"),
    "a start at the end of the calendar": ({"start_date": "9999-12-31T23:59:59Z"}, "start_date"),
    "an end before all calendars": ({"end_date": "0001-01-01T00:00:00Z"}, "end_date"),
    "a start in no zone's calendar": (
        {"start_date": "0001-01-01T00:00:00+14:00", "end_date": "0001-01-02T00:00:00Z"},
        "start_date",
    ),
    "an unknown status": ({"status": "open,lost"}, "status"),
    "a page of nothing": ({"page_size": "0"}, "page_size"),
    "a page beyond all": ({"page_size": "1001"}, "page_size"),
    "NUL for a service": ({"service_code": "\x00"}, "service_code"),
}


@pytest.mark.parametrize(("query", "word"), BAD_QUERIES.values(), ids=BAD_QUERIES)
async def test_a_bad_query_is_refused(shared: System, key: str, query: dict[str, str], word: str) -> None:
    check_errors(await shared["intake"].get(REQUESTS, params={"api_key": key, **query}), 400, word)


@pytest.mark.parametrize("key", ["", "vpr_", "vpr_6f341e4a4fe244e1a5cd0d1d1eb6fda9_x"])
async def test_reading_needs_a_key(shared: System, key: str) -> None:
    check_errors(await shared["intake"].get(REQUESTS, params={"api_key": key}), 403, "key")
    one = await shared["intake"].get(f"/open311/v2/requests/{uuid4()}.json", params={"api_key": key})
    check_errors(one, 403, "key")


@pytest.mark.parametrize("number", ["1a457097-f443-48bd-a5c7-d72dbb9a3e41", "17", "a,b", "%00"])
async def test_a_request_that_is_none_is_not_found(shared: System, key: str, number: str) -> None:
    answer = await shared["intake"].get(f"/open311/v2/requests/{number}.json", params={"api_key": key})
    check_errors(answer, 404, "service_request_id")
    listed = await shared["intake"].get(REQUESTS, params={"api_key": key, "service_request_id": number})
    assert listed.json() == []


async def test_another_clients_request_is_invisible(shared: System, key: str) -> None:
    number = await filed(shared, key)
    stranger = await admitted(shared, "another city")
    one = await shared["intake"].get(f"/open311/v2/requests/{number}.json", params={"api_key": stranger})
    check_errors(one, 404, "service_request_id")
    listed = await shared["intake"].get(REQUESTS, params={"api_key": stranger, "service_request_id": number})
    assert listed.json() == []
    assert (await shared["intake"].get(REQUESTS, params={"api_key": stranger})).json() == []

    mine = {"X-API-Key": stranger, "Idempotency-Key": "1"}
    assert (await shared["intake"].get(f"/v1/reports/{number}", headers=mine)).status_code == 404
    assert (await shared["intake"].get("/v1/reports", headers=mine)).json() == []
    path = f"/v1/reports/{number}/withdrawal"
    assert (await shared["intake"].post(path, json={"reason": "mistake"}, headers=mine)).status_code == 404


async def test_a_withdrawn_request_is_closed(shared: System) -> None:
    key = await admitted(shared, "a city that changes its mind")
    kept, withdrawn = await filed(shared, key), await filed(shared, key, service_code="mischief")
    path = f"/v1/reports/{withdrawn}/withdrawal"
    done = await shared["intake"].post(path, json={"reason": "mistake"}, headers={"X-API-Key": key})
    assert done.status_code == 200

    async def listed(**query: str) -> list[str]:
        rows = (await shared["intake"].get(REQUESTS, params={"api_key": key, **query})).json()
        return [one["service_request_id"] for one in rows]

    assert await listed(status="open") == [kept]
    assert await listed(status="closed") == [withdrawn]
    assert await listed(status="open,closed") == [withdrawn, kept]
    assert await listed(service_code="mischief,fraud_online") == [withdrawn]
    assert await listed(service_request_id=f"{kept},17, {withdrawn}") == [withdrawn, kept]
    assert await listed(page_size="1") == [withdrawn]
    assert await listed(end_date=(datetime.now(UTC) - timedelta(hours=1)).isoformat()) == []
