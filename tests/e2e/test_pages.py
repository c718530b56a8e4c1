"""The start and sign-in pages in a real browser: they work, they are accessible, nothing comes from elsewhere."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.processes import Process, all_in_one

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-domain-reliability", "--no-pings"]  # fmt: skip
SCREENS = {"desktop": (1280, 900), "phone": (390, 844)}
PAGES = ("/", "/sign-in")
SHOTS = Path(__file__).parents[2] / "screenshots"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's or the system's own Chromium; none is downloaded."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        reason = "Chromium is missing: install the package chromium"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with all_in_one(tmp_path_factory.mktemp("pages")) as process:
        yield process


@pytest.fixture(params=SCREENS)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page that collects what goes wrong on it: errors, console errors, requests to elsewhere."""
    width, height = SCREENS[request.param]
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_keeps_to_its_origin(
    page: Page, system: Process, path: str, language: str, request: pytest.FixtureRequest
) -> None:
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith(system.url) else wrong.append(asked.url))
    page.goto(f"{system.url}{path}?lang={language}")
    assert page.locator("html").get_attribute("lang") == language
    assert wrong == []
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    SHOTS.mkdir(exist_ok=True)
    name = f"{path.strip('/') or 'start'}-{language}-{request.node.callspec.params['page']}.png"
    page.screenshot(path=SHOTS / name, full_page=True)


def test_signing_in_and_out(page: Page, system: Process) -> None:
    page.goto(f"{system.url}/sign-in")
    page.get_by_label("Dispatcher").check()
    page.get_by_role("button", name="Sign in").click()
    assert page.get_by_text("Signed in as Dispatcher").is_visible()
    cookie = page.context.cookies()[0]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    answer = page.goto(f"{system.url}/dispatch/v1/units")
    assert answer is not None
    assert answer.status == 200
    page.goto(system.url)
    page.get_by_role("button", name="Sign out").click()
    assert page.get_by_role("link", name="Sign in").is_visible()


def test_the_api_page_shows_the_operations(page: Page, system: Process) -> None:
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith((system.url, "data:")) else wrong.append(asked.url))
    page.goto(f"{system.url}/intake/docs")
    page.get_by_text("/v1/reports/{report_id}", exact=True).first.wait_for()
    assert wrong == []
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"api-{page.evaluate('innerWidth')}.png")
