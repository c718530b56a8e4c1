"""What is secured in a call, in real browsers: photos of the video, a recording, files of the resident, a place."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Geolocation, Playwright

from tests.calls import Desk, Side, consent, desk_on, guest, let_in, officer, resident
from tests.capturing import captured, handed_over, items, reported_on_the_web, row, tick, write
from tests.evidence import WEBM
from tests.files import photo
from tests.scenario import invite
from tests.waiting import wait_for
from vpr_events.contracts.values import Role

KEPT = """async () => {
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const open = await done(indexedDB.open("vpr-evidence"));
  const keys = await done(open.transaction("chunks").objectStore("chunks").getAllKeys());
  open.close();
  return Math.max(0, ...keys.map(([, sequence]) => sequence));
}"""
"""The last chunk that is on the shelf."""
PLACE = Geolocation(latitude=49.8951, longitude=-97.1384, accuracy=25)
MOVED = Geolocation(latitude=49.896, longitude=-97.1384, accuracy=250)
"""Nearer to the border of a district than the phone knows where it is."""
DISTRICTS = 15
PLAYS = """(url) => new Promise((resolve, reject) => {
  const video = Object.assign(document.createElement("video"), {src: url, muted: true});
  video.onloadeddata = () => resolve(video.videoWidth);
  video.onerror = () => reject(new Error(video.error.message));
})"""
ZOOM = """(() => {
  const track = MediaStreamTrack.prototype, settings = track.getSettings, capabilities = track.getCapabilities;
  window.zoomed = [];
  track.getCapabilities = function () { return {...capabilities.call(this), zoom: {min: 1, max: 4, step: 0.1}}; };
  track.getSettings = function () { return {...settings.call(this), zoom: window.zoomed.at(-1) ?? 1}; };
  track.applyConstraints = async ({advanced}) => { window.zoomed.push(advanced[0].zoom); };
})()"""
"""A phone whose camera enlarges: no fake camera does."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk_on(tmp_path_factory.mktemp("capture")) as desk:
        yield desk


def test_evidence_of_a_call(
    browser: Browser, playwright: Playwright, desk: Desk, screenshots: Path, tmp_path: Path
) -> None:
    session, number = reported_on_the_web(desk)
    link = invite(desk.people, session)
    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        phone, page = on_phone.page, at_desk.page
        phone.context.grant_permissions(["geolocation", "camera", "microphone"])
        phone.context.set_geolocation(PLACE)
        phone.add_init_script(ZOOM)
        phone.reload()
        on_phone.at("who")
        consent(on_phone, "view", "snapshot", "record")
        phone.locator("[data-step=check] [data-save]").tap()
        on_phone.fine("check-saving", screenshots)
        phone.locator("#to-waiting").tap()
        phone.get_by_text("You are next").wait_for()
        phone.get_by_text("Leave everything where it is.").wait_for()
        on_phone.fine("waiting-place", screenshots)
        let_in(at_desk)
        on_phone.at("call")
        at_desk.sees()
        on_phone.sees()
        page.get_by_text("The resident saves data").wait_for()
        phone.locator("[data-step=call] [data-save]").tap()
        page.get_by_text("The resident saves data").wait_for(state="hidden")
        at_desk.sees()

        page.locator("#ask-zoom-in").click()
        phone.get_by_text("asks you to zoom in").wait_for()
        phone.locator("#wish-yes").tap()
        wait_for(lambda: phone.evaluate("zoomed") == [1.5], "zoomed")

        page.locator("#note").fill("Scratches at the lock")
        page.locator("#snapshot").click()
        row(at_desk, "Photo from the video").get_by_text("Scratches at the lock").wait_for()
        [snapshot] = captured(desk, session, "snapshot")
        shown = row(at_desk, "Photo from the video").get_by_role("link").get_attribute("href")
        seen = page.request.get(f"{desk.staff}{shown}")
        assert (seen.status, seen.headers["content-type"]) == (200, "image/png")
        assert page.locator("#evidence-list code").text_content() == snapshot["sha256"]

        _records(at_desk, on_phone, desk, session, screenshots)
        _tells_the_place(at_desk, on_phone, screenshots)
        write(at_desk, on_phone, "Is the lock broken?")
        write(on_phone, at_desk, "It is.")

        page.locator("[data-mode=upload]").click()
        phone.locator("#photos").wait_for()
        phone.locator("#photo-file").set_input_files([
            FilePayload(name="lock.jpg", mimeType="image/jpeg", buffer=photo()),
            FilePayload(name="page.html", mimeType="text/html", buffer=b"<html>" + bytes(600)),
        ])  # fmt: skip
        phone.get_by_text("lock.jpg: sent").wait_for()
        phone.get_by_text("page.html: is no photo").wait_for()
        on_phone.fine("upload", screenshots)
        captured(desk, session, "photo")
        row(at_desk, "lock.jpg").wait_for()

        page.locator("#checklist-choice").select_option("break_enter")
        page.get_by_label("Lock and tool marks").check()
        at_desk.fine("officer-capture", screenshots)
        page.locator("#end button").click()
        at_desk.at("after")
        on_phone.at("over")
        assert captured(desk, session, "location"), "what was told of the place"
        [chat] = captured(desk, session, "chat")
        assert handed_over(desk, session, tmp_path, chat) == ["Is the lock broken?", "It is."]
        phone.locator("[data-step=over]").get_by_text(f"Your case number: {number}").wait_for()
        on_phone.fine("over-number", screenshots)
        ticked = desk.people.get(Role.OFFICER, "video", f"/v1/sessions/{session}/checklists")
        assert [one["ticked"] for one in ticked if one["ticked"]] == [["lock"]]


