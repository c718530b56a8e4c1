"""Calls through Janus, in real browsers: pictures each way, and what happens when one of the servers is killed."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright

from tests.calls import Desk, Side, desk_on, guest, let_in, meet, officer, resident, third
from tests.evidence import sha256
from tests.janus import MediaServer, media_server
from tests.waiting import wait_for
from vpr_events.contracts.values import Role

CONNECTED = "peers.filter(one => one.connectionState === 'connected').length"
TRACK = "() => { window.track = document.querySelector('[data-step=call] [data-self]').srcObject.getVideoTracks()[0] }"


@pytest.fixture(scope="module")
def janus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaServer]:
    with media_server(tmp_path_factory.mktemp("janus")) as running:
        yield running


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Janus records."""
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="module")
def desk(janus: MediaServer, recordings: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    served = {**janus.environment, "VIDEO_MEDIA": "janus", "VIDEO_JANUS_RECORDINGS": str(recordings)}
    with desk_on(tmp_path_factory.mktemp("served"), **served) as desk:
        yield desk


def ways(side: Side, wanted: int) -> None:
    """The page has so many connections and no other."""
    wait_for(lambda: side.page.evaluate(CONNECTED) == wanted, f"{wanted} connections")


def all_see_each_other(at_desk: Side, on_phone: Side, interpreter: Side, *, connections: int) -> None:
    """Every picture moves on every other page, by so many connections each."""
    for side in (at_desk, on_phone, interpreter):
        ways(side, connections)
    for kind in ("resident", "officer"):
        interpreter.sees_tile(kind)
    for side in (at_desk, on_phone):
        side.sees()
        side.sees_tile("interpreter")


def come_in(interpreter: Side, at_desk: Side, screenshots: Path) -> None:
    """The interpreter waits, sees nobody, and is let in."""
    interpreter.fine("third-before", screenshots)
    interpreter.page.locator("#join").click()
    interpreter.at("waiting")
    interpreter.fine("third-waiting", screenshots)
    assert interpreter.page.evaluate(CONNECTED) == 0, "nobody is seen from the waiting room"
    let_in(at_desk)
    interpreter.at("call")


def test_two_through_janus_are_told_when_it_is_away_and_come_back_with_it(
    browser: Browser, playwright: Playwright, desk: Desk, janus: MediaServer, recordings: Path, screenshots: Path
) -> None:
    session, link = desk.session()

    def status() -> str:
        return str(desk.people.get(Role.OFFICER, "video", f"/v1/sessions/{session}")["status"])

    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        meet(at_desk, on_phone)
        ways(at_desk, 2)
        janus.kill()
        for side in (at_desk, on_phone):
            side.page.locator("#server", has_text="does not answer").wait_for()
        on_phone.fine("server-away", screenshots)
        wait_for(lambda: status() == "interrupted", "the loss is told")
        ways(on_phone, 0)  # nothing goes directly
        janus.start()
        wait_for(lambda: status() == "connected", "the call is back")
        for side in (at_desk, on_phone):
            side.page.locator("#server").wait_for(state="hidden")
            side.sees(10)

        on_phone.page.locator("#allowed").tap()
        on_phone.page.evaluate(TRACK)
        view = on_phone.page.locator("#allow-form input[data-scope=view]")
        view.evaluate("box => box.click()")
        assert on_phone.page.evaluate("track.readyState") == "ended", "at once, before anybody is asked"
        at_desk.page.locator("#no-picture").wait_for()
        at_desk.page.locator("[data-consent=view]:not(.given)").wait_for()
        view.evaluate("box => box.click()")
        at_desk.page.locator("[data-consent=view].given").wait_for()
        at_desk.page.locator("[data-mode=video]").click()
        at_desk.page.locator("#no-picture").wait_for(state="hidden")
        at_desk.sees(10)
        _records(at_desk, on_phone, Recorded(desk, session, recordings), screenshots)
        assert at_desk.wrong == on_phone.wrong == []


def size_of(file: Path) -> int:
    """In bytes; none of one that has another name by now."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


@dataclass
class Recorded:
    """What Janus records of a session, and what becomes of it."""

    desk: Desk
    session: str
    folder: Path

    def written(self) -> bool:
        """Janus wrote some seconds of the resident's picture and sound, of nobody else's."""
        files = {kind: [size_of(one) for one in self.folder.glob(f"*-{kind}-*.tmp")] for kind in ("audio", "video")}
        assert max(map(len, files.values())) <= 1, "one feed"
        return sum(files["video"]) > 50_000 and sum(files["audio"]) > 5_000

    def captured(self, many: int) -> list[dict[str, Any]]:
        """The recordings, once there are so many and Janus' files are gone."""
        path = f"/v1/sessions/{self.session}/evidence"

        def found() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = self.desk.people.get(Role.OFFICER, "video", path)
            taken = [one for one in items if one["state"] == "captured" and one["kind"] == "recording"]
            return taken if len(taken) == many and not any(self.folder.iterdir()) else []

        return list(wait_for(found, f"{many} recordings"))

    def parts(self) -> dict[str, int]:
        """The bytes of each connection's picture, in the order of their coming."""
        files = sorted(self.folder.glob("*-seen-video-*"))
        return {one.name.split("-")[1]: size_of(one) for one in files}

    def erase(self) -> None:
        """Two people erase the report."""
        report = self.desk.people.get(Role.OFFICER, "video", f"/v1/sessions/{self.session}")["report_id"]
        for role in (Role.SUPERVISOR, Role.ADMIN):
            self.desk.people.post(role, "intake", f"/v1/reports/{report}/erasure")

    def states(self) -> set[str]:
        """What became of the recordings."""
        items = self.desk.people.get(Role.OFFICER, "video", f"/v1/sessions/{self.session}/evidence")
        return {one["state"] for one in items if one["kind"] == "recording"}

    def plays(self, item: dict[str, Any]) -> None:
        """It is VP8 and Opus of some seconds."""
        url = f"{self.desk.people.url('video')}/v1/sessions/{self.session}/evidence/{item['id']}/content"
        answer = self.desk.people.client.get(url, headers=self.desk.people.headers(Role.OFFICER))
        assert sha256(answer.content) == item["sha256"]
        words = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_name:format=duration", "-of", "csv=p=0", "-"]
        told = subprocess.run(words, input=answer.content, check=True, capture_output=True).stdout.decode().split()
        assert told[:2] == ["opus", "vp8"]
        assert float(told[2]) > 0.5


def _records(at_desk: Side, on_phone: Side, recorded: Recorded, screenshots: Path) -> None:
    """By Janus: until the consent is taken back, and across a kill of the service between its end and its making."""
    page, phone, desk = at_desk.page, on_phone.page, recorded.desk
    record = phone.locator("#allow-form input[data-scope=record]")
    record.evaluate("box => box.click()")
    page.locator("#record:enabled").click()
    phone.locator("#recording").wait_for()
    page.locator("#evidence-list").get_by_text("is being recorded at the media server").wait_for()
    wait_for(recorded.written, "some seconds are recorded")
    at_desk.fine("officer-served", screenshots)
    record.evaluate("box => box.click()")
    page.get_by_text("took back that the call is recorded").wait_for()
    phone.locator("#recording").wait_for(state="hidden")
    assert page.locator("#record").is_disabled()
    [stopped] = recorded.captured(1)
    assert (stopped["reason"], stopped["method"], stopped["incomplete"]) == ("consent_withdrawn", "media_server", True)
    recorded.plays(stopped)

    record.evaluate("box => box.click()")
    page.locator("#record:enabled").click()
    wait_for(recorded.written, "some seconds are recorded")
    page.locator("#record", has_text="Stop").click()
    page.locator("#record[aria-pressed=false]").wait_for()
    desk.process.kill()
    desk.process.start()
    *_, whole = recorded.captured(2)
    assert (whole["reason"], whole["incomplete"]) == ("stopped", False)
    recorded.plays(whole)
    page.locator("#link").wait_for(state="hidden")
    at_desk.fine("officer-served-stored", screenshots)


SENDER = "peers.find(one => one.connectionState === 'connected' && one.getSenders().some(({track}) => track))"
"""The connection by which a page sends."""


def test_a_guests_call_is_recorded_across_a_new_connection_and_erased_while_janus_writes(
    browser: Browser, playwright: Playwright, desk: Desk, janus: MediaServer, recordings: Path, screenshots: Path
) -> None:
    session, link = desk.session()
    recorded = Recorded(desk, session, recordings)
    named = {"kind": "interpreter", "name": "Example Interpreter"}
    invited = desk.people.post(Role.OFFICER, "video", f"/v1/sessions/{session}/guests", named)
    with (
        officer(browser, desk, session) as at_desk,
        resident(browser, playwright, desk, link) as on_phone,
        guest(browser, desk, invited["link"]) as interpreter,
    ):
        page, phone = at_desk.page, on_phone.page
        meet(at_desk, on_phone)
        interpreter.page.locator("form button").click()
        interpreter.at("before")
        interpreter.page.locator("#join").click()
        interpreter.at("waiting")
        let_in(at_desk)
        all_see_each_other(at_desk, on_phone, interpreter, connections=3)
        page.locator("#others figcaption").get_by_text("Example Interpreter").wait_for()
        phone.locator("#allowed").tap()
        phone.locator("#allow-form input[data-scope=record]").evaluate("box => box.click()")
        page.locator("#record:enabled").click()
        interpreter.page.locator("#recording").wait_for()
        wait_for(recorded.written, "some seconds are recorded")
        interpreter.fine("guest-served", screenshots)

        wait_for(lambda: phone.evaluate(f"Boolean({SENDER})"), "a connection to break")
        phone.evaluate(f"{SENDER}.close()")
        wait_for(lambda: len(recorded.parts()) == 2 and min(recorded.parts().values()) > 20_000, "another part")
        at_desk.sees()
        interpreter.sees_tile("resident")
        page.locator("#record", has_text="Stop").click()
        first, second = recorded.captured(2)
        assert (first["part_of"], second["part_of"], first["reason"]) == (None, first["id"], "stopped")
        for part in (first, second):
            recorded.plays(part)

        page.locator("#record:enabled[aria-pressed=false]").click()
        wait_for(recorded.written, "some seconds are recorded")
        recorded.erase()
        wait_for(lambda: not any(recordings.iterdir()), "no file is left")
        wait_for(lambda: not janus.writes_in(recordings), "Janus writes no more")
        wait_for(lambda: recorded.states() == {"erased"}, "nothing of any recording is kept")
        interpreter.page.locator("#recording").wait_for(state="hidden")
        for side in (at_desk, on_phone):
            side.sees()
            assert side.wrong == []
        assert not any(recordings.iterdir()), "nothing came afterwards"


def test_three_through_janus_outlive_the_service_and_go_directly_without_janus(
    browser: Browser, playwright: Playwright, desk: Desk, janus: MediaServer, screenshots: Path
) -> None:
    session, link = desk.session()
    with (
        officer(browser, desk, session) as at_desk,
        resident(browser, playwright, desk, link) as on_phone,
        third(browser, desk, session, "interpreter") as interpreter,
    ):
        everyone = (at_desk, on_phone, interpreter)
        meet(at_desk, on_phone)
        at_desk.page.get_by_text("Bring in a colleague").click()
        at_desk.page.locator("#invite-as").select_option("interpreter")
        assert at_desk.page.locator("#invite-link").input_value().endswith(f"/video/call/{session}/interpreter")
        come_in(interpreter, at_desk, screenshots)
        all_see_each_other(*everyone, connections=3)
        at_desk.page.get_by_text("Interpreter: in the call").wait_for()
        for side, name in ((at_desk, "officer"), (on_phone, "resident"), (interpreter, "third")):
            side.fine(f"three-{name}", screenshots)

        desk.process.kill()
        for side in everyone:
            side.page.locator("#link").wait_for()
        all_see_each_other(*everyone, connections=3)
        desk.process.environment = {**desk.process.environment, "VIDEO_MEDIA": "auto"}
        desk.process.start()
        for side in everyone:
            side.page.locator("#link").wait_for(state="hidden")
        all_see_each_other(*everyone, connections=3)

        janus.kill()
        for side in everyone:
            side.page.locator("#server", has_text="go directly for now").wait_for()
        all_see_each_other(*everyone, connections=2)
        janus.start()
        for side in everyone:
            side.page.locator("#server").wait_for(state="hidden")
        all_see_each_other(*everyone, connections=3)

        interpreter.page.locator("#leave").click()
        interpreter.at("after")
        for side in (at_desk, on_phone):
            side.page.locator("#others figure").wait_for(state="detached")
            ways(side, 1)
            side.sees()
            assert side.wrong == []
