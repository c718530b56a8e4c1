"""Browsers that call each other: an officer at a desk, a resident with a phone, fake cameras in both."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Playwright, ViewportSize

from tests.e2e.conftest import FLAGS, chromium_path
from tests.processes import Process, all_in_one, staff_url
from tests.scenario import People, admit, case_of, file_by_open311, invite, session_of
from tests.waiting import DEADLINE
from vpr.home import Home

CAMERAS = ["--use-fake-device-for-media-stream=device-count=3", "--autoplay-policy=no-user-gesture-required",
           "--allow-loopback-in-peer-connection"]  # fmt: skip
GRANTED = "--use-fake-ui-for-media-stream"
SCREENS: dict[str, ViewportSize] = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}

FRAMES = """(video, wanted) => new Promise((resolve, reject) => {
  let seen = 0;
  const count = () => { if (++seen >= wanted) resolve(seen); else video.requestVideoFrameCallback(count); };
  video.requestVideoFrameCallback(count);
  const now = () => [video.isConnected, video.paused, video.readyState,
    ...(video.srcObject?.getTracks() ?? []).map(({ kind, muted, readyState }) => [kind, muted, readyState]),
    ...window.peers.map(({ connectionState }) => connectionState)];
  setTimeout(() => reject(new Error(`${seen} frames only: ${JSON.stringify(now())}`)), DEADLINE * 1000);
})""".replace("DEADLINE", str(DEADLINE))
"""Resolves once a video showed so many more frames."""

PEERS = """(() => {
  const Original = RTCPeerConnection;
  window.peers = []; window.candidates = [];
  window.RTCPeerConnection = class extends Original {
    constructor(...given) {
      super(...given);
      window.peers.push(this);
      this.addEventListener("icecandidate", ({candidate}) => candidate && window.candidates.push(candidate.candidate));
    }
    addIceCandidate(candidate) {
      if (candidate && candidate.candidate) window.candidates.push(candidate.candidate);
      return super.addIceCandidate(candidate);
    }
  };
})()"""
"""Remembers a page's connections, and every candidate that it found or was told."""


def chromium(playwright: Playwright, *flags: str) -> Browser:
    """A browser with fake cameras."""
    return playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *CAMERAS, *flags])


@dataclass
class Side:
    """One side of a call: a page, what it was told by the service, and whatever went wrong on it."""

    page: Page
    origin: str
    wrong: list[str] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(DEADLINE * 1000)
        self.page.add_init_script(PEERS)
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._hear))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda asked: self._foreign(asked.url))

    def _hear(self, frame: str | bytes) -> None:
        self.told.append(json.loads(frame))

    def _foreign(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", "data:", "blob:")):
            self.wrong.append(url)

    def at(self, step: str) -> None:
        """The page is at this step."""
        self.page.locator(f"body[data-at={step}]").wait_for()

    def sees(self, frames: int = 5) -> None:
        """The other side's picture moves."""
        self.page.locator("#remote[data-seen=yes]").wait_for()
        self.page.locator("#remote").evaluate(FRAMES, frames)

    def sees_tile(self, kind: str, frames: int = 5) -> None:
        """The tile of a participant of this kind moves."""
        video = self.page.locator(f"#others [data-kind={kind}] video[data-seen=yes]")
        video.evaluate(FRAMES, frames)

    def in_reach(self, *selectors: str) -> None:
        """All of these are seen without scrolling, at a desk and on a phone."""
        own = self.page.viewport_size
        assert own is not None
        for screen, size in SCREENS.items():
            self.page.set_viewport_size(size)
            self.page.evaluate("scrollTo(0, 0)")
            for box in (one.bounding_box() for name in selectors for one in self.page.locator(name).all()):
                assert box is not None, screen
                assert box["y"] + box["height"] <= size["height"], (screen, box)
        self.page.set_viewport_size(own)

    def fine(self, name: str, folder: Path) -> None:
        """Accessible, as wide as the screen, nothing wrong, at a desk and on a phone; with pictures for people."""
        own = self.page.viewport_size
        assert own is not None
        for screen, size in SCREENS.items():
            self.page.set_viewport_size(size)
            self.page.screenshot(path=folder / f"call-{name}-{screen}.png", full_page=True)
            results = Axe().run(self.page)
            assert results.violations_count == 0, results.generate_report()
            assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, screen)
        self.page.set_viewport_size(own)
        assert self.wrong == [], (name, self.wrong)


