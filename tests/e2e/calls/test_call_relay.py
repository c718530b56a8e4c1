"""Calls through a relay: nobody learns the other's address, and a call outlives the loss of its way."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright

from tests.calls import Desk, Side, desk_on, meet, officer, resident
from tests.coturn import SECRET, Relay, relay
from tests.waiting import wait_for
from vpr_events.contracts.values import Role

TYPES = "candidates.map(one => / typ (\\w+)/.exec(one)?.[1] ?? 'none')"


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Relay]:
    with relay(tmp_path_factory.mktemp("coturn")) as running:
        yield running


@pytest.fixture(scope="module")
def desk(turn: Relay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    told = {"VIDEO_TURN_URLS": json.dumps([turn.url]), "VIDEO_TURN_SECRET": SECRET, "VIDEO_ICE_POLICY": "relay"}
    with desk_on(tmp_path_factory.mktemp("relayed"), **told) as desk:
        yield desk


def only_relays(side: Side) -> None:
    """Whatever the page found or was told is a relay, without where it is related to."""
    assert set(side.page.evaluate(TYPES)) == {"relay"}
    described = [one["description"]["sdp"] for one in side.told if one["type"] == "description"]
    lines = [line for sdp in described for line in sdp.split("\r\n")]
    candidates = [line for line in lines if line.startswith("a=candidate")]
    told = [one["candidate"]["candidate"] for one in side.told if one["type"] == "candidate" and one["candidate"]]
    assert candidates + told
    for line in [*candidates, *filter(None, told)]:
        assert " typ relay raddr 0.0.0.0 rport 0" in line
    for line in lines:
        assert not line.startswith(("c=", "o=")) or line.endswith("IN IP4 0.0.0.0"), line


def test_through_the_relay_only_relays_are_told_and_a_lost_way_is_found_again(
    browser: Browser, playwright: Playwright, desk: Desk, turn: Relay
) -> None:
    session, link = desk.session()

    def status() -> str:
        return str(desk.people.get(Role.OFFICER, "video", f"/v1/sessions/{session}")["status"])

    with officer(browser, desk, session) as at_desk, resident(browser, playwright, desk, link) as on_phone:
        meet(at_desk, on_phone)
        only_relays(at_desk)
        only_relays(on_phone)
        turn.kill()
        wait_for(lambda: status() == "interrupted", "the loss is told")
        turn.start()
        wait_for(lambda: status() == "connected", "the call is back")
        at_desk.sees(10)
        on_phone.sees(10)
        only_relays(at_desk)
        only_relays(on_phone)
        assert at_desk.page.evaluate("peers.length") == 1, "the same connection, by another way"
