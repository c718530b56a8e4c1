"""The start and sign-in pages in a real browser: they work, they are accessible, nothing comes from elsewhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.processes import Process, all_in_one

PAGES = ("/", "/sign-in")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with all_in_one(tmp_path_factory.mktemp("pages")) as process:
        yield process


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_accessible_and_keeps_to_its_origin(
    page: Page, system: Process, path: str, language: str, request: pytest.FixtureRequest, screenshots: Path
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
    name = f"{path.strip('/') or 'start'}-{language}-{request.node.callspec.params['page']}.png"
    page.screenshot(path=screenshots / name, full_page=True)


def test_signing_in_and_out(page: Page, system: Process) -> None:
    page.goto(f"{system.url}/sign-in")
    page.get_by_label("Dispatcher").check()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Signed in as Dispatcher").wait_for()
    cookie = page.context.cookies()[0]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    answer = page.goto(f"{system.url}/dispatch/v1/units")
    assert answer is not None
    assert answer.status == 200
    page.goto(system.url)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("link", name="Sign in").wait_for()


def test_the_api_page_shows_the_operations(page: Page, system: Process, screenshots: Path) -> None:
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith((system.url, "data:")) else wrong.append(asked.url))
    page.goto(f"{system.url}/intake/docs")
    page.get_by_text("/v1/reports/{report_id}", exact=True).first.wait_for()
    assert wrong == []
    page.screenshot(path=screenshots / f"api-{page.evaluate('innerWidth')}.png")
