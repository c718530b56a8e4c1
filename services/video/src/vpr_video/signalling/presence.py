"""Who is connected to other replicas, as those told: what is not told again is forgotten."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

BEAT = 5.0
"""Seconds between two tellings."""

FORGET = 3 * BEAT


@dataclass
class Presence:
    """By session and process: who is there, and until when that is good (seconds of a steady clock)."""

    _told: dict[UUID, dict[str, tuple[frozenset[UUID], float]]] = field(default_factory=dict)

    def tell(self, session: UUID, process: str, who: Iterable[UUID], now: float) -> bool:
        """A process told who is there; whether that is news."""
        before = self.of(session, now)
        self._told.setdefault(session, {})[process] = (frozenset(who), now + FORGET)
        return before != self.of(session, now)

    def of(self, session: UUID, now: float) -> frozenset[UUID]:
        """Who is there, at any other process."""
        told = self._told.get(session, {})
        return frozenset().union(*(who for who, until in told.values() if until > now))

    def drop(self, session: UUID) -> None:
        """Nobody of ours asks for this session any more."""
        self._told.pop(session, None)
