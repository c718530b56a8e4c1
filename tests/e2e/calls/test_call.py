"""A whole call in real browsers: consent, waiting, picture both ways, and everything that may break it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, Request, Route, WebSocketRoute

from tests.calls import Desk, Side, chromium, consent, desk_on, let_in, meet, officer, resident
from tests.waiting import wait_for
from vpr_events.contracts.values import Role

MEASURED = re.compile("good|fair|poor")
"""How good a connection is on a machine that does much else is that machine's affair."""
TRACK = "() => { window.track = document.querySelector('[data-step=call] [data-self]').srcObject.getVideoTracks()[0] }"

HELD = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
const allowed = new Promise((resolve) => { window.allowNow = resolve; });
navigator.mediaDevices.getUserMedia = async (wanted) => { await allowed; return open(wanted); };
"""
"""Whether camera and microphone may be used is asked until ``allowNow()``."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_on(tmp_path_factory.mktemp("calls")) as desk:
        yield desk


def events_of(desk: Desk, session: str) -> str:
    return str(desk.people.get(Role.OFFICER, "video", f"/v1/sessions/{session}")["status"])


def test_a_whole_call(browser: Browser, playwright: Playwright, desk: Desk, screenshots: Path) -> None:
    session, link = desk.session()
    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        phone, page = on_phone.page, at_desk.page
        at_desk.fine("officer-before", screenshots)
        on_phone.fine("who", screenshots)
        phone.locator("#to-consent").tap()
        on_phone.fine("consent", screenshots)
        phone.add_init_script(HELD)
        phone.reload()
        on_phone.at("who")
        consent(on_phone, "view", "snapshot")
        place = phone.locator("#to-waiting").bounding_box()
        phone.evaluate("allowNow()")
        picture = phone.locator("[data-step=check] video")
        wait_for(lambda: picture.evaluate("video => video.readyState > 1"), "the phone's own picture")
        wait_for(lambda: phone.locator("#level").evaluate("level => level.value > 0"), "we hear the phone")
        assert phone.locator("#to-waiting").bounding_box() == place, "no button moves away under a finger"
        on_phone.fine("check", screenshots)
        phone.locator("#to-waiting").tap()
        on_phone.at("waiting")
        phone.get_by_text("No officer is here yet.").wait_for()
        on_phone.fine("waiting", screenshots)
        let_in(at_desk)
        on_phone.at("call")
        on_phone.sees()
        at_desk.sees()
        wait_for(lambda: events_of(desk, session) == "connected", "connected")
        page.locator("[data-consent=snapshot].given").wait_for()
        assert page.locator("[data-consent=record].given").count() == 0
        at_desk.fine("officer-call", screenshots)
        on_phone.fine("call", screenshots)

        page.locator("#ask-rear").click()
        phone.locator("#wish-yes").tap()
        page.locator("#ask-front").wait_for()
        at_desk.sees()
        assert page.locator("#ask-torch").is_hidden(), "fake cameras have no light"
        assert phone.locator("#torch").is_hidden()

        page.get_by_role("button", name="Please go slowly.").click()
        phone.locator("#chat").get_by_text("Please go slowly.").wait_for()
        phone.locator("#chat input").fill("It was through the window. <b>Not</b> the door.")
        phone.locator("#chat form button").tap()
        page.locator("#chat").get_by_text("It was through the window. <b>Not</b> the door.").wait_for()
        on_phone.fine("chat", screenshots)

        phone.locator("#mute").tap()
        page.locator("#ask-unmute").wait_for()
        page.locator("#quality", has_text=MEASURED).wait_for()

        phone.locator("#allowed").tap()
        phone.evaluate(TRACK)
        phone.locator("#allow-form input[data-scope=view]").evaluate("box => box.click()")
        assert phone.evaluate("track.readyState") == "ended", "at once, before anybody is asked"
        page.locator("#no-picture").wait_for()
        page.locator("[data-mode=audio][aria-pressed=true]").wait_for()
        page.locator("[data-consent=view]:not(.given)").wait_for()
        on_phone.fine("allow", screenshots)
        changed_twice(on_phone, at_desk)

        phone.locator("#hang-up").tap()
        on_phone.at("after")
        on_phone.fine("after", screenshots)
        wait_for(lambda: events_of(desk, session) == "joined", "the resident left")
        phone.locator("#come-back").tap()
        on_phone.at("who")
        assert phone.locator("#consent-form input:checked").count() == 0, "consent ended with the call"
        page.locator("#end button").click()
        at_desk.at("after")
        at_desk.fine("officer-after", screenshots)
        phone.reload()
        on_phone.at("over")
        on_phone.fine("over", screenshots)


