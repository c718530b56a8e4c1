"""Pages of a call when what mostly comes first comes last: answers, views, greetings, presses of buttons."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.overtaking import OTHER, OWN, THIRDS, Alone, alone, guest_page, officer_page, person, resident_page, view

ICE = {"type": "ice", "iceServers": [], "iceTransportPolicy": "all"}
ALLOWED = "#allow [data-scope={}]"
OFFER = """async () => {
  const other = new RTCPeerConnection();
  for (const kind of ["audio", "video"]) other.addTransceiver(kind);
  await other.setLocalDescription();
  const { type, sdp } = other.localDescription;
  other.close();
  return { type, sdp };
}"""

COUNTED = """() => {
  window.recorders = 0;
  window.MediaRecorder = class extends MediaRecorder {
    constructor(...given) { super(...given); window.recorders += 1; }
  };
}"""

SENDER = """async (leg) => {
  const canvas = document.createElement("canvas");
  canvas.getContext("2d").fillRect(0, 0, 9, 9);
  const other = new RTCPeerConnection();
  for (const kind of ["audio", canvas.captureStream(5).getVideoTracks()[0]]) {
    other.addTransceiver(kind, { direction: "sendonly" });
  }
  (window.others ??= {})[leg] = other;
  await other.setLocalDescription();
  while (other.iceGatheringState !== "complete") {
    await new Promise((resolve) => { other.onicegatheringstatechange = resolve; });
  }
  const { type, sdp } = other.localDescription;
  return { type, sdp };
}"""
"""Somebody's picture as the media server would offer it."""

ANSWERED = "([leg, answer]) => others[leg].setRemoteDescription(answer)"
RECEIVED = """(leg) => peers.find((one) => one.remoteDescription?.sdp === others[leg].localDescription.sdp)
  ?.connectionState"""


@contextmanager
def joined(browser: Browser, html: str, asked: str) -> Iterator[Alone]:
    """A page that was let into a call by this question, before any view of it."""
    with alone(browser, html) as page:
        page.page.locator("#join").click()
        page.answers("POST", asked)
        page.until(lambda: page.sockets, "a connection")
        yield page
        assert page.wrong == []


@pytest.fixture
def officer(browser: Browser) -> Iterator[Alone]:
    with joined(browser, officer_page(), "/participants") as page:
        yield page


@pytest.fixture
def guest(browser: Browser) -> Iterator[Alone]:
    with joined(browser, guest_page(), "/return") as page:
        yield page


def own(**more: Any) -> dict[str, Any]:
    return person(OWN, "officer", **more)


def interpreter(**more: Any) -> dict[str, Any]:
    return person(OWN, "interpreter", **more)


def test_a_button_that_is_pressed_while_a_view_comes_is_pressed(officer: Alone) -> None:
    waits = person(OTHER, "resident", admitted=False)
    officer.tells(view(own(), waits))
    button = officer.page.get_by_role("button", name="Let in")
    button.focus()
    officer.page.keyboard.down("Space")
    officer.tells(view(own(), person(OTHER, "resident", admitted=False, consents=("view",)), status="waiting"))
    officer.tells(view(own(), waits, person(THIRDS, "interpreter", admitted=False)))
    officer.page.get_by_text("Interpreter: waits").wait_for()
    officer.page.keyboard.up("Space")
    officer.answers("POST", f"/participants/{OTHER}/admission", [])


def test_an_officer_who_missed_the_end_learns_of_it(officer: Alone) -> None:
    officer.tells(view(own()))
    officer.page.locator("#people li").wait_for()
    officer.sockets[-1].close(code=4410, reason="the session is over")
    officer.at("after")


def test_a_recording_is_not_begun_once_consent_to_it_is_withdrawn(officer: Alone) -> None:
    allows = view(own(), person(OTHER, "resident", consents=("view", "record")))
    officer.tells(ICE, allows, {"type": "ready", "from": OTHER, "run": "1"})
    officer.page.evaluate(COUNTED)
    officer.page.locator("#record").click()
    opening = officer.asks("POST", "/evidence")
    officer.tells(view(own(), person(OTHER, "resident", consents=("view",))))
    officer.page.locator("#record[aria-pressed=false]").wait_for()
    opening.fulfill(json={"id": THIRDS, "chunk_limit": 1000})
    officer.waiting("POST", "/evidence")
    assert officer.page.evaluate("recorders") == 0
    officer.tells(allows)
    officer.page.locator("#record").click()
    officer.answers("POST", "/evidence", {"id": THIRDS, "chunk_limit": 1000})
    officer.until(lambda: officer.page.evaluate("recorders") == 1, "the next recording")


def test_a_list_that_comes_late_is_not_taken_for_the_newest(officer: Alone) -> None:
    officer.tells(view(own()))
    early = officer.asks("GET", "/guests")
    officer.page.get_by_text("Bring in somebody without an account").click()
    officer.page.locator("#guest-name").fill("Example")
    officer.page.locator("#guest-form button.second").click()
    officer.answers("POST", "/guests", {"link": "http://localhost/guest"})
    soon = "2030-01-01T00:00:00Z"
    listed = [{"id": OTHER, "name": "Example", "kind": "interpreter", "state": "opened", "expires_at": soon}]
    officer.answers("GET", "/guests", listed)
    officer.page.locator("#guest-list li").wait_for()
    with officer.page.expect_response("**/guests"):
        early.fulfill(json=[])
    officer.waiting("GET", "/guests")
    assert officer.page.locator("#guest-list li").count() == 1


