"""Calls through Janus, in real browsers: pictures each way, and what happens when one of the servers is killed."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.calls import GRANTED, Desk, chromium, meet, officer, resident
from tests.janus import MediaServer, media_server
from tests.processes import all_in_one
from tests.scenario import People
from vpr.home import Home


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    browser = chromium(playwright, GRANTED)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def janus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaServer]:
    with media_server(tmp_path_factory.mktemp("janus")) as running:
        yield running


@pytest.fixture(scope="module")
def desk(janus: MediaServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch, httpx.Client(timeout=10) as client:
        for name, value in (janus.environment | {"VIDEO_MEDIA": "janus"}).items():
            patch.setenv(name, value)
        with all_in_one(folder) as process:
            home = Home.given(folder / "home", process.url)
            yield Desk(process, People(
                url=lambda service: f"{process.url}/{service}",
                headers=lambda role: {"Authorization": f"Bearer {home.issuer().token([role])}"},
                client=client,
            ))  # fmt: skip


def test_two_through_janus(browser: Browser, playwright: Playwright, desk: Desk, janus: MediaServer) -> None:
    session, link = desk.session()
    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        meet(at_desk, on_phone)
        assert at_desk.page.evaluate("peers.length") == 2, "one to send and one to receive"
