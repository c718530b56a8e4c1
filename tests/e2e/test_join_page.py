"""What a resident sees behind an invitation's link, in a real browser: desktop and phone, English and French."""
# ruff: noqa: RUF001 - our apostrophe is the typographer's

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, ViewportSize

from tests.e2e.conftest import new_context
from tests.processes import Process, all_in_one, free_port
from tests.scenario import People, admit, case_of, file_by_open311, invite, session_of
from tests.waiting import DEADLINE
from vpr.embedded import Endpoints
from vpr.home import Home
from vpr_events.contracts.values import Role

AXE = Axe()
LANGUAGES = ("en", "fr")
TITLES = {
    "join": ("Join the video meeting", "Entrer dans la rencontre vidéo"),
    "early": ("Your video meeting with the police", "Votre rencontre vidéo avec la police"),
    "early_neutral": ("Your video appointment", "Votre rendez-vous vidéo"),
    "joined": ("You are in", "Vous y êtes"),
    "who": ("An officer will meet you here", "Un agent vous rencontrera ici"),
    "used": ("This link was used before", "Ce lien a déjà servi"),
    "unknown": ("We do not know this link", "Nous ne connaissons pas ce lien"),
    "replaced": ("A newer link replaced this one", "Un lien plus récent remplace celui-ci"),
    "expired": ("This link is too old", "Ce lien est trop ancien"),
    "ended": ("This meeting is over", "Cette rencontre est terminée"),
    "withdrawn": ("This link was taken back", "Ce lien a été annulé"),
    "link_sent": ("A new link is on its way", "Un nouveau lien est en route"),
    "too_many": ("Too many tries", "Trop d’essais"),
    "code": ("Join with a code", "Entrer avec un code"),
    "code_wrong": ("That code does not open a meeting", "Ce code n’ouvre aucune rencontre"),
}
STATUSES = {"unknown": 404, "replaced": 410, "expired": 410, "ended": 410}
SMALLEST: ViewportSize = {"width": 320, "height": 568}
PHONE: ViewportSize = {"width": 390, "height": 844}
TOUCH = 44
DARK_CONTRAST = """axe.run({runOnly: ['color-contrast'], resultTypes: ['violations']})
  .then(results => results.violations)"""
SIZES = """all => all.map(one => {
  const {width, height} = (one.closest("label") ?? one).getBoundingClientRect();
  return [Math.min(width, height), one.outerHTML];
})"""
"""Of elements: the smaller side in pixels, of the label where it is in one, and what it is."""


@dataclass(frozen=True)
class Links:
    """Where residents go: ``new`` makes a link that can be opened, ``dead`` has one for each way in which it cannot."""

    origin: str
    new: Callable[[], str]
    dead: dict[str, str]


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Links]:
    folder = tmp_path_factory.mktemp("join")
    with all_in_one(folder) as process, httpx.Client(timeout=DEADLINE) as client:
        home = Home.given(folder / "home", process.url)
        people = People(
            url=lambda service: f"{process.url}/{service}",
            headers=lambda role: {"Authorization": f"Bearer {home.issuer().token([role])}"},
            client=client,
        )
        api_key = admit(people)
        live, replaced, ended, expired = (
            session_of(people, case_of(people, file_by_open311(people, api_key, description=f"Door {number}")))
            for number in range(4)
        )
        dead = {"unknown": f"{process.url}/video/join/nothing-like-a-token", "replaced": invite(people, replaced)}
        invite(people, replaced)
        dead["ended"] = invite(people, ended)
        people.post(Role.OFFICER, "video", f"/v1/sessions/{ended}/end", {"reason": "declined"})
        dead["expired"] = link_that_is_too_old(people, expired, home)
        yield Links(process.url, lambda: invite(people, live), dead)


def link_that_is_too_old(people: People, session: str, home: Home) -> str:
    """From a second video service on the same servers, whose links last no time."""
    port = free_port()
    own = {"VIDEO_PORT": str(port), "VIDEO_INVITE_LIFETIME": "PT0.000001S"}
    environment = home.environment("video", Endpoints.load(home.servers)) | own
    words = [sys.executable, "-m", "vpr_video"]
    hasty = Process(words, environment, f"http://127.0.0.1:{port}", home.folder / "hasty.log")
    try:
        hasty.start()
        return invite(People(lambda _: hasty.url, people.headers, people.client), session)
    finally:
        hasty.stop()


class Watch:
    """Collects what goes wrong on a page: errors, console errors, requests to elsewhere."""

    def __init__(self, page: Page, origin: str) -> None:
        self.wrong: list[str] = []
        self._page = page
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", self._hear)
        page.on("request", lambda asked: None if asked.url.startswith(f"{origin}/") else self._foreign(asked.url))

    def _hear(self, message: ConsoleMessage) -> None:
        """A refusal's own 4xx is logged by Chromium as an error, which it is not to the resident."""
        itself = message.location["url"] == self._page.url and "responded with a status of 4" in message.text
        if message.type == "error" and not itself:
            self.wrong.append(message.text)

    def _foreign(self, url: str) -> None:
        if not url.startswith("data:"):
            self.wrong.append(url)


