"""Files in Open311's forms: they are filed with the request, or nothing is."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from tests.attachments import Sender
from tests.examples import NARRATIVE
from tests.files import PDF, PROGRAM, photo
from tests.open311 import V2, Client, errors_of, form
from tests.system import Servers, System
from tests.webhooks import Partner

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1024 * 1024
LIMITS: dict[str, Any] = {"photo_bytes": MIB, "attachments_most": 3, "open311_body_bytes": 3 * MIB}
JPEG = ("door.jpg", photo(), "image/jpeg")
DOCUMENT = ("receipt.pdf", PDF, "application/pdf")
UPDATE = {
    "service_code": None, "lat": None, "long": None, "update_id": "1", "updated_datetime": "2026-05-04T12:00:00Z",
    "status": "OPEN",
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["intake"], **LIMITS) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def city(shared: System) -> Client:
    return await Client.admitted(shared)


def files_of(city: Client, report: str) -> Sender:
    return Sender(city.system, Partner(city.system["intake"], "", city.key), UUID(report))


async def left(city: Client) -> tuple[int, int]:
    """How many objects are stored, and how many files there are."""
    sender = files_of(city, str(UUID(int=0)))
    stored = len(sender.stored)
    assert stored == await sender.rows("stored_objects")
    return stored, await sender.rows("attachments")


@pytest.mark.parametrize("name", ["media", "media[]"])
async def test_files_are_filed_with_their_request(city: Client, name: str) -> None:
    report = await city.filed(files=[(name, JPEG), (name, DOCUMENT)], media_url="https://photos.example/1")
    shown = (await files_of(city, report).get()).json()
    told = {(one["file_name"], one["media_type"], one["size"]) for one in shown}
    assert told == {("door.jpg", "image/jpeg", len(JPEG[1])), ("receipt.pdf", "application/pdf", len(PDF))}
    for one in shown:
        read = await files_of(city, report).get(f"/{one['id']}/content")
        assert read.content in {JPEG[1], PDF}
    [row] = await city.rows(f"requests/{report}.json")
    assert (row["media_url"], row["description"]) == ("https://photos.example/1", NARRATIVE)


async def test_a_bad_file_is_named_and_nothing_is_filed(city: Client) -> None:
    before = await left(city)
    answer = await city.post(files=[("media", JPEG), ("media[]", ("door.jpg", PROGRAM, "image/jpeg"))])
    [(code, description)] = errors_of(answer)
    assert (answer.status_code, code) == (400, 400)
    assert description.startswith("media[]: the content is none of: image/jpeg")
    assert await city.rows("requests.json") == []
    assert await left(city) == before


async def test_everything_that_is_wrong_is_told_at_once(city: Client) -> None:
    before = await left(city)
    large = ("door.jpg", photo() + bytes(MIB), "image/jpeg")
    sent = [("media", large), ("media", JPEG), ("media", ("x.pdf", JPEG[1], "application/pdf")), ("other", JPEG)]
    errors = errors_of(await city.post("requests.xml", files=sent, lat="95"))
    assert {code for code, _ in errors} == {400}
    assert sorted(description for _, description in errors) == [
        "lat: must lie between -90 and 90: are latitude and longitude swapped?",
        "media: a photo may have at most 1048576 bytes",
        "media: the content is image/jpeg, which is not what was declared",
        "other: no files are taken here",
    ]
    assert await left(city) == before


async def test_more_files_than_a_report_may_have_are_refused(city: Client) -> None:
    before = await left(city)
    answer = await city.post(files=[("media", JPEG)] * 4)
    assert errors_of(answer) == [(400, "media: at most 3 files are taken")]
    assert await left(city) == before


async def test_a_form_beyond_the_limit_is_413(city: Client) -> None:
    before = await left(city)
    answer = await city.post(files=[("media", ("x", bytes(4 * MIB), "image/jpeg"))])
    assert (answer.status_code, errors_of(answer)[0][0]) == (413, 413)
    fields = await city.post(files=[("media", JPEG)], other="x" * (2 * MIB))
    assert errors_of(fields) == [(413, "the fields of the form are too large")]
    assert await left(city) == before


async def test_the_same_form_with_the_same_files_is_one_request(city: Client) -> None:
    first = await city.filed(files=[("media", JPEG), ("media", DOCUMENT)])
    stood = await left(city)
    again = await city.filed(files=[("media", DOCUMENT), ("media", JPEG)])
    assert (again, await left(city)) == (first, stood)
    assert await city.filed(files=[("media", JPEG)]) != first
    assert await city.filed() != first


async def test_the_same_at_the_same_moment_is_one_request(city: Client) -> None:
    before = await left(city)
    answers = await asyncio.gather(*(city.post(files=[("media", JPEG)]) for _ in range(5)))
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1
    assert await left(city) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("key", ["wrong", ""])
async def test_without_a_good_key_nothing_stays(city: Client, key: str) -> None:
    before = await left(city)
    answer = await city.post(files=[("media", JPEG)], api_key=key)
    assert (answer.status_code, errors_of(answer)[0][0]) == (403, 403)
    assert await left(city) == before


async def test_a_key_behind_the_files_comes_too_late_to_store_them(city: Client) -> None:
    before = await left(city)
    fields = form(city.key, api_key=None)
    parts: list[tuple[str, Any]] = [
        ("media", JPEG),
        *((name, (None, value)) for name, value in fields.items()),
        ("api_key", (None, city.key)),
    ]
    answer = await city.system["intake"].post(f"{V2}/requests.json", files=parts)
    assert errors_of(answer) == [(403, "api_key: must stand before the files")]
    assert await left(city) == before


def cut(city: Client, after: int) -> tuple[bytes, dict[str, str]]:
    """A good form with a file, of which the end is missing."""
    request = httpx.Request("POST", "http://x", data=form(city.key), files=[("media", JPEG)])
    return request.read()[:-after], {"Content-Type": request.headers["Content-Type"]}


@pytest.mark.parametrize("after", [3, 30, 200, 600])
async def test_a_form_that_is_cut_short_files_nothing(city: Client, after: int) -> None:
    before = await left(city)
    body, headers = cut(city, after)
    answer = await city.system["intake"].post(f"{V2}/requests.json", content=body, headers=headers)
    assert errors_of(answer) == [(400, "body: ends before its last part does")]
    assert await city.rows("requests.json") == []
    assert await left(city) == before


async def test_an_update_brings_files(city: Client) -> None:
    report = await city.filed()
    for _ in range(2):
        answer = await city.post(
            "servicerequestupdates.json", files=[("media", JPEG)], service_request_id=report, **UPDATE
        )
        assert answer.status_code == 200, answer.text
    stood = await left(city)
    assert len((await files_of(city, report).get()).json()) == 1
    bad = await city.post(
        "servicerequestupdates.json", files=[("media", ("x", PROGRAM, ""))], service_request_id=report,
        **UPDATE | {"update_id": "2"},
    )  # fmt: skip
    assert errors_of(bad)[0][1].startswith("media: the content is none of")
    assert await left(city) == stood


async def test_where_no_files_are_kept_a_form_with_one_is_refused_and_others_are_not(servers: Servers) -> None:
    options: dict[str, Any] = {"evidence_keys": SecretStr("")}
    async with System.started(servers, ["intake"], **options) as intake:
        city = await Client.admitted(intake)
        answer = await city.post(files=[("media", JPEG)])
        assert errors_of(answer) == [(400, "media: no files are taken here; send media_url")]
        assert await city.rows("requests.json") == []
        assert await city.filed(files=[("media", ("", b"", ""))])