def changed_twice(on_phone: Side, at_desk: Side) -> None:
    """Consent is given and withdrawn and given while the service is slow to answer: the last decision holds."""
    held: list[Route] = []
    answers: list[Request] = []
    phone, view = on_phone.page, on_phone.page.locator("#allow-form input[data-scope=view]")
    phone.route("**/v1/call/consents", lambda route, _: held.append(route))
    phone.on("requestfinished", lambda done: answers.append(done) if "/consents" in done.url else None)
    for _ in range(3):
        view.evaluate("box => box.click()")
    wait_for(lambda: view.is_checked() and held, "the first is told")
    assert len(held) == 1, "one decision at a time"
    phone.unroute("**/v1/call/consents")
    wait_for(lambda: view.is_checked() and len(answers) == 3, "all are told")
    at_desk.page.locator("[data-consent=view].given").wait_for()
    assert view.is_checked()
    at_desk.page.locator("[data-mode=video]").click()
    at_desk.page.locator("#no-picture").wait_for(state="hidden")
    at_desk.sees()


def greeting_first(socket: WebSocketRoute) -> None:
    """The views that show the resident as let in come after the resident's own greeting."""
    service = socket.connect_to_server()
    held: list[str | bytes] = []
    greeted = False

    def on_message(frame: str | bytes) -> None:
        nonlocal greeted
        message = json.loads(frame)
        early = message["type"] == "session" and any(
            one["kind"] == "resident" and one["admitted"] for one in message["people"]
        )
        if early and not greeted:
            held.append(frame)
            return
        socket.send(frame)
        if message["type"] == "ready" and not greeted:
            greeted = True
            for one in held:
                socket.send(one)

    service.on_message(on_message)


@dataclass
class NoMoreChat:
    """What is written is refused: first for now, then for good, once ``for_good`` is called."""

    written: list[tuple[WebSocketRoute, str]] = field(default_factory=list)

    def __call__(self, socket: WebSocketRoute) -> None:
        """Stand between a page and the service."""
        service = socket.connect_to_server()

        def on_message(frame: str | bytes) -> None:
            message = json.loads(frame)
            if message["type"] != "chat":
                return service.send(frame)
            self.written.append((socket, message["id"]))
            return self._refuse("unavailable") if len(self.written) == 1 else None

        socket.on_message(on_message)

    def for_good(self) -> None:
        """Answer what was written last."""
        self._refuse("chat_full")

    def _refuse(self, code: str) -> None:
        socket, line = self.written[-1]
        socket.send(json.dumps({"type": "error", "code": code, "id": line}))


def test_a_greeting_that_overtakes_the_view_and_a_line_that_is_refused(
    browser: Browser, playwright: Playwright, desk: Desk
) -> None:
    session, link = desk.session()
    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        at_desk.page.route_web_socket("**/socket?*", greeting_first)
        on_phone.page.route_web_socket("**/socket", chat := NoMoreChat())
        meet(at_desk, on_phone)
        assert at_desk.page.locator("#others figure").count() == 0, "the resident has the large picture alone"

        on_phone.page.locator("#chat-toggle").tap()
        on_phone.page.locator("#chat input").fill("It was the back door.")
        on_phone.page.locator("#chat form button").tap()
        line = on_phone.page.locator("#chat li", has_text="It was the back door.")
        line.get_by_text("is being sent").wait_for()
        wait_for(lambda: on_phone.page.evaluate("0") or len(chat.written) > 1, "it is sent again")
        assert line.get_by_text("is being sent").is_visible()
        chat.for_good()
        line.get_by_text("was not sent").wait_for()


LATE = """(() => {
  const own = navigator.mediaDevices, ask = own.getUserMedia.bind(own);
  const late = new Promise((resolve) => { window.allow = resolve; });
  own.getUserMedia = async (wanted) => { if (wanted.video) await late; return ask(wanted); };
})()"""
"""A camera that opens when it is told to."""


def test_a_camera_that_opens_late_is_no_call_without_a_picture(
    browser: Browser, playwright: Playwright, desk: Desk
) -> None:
    session, link = desk.session()
    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        on_phone.page.add_init_script(LATE)
        on_phone.page.reload()
        on_phone.at("who")
        consent(on_phone, "view")
        on_phone.page.locator("#to-waiting").tap()
        let_in(at_desk)
        on_phone.sees()
        on_phone.page.evaluate("allow()")
        at_desk.sees()
        at_desk.page.locator("[data-mode=video][aria-pressed=true]").wait_for()


def test_in_french_and_by_voice_alone(browser: Browser, playwright: Playwright, desk: Desk, screenshots: Path) -> None:
    session, link = desk.session()
    with officer(browser, desk, session, "fr") as at_desk, resident(browser, playwright, desk, link, "fr") as on_phone:
        on_phone.fine("who-fr", screenshots)
        consent(on_phone)
        on_phone.page.locator("#no-view").wait_for()
        on_phone.page.locator("#to-waiting").tap()
        let_in(at_desk)
        on_phone.sees()
        at_desk.page.locator("#no-picture").wait_for()
        wait_for(lambda: events_of(desk, session) == "connected", "connected by voice")
        at_desk.page.locator("[data-mode=audio][aria-pressed=true]").wait_for()
        assert on_phone.page.evaluate("peers[0].getSenders().some(one => one.track?.kind === 'video')") is False
        at_desk.fine("officer-call-fr", screenshots)
        at_desk.page.locator("[data-mode=video]").click()
        at_desk.page.get_by_text("pas permis la caméra").wait_for()


