"""How a service calls another: with its own client-credential token, saying for whom and why (decision 13)."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from vpr_service.auth import ACTING_FOR, PURPOSE
from vpr_service.oidc import IssuerClient, IssuerRefused, unavailable
from vpr_service.settings import ServiceSettings

MARGIN = 30.0
"""Seconds before its end at which a token is fetched anew, so that none ends under way."""

log = structlog.get_logger(__name__)


@dataclass
class TokenSource:
    """The service's token, kept until shortly before it expires."""

    client: IssuerClient
    _token: str = field(default="", init=False, repr=False)
    _good_until: float = field(default=0.0, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @classmethod
    def of(cls, service: str, settings: ServiceSettings) -> "TokenSource":
        """The source of a service's tokens."""
        return cls(IssuerClient(settings.shared.oidc_issuer, service, settings.client_secret))

    async def headers(self, *, acting_for: UUID | None = None, purpose: str | None = None) -> Mapping[str, str]:
        """Headers of a call to another service. Raises Problem 503 while there is no token to be had."""
        headers = {"Authorization": f"Bearer {await self.token()}"}
        return headers | _given(ACTING_FOR, acting_for) | _given(PURPOSE, purpose)

    async def token(self) -> str:
        """A token that is good for a while yet. Raises Problem 503 while there is none to be had."""
        async with self._lock:
            if time.monotonic() >= self._good_until:
                self._token, lifetime = await self._fetch()
                self._good_until = time.monotonic() + lifetime - min(MARGIN, lifetime / 2)
            return self._token

    async def _fetch(self) -> tuple[str, float]:
        try:
            answer = await self.client.tokens(grant_type="client_credentials")
            return str(answer["access_token"]), float(answer.get("expires_in", 0))
        except (IssuerRefused, KeyError, TypeError, ValueError):
            log.exception("the issuer gives this service no token", client=self.client.client_id)
            raise unavailable() from None


def _given(name: str, value: object | None) -> dict[str, str]:
    return {} if value is None else {name: str(value)}
