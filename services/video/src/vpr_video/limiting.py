"""How often strangers may try: short codes, and new links. Counted by each process, in real time."""

from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from vpr_service.problems import Problem
from vpr_video.settings import Settings

TEN_MINUTES, HOUR = 10, 1


@dataclass(frozen=True)
class Limits:
    """Codes by source and in all; new links by session and by source."""

    codes_of_source: RateLimitItem
    codes_in_all: RateLimitItem
    links_of_session: RateLimitItem
    links_of_source: RateLimitItem
    _limiter: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """From the settings."""
        links = settings.links_per_session
        return cls(
            RateLimitItemPerMinute(settings.codes_per_source, TEN_MINUTES, "code source"),
            RateLimitItemPerMinute(settings.codes_in_all, TEN_MINUTES, "code"),
            RateLimitItemPerHour(links, HOUR, "link session"),
            RateLimitItemPerHour(3 * links, HOUR, "link source"),
        )

    def type_code(self, source: str) -> None:
        """Count a code that is typed, whatever comes of it. Raises Problem 429."""
        self._hit(self.codes_of_source, source)
        self._hit(self.codes_in_all, "all")

    def ask_for_link(self, session_id: UUID, source: str) -> None:
        """Count a new link that is asked for. Raises Problem 429."""
        self._hit(self.links_of_source, source)
        self._hit(self.links_of_session, str(session_id))

    def _hit(self, limit: RateLimitItem, who: str) -> None:
        if not self._limiter.hit(limit, who):
            seconds = str(limit.get_expiry())
            raise Problem(
                429, "too_many_tries", "too many tries: wait, then try again", headers={"Retry-After": seconds}
            )


def source_of(request: Request) -> str:
    """Where a request comes from: an IPv4 address, or the network of 64 bits that one IPv6 subscriber has."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host


async def _limits(request: Request) -> Limits:
    limits: Limits = request.app.state.limits
    return limits


Limited = Annotated[Limits, Depends(_limits)]
Source = Annotated[str, Depends(source_of)]
