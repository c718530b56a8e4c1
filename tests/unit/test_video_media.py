"""Which way a call goes, what names feeds have, and what may be set."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from vpr_service.settings import SharedSettings
from vpr_video.media.rooms import feed_of, sender_of
from vpr_video.media.ways import way_of
from vpr_video.seats import Seat
from vpr_video.settings import Settings
from vpr_video.signalling.filtering import without_addresses
from vpr_video.signalling.messages import ServerCandidate, ServerDescription, message_in
from vpr_video.signalling.presence import Presence

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SESSION, WHO = UUID(int=1), UUID(int=2)


def seat(*, inside: int, waiting: int = 0, gone: int = 0) -> Seat:
    people: list[dict[str, Any]] = [{"admitted_at": NOON, "left_at": None}] * inside
    people += [{"admitted_at": None, "left_at": None}] * waiting
    people += [{"admitted_at": None, "left_at": NOON}] * gone
    return Seat({}, people, WHO)


@pytest.mark.parametrize(
    ("media", "inside", "up", "way"),
    [
        ("peer", 3, True, "peer"),
        ("janus", 1, True, "server"),
        ("janus", 2, True, "server"),
        ("janus", 2, False, "away"),
        ("auto", 2, True, "peer"),
        ("auto", 2, False, "peer"),
        ("auto", 3, True, "server"),
        ("auto", 3, False, "fallback"),
    ],
)
def test_the_way_follows_from_setting_number_and_server(media: Any, inside: int, *, up: bool, way: str) -> None:
    assert way_of(media, seat(inside=inside), up=up) == way


def test_who_waits_or_left_does_not_count() -> None:
    assert way_of("auto", seat(inside=2, waiting=3, gone=2), up=True) == "peer"


def test_a_later_feed_of_the_same_sender_is_the_greater() -> None:
    feeds = [feed_of(WHO) for _ in range(50)]
    assert feeds == sorted(feeds)
    assert {sender_of(feed) for feed in feeds} == {WHO}


@given(st.one_of(st.text(), st.integers(), st.none()))
def test_of_any_other_name_there_is_no_sender(name: object) -> None:
    assert sender_of(name) is None or sender_of(name) == UUID(str(name).partition(".")[0])


def settings(**options: Any) -> Settings:
    shared = SharedSettings(vpr_environment="development", public_url="https://vpr.example/")
    return Settings(database_url=SecretStr("postgresql+asyncpg://nobody"), shared=shared, **options)


@pytest.mark.parametrize("media", ["janus", "auto"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"janus_url": "ws://127.0.0.1:8188"},
        {"janus_url": "ws://janus.example:8188", "janus_secret": "south"},
        {"janus_url": "https://janus.example", "janus_secret": "south"},
    ],
    ids=["nothing", "no_secret", "the_secret_in_clear", "no_websocket"],
)
def test_a_media_server_is_set_up_whole_or_refused_at_start(media: str, options: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="VIDEO_JANUS"):
        settings(media=media, **options)


@pytest.mark.parametrize("url", ["ws://localhost:8188", "ws://127.0.0.1:8188", "wss://janus.example/janus"])
def test_a_media_server_is_on_this_machine_or_behind_tls(url: str) -> None:
    assert settings(media="auto", janus_url=url, janus_secret="south").media == "auto"


def test_what_goes_to_the_server_is_filtered_like_what_goes_to_participants() -> None:
    leg = uuid4()
    for kind, passes in (("host", False), ("relay raddr 192.0.2.7 rport 9", True)):
        told = {"candidate": f"candidate:1 1 udp 1 203.0.113.9 9 typ {kind}"}
        message = ServerCandidate.model_validate({"type": "server_candidate", "leg": leg, "candidate": told})
        filtered = without_addresses(message)
        assert (filtered is not None) == passes
        assert "192.0.2.7" not in str(filtered)
    sdp = {"type": "offer", "sdp": "v=0\r\nc=IN IP4 192.0.2.7\r\n"}
    described = ServerDescription.model_validate({"type": "server_description", "leg": leg, "description": sdp})
    assert "192.0.2.7" not in str(without_addresses(described))


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "server_ready", "legs": [' + ",".join(f'"{UUID(int=n)}"' for n in range(17)) + "]}",
        '{"type": "server_ready", "legs": ["x"]}',
        '{"type": "server_description", "description": {"type": "offer", "sdp": ""}}',
        '{"type": "server_candidate", "leg": "' + str(SESSION) + '", "candidate": {"candidate": "a\\r\\nb"}}',
    ],
)
def test_messages_for_the_server_are_bounded(text: str) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        message_in(text)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.frozensets(st.uuids(), max_size=3), st.floats(0, 5))))
def test_whoever_is_told_of_is_there_until_it_is_not_told_again(told: list[tuple[str, frozenset[UUID], float]]) -> None:
    presence, now, last = Presence(forget=10), 0.0, dict[str, tuple[frozenset[UUID], float]]()
    for process, who, later in told:
        now += later
        gone = presence.lapsed(now)
        stale = [name for name, (_, until) in last.items() if until <= now]
        assert {one for _, one in gone} == frozenset().union(*(last.pop(name)[0] for name in stale))
        presence.tell(SESSION, process, who, now)
        last[process] = (who, now + 10)
        assert presence.of(SESSION, now) == frozenset().union(*(who for who, _ in last.values()))


def test_one_replica_without_the_server_is_enough() -> None:
    presence = Presence(forget=10)
    presence.serve("a", up=True)
    presence.tell(SESSION, "a", {WHO}, 0)
    assert presence.served(SESSION, 0)
    presence.serve("b", up=False)
    assert presence.served(SESSION, 0), "it holds nobody of this session"
    presence.tell(SESSION, "b", {uuid4()}, 0)
    assert not presence.served(SESSION, 0)
    presence.serve("b", up=True)
    assert presence.served(SESSION, 0)
