"""The start and sign-in pages in a real browser: they work, they are accessible, each stays on its origin."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.processes import Process, all_in_one, staff_url
from tests.waiting import DEADLINE
from vpr.home import Home
from vpr_events.contracts.values import Role
from vpr_service.cookies import COOKIE


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with all_in_one(tmp_path_factory.mktemp("pages")) as process:
        yield process


class Watch:
    """Collects what goes wrong on a page: errors, and requests to elsewhere."""

    def __init__(self, page: Page, *origins: str) -> None:
        self.wrong: list[str] = []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda message: self.wrong.append(message.text) if message.type == "error" else None)
        page.on("request", lambda asked: None if asked.url.startswith(origins) else self.wrong.append(asked.url))


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_page_is_accessible_and_keeps_to_its_origin(
    page: Page, system: Process, language: str, request: pytest.FixtureRequest, screenshots: Path
) -> None:
    screen, staff = request.node.callspec.params["page"], staff_url(system.url)

    def look(name: str) -> None:
        page.locator(f"html[lang={language}]").wait_for(state="attached")
        assert watch.wrong == []
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(path=screenshots / f"{name}-{language}-{screen}.png", full_page=True)

    watch = Watch(page, system.url)
    page.goto(f"{system.url}/?lang={language}")
    look("start")
    watch = Watch(page, staff)
    page.goto(f"{staff}/?lang={language}")
    look("sign-in")
    with page.expect_navigation():
        page.get_by_role("button").click()
    look("staff")
    with page.expect_navigation():
        page.get_by_role("button").click()
    page.goto(f"{staff}/signed-out?lang={language}")
    look("signed-out")
    watch = Watch(page, staff)
    with page.expect_response(lambda answer: answer.status == 400):
        page.goto(f"{staff}/sign-in/callback?lang={language}")
    watch.wrong = [text for text in watch.wrong if "status of 400" not in text]
    look("sign-in-failed")


def test_the_page_to_sign_in_on_is_one_tap_away_in_the_other_language(page: Page, system: Process) -> None:
    page.goto(staff_url(system.url))
    page.get_by_role("link", name="Français").click()
    page.locator("html[lang=fr]").wait_for(state="attached")
    page.get_by_label("Répartiteur").check()
    page.get_by_role("button", name="Connexion").click()
    page.get_by_role("button", name="Sign out").wait_for()


def test_signing_in_and_out(page: Page, system: Process) -> None:
    staff = staff_url(system.url)
    page.goto(system.url)
    page.get_by_role("link", name="Staff sign-in").click()
    page.get_by_label("Dispatcher").check()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Signed in as Dispatcher").wait_for()
    [cookie] = page.context.cookies()
    assert cookie["name"].startswith("__Host-")
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""
    assert status(page, f"{staff}/dispatch/v1/units") == 200
    assert status(page, f"{system.url}/dispatch/v1/units") == 401, "the public origin knows no cookies"
    page.goto(staff)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("heading", name="You are signed out").wait_for()
    assert page.context.cookies() == []
    assert status(page, f"{staff}/dispatch/v1/units") == 401
    page.goto(f"{staff}/?lang=en")
    page.get_by_role("heading", name="Sign in").wait_for()


def test_a_script_of_ours_gets_the_token_and_may_then_change_things(page: Page, system: Process) -> None:
    staff = staff_url(system.url)
    page.goto(staff)
    page.get_by_label("Dispatcher").check()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("Signed in as Dispatcher").wait_for()
    start_shift = """async token => (await fetch("/dispatch/v1/units", {method: "POST", headers: {
        "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID(), "X-CSRF-Token": token},
        body: JSON.stringify({call_sign: `S${Math.floor(innerWidth)}`, capabilities: ["patrol"]})})).status"""
    assert page.evaluate(start_shift, "wrong") == 403
    token = page.evaluate("fetch('/csrf').then(answer => answer.json()).then(body => body.csrf_token)")
    assert token == page.locator("meta[name=csrf-token]").get_attribute("content")
    assert page.evaluate(start_shift, token) == 201


def test_a_cookie_that_has_expired_leads_to_signing_in_and_back(system: Process) -> None:
    issuer = Home.given(Path(system.environment["VPR_HOME"]), system.url).issuer()
    old = issuer.token([Role.OFFICER], lifetime=timedelta(seconds=-1))
    headers = {"Cookie": f"{COOKIE}={old}"}
    answer = httpx.get(f"{staff_url(system.url)}/?lang=fr", headers=headers, timeout=DEADLINE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2F%3Flang%3Dfr&lang=fr")
    api = httpx.get(f"{staff_url(system.url)}/dispatch/v1/units", headers=headers, timeout=DEADLINE)
    assert (api.status_code, api.json()["type"]) == (401, "urn:vpr:problem:token_expired")


def test_each_origin_serves_its_own_pages_only(page: Page, system: Process) -> None:
    staff = staff_url(system.url)
    for path in ("/sign-in", "/signed-out", "/csrf", "/development-issuer/authorize", "/sign-in/callback"):
        assert status(page, system.url + path) == 404, path
    assert status(page, f"{staff}/video/join/nothing-like-a-token") == 404
    page.get_by_role("heading").wait_for()
    assert httpx.post(f"{system.url}/sign-out", timeout=DEADLINE).status_code == 404


def status(page: Page, url: str) -> int:
    """Open an address: the answer's status."""
    answer = page.goto(url)
    assert answer is not None
    return answer.status


def test_the_api_page_shows_the_operations(page: Page, system: Process, screenshots: Path) -> None:
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith((system.url, "data:")) else wrong.append(asked.url))
    page.goto(f"{system.url}/intake/docs")
    page.get_by_text("/v1/reports/{report_id}", exact=True).first.wait_for()
    assert wrong == []
    page.screenshot(path=screenshots / f"api-{page.evaluate('innerWidth')}.png")
