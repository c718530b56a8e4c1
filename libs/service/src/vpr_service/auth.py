"""Who calls: bearer tokens of staff and services, verified against the issuer's published keys."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import httpx
import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from vpr_events.contracts.values import Role
from vpr_service.problems import Problem

ALGORITHM = "ES256"
KEYS_FOR = 300.0
ASK_EVERY = 10.0
COOKIE = "vpr_session"

bearer = HTTPBearer(auto_error=False, description="A token of the issuer; `vpr token ROLE` prints one locally.")


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: ``id`` is the token's subject, a UUID without a name behind it in any event.

    A service's token names the ``service``, and may name the officer it is ``acting_for`` and the ``purpose``.
    """

    id: UUID
    roles: frozenset[Role]
    service: str | None = None
    acting_for: UUID | None = None
    purpose: str | None = None

    @property
    def scope(self) -> str:
        """The scope of this principal's idempotency keys."""
        return f"principal:{self.id}"

    def has(self, *roles: Role) -> bool:
        """Whether any of the roles is held."""
        return not self.roles.isdisjoint(roles)


@dataclass
class TokenVerifier:
    """Checks signature, issuer, audience and expiry. ``jwks`` is a URL or a file; keys are kept for five minutes."""

    issuer: str
    audience: str
    jwks: str
    _keys: dict[str, jwt.PyJWK] = field(default_factory=dict, init=False)
    _fresh_until: float = field(default=0.0, init=False)
    _ask_again: float = field(default=0.0, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def verify(self, token: str) -> Principal:
        """The principal of a token. Raises Problem 401, saying whether it is expired or invalid."""
        try:
            key = await self._key(str(jwt.get_unverified_header(token).get("kid")))
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self.audience,
                issuer=self.issuer,
                options={"require": ["exp", "iat", "sub", "iss", "aud"]},
            )
            return Principal(UUID(claims["sub"]), _known(claims.get("roles", [])))
        except jwt.ExpiredSignatureError:
            raise unauthenticated("token_expired", "the token has expired") from None
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            raise unauthenticated("token_invalid", "the token is not valid here") from None

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
                self._keys = {str(key.key_id): key for key in jwt.PyJWKSet.from_json(await self._fetch()).keys}
                self._fresh_until = time.monotonic() + KEYS_FOR
            except Problem:
                if kid not in self._keys:
                    self._ask_again = 0.0
                    raise

    async def _fetch(self) -> str:
        if not self.jwks.startswith(("https://", "http://")):
            return await asyncio.to_thread(Path(self.jwks).read_text)
        try:
            async with httpx.AsyncClient(timeout=5) as client:
                return (await client.get(self.jwks)).raise_for_status().text
        except httpx.HTTPError:
            detail = "the issuer's keys cannot be read, try again"
            raise Problem(503, "unavailable", detail, headers={"Retry-After": "2"}) from None


def _known(roles: Iterable[str]) -> frozenset[Role]:
    """An issuer may know roles that we do not: they allow nothing here. Raises TypeError for what is no list."""
    if not isinstance(roles, list):
        raise TypeError("roles must be a list")
    return frozenset(Role(role) for role in roles if role in set(Role))


def unauthenticated(code: str, detail: str) -> Problem:
    """401 with the challenge that RFC 6750 asks for."""
    return Problem(401, code, detail, headers={"WWW-Authenticate": "Bearer"})


async def principal(request: Request, _: Annotated[Any, Depends(bearer)] = None) -> Principal:
    """The caller, by bearer token or by the signed-in cookie. Raises Problem 401."""
    verifier: TokenVerifier = request.app.state.verifier
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return await verifier.verify(token.strip())
    if cookie := request.cookies.get(COOKIE):
        check_origin(request)
        return await verifier.verify(cookie)
    raise unauthenticated("token_missing", "a bearer token is needed")


def check_origin(request: Request) -> None:
    """A cookie travels with other sites' requests too: those that change something must come from our own pages.

    Our own origin is what the settings say, never the request's Host: whoever resolves a name to us chooses that.
    """
    own: str = request.app.state.public_url
    if request.method not in {"GET", "HEAD", "OPTIONS"} and request.headers.get("Origin") != own:
        raise Problem(403, "foreign_origin", f"this request came from another site than {own}")


def require(*roles: Role) -> Callable[..., Coroutine[Any, Any, Principal]]:
    """A dependency: the caller, who must hold one of the roles (else 403)."""

    async def allowed(caller: Annotated[Principal, Depends(principal)]) -> Principal:
        if not caller.has(*roles):
            raise Problem(403, "forbidden", f"this needs one of the roles: {', '.join(roles)}")
        return caller

    return allowed
