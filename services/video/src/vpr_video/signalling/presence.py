"""Who is connected to other replicas, as those told: what is not told again is forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

BEAT = 5.0
"""Seconds between two tellings."""

FORGET = 3 * BEAT


@dataclass
class Presence:
    """By session and process: who is there, and until when that is good (seconds of a steady clock).

    Of every session, not only of those that have somebody here: whoever left us for another replica is not lost.
    """

    forget: float = FORGET
    _told: dict[UUID, dict[str, tuple[frozenset[UUID], float]]] = field(default_factory=dict)
    _unserved: set[str] = field(default_factory=set)

    def tell(self, session: UUID, process: str, who: Iterable[UUID], now: float) -> frozenset[UUID]:
        """A process told who is there: who came or went by that."""
        before = self.of(session, now)
        self._told.setdefault(session, {})[process] = (frozenset(who), now + self.forget)
        return before ^ self.of(session, now)

    def serve(self, process: str, *, up: bool) -> None:
        """A process told whether it reaches the media server."""
        (self._unserved.discard if up else self._unserved.add)(process)

    def served(self, session: UUID, now: float) -> bool:
        """Whether every other process that holds somebody of the session reaches the media server."""
        told = self._told.get(session, {})
        return not any(process in self._unserved for process, (who, until) in told.items() if who and until > now)

    def hold(self, now: float) -> None:
        """Nothing can be heard: what was told last stays good."""
        for told in self._told.values():
            for process, (who, _) in told.items():
                told[process] = (who, now + self.forget)

    def of(self, session: UUID, now: float) -> frozenset[UUID]:
        """Who is there, at any other process."""
        told = self._told.get(session, {})
        return frozenset().union(*(who for who, until in told.values() if until > now))

    def lapsed(self, now: float) -> list[tuple[UUID, UUID]]:
        """Forget what is too old: session and participant of those whom a process told of and does not any more."""
        gone: list[tuple[UUID, UUID]] = []
        for session, told in list(self._told.items()):
            for process in [name for name, (_, until) in told.items() if until <= now]:
                who, _ = told.pop(process)
                gone += [(session, one) for one in who]
            if not told:
                del self._told[session]
        return gone
