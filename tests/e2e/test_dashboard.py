"""The dashboard in a real browser, with real and invented records: screens, languages, paper, no scripts."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.conftest import new_context
from tests.pilot import CATEGORIES, SOURCE, cases, tell
from tests.processes import Process, all_in_one, staff_url
from tests.sample_data import extract
from tests.waiting import DEADLINE, wait_for
from vpr.embedded import Endpoints
from vpr.home import Home
from vpr_events.contracts.values import Role
from vpr_service.cookies import COOKIE

PILOT = f"source={SOURCE}&against=in_person"
REAL = "source=virginia-beach-ems&interval=response&from=2018-01-01"
ALL_PARTS = 180_000
"""Milliseconds for every part of a page on a busy machine; the first picture starts the process that draws."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A running system with the invented pilot and a real extract."""
    folder = tmp_path_factory.mktemp("dashboard")
    with all_in_one(folder, METRICS_CHART_SECONDS="300") as process:
        with ThreadPoolExecutor(1) as pool:  # this thread's loop is the browser's
            pool.submit(asyncio.run, tell(Endpoints.load(folder / "home" / "servers"), list(cases(900)))).result()
        words = [sys.executable, "-m", "vpr", "import", str(extract("virginia_beach_ems"))]
        words += ["--mapping", "virginia_beach_ems"]
        environment = {**os.environ, **process.environment}
        subprocess.run(words, env=environment, check=True, timeout=300, capture_output=True)
        token = issued(process, Role.SUPERVISOR)
        with httpx.Client(
            base_url=process.url, headers={"Authorization": f"Bearer {token}"}, timeout=DEADLINE
        ) as client:
            wait_for(lambda: counted(client) == {SOURCE: 900, "virginia-beach-ems": 965})
        yield process


def issued(system: Process, role: Role) -> str:
    return Home.given(Path(system.environment["VPR_HOME"]), system.url).issuer().token([role])


def counted(client: httpx.Client) -> dict[str, int]:
    answer = client.get("/metrics/v1/sources")
    told = answer.json() if answer.status_code == 200 else []
    return {one["source"]: one["records"] for one in told if one["records"]}


def sign_in(context: BrowserContext, system: Process, role: Role) -> str:
    """Let this browser in: the dashboard's address."""
    staff = staff_url(system.url)
    context.add_cookies(
        [{"name": COOKIE, "value": issued(system, role), "url": staff.replace("http:", "https:"), "secure": True}]
    )
    return f"{staff}/metrics/"


def watched(page: Page, system: Process) -> list[str]:
    """What goes wrong on the page, as it comes."""
    wrong: list[str] = []
    origin = (staff_url(system.url), "data:", "blob:")
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("request", lambda asked: None if asked.url.startswith(origin) else wrong.append(asked.url))
    return wrong


def look(page: Page, path: Path) -> None:
    """It is accessible, fits its screen, and is kept to be looked at."""
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.screenshot(path=path, full_page=True)


def whole(page: Page) -> None:
    """Wait until every part is in its place."""
    page.locator("html[data-loaded=yes]").wait_for(state="attached", timeout=ALL_PARTS)
    assert page.locator(".trouble").count() == 0


def test_the_dashboard_is_whole_accessible_and_fits(
    page: Page, system: Process, request: pytest.FixtureRequest, screenshots: Path
) -> None:
    screen, wrong = request.node.callspec.params["page"], watched(page, system)
    at = sign_in(page.context, system, Role.SUPERVISOR)
    for language, query in (("en", PILOT), ("fr", REAL)):
        page.goto(f"{at}?{query}&lang={language}")
        page.locator(".headline .figure").wait_for()
        whole(page)
        look(page, screenshots / f"dashboard-{language}-{screen}.png")
        assert page.locator("figure svg[role=img]").count() == (11 if query == PILOT else 10)
    page.goto(f"{at}definitions?lang=fr#interval-headline")
    look(page, screenshots / f"dashboard-definitions-{screen}.png")
    assert wrong == []


def test_it_is_worked_by_keyboard_and_a_view_is_an_address(browser: Browser, system: Process) -> None:
    context = new_context(browser, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{sign_in(context, system, Role.ANALYST)}?{PILOT}&lang=en")
    page.get_by_text("Filters:").focus()
    page.keyboard.press("Enter")
    category = page.get_by_role("combobox", name="Category")
    category.focus()
    category.select_option("theft")
    page.get_by_role("button", name="Show").press("Enter")
    page.get_by_text(f"Filters: Source {SOURCE}, category Theft").wait_for()
    assert "category=theft" in page.url
    page.get_by_role("link", name="Français").press("Enter")
    page.locator("html[lang=fr]").wait_for(state="attached")
    assert "category=theft" in page.url
    assert "against=in_person" in page.url
    context.close()


def test_an_analyst_sees_why_small_numbers_are_missing(browser: Browser, system: Process, screenshots: Path) -> None:
    context = new_context(browser, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{sign_in(context, system, Role.ANALYST)}?{PILOT}&category={CATEGORIES[-1]}&lang=fr")
    whole(page)
    assert page.get_by_text("Non affiché : ici ou à côté").count() == 2
    assert page.get_by_text("moins de 5 dossiers : non affiché").count() > 0
    look(page, screenshots / "dashboard-few-fr-phone.png")
    context.close()


def test_without_scripts_every_part_is_a_link_away_and_all_of_it_prints(
    browser: Browser, system: Process, screenshots: Path
) -> None:
    context = new_context(browser, viewport={"width": 1280, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(ALL_PARTS)
    page.goto(f"{sign_in(context, system, Role.SUPERVISOR)}?{PILOT}&lang=en")
    page.get_by_role("link", name="Show: Over time").click()
    page.get_by_role("heading", name="Over time").wait_for()
    assert page.locator("figure svg").count() == 1
    page.get_by_role("link", name="Back to all figures").click()
    page.get_by_role("link", name="Everything on one page, to print").click()
    page.locator("#part-flow figure").first.wait_for()
    assert page.locator("figure svg").count() == 11
    page.emulate_media(media="print")
    assert not page.get_by_text("This figure as").first.is_visible()
    assert page.pdf(path=screenshots / "dashboard.pdf", format="Letter").startswith(b"%PDF")
    context.close()


def test_an_interactive_picture_needs_nothing_but_itself(page: Page, system: Process, screenshots: Path) -> None:
    wrong = watched(page, system)
    at = sign_in(page.context, system, Role.ANALYST)
    page.goto(f"{at}v1/timings.html?source={SOURCE}&interval=headline&by=category&lang=en", timeout=ALL_PARTS)
    page.locator("#picture svg").first.wait_for()
    page.locator("#picture path[aria-roledescription=point]").first.hover()
    page.locator("#vg-tooltip-element.visible").wait_for()
    page.screenshot(path=screenshots / f"picture-{page.evaluate('innerWidth')}.png")
    assert wrong == []
