"""An invitation on the whole system: from intake to the outbox, the neutral page, a new link, a short code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.conftest import SCREENS, new_context
from tests.e2e.test_join_page import LANGUAGES, TITLES, Visit, Watch, seen_at_once, status_of
from tests.examples import PERSON, new_report
from tests.processes import all_in_one, staff_url
from tests.scenario import People, case_of, session_of
from tests.waiting import DEADLINE, wait_for
from vpr.home import Home
from vpr_events.contracts.values import Role
from vpr_service.languages import Language
from vpr_service.moments import told_day

APPOINTMENT = {"en": "Your appointment: {}", "fr": "Votre rendez-vous : {}"}
LINK = re.compile(r"http\S+/video/join/[\w-]{22}")


@dataclass(frozen=True)
class Town:
    """A whole system, and the officer's hands on it."""

    origin: str
    people: People
    output: Path

    def session(self) -> str:
        """A session with somebody who can be reached."""
        report = self.people.post(Role.OFFICER, "intake", "/v1/reports", new_report())["id"]
        return session_of(self.people, case_of(self.people, report))

    def invite(self, session: str, **how: Any) -> dict[str, Any]:
        """Invite the resident."""
        answer: dict[str, Any] = self.people.post(Role.OFFICER, "video", f"/v1/sessions/{session}/invitations", how)
        return answer

    def state(self, session: str) -> str:
        """Where the newest invitation stands."""
        path = f"/v1/sessions/{session}/invitations"
        return str(self.people.get(Role.OFFICER, "video", path)[0]["state"])

    def link(self, session: str, **how: Any) -> str:
        """The link that was sent, as the outbox shows it."""
        self.invite(session, **how)
        wait_for(lambda: self.state(session) == "sent")
        found = LINK.search(self.outbox())
        assert found
        return found[0]

    def outbox(self) -> str:
        """The outbox, as an officer sees it."""
        url = f"{staff_url(self.origin)}/video/outbox"
        answer = self.people.client.get(url, headers=dict(self.people.headers(Role.OFFICER)))
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("invites")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIDEO_CODES_PER_SOURCE", "1000")
        patch.setenv("TRIAGE_INTAKE_URL", "")  # the test may run while the city is closed
        patch.setenv("VIDEO_LINKS_PER_SESSION", "4")
        with all_in_one(folder) as process, httpx.Client(timeout=DEADLINE) as client:
            home = Home.given(folder / "home", process.url)
            people = People(
                url=lambda service: f"{process.url}/{service}",
                headers=lambda role: {"Authorization": f"Bearer {home.issuer().token([role])}"},
                client=client,
            )
            yield Town(process.url, people, process.output)


@pytest.fixture
def visit(page: Page, town: Town, language: str, screenshots: Path, request: pytest.FixtureRequest) -> Visit:
    screen = request.node.callspec.params["page"]
    return Visit(page, Watch(page, town.origin), language, screenshots, screen)


WINNIPEG = ZoneInfo("America/Winnipeg")