@dataclass
class Desk:
    """A system with people who file, invite and meet."""

    process: Process
    people: People

    @property
    def staff(self) -> str:
        """The staff origin."""
        return staff_url(self.process.url)

    def session(self) -> tuple[str, str]:
        """A session that waits, and the link to it."""
        report = file_by_open311(self.people, admit(self.people), description="The back door was forced.")
        session = session_of(self.people, case_of(self.people, report))
        return session, invite(self.people, session)


@contextmanager
def desk_on(folder: Path, **environment: str) -> Iterator[Desk]:
    """A whole system in this folder, whose settings are these beside its own."""
    with pytest.MonkeyPatch.context() as patch, httpx.Client(timeout=DEADLINE) as client:
        for name, value in environment.items():
            patch.setenv(name, value)
        with all_in_one(folder) as process:
            home = Home.given(folder / "home", process.url)
            people = People(
                url=lambda service: f"{process.url}/{service}",
                headers=lambda role: {"Authorization": f"Bearer {home.issuer().token([role])}"},
                client=client,
            )
            yield Desk(process, people)


@contextmanager
def officer(browser: Browser, desk: Desk, session: str, language: str = "en") -> Iterator[Side]:
    """An officer before the page of a session, signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=f"{language}-CA")
    side = Side(context.new_page(), desk.staff)
    side.page.goto(f"{desk.staff}/video/call/{session}?lang={language}")
    side.page.get_by_role("radio").first.check()
    side.page.get_by_role("button").click()
    side.at("before")
    try:
        yield side
    finally:
        context.close()


@contextmanager
def third(browser: Browser, desk: Desk, session: str, kind: str, language: str = "en") -> Iterator[Side]:
    """A supervisor, who comes as this, before their page of a session, signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=f"{language}-CA")
    side = Side(context.new_page(), desk.staff)
    side.page.goto(f"{desk.staff}/video/call/{session}/{kind}?lang={language}")
    side.page.get_by_role("radio", name="supervisor").check()
    side.page.get_by_role("button").click()
    side.at("before")
    try:
        yield side
    finally:
        context.close()


@contextmanager
def guest(browser: Browser, desk: Desk, link: str, language: str = "en") -> Iterator[Side]:
    """Somebody without an account behind the page of their link, which they did not spend yet."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale=f"{language}-CA")
    side = Side(context.new_page(), desk.process.url)
    side.page.goto(f"{link}?lang={language}")
    try:
        yield side
    finally:
        context.close()


@contextmanager
def resident(browser: Browser, playwright: Playwright, desk: Desk, link: str, language: str = "en") -> Iterator[Side]:
    """A resident with a phone who opened the link and is in."""
    context = browser.new_context(**playwright.devices["Pixel 7"], locale=f"{language}-CA")
    side = Side(context.new_page(), desk.process.url)
    side.page.goto(f"{link}?lang={language}")
    side.page.locator("form button").tap()
    side.at("who")
    try:
        yield side
    finally:
        context.close()


def consent(side: Side, *scopes: str) -> None:
    """Go on to the look at the camera, allowing these scopes."""
    side.page.locator("#to-consent").tap()
    side.at("consent")
    for scope in scopes:
        side.page.locator(f"#consent-form input[data-scope={scope}]").check()
    side.page.locator("#consent-form button").tap()
    side.at("check")


def let_in(side: Side) -> None:
    """The officer joins, if not in yet, and lets in who waits."""
    if side.page.locator("body").get_attribute("data-at") == "before":
        side.page.locator("#join").click()
        side.at("call")
    side.page.get_by_role("button", name="Let in").or_(side.page.get_by_role("button", name="Faire entrer")).click()


def meet(at_desk: Side, on_phone: Side) -> None:
    """Both see each other."""
    consent(on_phone, "view")
    on_phone.page.locator("#to-waiting").tap()
    on_phone.at("waiting")
    let_in(at_desk)
    on_phone.at("call")
    on_phone.sees()
    at_desk.sees()
    at_desk.page.locator("#status", has_text="connected").filter(has_not_text="not").wait_for()
