"""With ``VIDEO_ICE_POLICY=relay`` nobody learns another's address: whatever names one is taken out of signalling.

Only candidates of type ``relay`` pass, without where they are related to. What is not understood does not pass.
"""

import re

from vpr_video.signalling.messages import Candidate, Description, Message, ServerCandidate, ServerDescription

_TOKEN = r"[!-~]+"  # noqa: S105 - a word of a grammar, in ASCII
_RELAY = re.compile(
    rf"(candidate:{_TOKEN} [12] {_TOKEN} \d+ {_TOKEN} \d+ typ relay)"
    rf"(?: raddr {_TOKEN} rport \d+)?((?: {_TOKEN} {_TOKEN})*)",
    re.ASCII,
)
_EXTENSIONS = frozenset({"tcptype", "generation", "ufrag", "network-id", "network-cost"})
_PLAIN = re.compile(r"[A-Za-z0-9+/]+")
_BARE = " raddr 0.0.0.0 rport 0"
_CONNECTION = re.compile(r"c=IN IP[46] \S+", re.ASCII)
_ORIGIN = re.compile(r"(o=\S+ \d+ \d+) IN IP[46] \S+", re.ASCII)
_ADDRESSED = ("a=candidate", "a=remote-candidates", "a=rtcp:", "a=alt", "c=", "o=")


def without_addresses(message: Message) -> Message | None:
    """The message as it may pass; None where nothing of it may."""
    if (
        isinstance(message, Candidate | ServerCandidate)
        and message.candidate is not None
        and message.candidate.candidate
    ):
        told = relayed(message.candidate.candidate)
        if told is None:
            return None
        return message.model_copy(update={"candidate": message.candidate.model_copy(update={"candidate": told})})
    if isinstance(message, Description | ServerDescription):
        sdp = relayed_sdp(message.description.sdp)
        return message.model_copy(update={"description": message.description.model_copy(update={"sdp": sdp})})
    return message


def relayed(candidate: str) -> str | None:
    """A relay's candidate without its related address; None for any other."""
    found = _RELAY.fullmatch(candidate.strip())
    if found is None:
        return None
    words = found[2].split()
    pairs = zip(words[::2], words[1::2], strict=True)
    kept = "".join(f" {name} {value}" for name, value in pairs if name in _EXTENSIONS and _PLAIN.fullmatch(value))
    return f"{found[1]}{_BARE}{kept}"


def relayed_sdp(sdp: str) -> str:
    """The description without candidates but relays', and without addresses elsewhere."""
    lines = [line for one in re.split(r"\r\n|\n|\r", sdp) if (line := _line(one)) is not None]
    return "\r\n".join(lines)


def _line(line: str) -> str | None:
    if not line.strip().lower().startswith(_ADDRESSED):
        return line
    if line.startswith("a=candidate:"):
        told = relayed(line.removeprefix("a="))
        return f"a={told}" if told else None
    if line.startswith("a=rtcp:"):
        return "a=rtcp:9 IN IP4 0.0.0.0"
    if _CONNECTION.fullmatch(line):
        return "c=IN IP4 0.0.0.0"
    if found := _ORIGIN.fullmatch(line):
        return f"{found[1]} IN IP4 0.0.0.0"
    return None