def _records(at_desk: Side, on_phone: Side, desk: Desk, session: str, screenshots: Path) -> None:
    """Consent taken back ends a recording at once; what a broken network kept back outlives the page."""
    phone, page = on_phone.page, at_desk.page
    page.locator("#record").click()
    phone.locator("#recording").wait_for()
    page.locator("#recording").wait_for()
    on_phone.fine("recording", screenshots)
    at_desk.fine("officer-recording", screenshots)
    at_desk.in_reach("#status", "#quality", "[data-consent]", "#snapshot", "#record", "#end button")
    wait_for(lambda: any(one["next_sequence"] > 1 for one in items(desk, session)), "two seconds are stored")
    phone.locator("#allowed").tap()
    tick(on_phone, "record")
    page.get_by_text("took back that the call is recorded").wait_for()
    phone.locator("#recording").wait_for(state="hidden")
    assert page.locator("#record").is_disabled()
    [stopped] = captured(desk, session, "recording")
    at_desk.fine("officer-withdrawn", screenshots)
    assert page.evaluate(PLAYS, f"/video/v1/sessions/{session}/evidence/{stopped['id']}/content") > 0

    tick(on_phone, "record")
    page.locator("#record:enabled").click()
    page.locator("#recording").wait_for()
    page.route("**/chunks/*", lambda route: route.abort())
    page.locator("#record-said").get_by_text("still to be sent").wait_for()
    wait_for(lambda: page.evaluate(KEPT) >= 3, "three seconds are on the shelf")
    page.reload()
    page.unroute("**/chunks/*")
    at_desk.at("before")
    page.locator("#join").click()
    recordings = captured(desk, session, "recording", 2)
    whole = next(one for one in recordings if one["id"] != stopped["id"])
    assert (whole["incomplete"], whole["next_sequence"] >= 4) == (False, True), "what could not be sent was sent later"
    at_desk.sees()


def _tells_the_place(at_desk: Side, on_phone: Side, screenshots: Path) -> None:
    phone, page = on_phone.page, at_desk.page
    phone.locator("#where-toggle").tap()
    phone.locator("#locate-once:disabled").wait_for()
    tick(on_phone, "location")
    phone.locator("#locate-once:enabled").tap()
    phone.get_by_text("The officer sees where you are, to about 25 m.").wait_for()
    page.get_by_text("49.89510, -97.13840").wait_for()
    page.get_by_text("District: Point Douglas", exact=True).wait_for()
    page.locator("#map-city .here").wait_for()
    phone.locator("#locate-live").tap()
    phone.context.set_geolocation(MOVED)
    page.get_by_text("49.89600, -97.13840").wait_for()
    page.get_by_text("District: Point Douglas; perhaps").wait_for()
    assert "Fort Rouge" in str(page.locator("#map-district").text_content())
    assert page.locator("#map-drawn .border").count() == page.locator("#map-city .district").count() == DISTRICTS
    page.get_by_text("Ward boundaries").wait_for()
    on_phone.fine("where", screenshots)
    at_desk.fine("officer-place", screenshots)
    tick(on_phone, "location")
    page.locator("#map").wait_for(state="hidden")
    phone.get_by_text("Your place is not told any more.").wait_for()