@dataclass(frozen=True)
class Visit:
    """A resident before a page."""

    page: Page
    watch: Watch
    language: str
    screenshots: Path
    screen: str
    kind: list[str] = field(default_factory=list)

    def shows(self, name: str) -> None:
        """The page is this one, and is fit for everybody."""
        assert self.page.locator("h1").inner_text() == TITLES[name][LANGUAGES.index(self.language)]
        assert self.page.title() == self.page.locator("h1").inner_text()
        assert self.page.locator("html").get_attribute("lang") == self.language
        assert self.page.get_by_text("911").is_visible()
        results = AXE.run(self.page)
        assert results.violations_count == 0, results.generate_report()
        self._look(name, "light")
        self.page.emulate_media(color_scheme="dark")
        assert self.page.evaluate(DARK_CONTRAST) == []
        self._look(name, "dark")
        self.page.emulate_media(color_scheme="light")
        self._can_be_touched()
        self._needs_no_sideways_scrolling()
        assert self.watch.wrong == []

    def screenshots_as(self, kind: str) -> None:
        """Name the screenshots after this kind of page."""
        self.kind.append(kind)

    def _look(self, name: str, scheme: str) -> None:
        shot = f"{'-'.join(['join', *self.kind])}-{name}-{self.language}-{self.screen}-{scheme}.png"
        self.page.screenshot(path=self.screenshots / shot, full_page=True)

    def _can_be_touched(self) -> None:
        targets = self.page.locator("a, button, input, summary")
        assert [html for size, html in targets.evaluate_all(SIZES) if size < TOUCH] == []

    def _needs_no_sideways_scrolling(self) -> None:
        before = self.page.viewport_size
        assert before is not None
        fits(self.page, "as it is")
        enlarge(self.page, 2)
        fits(self.page, "at 200 % text")
        enlarge(self.page, 1)
        self.page.set_viewport_size(SMALLEST)
        fits(self.page, "at 320 px")
        enlarge(self.page, 2)
        fits(self.page, "at 320 px and 200 % text")
        enlarge(self.page, 1)
        self.page.set_viewport_size(before)


def enlarge(page: Page, factor: int) -> None:
    """What a browser's setting for larger text does."""
    page.evaluate("factor => { document.documentElement.style.fontSize = `${100 * factor}%` }", factor)


def fits(page: Page, when: str) -> None:
    """Nothing sticks out at the side."""
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room, when


def status_of(page: Page, link: str) -> int:
    """Open a link: the answer's status."""
    answer = page.goto(link)
    assert answer is not None
    return answer.status


def seen_at_once(page: Page, target: Locator) -> None:
    """It is on the screen without scrolling."""
    box, screen = target.bounding_box(), page.viewport_size
    assert box is not None
    assert screen is not None
    assert box["y"] + box["height"] <= screen["height"]


@pytest.fixture
def visit(page: Page, links: Links, language: str, screenshots: Path, request: pytest.FixtureRequest) -> Visit:
    screen = request.node.callspec.params["page"]
    return Visit(page, Watch(page, links.origin), language, screenshots, screen)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_resident_joins_by_the_keyboard_alone_and_the_link_is_spent(visit: Visit, links: Links) -> None:
    page, link = visit.page, f"{links.new()}?lang={visit.language}"
    assert status_of(page, link) == 200
    for _ in range(2):
        page.reload()
    visit.shows("join")
    button = page.get_by_role("button")
    seen_at_once(page, button)
    page.keyboard.press("Tab")
    assert page.get_by_role("link").evaluate("link => link === document.activeElement"), "to the other language"
    page.keyboard.press("Tab")
    assert button.evaluate("button => button === document.activeElement")
    assert button.evaluate("button => parseFloat(getComputedStyle(button).outlineWidth)") >= 2
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.locator("h1:visible").filter(has_text=TITLES["who"][LANGUAGES.index(visit.language)]).wait_for()
    page.get_by_role("button").first.wait_for()
    assert page.locator("a").count() == 0, "nothing on it leads away"
    assert status_of(page, link) == 409
    visit.shows("used")
    assert page.get_by_role("button").count() == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_that_opens_nothing_says_why_and_what_to_do(visit: Visit, links: Links) -> None:
    for name, status in STATUSES.items():
        assert status_of(visit.page, f"{links.dead[name]}?lang={visit.language}") == status, name
        visit.shows(name)
        assert visit.page.get_by_role("button").count() == 0


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_resident_joins_on_a_phone_without_javascript(browser: Browser, links: Links, language: str) -> None:
    with new_context(
        browser, viewport=PHONE, has_touch=True, locale=f"{language}-CA", java_script_enabled=False
    ) as context:
        page, link = context.new_page(), links.new()
        page.goto(link)
        heading = page.locator("h1")
        assert heading.inner_text() == TITLES["join"][LANGUAGES.index(language)], "the phone's language"
        page.get_by_role("button").tap()
        page.wait_for_load_state()
        page.locator("h1:visible").filter(has_text=TITLES["joined"][LANGUAGES.index(language)]).wait_for()
        page.goto(link)
        assert heading.inner_text() == TITLES["used"][LANGUAGES.index(language)]


def test_the_other_language_is_one_tap_away_and_spends_nothing(page: Page, links: Links) -> None:
    for link in (links.new(), links.dead["unknown"]):
        page.goto(link)
        page.get_by_role("link", name="Français").click()
        page.locator("html[lang=fr]").wait_for(state="attached")
        page.get_by_role("link", name="English").click()
        page.locator("html[lang=en]").wait_for(state="attached")
    page.goto(links.new())
    page.get_by_role("link", name="Français").click()
    page.locator("html[lang=fr]").wait_for(state="attached")
    page.get_by_role("button").click()
    page.locator("h1:visible").filter(has_text=TITLES["who"][1]).wait_for()  # still in French behind the button
