"""What known clients of Open311 put on the wire, byte by byte, each answered as that client reads it.

Read from their published sources: FixMyStreet (perllib/Open311.pm), node-open311 0.0.12 (npm), three 0.8.0 and
open311 1.1 (PyPI, both for Python 2, so that they cannot be run here). georeport of PyPI is run itself (tests/e2e).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import quote, urlencode
from xml.etree.ElementTree import Element, fromstring

import httpx
import pytest
import pytest_asyncio

from tests.open311 import V2, Client, text
from tests.system import Servers, System

pytestmark = pytest.mark.asyncio(loop_scope="module")

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
POINT = {"lat": "49.8951", "long": "-97.1384"}
WINDOW = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-03-01T00:00:00Z"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["intake"]) as running:
        yield running


@dataclass(frozen=True)
class Wire:
    """Requests as they are sent, without any library's idea of a form."""

    city: Client

    async def get(self, path: str, query: str = "") -> httpx.Response:
        return await self.city.system["intake"].get(f"{V2}/{path}{query}")

    async def post(self, path: str, body: str, **headers: str) -> httpx.Response:
        sent = FORM | headers
        return await self.city.system["intake"].post(f"{V2}/{path}", content=body.encode(), headers=sent)


@pytest_asyncio.fixture(loop_scope="module")
async def wire(shared: System) -> Wire:
    return Wire(await Client.admitted(shared))


def only(answer: httpx.Response, path: str) -> Element:
    """The one element below the root, as XML readers take it that fold single children."""
    assert answer.status_code == 200, answer.text
    found = fromstring(answer.content).findall(path)
    assert len(found) == 1
    return found[0]


def fixmystreet(key: str, **more: str) -> str:
    """An empty jurisdiction_id first, the description made of lines, whatever the site knows as attributes."""
    description = (
        "title: Bicycle gone\n\ndetail: The marzipan-coloured bicycle was taken.\n\n"
        "url: https://fixmystreet.example/report/17\n\nSubmitted via FixMyStreet\n"
    )
    fields = {"jurisdiction_id": "", "api_key": key, **POINT, "email": "q@resident.example", "description": description}
    fields |= {"service_code": "theft", "first_name": "Quillon", "last_name": "", "attribute[fixmystreet_id]": "17"}
    fields |= {"attribute[report_url]": "https://fixmystreet.example/report/17", "attribute[easting]": "531000"}
    return urlencode(fields | more)


async def test_fixmystreet_lists_services_without_a_jurisdiction(wire: Wire) -> None:
    answer = await wire.get("services.xml", "?jurisdiction_id=")
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert "theft" in [text(one, "service_code") for one in fromstring(answer.content).findall("service")]


async def test_fixmystreet_files_and_finds_the_id(wire: Wire) -> None:
    answer = await wire.post("requests.xml", fixmystreet(wire.city.key))
    number = text(only(answer, "request"), "service_request_id")
    shown = only(await wire.get(f"requests/{number}.xml", f"?api_key={wire.city.key}"), "request")
    assert text(shown, "description").startswith("title: Bicycle gone\n\ndetail:")


async def test_fixmystreet_sends_pictures_as_links_again_and_again(wire: Wire) -> None:
    body = fixmystreet(wire.city.key, media_url="https://fixmystreet.example/photo/1.jpeg")
    answer = await wire.post("requests.xml", body + "&media_url=https%3A%2F%2Ffixmystreet.example%2Fphoto%2F2.jpeg")
    assert text(only(answer, "request"), "service_request_id")


async def test_fixmystreet_writes_updates_and_reads_them(wire: Wire) -> None:
    number = text(only(await wire.post("requests.xml", fixmystreet(wire.city.key)), "request"), "service_request_id")
    update = {
        "jurisdiction_id": "", "api_key": wire.city.key, "service_request_id": number, "update_id": "4711",
        "updated_datetime": "2026-05-04T10:00:00-05:00", "status": "OPEN", "email": "q@resident.example",
        "description": "It was found again.", "first_name": "Quillon", "last_name": "Zzyzxwood",
    }  # fmt: skip
    told = only(await wire.post("servicerequestupdates.xml", urlencode(update)), "request_update")
    assert text(told, "update_id") == "4711"
    window = {"jurisdiction_id": "", "api_key": wire.city.key} | WINDOW
    listed = await wire.get("servicerequestupdates.xml", f"?{urlencode(window)}")
    assert (listed.status_code, fromstring(listed.content).tag) == (200, "service_request_updates")


async def test_fixmystreet_reads_what_was_wrong(wire: Wire) -> None:
    answer = await wire.post("requests.xml", fixmystreet(wire.city.key, lat="12"))
    assert answer.status_code == 400
    [error] = fromstring(answer.content).findall("error")
    assert (text(error, "code"), text(error, "description").partition(":")[0]) == ("400", "lat")


async def test_node_open311_discovers_an_endpoint(wire: Wire) -> None:
    discovery = (await wire.get("discovery.json")).json()
    production = [
        one
        for one in discovery["endpoints"]
        if one["specification"] == "http://wiki.open311.org/GeoReport_v2" and one["type"] == "production"
    ]
    assert production
    assert "application/json" in production[0]["formats"]


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_node_open311_submits_and_follows_a_request(wire: Wire, form: str) -> None:
    fields = {**POINT, "description": "A bicycle.", "service_code": "theft", "api_key": wire.city.key}
    fields["attribute[value]"] = "120"
    answer = await wire.post(f"requests.{form}", urlencode(fields), Accept="*/*")
    assert answer.status_code == 200, answer.text
    if form == "json":
        [told] = answer.json()
        assert "token" not in told
        number = told["service_request_id"]
    else:
        number = text(only(answer, "request"), "service_request_id")
    several = await wire.get(f"requests.{form}", f"?service_request_id={number}%2C{number}&api_key={wire.city.key}")
    assert (several.status_code, number.encode() in several.content) == (200, True)
    token = await wire.get(f"tokens/{number}.{form}", f"?api_key={wire.city.key}")
    assert (token.status_code, number.encode() in token.content) == (200, True)


async def test_three_posts_a_name_in_parts_and_asks_by_whole_days(wire: Wire) -> None:
    fields = {
        "service_code": "theft",
        "description": "A bicycle.",
        "phone": "+1-204-555-0142",
        "api_key": wire.city.key,
    }
    fields |= {"address_string": "9917 Fictitious Crescent", "first_name": "Quillon", "last_name": "Zzyzxwood"}
    [told] = (await wire.post("requests.json", urlencode(fields), Accept_Encoding="gzip, deflate")).json()
    days = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-01-31T00:00:00Z", "page_size": "10"}
    listed = await wire.get("requests.json", f"?{urlencode({**days, 'api_key': wire.city.key})}")
    assert (listed.status_code, listed.json()) == (200, [])
    shown = await wire.get(f"requests/{told['service_request_id']}.json", f"?api_key={wire.city.key}")
    assert shown.json()[0]["address"] == fields["address_string"]


async def test_open311_of_pypi_puts_key_and_jurisdiction_into_the_query(wire: Wire) -> None:
    query = f"?jurisdiction_id=&api_key={quote(wire.city.key)}"
    body = urlencode({**POINT, "service_code": "theft", "description": "A bicycle."})
    answer = await wire.post(f"requests.xml{query}", body)
    number = text(only(answer, "request"), "service_request_id")
    listed = await wire.get("requests.xml", f"{query}&service_request_id={number}")
    assert text(only(listed, "request"), "service_request_id") == number
