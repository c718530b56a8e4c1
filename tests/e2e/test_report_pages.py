"""A resident reports, keeps the receipt, looks how far it is and takes it back, by the keyboard alone, or by tapping.

In a real browser: desktop and phone, English and French, with and without JavaScript.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.conftest import new_context
from tests.e2e.test_join_page import DARK_CONTRAST, PHONE, SIZES, SMALLEST, TOUCH, Watch, enlarge, fits
from tests.processes import Process, all_in_one
from tests.residents import STORY

AXE = Axe()
LANGUAGES = ("en", "fr")
BOTH = pytest.mark.parametrize(("page", "language"), [("desktop", "en"), ("phone", "fr")], indirect=["page"])
"""Screens and languages, each once: one with every other would double the time and find nothing more."""
PHONES = pytest.mark.parametrize(("page", "language"), [("phone", "en"), ("phone", "fr")], indirect=["page"])
FIRST = {"a.danger_now": 1, "a.when": 2, "a.suspect_here": 1, "a.weapon": 2, "a.injured": 1}
"""Which option is chosen, by field: nothing urgent."""
WRITTEN = {
    "description": STORY, "address": "9917 Fictitious Crescent", "first_name": "Quillon", "phone": "204-555-0142",
    "a.value": "1,500", "a.contact_time": "evenings",
}  # fmt: skip
CHOSEN = {**FIRST, "category": 2, "a.suspect_known": 1, "contact_by": 0, "safe": 0}
PICTURED = {
    "q.danger_now", "notice", "category", "q.suspect_known", "q.contact_time", "q.access", "q.value", "happened",
    "place", "description", "contact", "safe", "check",
}  # fmt: skip
STEPS_LIMIT = 40


class Elsewhere(BaseHTTPRequestHandler):
    """A neutral site."""

    def do_GET(self) -> None:
        """Any page of it."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Weather</title><h1>Sunny</h1>")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, elsewhere: str) -> Iterator[Process]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INTAKE_EXIT_URL", elsewhere)
        with all_in_one(tmp_path_factory.mktemp("report")) as process:
            yield process


