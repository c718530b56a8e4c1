"""Cameras, recordings and places of a page when a wish comes while an earlier one is under way."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.overtaking import OTHER, OWN, Alone, alone, person, resident_page, view

GATE = """(() => {
  const own = navigator.mediaDevices, ask = own.getUserMedia.bind(own);
  window.opened = []; window.asked = 0; window.gate = Promise.resolve();
  own.getUserMedia = async (wanted) => {
    window.asked += Boolean(wanted.video);
    const [stream] = await Promise.all([ask(wanted), wanted.video && window.gate]);
    window.opened.push(...stream.getTracks());
    return stream;
  };
  window.shut = () => { window.gate = new Promise((resolve) => { window.unlock = resolve; }); };
  const track = MediaStreamTrack.prototype, capabilities = track.getCapabilities;
  track.getCapabilities = function () { return {...capabilities.call(this), zoom: {min: 1, max: 4, step: 0.1}}; };
})()"""
"""A camera that enlarges, and opens as soon as the gate does."""
SENDING = """async () => {
  const { Sending } = await import("/video/static/call/sending.js");
  const call = Object.assign(new EventTarget(), { view: null, replace: async () => {}, limit() {}, tell() {} });
  window.idle = false;
  window.sending = new Sending(call, () => window.idle);
  sending.consents = new Set(["view"]);
  shut();
  window.opening = sending.apply();
  while (!asked) await new Promise((resolve) => setTimeout(resolve));
}"""
"""A camera that is about to open."""
RECORDED = """async () => {
  const { Recorder } = await import("/video/static/call/recorder.js");
  const { Shelf } = await import("/video/static/call/shelf.js");
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").fillRect(0, 0, 9, 9);
  window.recorder = new Recorder("/video/evidence", () => ({}), new Shelf());
  const audio = new AudioContext().createMediaStreamDestination().stream.getAudioTracks();
  await recorder.start(new MediaStream([...canvas.captureStream(8).getTracks(), ...audio]), true);
  recorder.stop();
  window.stored = false;
  recorder.finished(600_000).then(() => { window.stored = true; });
}"""
PLACES = """async () => {
  const { Whereabouts } = await import("/video/static/call/whereabouts.js");
  window.places = new Whereabouts("/video/v1/call");
  places.show(true);
  document.querySelector("#locate-once").click();
}"""


@pytest.fixture
def resident(browser: Browser) -> Iterator[Alone]:
    """A resident's page."""
    with alone(browser, resident_page(), GATE) as page:
        page.answers("GET", "/call", {"status": "joined", "present": True, "consents": []})
        page.at("who")
        yield page
        assert page.wrong == []


@pytest.fixture
def opening(resident: Alone) -> Page:
    """The page, whose camera is about to open."""
    resident.page.evaluate(SENDING)
    return resident.page


def test_the_camera_is_turned_while_it_opens(opening: Page) -> None:
    opening.evaluate("window.turned = sending.turn('environment'), unlock()")
    opening.evaluate("turned")
    assert opening.evaluate("[sending.devices.facing, sending.devices.video.readyState]") == ["environment", "live"]
    assert opening.evaluate("opened.filter((one) => one.kind === 'video' && one.readyState === 'live').length") == 1


def test_data_are_saved_while_the_camera_opens(opening: Page) -> None:
    opening.evaluate("window.saved = sending.save(true), unlock()")
    opening.evaluate("saved")
    assert opening.evaluate("sending.devices.video.getSettings().width") <= 480


def test_a_camera_that_opens_after_the_call_was_left_is_closed_at_once(opening: Page) -> None:
    opening.evaluate("sending.devices.close(), window.idle = true, unlock()")
    opening.evaluate("opening")
    assert opening.evaluate("opened.map((one) => [one.kind, one.readyState])") == [["video", "ended"]]
    assert opening.evaluate("[sending.devices.video, sending.devices.audio]") == [None, None]


def test_a_wish_waits_until_the_camera_is_as_it_is_to_be(resident: Alone) -> None:
    page = resident.page
    page.locator("#to-consent").click()
    page.locator("#consent-form [data-scope=view]").check()
    page.locator("#consent-form button").click()
    resident.answers("PUT", "/consents", {"consents": ["view"]})
    page.locator("#to-waiting").click()
    resident.tells(view(person(OWN, "resident", consents=("view",)), person(OTHER, "officer")))
    resident.says(type="state", video=True)
    before = page.evaluate("shut(), asked")
    page.locator("[data-step=call] [data-save]").click()
    resident.until(lambda: page.evaluate("asked") > before, "it opens anew")
    resident.tells({"type": "request", "from": OTHER, "what": "zoom_in"})
    resident.waiting("GET", "")
    page.evaluate("unlock()")
    page.locator("#wish-yes").wait_for()


def test_a_recording_that_was_stopped_is_stored_before_the_session_ends(resident: Alone) -> None:
    resident.page.evaluate(f"() => {{ ({RECORDED})(); }}")
    resident.answers("POST", "/evidence", {"id": OTHER, "chunk_limit": 1_000_000})
    while not (completions := resident.waiting("POST", "/completion")):
        for chunk in resident.waiting("PUT", ""):
            resident.held.remove(chunk)
            chunk.fulfill(json={})
    assert resident.page.evaluate("stored") is False
    completions[0].fulfill(json={"id": OTHER, "state": "captured"})
    resident.until(lambda: resident.page.evaluate("stored"), "stored")


def test_of_a_place_that_may_not_be_told_any_more_nothing_is_said_later(resident: Alone) -> None:
    page = resident.page
    page.evaluate(PLACES)
    late = resident.asks("PUT", "/location")
    page.evaluate("places.show(false)")
    said = page.locator("#where-said")
    assert said.text_content() == "Your place is not told any more."
    with page.expect_response("**/location"):
        late.fulfill(status=409, json={"type": "urn:vpr:problem:location_not_allowed"})
    resident.waiting("GET", "")
    assert said.text_content() == "Your place is not told any more."
