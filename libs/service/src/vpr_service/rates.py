"""How often may be asked: by API key, and by source for whoever shows no credentials that are good.

Counted in memory, by each process for itself, in windows that begin with the first request. Staff are not limited.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from uuid import UUID

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vpr_service.api_keys import may_be_key
from vpr_service.cookies import SAFE, SESSION
from vpr_service.problems import Problem
from vpr_service.telemetry import QUIET
from vpr_service.tokens import TokenVerifier

FORMS = (b"application/x-www-form-urlencoded", b"multipart/form-data")


PAUSE = 0.25
"""Seconds that a refused source waits for its answer, so that who asks again and again costs little."""
MOST_WAITING = 200

type Limits = Sequence[RateLimitItem]


def limits_of(text: str) -> Limits:
    """``600/minute``, or several as ``20/second;600/minute``; none for an empty text. Raises ValueError."""
    return parse_many(text) if text else ()


@dataclass
class Rates:
    """What each may spend."""

    per_key: Limits = ()
    per_source: Limits = ()
    _limiter: FixedWindowRateLimiter = field(
        default_factory=lambda: FixedWindowRateLimiter(MemoryStorage()), init=False, repr=False
    )

    async def spend_key(self, client: UUID) -> None:
        """One request of this client. Raises Problem 429."""
        await self._spend(self.per_key, "key", client.hex)

    async def spend_source(self, source: str) -> None:
        """One request from there. Raises Problem 429."""
        await self._spend(self.per_source, "source", source)

    async def check_source(self, source: str) -> None:
        """Whether another request may come from there. Raises Problem 429."""
        for rate in self.per_source:
            if not await self._limiter.test(rate, "source", source):
                raise await self._refusal(rate, "source", source)

    async def _spend(self, limits: Limits, *who: str) -> None:
        for rate in limits:
            if not await self._limiter.hit(rate, *who):
                raise await self._refusal(rate, *who)

    async def _refusal(self, rate: RateLimitItem, *who: str) -> Problem:
        reset = (await self._limiter.get_window_stats(rate, *who)).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        detail = f"more than {rate.amount} requests in {rate.get_expiry()} seconds: try again later"
        return Problem(429, "too_many_requests", detail, headers={"Retry-After": str(wait)})


@dataclass
class Visit:
    """A request whose caller is not known yet."""

    admitted: bool = False


VISIT: ContextVar[Visit | None] = ContextVar("visit", default=None)


def admitted() -> None:
    """Say that whoever is being served showed good credentials."""
    if visit := VISIT.get():
        visit.admitted = True


def source_of(scope: Scope) -> str:
    """Where a request comes from, behind those proxies that are trusted (``TRUSTED_PROXIES``).

    An IPv6 network of 64 bits is one source, since one machine has all of it.
    """
    host = (scope.get("client") or ("unknown", 0))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64))
    return str(address)


class SourceLimit:
    """ASGI middleware: 429 for a source that asks too often without good credentials.

    One that shows none is refused before anything is done. With what may be a key, known only to the endpoint, it is
    served first; when the key was no good, the answer counts and, above the limit, is withheld. Below the path
    ``key_forms`` keys may stand in a query or a form.
    """

    def __init__(self, app: ASGIApp, rates: Rates, key_forms: str = "") -> None:
        self._app, self._rates, self._key_forms = app, rates, key_forms
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or path in QUIET or not self._rates.per_source or await _is_staff(scope):
            await self._app(scope, receive, send)
            return
        source, visit = source_of(scope), Visit()
        if not self._may_hold_key(scope, path):
            try:
                await self._rates.check_source(source)
            except Problem as problem:
                await self._pause()
                await problem.response()(scope, receive, send)
                return
        token = VISIT.set(visit)
        try:
            await self._app(scope, receive, self._counting(scope, source, visit, receive, send))
        finally:
            VISIT.reset(token)

    async def _pause(self) -> None:
        if self._waiting < MOST_WAITING:
            self._waiting += 1
            try:
                await asyncio.sleep(PAUSE)
            finally:
                self._waiting -= 1

    def _may_hold_key(self, scope: Scope, path: str) -> bool:
        if may_be_key(_header(scope, b"x-api-key").decode("latin-1")):
            return True
        if not self._key_forms or not path.startswith(self._key_forms):
            return False
        kind = _header(scope, b"content-type").partition(b";")[0].strip().lower()
        return kind in FORMS or b"api_key=" in scope.get("query_string", b"")

    def _counting(self, scope: Scope, source: str, visit: Visit, receive: Receive, send: Send) -> Send:
        withheld = False

        async def sending(message: Message) -> None:
            nonlocal withheld
            if message["type"] == "http.response.start" and not visit.admitted:
                try:
                    await self._rates.spend_source(source)
                except Problem as problem:
                    if scope["method"] in SAFE or message["status"] in {401, 403}:
                        withheld = True
                        await problem.response()(scope, receive, send)
            if not withheld:
                await send(message)

        return sending


async def _is_staff(scope: Scope) -> bool:
    """Whether a token is shown that is good; the verifier remembers those that were."""
    verifier: TokenVerifier = scope["app"].state.verifier
    kind, _, token = _header(scope, b"authorization").partition(b" ")
    shown = token.strip().decode("latin-1") if kind.lower() == b"bearer" else scope.get(SESSION)
    if not shown:
        return False
    try:
        await verifier.verify(shown)
    except Problem:
        return False
    return True


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")