@dataclass(frozen=True)
class Visit:
    """A resident before a page, at the keyboard."""

    page: Page
    watch: Watch
    language: str
    screenshots: Path
    screen: str
    looked_at: set[tuple[str, ...]]

    @property
    def at(self) -> str:
        """The step of the form that is seen, empty for another page."""
        step = self.page.locator("input[name=at]")
        return step.get_attribute("value") or "" if step.count() else ""

    def shows(self, name: str) -> None:
        """The page is fit for everybody; a picture of it is kept. Each once, in a language and on a screen."""
        expect(self.page.locator("h1")).to_have_count(1)
        assert self.page.locator("html").get_attribute("lang") == self.language
        assert self.watch.wrong == []
        state = (name, self.language, self.screen, self.page.locator("body").get_attribute("class") or "")
        if state in self.looked_at:
            return
        self.looked_at.add(state)
        results = AXE.run(self.page)
        assert results.violations_count == 0, results.generate_report()
        self._look(name)
        self.page.emulate_media(color_scheme="dark")
        assert self.page.evaluate(DARK_CONTRAST) == []
        self.page.emulate_media(color_scheme="light")
        self._can_be_touched()
        self._needs_no_sideways_scrolling(name)
        assert self.watch.wrong == []

    def _look(self, name: str) -> None:
        self.page.evaluate("scrollTo(0, 0)")
        shot = f"report-{name}-{self.language}-{self.screen}.png"
        self.page.screenshot(path=self.screenshots / shot, full_page=True)

    def _can_be_touched(self) -> None:
        seen = self.page.locator("a:visible, button:not(.default):visible, input:visible, textarea:visible")
        assert [html for size, html in seen.evaluate_all(SIZES) if size < TOUCH] == []

    def _needs_no_sideways_scrolling(self, name: str) -> None:
        before = self.page.viewport_size
        assert before is not None
        fits(self.page, f"{name} as it is")
        self.page.set_viewport_size(SMALLEST)
        fits(self.page, f"{name} at 320 px")
        enlarge(self.page, 2)
        fits(self.page, f"{name} at 320 px and 200 % text")
        enlarge(self.page, 1)
        self.page.set_viewport_size(before)

    def tabs_to(self, target: Locator) -> None:
        """Press Tab until it has the focus."""
        for _ in range(80):
            if target.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never leads to {target}")

    def chooses(self, name: str, option: int) -> None:
        """By the arrow keys."""
        options = self.page.locator(f"input[type=radio][name='{name}']")
        checked: int = options.evaluate_all("all => Math.max(0, all.findIndex(one => one.checked))")
        self.tabs_to(options.nth(checked))
        self.page.keyboard.press("Space")
        for _ in range(abs(option - checked)):
            self.page.keyboard.press("ArrowDown" if option > checked else "ArrowUp")
        assert options.nth(option).is_checked()

    def writes(self, name: str, text: str) -> None:
        """Into a field, in place of what stands there."""
        self.tabs_to(self.page.locator(f"[name='{name}']"))
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)

    def presses(self, button: Locator) -> None:
        """Tab to a button or link, and Enter; the next page has come when the heading's element is another one."""
        self.tabs_to(button)
        self.moves(lambda: self.page.keyboard.press("Enter"))

    def moves(self, act: Callable[[], None]) -> None:
        """Do what leads to another page, and wait for it."""
        self.page.locator("h1").evaluate("one => { one.dataset.old = 'yes' }")
        act()
        self.page.locator("h1:not([data-old])").wait_for()
        self.page.wait_for_load_state()

    def continues(self) -> None:
        """Enter in a field does what the first button does; in a text of several lines it is a new line."""
        if self.page.evaluate("document.activeElement.matches('input')"):
            self.moves(lambda: self.page.keyboard.press("Enter"))
        else:
            self.presses(self.page.locator("main form button:not([type=button])").first)

    def answers(self, chosen: Mapping[str, int], written: Mapping[str, str]) -> None:
        """Say what is to be said on this screen."""
        for name, option in chosen.items():
            if self.page.locator(f"input[type=radio][name='{name}']").count():
                self.chooses(name, option)
        for name, text in written.items():
            if self.page.locator(f"[name='{name}']:not([type=hidden])").count():
                self.writes(name, text)

    def goes_to(self, step: str, chosen: Mapping[str, int] = CHOSEN, written: Mapping[str, str] = WRITTEN) -> None:
        """Answer screen by screen, and picture each kind of them once."""
        for _ in range(STEPS_LIMIT):
            if self.at == step:
                return
            if self.at in PICTURED:
                self.shows(self.at.removeprefix("q."))
            before = self.at
            self.answers(chosen, written)
            self.continues()
            assert self.at != before
        raise AssertionError(f"never at {step}")


@pytest.fixture(scope="module")
def looked_at() -> set[tuple[str, ...]]:
    """The pages that were shown: name, language, screen, mode."""
    return set()


@pytest.fixture
def visit(
    page: Page, system: Process, language: str, screenshots: Path, looked_at: set[tuple[str, ...]],
    request: pytest.FixtureRequest,
) -> Visit:  # fmt: skip
    page.on("dialog", lambda dialog: dialog.accept())
    screen = request.node.callspec.params["page"]
    return Visit(page, Watch(page, system.url), language, screenshots, screen, looked_at)


def opens(visit: Visit, system: Process, path: str = "/intake/report") -> None:
    visit.page.goto(f"{system.url}{path}?lang={visit.language}")


@PHONES
def test_a_resident_files_by_the_keyboard_alone_looks_how_far_it_is_and_takes_it_back(
    visit: Visit, system: Process
) -> None:
    page = visit.page
    opens(visit, system)
    visit.goes_to("check")
    assert visit.page.get_by_text(STORY).is_visible()
    visit.shows("check")
    visit.presses(page.locator("#send"))
    visit.shows("receipt")
    number, secret = page.locator("#number").inner_text(), page.locator("#secret").inner_text()
    assert page.url.endswith(f"/intake/report?lang={visit.language}")
    page.emulate_media(media="print")
    assert page.locator("#number").is_visible()
    assert not page.locator("[data-print]").is_visible()
    page.emulate_media(media="screen")

    visit.presses(page.locator("main a").first)
    visit.shows("sign")
    visit.writes("number", number.replace("-", ""))
    visit.writes("secret", "wrong")
    visit.continues()
    visit.shows("sign-wrong")
    assert page.locator("#secret").evaluate("one => one === document.activeElement")
    visit.writes("secret", secret.lower())
    visit.continues()
    visit.shows("status")
    assert page.get_by_text(number).is_visible()
    visit.presses(page.locator("a[href*=withdrawal]"))
    visit.shows("withdraw")
    visit.chooses("reason", 0)
    visit.continues()
    visit.shows("withdrawn")
    visit.presses(page.locator("main form button"))
    visit.shows("signed-out")


