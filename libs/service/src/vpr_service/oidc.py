"""The issuer as its client sees it: what it says about itself, and its token endpoint."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx
import structlog
from pydantic import SecretStr

from vpr_service.http import http_client
from vpr_service.problems import Problem

DISCOVERY = "/.well-known/openid-configuration"
TIMEOUT = httpx.Timeout(5, connect=2)
DESCRIBED_FOR = 3600.0

log = structlog.get_logger(__name__)


class IssuerRefused(Exception):
    """The issuer answered no; ``code`` is its error (RFC 6749, 5.2)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class IssuerClient:
    """A client of an OpenID Connect issuer, known there by id and secret."""

    issuer: str
    client_id: str
    client_secret: SecretStr
    _description: Mapping[str, Any] = field(default_factory=dict, init=False)
    _good_until: float = field(default=0.0, init=False)

    async def endpoint(self, name: str) -> str:
        """An address such as ``authorization_endpoint``. Raises Problem 503 while the issuer does not tell it."""
        if time.monotonic() >= self._good_until:
            self._description = await self._describe()
            self._good_until = time.monotonic() + DESCRIBED_FOR
        return str(self._description[name])

    async def _describe(self) -> Mapping[str, Any]:
        async with http_client(timeout=TIMEOUT) as http:
            description = _object(await _answer(http.get(self.issuer + DISCOVERY)))
        if description.get("issuer") != self.issuer or not {"authorization_endpoint", "token_endpoint"} <= set(
            description
        ):
            log.error("the issuer describes another issuer, or no endpoints", issuer=self.issuer)
            raise unavailable()
        return description

    async def tokens(self, **form: str) -> Mapping[str, Any]:
        """The token endpoint's answer. Raises IssuerRefused, or Problem 503 while the issuer does not answer."""
        where = await self.endpoint("token_endpoint")
        basic = (quote(self.client_id, safe=""), quote(self.client_secret.get_secret_value(), safe=""))
        async with http_client(timeout=TIMEOUT, auth=basic) as http:
            answer = await _answer(http.post(where, data=form), good={200, 400, 401})
        if answer.status_code != 200:
            raise IssuerRefused(str(_object(answer).get("error", answer.status_code)))
        return _object(answer)


async def _answer(asked: Any, good: frozenset[int] | set[int] = frozenset({200})) -> httpx.Response:
    try:
        answer: httpx.Response = await asked
    except httpx.HTTPError as error:
        log.warning("the issuer does not answer", error=type(error).__name__)
        raise unavailable() from None
    if answer.status_code not in good:
        log.warning("the issuer does not answer", status=answer.status_code)
        raise unavailable()
    return answer


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        log.warning("the issuer answers with what is no JSON object", status=answer.status_code)
        raise unavailable()
    return body


def unavailable() -> Problem:
    """The issuer is away."""
    return Problem(503, "unavailable", "the issuer does not answer, try again", headers={"Retry-After": "2"})
