"""Residents add files to their report: without JavaScript, all of a form or none, once."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from tests.files import bomb, photo
from tests.residents import SAFE, THEFT, Resident
from tests.system import Servers, System
from vpr_events.contracts.values import Role

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/report/case/photos"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(servers: Servers) -> AsyncIterator[System]:
    options: dict[str, Any] = {"photo_bytes": 100_000, "attachments_most": 3}
    async with System.started(servers, ["intake"], **options) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def resident(shared: System) -> Resident:
    """One who has just filed and looks at the case."""
    found = Resident(shared["intake"])
    number, secret = await found.files(THEFT)
    await found.enters(number, secret)
    return found


async def sends(resident: Resident, *files: tuple[str, bytes, str], key: str | None = None) -> httpx.Response:
    """The form with these files, as a browser sends it."""
    await resident.opens(PATH)
    given = key or resident.page.hidden["key"][0]
    parts: list[Any] = [("key", (None, given)), *(("files", one) for one in files)]
    return await resident.client.post(
        f"{PATH}?lang={resident.language}", files=parts, headers={"Cookie": resident.cookie}
    )


JPEG = ("door.jpg", photo(), "image/jpeg")


async def test_photos_are_added_and_counted(shared: System, resident: Resident) -> None:
    assert "Add photos or other files" in resident.page.whole
    answer = await sends(resident, JPEG, ("window.png", photo("PNG"), "image/png"))
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/report/case/status")
    await resident.opens("/report/case/status")
    assert "Files that belong to it: 2" in resident.page.whole
    [newest, *_] = (await shared["intake"].get("/v1/reports", headers=shared.as_(Role.OFFICER))).json()
    assert newest["version"] == 4


async def test_a_form_that_is_sent_twice_adds_its_files_once(resident: Resident) -> None:
    key = uuid4().hex
    for _ in range(2):
        assert (await sends(resident, JPEG, key=key)).status_code == 303
    await resident.opens("/report/case/status")
    assert "Files that belong to it: 1" in resident.page.whole


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param((JPEG, ("a.jpg", bomb(), "image/jpeg")), "none that we can take", id="no photo beside a good one"),
        pytest.param((("a.jpg", b"", "image/jpeg"),), "at least one file", id="empty"),
        pytest.param((("", b"", "application/octet-stream"),), "at least one file", id="none chosen"),
        pytest.param((("a.jpg", photo() + bytes(100_001), "image/jpeg"),), "too large", id="too large"),
        pytest.param((JPEG,) * 4, "too many files", id="too many"),
    ],
)
async def test_what_is_not_taken_is_said_and_nothing_is_added(
    resident: Resident, files: tuple[tuple[str, bytes, str], ...], said: str
) -> None:
    answer = await sends(resident, *files)
    assert answer.status_code == 422
    assert said in answer.text
    await resident.opens("/report/case/status")
    assert "Files that belong to it" not in resident.page.whole


async def test_without_the_session_nothing_is_asked_or_added(resident: Resident) -> None:
    resident.cookie = ""
    await resident.opens(PATH)
    assert resident.answer.status_code == 401
    assert (await resident.client.post(PATH, files=[("files", JPEG)])).status_code == 401


async def test_what_was_taken_back_takes_no_files(resident: Resident) -> None:
    await resident.sends("/report/case/withdrawal", reason="mistake")
    assert "Add photos" not in resident.page.whole
    answer = await sends(resident, JPEG)
    assert (answer.status_code, "Nothing can be added" in answer.text) == (422, True)


async def test_of_a_sensitive_case_the_page_says_no_more_than_before(shared: System) -> None:
    resident = Resident(shared["intake"])
    number, secret = await resident.files(
        SAFE | {"category": "threats", "description": "-", "contact_by": "any", "safe": "no"}
    )
    await resident.enters(number, secret)
    before = resident.page.whole
    assert (await sends(resident, JPEG)).status_code == 303
    await resident.opens("/report/case/status")
    assert resident.page.whole == before
    await resident.opens(PATH)
    assert (resident.page.title, resident.page.heading) == ("City services", "Add files")
    as_staff = shared.as_(Role.SUPERVISOR)
    [report] = (await shared["intake"].get("/v1/reports?limit=1", headers=as_staff)).json()
    path = f"/v1/reports/{report['id']}/withdrawal"
    over = await shared["intake"].post(path, json={"reason": "mistake"}, headers=as_staff)
    assert over.status_code == 200, over.text
    answer = await sends(resident, JPEG)
    assert (answer.status_code, "Ask to be called" in answer.text) == (422, True)
    assert "Nothing can be added" not in answer.text