@BOTH
def test_what_is_wrong_is_announced_and_has_the_focus(visit: Visit, system: Process) -> None:
    page = visit.page
    opens(visit, system)
    visit.presses(page.locator("main form button").first)
    assert page.get_by_role("alert").is_visible()
    focused = page.locator(":focus")
    assert focused.get_attribute("name") == "a.danger_now"
    visit.shows("wrong-choice")
    visit.goes_to("contact")
    visit.writes("phone", "call me")
    visit.writes("email", "quillon")
    visit.continues()
    focused = page.locator(":focus")
    assert focused.get_attribute("name") == "phone"
    described = focused.get_attribute("aria-describedby")
    assert described
    assert page.locator(f"#{described.split()[-1]}").is_visible()
    assert page.locator("[name=email]").input_value() == "quillon"
    visit.shows("wrong-contact")


@BOTH
def test_an_emergency_is_told_to_call(visit: Visit, system: Process) -> None:
    page = visit.page
    opens(visit, system)
    visit.chooses("a.danger_now", 0)
    visit.continues()
    visit.shows("call")
    call = page.get_by_role("link", name="911")
    assert call.get_attribute("href") == "tel:911"
    box, screen = call.bounding_box(), page.viewport_size
    assert box
    assert screen
    assert box["y"] + box["height"] < screen["height"], "without scrolling"
    visit.presses(page.locator("button[value=anyway]"))
    assert visit.at == "q.when"
    visit.goes_to("check")
    visit.presses(page.locator("#send"))
    assert page.get_by_role("alert").get_by_role("link").get_attribute("href") == "tel:911"
    visit.shows("receipt-stopped")


@BOTH
def test_safety_mode_is_neutral_and_leaves_nothing_behind(visit: Visit, system: Process, elsewhere: str) -> None:
    page, title = visit.page, {"en": "City services", "fr": "Services de la ville"}[visit.language]
    page.goto(elsewhere)
    visit.watch.wrong.clear()
    opens(visit, system)
    visit.goes_to("check", {**CHOSEN, "safe": 1})
    assert page.title() == title
    visit.shows("neutral-check")
    visit.presses(page.locator("#send"))
    assert page.title() == title
    visit.shows("neutral-receipt")
    number, secret = page.locator("#number").inner_text(), page.locator("#secret").inner_text()
    assert "polic" not in page.locator("body").inner_text().lower()
    opens(visit, system, "/intake/report/case")
    visit.writes("number", number)
    visit.writes("secret", secret)
    visit.continues()
    assert page.title() == title
    visit.shows("neutral-status")
    assert page.context.cookies()
    visit.presses(page.locator("a[href*=withdrawal]"))
    visit.shows("neutral-ask-call")
    visit.continues()
    visit.shows("neutral-asked")

    page.keyboard.press("Escape")
    page.get_by_text("Sunny").wait_for()
    assert page.url == elsewhere
    assert page.context.cookies() == []
    page.go_back()
    page.wait_for_load_state()
    assert "intake/report/case" not in page.url
    assert number not in page.content()