def booked(town: Town, at: datetime, *, language: str, neutral: bool) -> str:
    """The link to an appointment, as the outbox shows it."""
    people = town.people
    case = case_of(people, people.post(Role.OFFICER, "intake", "/v1/reports", new_report())["id"])
    people.post(Role.OFFICER, "triage", f"/v1/cases/{case}/claim")
    how = {"channel": "email", "language": language, "neutral": neutral}
    times = {"starts_at": at.isoformat(), "earliest_at": at.isoformat(), "zone": WINNIPEG.key}
    people.post(Role.OFFICER, "triage", f"/v1/cases/{case}/appointment", {**times, "invitation": how})
    [session] = wait_for(lambda: people.get(Role.OFFICER, "video", "/v1/sessions", case_id=case))
    wait_for(lambda: town.state(session["id"]) == "sent")
    found = LINK.search(town.outbox())
    assert found
    return found[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_to_an_appointment_says_when_it_is_and_what_to_have_ready(visit: Visit, town: Town) -> None:
    """In plain words on a phone, in neutral ones on a larger screen."""
    page, neutral = visit.page, visit.screen != "phone"
    day = (datetime.now(WINNIPEG) + timedelta(days=3)).replace(hour=14, minute=0, second=0, microsecond=0)
    link = booked(town, day, language=visit.language, neutral=neutral)
    assert status_of(page, f"{link}?lang={visit.language}") == 409
    visit.screenshots_as("appointment")
    visit.shows("early_neutral" if neutral else "early")
    if neutral:
        is_neutral(page)
    assert page.get_by_text("13:45" if visit.language == "en" else "13 h 45").is_visible()
    with page.expect_navigation():
        page.get_by_role("button").click()
    assert page.locator("html").get_attribute("lang") == visit.language
    assert page.locator(".when").is_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_waits_for_an_appointment_sees_its_time(visit: Visit, town: Town) -> None:
    page, soon = visit.page, (datetime.now(UTC) + timedelta(minutes=6)).replace(second=0, microsecond=0)
    link = booked(town, soon, language=visit.language, neutral=False)
    assert status_of(page, f"{link}?lang={visit.language}") == 200
    with page.expect_navigation():
        page.get_by_role("button").click()
    waiting = page.locator("[data-step='waiting']")
    waiting.evaluate("one => { for (const other of one.parentElement.children) other.hidden = other !== one }")
    page.screenshot(path=visit.screenshots / f"appointment-waiting-{visit.language}-{visit.screen}.png")
    told = told_day(soon, WINNIPEG.key, cast("Language", visit.language))
    assert waiting.locator(".when").inner_text() == APPOINTMENT[visit.language].format(told)


def is_neutral(page: Page) -> None:
    """Nobody who looks over a shoulder learns whom the meeting is with."""
    assert not re.search("polic|officer|agent", page.content(), re.IGNORECASE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_neutral_invitation_goes_its_way_without_a_word_of_police(visit: Visit, town: Town) -> None:
    session = town.session()
    link = town.link(session, channel="sms", language=visit.language, neutral=True)
    assert status_of(visit.page, f"{link}?lang={visit.language}") == 200
    visit.screenshots_as("neutral")
    visit.shows("join")
    is_neutral(visit.page)
    seen_at_once(visit.page, visit.page.get_by_role("button"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_lost_a_link_asks_for_another_by_one_button(visit: Visit, town: Town) -> None:
    page, session = visit.page, town.session()
    first = town.link(session, channel="email", language=visit.language)
    assert httpx.post(first, timeout=DEADLINE).status_code == 303, "another browser, whose storage is gone since"
    assert status_of(page, f"{first}?lang={visit.language}") == 409
    visit.screenshots_as("ask")
    visit.shows("used")
    with page.expect_navigation():
        page.get_by_role("button").click()
    visit.shows("link_sent")
    wait_for(lambda: town.state(session) == "sent")
    found = LINK.search(town.outbox())
    assert found
    assert found[0] != first
    assert status_of(page, found[0]) == 200


def test_no_line_of_the_log_holds_what_was_sent_or_to_whom(town: Town) -> None:
    link = town.link(town.session(), channel="sms")
    town.link(town.session(), channel="email")
    told = town.output.read_text()
    assert "/v1/sessions/{session_id}/invitations" in told
    secrets = (*PERSON.values(), "5550142", "555-0142", link.rpartition("/")[2], "video appointment", "meet you by")
    assert not [one for one in secrets if one in told]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_is_typed_by_the_keyboard_alone(visit: Visit, town: Town) -> None:
    page = visit.page
    code = town.invite(town.session(), channel="code")["code"]
    assert status_of(page, f"{town.origin}/video/join?lang={visit.language}") == 200
    visit.shows("code")
    is_neutral(page)
    page.get_by_role("textbox").focus()
    page.keyboard.type("wrong1")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    visit.shows("code_wrong")
    page.get_by_role("textbox").focus()
    page.keyboard.type(f"{code[:3].lower()} {code[3:].lower()}")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.locator("h1:visible").filter(has_text=TITLES["who"][LANGUAGES.index(visit.language)]).wait_for()


def test_a_code_is_typed_without_javascript(browser: Browser, town: Town) -> None:
    code = town.invite(town.session(), channel="code")["code"]
    with new_context(browser, locale="fr-CA", java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{town.origin}/video/join")
        page.get_by_role("textbox").fill(code)
        page.get_by_role("button").click()
        page.wait_for_url("**/video/call?lang=fr")
        [cookie] = [one for one in context.cookies() if one["name"].startswith("__Host-")]
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, True, "Lax")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("screen", SCREENS)
def test_the_outbox_is_for_everybodys_eyes_on_the_staff_origin(
    browser: Browser, town: Town, screenshots: Path, language: str, screen: str
) -> None:
    session = town.session()
    town.link(session, channel="sms", language="fr")
    town.link(session, channel="email")
    width, height = SCREENS[screen]
    headers = dict(town.people.headers(Role.OFFICER))
    with new_context(browser, viewport={"width": width, "height": height}, extra_http_headers=headers) as context:
        page = context.new_page()
        page.goto(f"{staff_url(town.origin)}/video/outbox?lang={language}")
        assert page.locator("article").count() >= 2
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        page.screenshot(path=screenshots / f"outbox-{language}-{screen}.png", full_page=True)
        wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= room
