"""Which way picture and sound go, for everyone in a session alike."""

from typing import Literal

from vpr_video.seats import Seat

type Way = Literal["peer", "server", "away", "fallback"]
"""From browser to browser; through the server; through it once it answers again; from browser to browser till then."""

DIRECT = 2
"""So many go without the server where it is not always wanted."""


def way_of(media: Literal["peer", "janus", "auto"], seat: Seat, *, up: bool) -> Way:
    """The way; ``up`` tells whether every replica that holds somebody of the session reaches the server."""
    if media == "peer":
        return "peer"
    if media == "janus":
        return "server" if up else "away"
    inside = [one for one in seat.people if one["admitted_at"] is not None and one["left_at"] is None]
    if len(inside) <= DIRECT:
        return "peer"
    return "server" if up else "fallback"