def test_leaving_by_the_link_shows_the_page_no_more(
    page: Page, system: Process, elsewhere: str, tmp_path: Path, looked_at: set[tuple[str, ...]]
) -> None:
    visit = Visit(page, Watch(page, system.url), "en", tmp_path, "desktop", looked_at)
    page.goto(elsewhere)
    visit.watch.wrong.clear()
    opens(visit, system)
    visit.goes_to("q.when")
    kept = "[localStorage.length, sessionStorage.length, document.cookie, (await caches.keys()).length]"
    assert page.evaluate(f"(async () => {kept})()") == [0, 0, "", 0]
    page.get_by_role("link", name="Leave this page now").click()
    page.get_by_text("Sunny").wait_for()
    page.go_back()
    page.wait_for_load_state()
    assert page.url == elsewhere, "the page before the form: the form itself is no entry of the history any more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_resident_files_on_a_phone_without_javascript(
    browser: Browser, system: Process, elsewhere: str, language: str
) -> None:
    with new_context(
        browser, viewport=PHONE, has_touch=True, locale=f"{language}-CA", java_script_enabled=False
    ) as context:
        page = context.new_page()
        page.goto(f"{system.url}/intake/report")
        number, secret = files_by_tapping(page)
        assert page.locator("html").get_attribute("lang") == language
        page.locator("main a").first.tap()
        page.locator("input#number").fill(number)
        page.locator("input#secret").fill(secret)
        page.locator("main form button").tap()
        page.get_by_text(number).wait_for()
        page.locator("a[href*=withdrawal]").tap()
        page.wait_for_url("**/withdrawal*")
        page.locator("main form button").tap()
        page.wait_for_url("**/status*")
        assert page.locator("a[href*=withdrawal]").count() == 0
        page.locator(".exit a").tap()
        page.get_by_text("Sunny").wait_for()
        assert context.cookies() == []


def files_by_tapping(page: Page) -> tuple[str, str]:
    """Without a script every screen is a page of its own."""
    for _ in range(STEPS_LIMIT):
        step = page.locator("input[name=at]").get_attribute("value")
        for name, option in CHOSEN.items():
            if page.locator(f"input[type=radio][name='{name}']").count():
                page.locator(f"input[type=radio][name='{name}']").nth(option).tap()
        for name, text in WRITTEN.items():
            if page.locator(f"[name='{name}']:not([type=hidden])").count():
                page.locator(f"[name='{name}']").fill(text)
        with page.expect_navigation():
            page.locator("main form button[value=next]").tap()
        if step == "check":
            page.locator("#number").wait_for()
            return page.locator("#number").inner_text(), page.locator("#secret").inner_text()
    raise AssertionError("the form has no end")


def test_the_other_language_keeps_what_was_written(
    page: Page, system: Process, tmp_path: Path, looked_at: set[tuple[str, ...]]
) -> None:
    visit = Visit(page, Watch(page, system.url), "en", tmp_path, "desktop", looked_at)
    opens(visit, system)
    visit.page.locator("[name='a.danger_now']").nth(2).check()
    visit.moves(lambda: page.get_by_role("button", name="Français").click())
    page.locator("html[lang=fr]").wait_for(state="attached")
    assert page.locator("[name='a.danger_now']").nth(2).is_checked()
    visit.continues()
    assert page.locator("html").get_attribute("lang") == "fr"


def test_the_phones_place_is_used_only_when_asked(
    browser: Browser, system: Process, tmp_path: Path, looked_at: set[tuple[str, ...]]
) -> None:
    place = {"latitude": 49.8951, "longitude": -97.1384}
    with new_context(browser, geolocation=place, permissions=["geolocation"], viewport=PHONE) as context:
        page = context.new_page()
        visit = Visit(page, Watch(page, system.url), "en", tmp_path, "desktop", looked_at)
        opens(visit, system)
        go_on = page.locator("main form button[value=next]")
        while visit.at != "place":
            for name, option in {**FIRST, "category": 0}.items():
                if (options := page.locator(f"[type=radio][name='{name}']")).count():
                    options.nth(option).check()
            visit.moves(go_on.click)
        page.get_by_role("button", name="Use where I am now").click()
        page.get_by_text("Your place was found").wait_for()
        visit.moves(go_on.click)
        visit.moves(page.locator("button[value=back]").click)
        assert page.get_by_label("49.8951, -97.1384").is_checked()


def test_the_start_page_leads_to_it(page: Page, system: Process) -> None:
    page.goto(f"{system.url}/?lang=fr")
    page.get_by_role("link", name="Signaler quelque chose à la police").click()
    page.locator("html[lang=fr] input[name=at]").wait_for(state="attached")
