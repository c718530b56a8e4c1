"""With the policy "relay" no address of a participant's passes through signalling."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpr_video.signalling.filtering import relayed, relayed_sdp, without_addresses
from vpr_video.signalling.messages import Candidate, Description, Ice, Sdp

SOMEBODY = UUID(int=1)
HOST = "candidate:1 1 udp 2113937151 192.0.2.7 50000 typ host generation 0 ufrag abcd network-cost 999"
MDNS = "candidate:1 1 udp 2113937151 0e6d2a5b-7c3f.local 50000 typ host"
SRFLX = "candidate:2 1 udp 1677729535 198.51.100.7 50000 typ srflx raddr 192.0.2.7 rport 50000"
PRFLX = "candidate:2 1 udp 1677729535 198.51.100.7 50000 typ prflx raddr 192.0.2.7 rport 50000"
RELAY = "candidate:3 1 udp 33562367 203.0.113.9 49152 typ relay raddr 198.51.100.7 rport 50000 generation 0 ufrag abcd"
BARE = "candidate:3 1 udp 33562367 203.0.113.9 49152 typ relay raddr 0.0.0.0 rport 0 generation 0 ufrag abcd"
SIX = "candidate:4 2 TCP 1 2001:db8::9 9 typ relay raddr 2001:db8::7 rport 1 tcptype active"


@pytest.mark.parametrize("candidate", [HOST, MDNS, SRFLX, PRFLX, "candidate:", "nonsense", f"{RELAY} typ host"])
def test_only_relays_pass(candidate: str) -> None:
    assert relayed(candidate) is None or "host" not in str(relayed(candidate))
    if "relay" not in candidate:
        message = Candidate(type="candidate", to=SOMEBODY, candidate=Ice(candidate=candidate))
        assert without_addresses(message) is None


def test_a_relay_passes_without_where_it_is_related_to() -> None:
    assert relayed(RELAY) == BARE
    assert "2001:db8::7" not in str(relayed(SIX))
    assert "2001:db8::9" in str(relayed(SIX))


@pytest.mark.parametrize(
    "odd", [RELAY.replace("typ relay", "typ host typ relay"), f" {HOST}", RELAY.upper(), f"a={HOST}", f"{RELAY}\u2028x"]
)
def test_what_is_not_understood_does_not_pass(odd: str) -> None:
    assert relayed(odd) is None


def test_an_address_hides_in_no_extension() -> None:
    assert "192.0.2.7" not in str(relayed(RELAY.replace("ufrag abcd", "ufrag 192.0.2.7")))
    assert "192.0.2.7" not in str(relayed(RELAY + " home 192.0.2.7"))


def test_the_end_of_candidates_passes() -> None:
    for none in (None, Ice(candidate="", sdpMid="0")):
        message = Candidate(type="candidate", to=SOMEBODY, candidate=none)
        assert without_addresses(message) == message


def sdp(*lines: str, ends: str = "\r\n") -> str:
    return ends.join(
        [
            "v=0",
            "o=- 42 2 IN IP4 192.0.2.7",
            "s=-",
            "c=IN IP4 198.51.100.7",
            "m=audio 9 UDP/TLS/RTP/SAVPF 111",
            *lines,
            "",
        ]
    )


@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
def test_a_description_keeps_its_relays_and_loses_every_address(ends: str) -> None:
    lines = [f"a={one}" for one in (HOST, MDNS, SRFLX, RELAY)]
    lines += ["a=rtcp:50001 IN IP4 198.51.100.7", "a=remote-candidates:1 192.0.2.7 9", "a=ice-ufrag:abcd"]
    lines += ["c=IN IP6 2001:db8::7", "A=candidate:1 1 udp 1 192.0.2.7 9 typ host", "c=IN IP4 192.0.2.7 trick"]
    message = Description(type="description", to=SOMEBODY, description=Sdp(type="offer", sdp=sdp(*lines, ends=ends)))
    passed = without_addresses(message)
    assert isinstance(passed, Description)
    text = passed.description.sdp
    for address in ("192.0.2.7", "198.51.100.7", "2001:db8::7", ".local"):
        assert address not in text
    assert f"a={BARE}" in text
    assert "a=ice-ufrag:abcd" in text
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 111" in text


@given(st.lists(st.sampled_from([HOST, MDNS, SRFLX, RELAY, "c=IN IP4 192.0.2.7", "a=mid:0", " ", "\t", "\r", "\n"])))
def test_however_it_is_put_together_no_host_passes(parts: list[str]) -> None:
    text = relayed_sdp(sdp("a=" + "".join(parts), *parts))
    for line in re.split(r"[\r\n]+", text):
        if line.lower().startswith("a=candidate"):
            assert " typ relay raddr 0.0.0.0 rport 0" in line
            assert not re.search("192.0.2.7|198.51.100.7|[.]local", line)
        assert not line.startswith("c=") or line == "c=IN IP4 0.0.0.0"
