"""Tokens of the issuer, verified against the keys that it publishes, and what they say about who calls."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import jwt

from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role
from vpr_service.http import http_client
from vpr_service.problems import Problem

ALGORITHMS = ("ES256", "ES384", "EdDSA", "PS256", "RS256")
"""Signatures only, never a shared secret; which of them is good for a key, the key says."""
KEYS_FOR = 300.0
ASK_EVERY = 10.0
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: ``id`` is the token's subject, a UUID without a name behind it in any event.

    A service's token names the ``service``, which may say what officer it is ``acting_for`` and for which ``purpose``.
    ``contacts`` are the person's own e-mail address and telephone number, where the token carries them.
    """

    id: UUID
    roles: frozenset[Role]
    service: str | None = None
    acting_for: UUID | None = None
    purpose: str | None = None
    contacts: tuple[str, ...] = field(default=(), repr=False)

    @property
    def scope(self) -> str:
        """The scope of this principal's idempotency keys."""
        return f"principal:{self.id}"

    def has(self, *roles: Role) -> bool:
        """Whether any of the roles is held."""
        return not self.roles.isdisjoint(roles)


@dataclass
class TokenVerifier:
    """Checks signature, issuer, audience and expiry. ``jwks`` is a URL or a file; keys are kept for five minutes.

    A token that was good is remembered by its digest until it expires or the issuer's keys change: to verify a
    signature takes some hundred times as long as to look it up.
    """

    issuer: str
    audience: str
    jwks: str
    _document: str = field(default="", init=False)
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict, init=False)
    _fresh_until: float = field(default=0.0, init=False)
    _ask_again: float = field(default=0.0, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _good: OrderedDict[bytes, tuple[Principal, float]] = field(default_factory=OrderedDict, init=False)

    async def verify(self, token: str) -> Principal:
        """The principal of a token. Raises Problem 401, saying whether it is expired or invalid."""
        digest = hashlib.sha256(token.encode()).digest()
        if (good := self._good.get(digest)) and time.monotonic() < self._fresh_until and time.time() < good[1]:
            return good[0]
        claims = await self.claims(token)
        try:
            caller = principal_of(claims)
        except (ValueError, TypeError):
            raise _invalid() from None
        self._remember(digest, caller, float(claims["exp"]))
        return caller

    async def claims(self, token: str) -> dict[str, Any]:
        """What a token says, once it is verified. Raises Problem 401."""
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid")))
            return jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self.audience,
                issuer=self.issuer,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
        except jwt.ExpiredSignatureError:
            raise unauthenticated("token_expired", "the token has expired") from None
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            raise _invalid() from None

    def _remember(self, digest: bytes, caller: Principal, expires: float) -> None:
        self._good.pop(digest, None)
        self._good[digest] = (caller, expires)
        if len(self._good) > REMEMBERED:
            self._good.popitem(last=False)

    async def _key(self, kid: str) -> jwt.PyJWK:
        """The key of this name. Old keys stay good while the issuer is away; an unknown name has them read anew."""
        if time.monotonic() >= self._fresh_until or (kid not in self._keys and time.monotonic() >= self._ask_again):
            await self._refresh(kid)
        return self._keys[kid]

    async def _refresh(self, kid: str) -> None:
        if self._lock.locked() and kid in self._keys:
            return
        async with self._lock:
            if time.monotonic() < self._ask_again:
                return
            self._ask_again = time.monotonic() + ASK_EVERY
            try:
                self._take(await self._fetch())
            except Problem:
                if kid not in self._keys:
                    self._ask_again = 0.0
                    raise

    def _take(self, document: str) -> None:
        if document != self._document:
            self._keys = {str(key.key_id): key for key in jwt.PyJWKSet.from_json(document).keys}
            self._document = document
            self._good.clear()
        self._fresh_until = time.monotonic() + KEYS_FOR

    async def _fetch(self) -> str:
        if not self.jwks.startswith(("https://", "http://")):
            return await asyncio.to_thread(Path(self.jwks).read_text)
        try:
            async with http_client(timeout=5) as client:
                return (await client.get(self.jwks)).raise_for_status().text
        except httpx.HTTPError:
            detail = "the issuer's keys cannot be read, try again"
            raise Problem(503, "unavailable", detail, headers={"Retry-After": "2"}) from None


def principal_of(claims: Mapping[str, Any]) -> Principal:
    """Whom verified claims name. Raises ValueError or TypeError for claims of another form.

    A client of the issuer that is named like a service and holds the role ``service`` is that service.
    """
    roles = _known(claims.get("roles", []))
    client = claims.get("azp") or claims.get("client_id")
    service = client if Role.SERVICE in roles and client in SERVICES else None
    contacts = tuple(one for name in ("email", "phone_number") if isinstance(one := claims.get(name), str) and one)
    return Principal(UUID(claims["sub"]), roles, service, contacts=contacts)


def _known(roles: Iterable[str]) -> frozenset[Role]:
    """An issuer may know roles that we do not: they allow nothing here. Raises TypeError for what is no list."""
    if not isinstance(roles, list):
        raise TypeError("roles must be a list")
    return frozenset(Role(role) for role in roles if role in set(Role))


def _invalid() -> Problem:
    return unauthenticated("token_invalid", "the token is not valid here")


def unauthenticated(code: str, detail: str) -> Problem:
    """401 with the challenge that RFC 6750 asks for."""
    return Problem(401, code, detail, headers={"WWW-Authenticate": "Bearer"})
