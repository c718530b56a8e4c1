"""How often residents and strangers may try: short codes, new links, places. Counted by each process, in real time."""

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute, RateLimitItemPerSecond

from vpr_service.rates import source_of
from vpr_service.tries import Tries
from vpr_video.settings import Settings

TEN_MINUTES, HOUR = 10, 1
PLACES, TEN_SECONDS = 20, 10
"""Our page tells one place in five seconds; short, so that what is shown is never long behind."""


@dataclass(frozen=True)
class Limits:
    """Codes by source and in all; new links by session and by source; places by session."""

    codes_of_source: RateLimitItem
    codes_in_all: RateLimitItem
    links_of_session: RateLimitItem
    links_of_source: RateLimitItem
    places_of_session: RateLimitItem
    _tries: Tries = field(default_factory=Tries)

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """From the settings."""
        links = settings.links_per_session
        return cls(
            RateLimitItemPerMinute(settings.codes_per_source, TEN_MINUTES, "code source"),
            RateLimitItemPerMinute(settings.codes_in_all, TEN_MINUTES, "code"),
            RateLimitItemPerHour(links, HOUR, "link session"),
            RateLimitItemPerHour(3 * links, HOUR, "link source"),
            RateLimitItemPerSecond(PLACES, TEN_SECONDS, "place session"),
        )

    def type_code(self, source: str) -> None:
        """Count a code that is typed, whatever comes of it. Raises Problem 429."""
        self._tries.spend(self.codes_of_source, source)
        self._tries.spend(self.codes_in_all, "all")

    def ask_for_link(self, session_id: UUID, source: str) -> None:
        """Count a new link that is asked for. Raises Problem 429."""
        self._tries.spend(self.links_of_source, source)
        self._tries.spend(self.links_of_session, str(session_id))

    def tell_place(self, session_id: UUID) -> None:
        """Count a place that is told. Raises Problem 429."""
        self._tries.spend(self.places_of_session, str(session_id))


async def _source(request: Request) -> str:
    return source_of(request.scope)


async def _limits(request: Request) -> Limits:
    limits: Limits = request.app.state.limits
    return limits


Limited = Annotated[Limits, Depends(_limits)]
Source = Annotated[str, Depends(_source)]