def test_an_interpreter_without_an_account_comes_in_by_a_link(browser: Browser, desk: Desk, screenshots: Path) -> None:
    session, _ = desk.session()
    with officer(browser, desk, session) as at_desk:
        page = at_desk.page
        page.locator("#join").click()
        at_desk.at("call")
        page.get_by_text("Bring in somebody without an account").click()
        page.locator("#guest-name").fill("Example Interpreter")
        page.locator("#guest-form button.second").click()
        page.locator("#guest-list").get_by_text("has not come yet").wait_for()
        link = page.locator("#guest-link").input_value()
        at_desk.fine("officer-guests", screenshots)
        with guest(browser, desk, link, "fr") as interpreter:
            interpreter.fine("guest-link", screenshots)
            interpreter.page.locator("form button").click()
            interpreter.at("before")
            interpreter.fine("guest-before", screenshots)
            interpreter.page.locator("#join").click()
            interpreter.at("waiting")
            page.locator("#guest-list").get_by_text("came", exact=False).wait_for()
            page.locator("#people").get_by_text("Interpreter Example Interpreter: waits").wait_for()
            let_in(at_desk)
            interpreter.at("call")
            interpreter.sees_tile("officer")
            at_desk.sees_tile("interpreter")
            page.locator("#others figcaption").get_by_text("Example Interpreter").wait_for()
            interpreter.fine("guest-call", screenshots)
            interpreter.page.locator("#leave").click()
            interpreter.at("after")
            interpreter.page.locator("#again").click()
            interpreter.at("before")
            page.locator("#others figure").wait_for(state="detached")


LIVES = """async (address) => {
  const { Socket } = await import(address);
  const made = [], heard = [];
  window.WebSocket = class extends EventTarget {
    static OPEN = 1;
    readyState = 0;
    constructor() { super(); made.push(this); }
    close() { this.readyState = 3; this.onclose?.({ code: 1006, reason: "" }); }
  };
  const socket = new Socket(async () => "ws://nowhere.test/", async () => 4403);
  for (const name of ["open", "closed", "message", "end"]) {
    socket.addEventListener(name, ({ detail }) => heard.push([name, detail?.code ?? detail ?? null]));
  }
  await socket.connect();
  dispatchEvent(new Event("online"));
  await new Promise(requestAnimationFrame);
  const [first, second] = made;
  first.readyState = second.readyState = 1;
  first.onopen(); second.onopen();
  first.onmessage({ data: "1" }); second.onmessage({ data: "2" });
  first.onclose({ code: 1006, reason: "" });
  await new Promise(requestAnimationFrame);
  const before = JSON.stringify(heard);
  second.onclose({ code: 1012, reason: "" });
  while (made.length < 3) await new Promise(requestAnimationFrame);
  made[2].onclose({ code: 1006, reason: "" });
  while (heard.at(-1)[0] !== "end") await new Promise(requestAnimationFrame);
  return [before, made.length, heard.at(-1)];
}"""
"""Two connections of one page: the first one is late with everything. Then a handshake is refused for good."""


def test_of_two_connections_the_last_counts_and_a_refusal_ends_the_tries(browser: Browser, desk: Desk) -> None:
    page = browser.new_page()
    page.goto(f"{desk.process.url}/video/join")
    before, made, last = page.evaluate(LIVES, "/video/static/call/socket.js")
    assert before == '[["open",null],["message",2]]'
    assert (made, last) == (3, ["end", 4403])
    page.close()


def test_evidence_of_others(browser: Browser, playwright: Playwright, desk: Desk, screenshots: Path) -> None:
    session, _ = desk.session()
    made = desk.people.post(Role.OFFICER, "video", f"/v1/sessions/{session}/upload-links", {"purpose": "doorbell"})
    files = [
        FilePayload(name="bell.webm", mimeType="video/webm", buffer=WEBM + bytes(3_000_000)),
        FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"nothing"),
    ]
    for language, scripts in (("en", True), ("fr", False)):
        context = browser.new_context(
            **playwright.devices["Pixel 7"], locale=f"{language}-CA", java_script_enabled=scripts
        )
        side = Side(context.new_page(), desk.process.url)
        side.page.route("**/chunks/1", lambda route: route.abort(), times=1)
        side.page.goto(f"{made['link']}?lang={language}")
        if scripts:
            side.fine("give", screenshots)
        side.page.locator("#note").fill("Sunday night")
        side.page.locator("#files").set_input_files(files)
        side.page.locator("form button").tap()
        if scripts:
            side.page.get_by_text("bell.webm: received").wait_for()
            side.page.get_by_text("notes.txt: is no photo, video or PDF").wait_for()
            side.fine("give-sent", screenshots)
        else:
            side.page.get_by_text("Fichiers reçus : 1.").wait_for()
            side.page.get_by_text("notes.txt: n’est ni photo").wait_for()  # noqa: RUF001 - as the page writes it
            side.page.screenshot(path=screenshots / "call-give-sent-fr-phone.png", full_page=True)
        context.close()
    sent = captured(desk, session, "file", 2)
    assert {(one["name"], one["note"], one["size"]) for one in sent} == {
        ("bell.webm", "Sunday night", 3_000_000 + len(WEBM))
    }
