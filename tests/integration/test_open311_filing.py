"""Filing by Open311 as real clients do it: every kind of form, no twins, and input that tries the edges."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import text

from tests.examples import NARRATIVE, new_report
from tests.open311 import ASKING, V2, Client, catalogue, errors_of, form
from tests.system import Servers, System

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUESTS = f"{V2}/requests.json"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["intake"]) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def city(shared: System) -> Client:
    return await Client.admitted(shared)


async def send(city: Client, body: bytes, content_type: str, query: str = "") -> httpx.Response:
    headers = {"Content-Type": content_type}
    return await city.system["intake"].post(f"{REQUESTS}{query}", content=body, headers=headers)


URLENCODED = "application/x-www-form-urlencoded"


async def test_the_key_may_stand_in_the_query_of_a_post(city: Client) -> None:
    body = urlencode(form(city.key, api_key=None)).encode()
    answer = await send(city, body, f"{URLENCODED}; charset=UTF-8", f"?api_key={city.key}&jurisdiction_id=")
    assert answer.status_code == 200, answer.text


async def test_other_parameters_do_not_count_in_the_query_of_a_post(city: Client) -> None:
    answer = await city.system["intake"].post(f"{REQUESTS}?{urlencode(form(city.key))}")
    assert (400, "service_code: is missing") in errors_of(answer)


async def test_multipart_is_the_same_request_as_urlencoded(city: Client) -> None:
    fields = form(city.key, address_string="9917 Fictitious Crescent")
    parts = [(name, (None, value)) for name, value in fields.items()]
    multipart = await city.system["intake"].post(REQUESTS, files=parts)
    assert multipart.status_code == 200, multipart.text
    assert multipart.json() == (await city.system["intake"].post(REQUESTS, data=fields)).json()


@pytest.mark.parametrize("name", ["file", "media_url", "attribute[TAKEN]"])
async def test_a_file_of_another_name_is_refused_by_that_and_nothing_is_filed(city: Client, name: str) -> None:
    answer = await city.post(files=[(name, ("door.jpg", b"\xff\xd8\xff", "image/jpeg"))])
    assert errors_of(answer) == [(400, f"{name}: no files are taken here")]
    assert await city.rows("requests.json") == []


async def test_a_file_field_that_was_left_empty_is_none(city: Client) -> None:
    boundary = "edge"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'
        for name, value in form(city.key).items()
    ]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename=""\r\n\r\n')
    body = "\r\n".join([*parts, f"--{boundary}--", ""]).encode()
    assert (await send(city, body, f"multipart/form-data; boundary={boundary}")).status_code == 200


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff=\xfe", URLENCODED),
        (b"description=%ff", URLENCODED),
        (b"&".join(b"a=%d" % number for number in range(1001)), URLENCODED),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"nothing", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"hello", "text/plain"),
    ],
)
async def test_a_body_that_is_no_form_is_refused(city: Client, body: bytes, content_type: str) -> None:
    answer = await send(city, body, content_type, f"?api_key={city.key}")
    assert {code for code, _ in errors_of(answer)} == {400}


async def test_a_body_in_unescaped_utf8_is_read(city: Client) -> None:
    body = f"{urlencode(form(city.key, description=None))}&description=Vélo\N{BICYCLE}".encode()
    assert (await send(city, body, URLENCODED)).status_code == 200
    assert [one["description"] for one in await city.rows("requests.json")] == ["Vélo\N{BICYCLE}"]


async def test_every_link_is_kept_and_the_first_is_shown(city: Client) -> None:
    links = [f"https://media.example/{number}.jpg" for number in range(3)]
    number = await city.filed(**{"media_url": links[:2], "media_url[]": links[2]})
    [shown] = await city.rows(f"requests/{number}.json", extensions="true")
    assert (shown["media_url"], shown["extended_attributes"]["media_urls"]) == (links[0], links)


async def test_one_bad_link_among_good_ones_is_refused(city: Client) -> None:
    answer = await city.post(media_url=["https://media.example/1.jpg", "javascript:alert(1)"])
    assert [(code, told.partition(":")[0]) for code, told in errors_of(answer)] == [(400, "media_url")]


EDGES: dict[str, tuple[dict[str, Any], str]] = {
    "lat and long swapped": ({"lat": "-97.1384", "long": "49.8951"}, "lat"),
    "a comma for a point": ({"lat": "49,8951"}, "lat"),
    "a longitude with its hemisphere": ({"long": "97.1384W"}, "long"),
    "a description that is too long in characters": ({"description": "\N{BICYCLE}" * 4001}, "description"),
    "twenty-one links": ({"media_url": [f"https://media.example/{n}" for n in range(21)]}, "media_url"),
}


@pytest.mark.parametrize(("changes", "name"), EDGES.values(), ids=EDGES)
async def test_what_lies_beyond_an_edge_is_refused_by_name(city: Client, changes: dict[str, Any], name: str) -> None:
    assert [told.partition(":")[0] for _, told in errors_of(await city.post(**changes))] == [name]
    assert await city.rows("requests.json") == []


@pytest.mark.parametrize(
    "description",
    ["<script>alert(1)</script> & co", "\N{BICYCLE}" * 4000, "שלום \u202eevil\u202c", "one\r\ntwo\tthree", "%00 %s {}"],
)
async def test_a_description_is_stored_as_the_text_it_is(city: Client, description: str) -> None:
    number = await city.filed(description=description)
    assert (await city.rows(f"requests/{number}.json"))[0]["description"] == description


@pytest.mark.parametrize("place", [{"address_string": "1 Example Street"}, {"address_id": "A-17"}])
async def test_an_address_alone_is_a_place_and_empty_parameters_are_absent(city: Client, place: dict[str, str]) -> None:
    number = await city.filed(lat="", long=" ", email="", phone="", media_url="", description="", **place)
    [shown] = await city.rows(f"requests/{number}.json")
    assert (shown["lat"], shown["long"], shown["media_url"], shown["description"]) == (None, None, None, "")


async def test_a_hundred_attributes_that_nobody_asked_for_are_passed_over(city: Client) -> None:
    await city.filed(**{f"attribute[X{number}]": NARRATIVE for number in range(100)})


async def test_a_required_answer_is_demanded_by_name(city: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    with catalogue(monkeypatch, city.system, ASKING):
        assert errors_of(await city.post()) == [(400, "attribute[LOCKED]: is missing")]
        assert errors_of(await city.post(**{"attribute[LOCKED]": " "})) == [(400, "attribute[LOCKED]: is missing")]
        await city.filed(**{"attribute[LOCKED]": "yes"})


async def test_the_same_form_within_a_day_is_the_same_request(city: Client) -> None:
    number = await city.filed()
    again = form(city.key)
    turned = urlencode([("jurisdiction_id", ""), ("email", ""), *reversed(again.items())], quote_via=quote).encode()
    assert (await send(city, turned, URLENCODED)).json()[0]["service_request_id"] == number
    assert await city.filed(description=f" {NARRATIVE} ") == number
    xml = await city.post("requests.xml")
    assert number.encode() in xml.content
    assert len(await city.rows("requests.json")) == 1
    assert await city.filed(phone="555-0142") != number
    assert await (await Client.admitted(city.system)).filed() != number


async def test_the_same_form_many_times_at_the_same_moment_is_one_request(city: Client) -> None:
    answers = await asyncio.gather(*(city.filed() for _ in range(20)))
    assert len(set(answers)) == 1
    assert len(await city.rows("requests.json")) == 1


async def test_a_day_later_the_same_form_is_a_new_request_and_its_repeats_are_that_one(city: Client) -> None:
    found = [await city.filed()]
    for _ in range(2):
        await pass_a_day(city)
        found += [await city.filed(), await city.filed()]
    assert len(set(found)) == 3
    assert (found[1], found[3]) == (found[2], found[4])


async def pass_a_day(city: Client) -> None:
    """Idempotency goes by real time: what stands becomes a day older."""
    async with city.system.runtime("intake").engine.begin() as connection:
        await connection.execute(text("update idempotency set created_at = created_at - interval '24 hours'"))


async def test_an_idempotency_key_of_the_clients_own_decides_where_one_is_sent(city: Client) -> None:
    async def keyed(key: str, **changes: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key}
        return await city.system["intake"].post(REQUESTS, data=form(city.key, **changes), headers=headers)

    first, again, other = await keyed("a"), await keyed("a"), await keyed("b")
    assert first.json() == again.json() != other.json()
    assert (await keyed("a", phone="555-0142")).status_code == 400


async def test_a_repeat_after_a_report_by_rest_is_no_repeat(city: Client) -> None:
    headers = {"X-API-Key": city.key, "Idempotency-Key": "1"}
    rest = await city.system["intake"].post("/v1/reports", json=new_report(), headers=headers)
    assert rest.status_code == 201
    assert await city.filed() != rest.json()["id"]