def test_who_denies_the_camera_is_helped_and_may_go_on_in_writing(
    playwright: Playwright, browser: Browser, desk: Desk, screenshots: Path
) -> None:
    session, link = desk.session()
    strict = chromium(playwright, "--deny-permission-prompts")
    with officer(browser, desk, session) as at_desk, resident(strict, playwright, desk, link) as on_phone:
        consent(on_phone, "view")
        on_phone.page.get_by_text("may not use your camera").wait_for()
        on_phone.page.get_by_text("Tap the sign left of the address").wait_for()
        on_phone.fine("denied", screenshots)
        assert on_phone.page.locator("#to-waiting").is_hidden(), "the ways to go on are named"
        on_phone.page.locator("#write-only").tap()
        let_in(at_desk)
        on_phone.at("call")
        on_phone.page.locator("#chat-toggle").tap()
        on_phone.page.locator("#chat input").fill("I can only write.")
        on_phone.page.locator("#chat form button").tap()
        at_desk.page.get_by_text("I can only write.").wait_for()
        wait_for(lambda: events_of(desk, session) == "connected", "connected in writing")
    strict.close()


TORCH = """(() => {
  const track = MediaStreamTrack.prototype, settings = track.getSettings, capabilities = track.getCapabilities;
  window.lit = [];
  track.getCapabilities = function () { return {...capabilities.call(this), torch: true}; };
  track.getSettings = function () { return {...settings.call(this), torch: window.lit.at(-1) ?? false}; };
  track.applyConstraints = async ({advanced}) => { window.lit.push(advanced[0].torch); };
})()"""
"""A phone that has a light: no fake camera does."""


def test_the_light_is_asked_for_where_the_phone_has_one(
    browser: Browser, playwright: Playwright, desk: Desk, screenshots: Path
) -> None:
    session, link = desk.session()
    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        on_phone.page.add_init_script(TORCH)
        on_phone.page.reload()
        on_phone.at("who")
        meet(at_desk, on_phone)
        at_desk.page.locator("#ask-torch").click()
        on_phone.page.get_by_text("switch on your phone").wait_for()
        on_phone.fine("wish", screenshots)
        on_phone.page.locator("#wish-no").tap()
        assert on_phone.page.evaluate("lit") == [], "the resident decides"
        at_desk.page.locator("#ask-torch").click()
        on_phone.page.locator("#wish-yes").tap()
        at_desk.page.get_by_text("Light off please").wait_for()
        assert on_phone.page.evaluate("lit") == [True]
        on_phone.page.locator("#torch").tap()
        at_desk.page.get_by_text("Light on please").wait_for()
        leaves_quickly(desk, session, on_phone)


def leaves_quickly(desk: Desk, session: str, on_phone: Side) -> None:
    """Whoever takes the phone then is a stranger to the call, as they are without scripts."""
    phone = on_phone.page
    phone.route("https://www.canada.ca/", lambda route: route.fulfill(body="Sunny"))
    phone.locator(".exit").tap()
    phone.get_by_text("Sunny").wait_for()
    wait_for(lambda: events_of(desk, session) == "joined", "the resident left")
    wait_for(lambda: phone.context.cookies() == [], "nothing is kept")
    phone.goto(f"{on_phone.origin}/video/call")
    on_phone.at("over")
    assert phone.locator("[data-step=over] [data-summary]").inner_text() == ""
    phone.locator(".exit").evaluate("button => button.form.submit()")
    phone.get_by_text("Sunny").wait_for()


def test_what_is_loaded_before_the_call_is_small(browser: Browser, playwright: Playwright, desk: Desk) -> None:
    _, link = desk.session()
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    with resident(browser, playwright, desk, link) as on_phone:
        on_phone.page.on("requestfinished", note)
        on_phone.page.reload()
        on_phone.at("who")
        wait_for(lambda: on_phone.page.evaluate("0") or len(asked) >= 8, "everything is loaded")
        sizes = [one.sizes() for one in asked]
        assert 10_000 < sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes) < 60_000


def test_the_call_outlives_the_service(browser: Browser, playwright: Playwright, desk: Desk) -> None:
    session, link = desk.session()
    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        meet(at_desk, on_phone)
        desk.process.kill()
        at_desk.page.locator("#link").wait_for()
        on_phone.page.locator("#link").wait_for()
        at_desk.sees(10)
        on_phone.sees(10)
        desk.process.start()
        at_desk.page.locator("#link").wait_for(state="hidden")
        on_phone.page.locator("#link").wait_for(state="hidden")
        at_desk.page.get_by_role("button", name="Please go slowly.").click()
        on_phone.page.locator("#chat").get_by_text("Please go slowly.").wait_for()
        at_desk.sees(10)
        assert on_phone.page.evaluate("peers.length") == 1, "the media never stopped"
        assert at_desk.wrong == on_phone.wrong == []
