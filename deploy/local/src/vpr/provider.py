"""The development issuer over HTTP: a small OpenID Connect provider at which one picks a role instead of a password."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import unquote, urlencode

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.security import HTTPBasic, HTTPBasicCredentials

from vpr.home import STAFF_CLIENT
from vpr.pages import page
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role
from vpr_service.issuer import LIFETIME, DevelopmentIssuer, subject_of
from vpr_service.languages import language_of, preferred
from vpr_service.oidc import DISCOVERY
from vpr_service.origins import staff_page
from vpr_service.problems import Problem, invalid_field
from vpr_service.settings import DEVELOPMENT_ISSUER

CODE_SECONDS = 60
STAFF = tuple(role for role in Role if role is not Role.SERVICE)

router = APIRouter(prefix=DEVELOPMENT_ISSUER, include_in_schema=False, dependencies=[Depends(staff_page)])
basic = HTTPBasic(auto_error=False)


@dataclass(frozen=True)
class Grant:
    """What a code stands for, until ``expires`` (monotonic seconds)."""

    role: Role
    challenge: str
    nonce: str
    expires: float


@dataclass
class Provider:
    """The issuer, its clients' secrets, and the codes that nobody has redeemed yet."""

    issuer: DevelopmentIssuer
    secrets: Mapping[str, str] = field(repr=False)
    redirect_uri: str
    codes: dict[str, Grant] = field(default_factory=dict, repr=False)

    def grant(self, role: Role, challenge: str, nonce: str) -> str:
        """A code, good once and for a minute."""
        now = time.monotonic()
        self.codes = {code: grant for code, grant in self.codes.items() if grant.expires > now}
        code = secrets.token_urlsafe(32)
        self.codes[code] = Grant(role, challenge, nonce, now + CODE_SECONDS)
        return code

    def knows(self, client: str, secret: str) -> bool:
        """Whether this is the client's secret."""
        return hmac.compare_digest(self.secrets.get(client, "\0").encode(), secret.encode())

    def redeem(self, code: str, verifier: str) -> Grant | None:
        """What the code stands for, once, for whoever began (RFC 7636)."""
        grant = self.codes.pop(code, None)
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        good = grant and grant.expires > time.monotonic() and hmac.compare_digest(grant.challenge, digest)
        return grant if good else None


async def _provider(request: Request) -> Provider:
    provider: Provider = request.app.state.provider
    return provider


Given = Annotated[Provider, Depends(_provider)]


@router.get(DISCOVERY)
async def description(provider: Given) -> dict[str, Any]:
    """What the issuer says about itself (OpenID Connect Discovery, 3)."""
    issuer = provider.issuer.issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "authorization_response_iss_parameter_supported": True,
    }


@router.get("/jwks")
async def keys(provider: Given) -> Response:
    """The public key."""
    return Response(provider.issuer.jwks(), media_type="application/json")


@router.get("/authorize")
async def authorize(
    request: Request,
    provider: Given,
    client_id: str,
    redirect_uri: str,
    response_type: str,
    code_challenge: str,
    code_challenge_method: str,
    state: str,
    nonce: str,
    ui_locales: str = "",
    role: str | None = None,
) -> Response:
    """A page to pick a role on; with ``role``, back to the client with a code."""
    wanted = {"client_id": STAFF_CLIENT, "redirect_uri": provider.redirect_uri, "response_type": "code",
              "code_challenge_method": "S256"}  # fmt: skip
    given = {"client_id": client_id, "redirect_uri": redirect_uri, "response_type": response_type,
             "code_challenge_method": code_challenge_method}  # fmt: skip
    for name, value in wanted.items():
        if given[name] != value:
            raise Problem(400, "invalid", f"{name}: only {value} is known here")
    if role is None:
        kept = {name: value for name, value in request.query_params.items() if name != "lang"}
        language = language_of(request) if "lang" in request.query_params else preferred(ui_locales)
        return page(request, "authorize.html", language, roles=STAFF, kept=kept)
    if role not in STAFF:
        raise invalid_field("role", f"one of {', '.join(STAFF)}")
    code = provider.grant(Role(role), code_challenge, nonce)
    answer = urlencode({"code": code, "state": state, "iss": provider.issuer.issuer})
    return RedirectResponse(f"{redirect_uri}?{answer}", 303)


@router.post("/token")
async def token(
    provider: Given,
    client: Annotated[HTTPBasicCredentials | None, Depends(basic)],
    grant_type: Annotated[str, Form()] = "",
    code: Annotated[str, Form()] = "",
    code_verifier: Annotated[str, Form()] = "",
    redirect_uri: Annotated[str, Form()] = "",
) -> Response:
    """Tokens for a code, or for a service by its own secret (RFC 6749, 4.1.3 and 4.4)."""
    name = unquote(client.username) if client else ""
    if client is None or not provider.knows(name, unquote(client.password)):
        return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": "Basic"})
    if grant_type == "client_credentials" and name in SERVICES:
        own = provider.issuer.token([Role.SERVICE], subject_of(f"service:{name}"), client=name)
        return _tokens({"access_token": own})
    if grant_type != "authorization_code" or name != STAFF_CLIENT:
        return JSONResponse({"error": "unauthorized_client"}, 400)
    grant = provider.redeem(code, code_verifier)
    if grant is None or redirect_uri != provider.redirect_uri:
        return JSONResponse({"error": "invalid_grant"}, 400)
    who = subject_of(grant.role)
    access = provider.issuer.token([grant.role], who, client=name)
    return _tokens({"access_token": access, "id_token": provider.issuer.id_token(name, who, grant.nonce)})


def _tokens(tokens: Mapping[str, str]) -> Response:
    body = {**tokens, "token_type": "Bearer", "expires_in": int(LIFETIME.total_seconds())}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})