def test_ticks_are_told_one_after_the_other(officer: Alone) -> None:
    officer.tells(view(own()))
    officer.answers("GET", "/checklists", [])
    boxes = officer.page.locator("[data-checklist] input")
    for _ in range(2):
        boxes.first.evaluate("box => box.click()")
    assert len(officer.waiting("PUT", "")) == 1
    assert officer.answers("PUT", "") == {"ticked": True}
    assert officer.answers("PUT", "") == {"ticked": False}


def test_what_a_guest_allows_is_told_in_order_and_no_view_takes_it_back(guest: Alone) -> None:
    inside = view(interpreter(), person(OTHER, "officer"))
    guest.tells(inside)
    guest.at("call")
    snapshot, record = (guest.page.locator(ALLOWED.format(scope)) for scope in ("snapshot", "record"))
    snapshot.check()
    guest.tells({**inside, "recording": True})
    guest.page.locator("#recording").wait_for()
    assert snapshot.is_checked(), "the view is older than the decision"
    record.check()
    assert len(guest.waiting("PUT", "/consents")) == 1
    assert guest.answers("PUT", "/consents", {"consents": ["snapshot"]}) == {"scopes": ["snapshot"]}
    assert guest.answers("PUT", "/consents", {"consents": ["snapshot", "record"]}) == {"scopes": ["snapshot", "record"]}
    guest.waiting("PUT", "/consents")
    assert (snapshot.is_checked(), record.is_checked()) == (True, True)


def test_who_joins_again_has_left_before(guest: Alone) -> None:
    guest.tells(view(interpreter()))
    guest.page.locator("#leave").click()
    guest.page.evaluate("window.same = true")
    guest.page.locator("#again").click()
    assert len(guest.waiting("POST", "/departure")) == 1
    assert guest.page.evaluate("same")
    guest.answers("POST", "/departure")
    guest.at("before")


def test_who_comes_back_has_left_before(browser: Browser) -> None:
    with alone(browser, resident_page()) as resident:
        resident.answers("GET", "/call", status=503)
        resident.answers("GET", "/call", {"status": "joined", "present": True, "consents": []})
        resident.at("who")
        resident.page.locator("#hang-up").evaluate("one => one.click()")
        resident.page.locator("#come-back").click()
        assert resident.waiting("POST", "/return") == []
        resident.answers("POST", "/departure")
        resident.answers("POST", "/return")


def test_who_comes_back_learns_how_the_others_are_also_through_the_media_server(guest: Alone) -> None:
    guest.tells(ICE, view(interpreter(), person(OTHER, "officer"), media="server"))
    guest.says(type="server_ready")
    guest.says(type="ready")
    guest.tells({"type": "ready", "from": OTHER, "run": "12345678"})
    guest.says(type="state", to=OTHER)
    assert not [one for one in guest.said if one["type"] == "ready" and one.get("reply")]


def test_an_offer_that_comes_before_the_view_is_answered_and_a_broken_way_stops_nothing(guest: Alone) -> None:
    guest.tells(ICE, view(interpreter()))
    guest.says(type="ready")
    offer = guest.page.evaluate(OFFER)
    guest.tells({"type": "ready", "from": OTHER, "run": "12345678"})
    guest.tells({"type": "description", "from": OTHER, "description": offer})
    guest.tells(view(interpreter(), person(OTHER, "officer")))
    assert guest.says(type="description", to=OTHER)["description"]["type"] == "answer"
    guest.page.evaluate("peers.forEach((one) => one.close())")
    guest.said.clear()
    guest.page.locator("#camera").click()
    guest.says(type="state", video=False)


def test_what_was_written_before_stands_before(guest: Alone) -> None:
    guest.tells(view(interpreter(), person(OTHER, "officer")))
    first, second = (
        {"type": "chat", "from": OTHER, "kind": "officer", "id": id_, "text": text, "at": f"2030-01-01T00:00:0{at}Z"}
        for id_, text, at in ((OWN, "First", 1), (OTHER, "Second", 2))
    )
    guest.tells(second, {"type": "history", "messages": [first, second]})
    lines = guest.page.locator("#chat [data-list] li")
    lines.filter(has_text="First").wait_for()
    assert lines.all_text_contents() == ["Officer First", "Officer Second"]


def _answered(guest: Alone, leg: str) -> None:
    """The page's answer is brought to the other end, and both are connected."""
    answer = guest.says(type="server_description", leg=leg)["description"]
    guest.page.evaluate(ANSWERED, [leg, answer])
    guest.until(lambda: guest.page.evaluate(f"others['{leg}'].connectionState") == "connected", leg)


def test_a_connection_that_stands_ends_none_that_is_to_replace_it(guest: Alone) -> None:
    older, newer = OTHER, THIRDS
    guest.tells(ICE, view(interpreter(), person(OTHER, "officer"), media="server"))
    guest.says(type="server_ready")
    for leg in (older, newer):
        offer = guest.page.evaluate(SENDER, leg)
        guest.tells({"type": "server_description", "leg": leg, "from": OTHER, "description": offer})
    for leg in (older, newer):
        _answered(guest, leg)
    states = guest.until(
        lambda: "closed" in (now := [guest.page.evaluate(RECEIVED, leg) for leg in (older, newer)]) and now, "one ends"
    )
    assert states == ["closed", "connected"]
