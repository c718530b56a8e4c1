"""Staff sign in by OpenID Connect: authorization code with PKCE, state and nonce, into a cookie (decision 12)."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import asdict, dataclass
from typing import Annotated, Self
from urllib.parse import urlencode

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from vpr_service.auth import Principal, principal
from vpr_service.cookies import COOKIE, csrf_token_of
from vpr_service.languages import language_of
from vpr_service.oidc import IssuerClient, IssuerRefused
from vpr_service.origins import staff_page
from vpr_service.problems import Problem
from vpr_service.routes import TranslatingRoute
from vpr_service.settings import SharedSettings
from vpr_service.tokens import TokenVerifier
from vpr_service.web import STATIC, TEMPLATES
from vpr_service.web.texts import TEXTS

ATTEMPT_COOKIE = "__Host-vpr_sign_in"
ATTEMPT_SECONDS = 600
COOKIE_LIMIT = 4000
"""Browsers drop a cookie that is longer than 4,096 bytes with its name and attributes."""
CALLBACK = "/sign-in/callback"

log = structlog.get_logger(__name__)
templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


class SignInRoute(TranslatingRoute):
    """Answers errors with a page that offers another try."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The page; the reason goes to the log, since a stranger may have made the request."""
        log.info("sign-in failed", code=problem.code)
        page = _page(request, "unavailable" if problem.status == 503 else "failed", problem.status)
        page.headers.update(problem.headers or {})
        _forget(page, ATTEMPT_COOKIE)
        return page


class StaffPageRoute(TranslatingRoute):
    """For pages of staff: who is not signed in, or no longer, is led to signing in and back to the page."""

    @staticmethod
    def translate(request: Request, problem: Problem) -> Response:
        """The way to the sign-in; any other problem as it is."""
        if problem.status != 401 or request.method != "GET":
            return problem.response()
        query = f"?{request.url.query}" if request.url.query else ""
        query = urlencode({"next": request.url.path + query, "lang": language_of(request)})
        return RedirectResponse(f"/sign-in?{query}", 303)


router = APIRouter(route_class=SignInRoute, include_in_schema=False, dependencies=[Depends(staff_page)])
csrf = APIRouter(tags=["session"], dependencies=[Depends(staff_page)])


@dataclass(frozen=True)
class Attempt:
    """What the browser keeps between leaving for the issuer and coming back."""

    state: str
    nonce: str
    verifier: str
    next: str

    @classmethod
    def new(cls, next_page: str) -> Self:
        """An attempt to reach a page of ours."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), next_page)

    @property
    def challenge(self) -> str:
        """The verifier's digest (RFC 7636, S256)."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()

    def cookie(self) -> str:
        """As a cookie's value."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @classmethod
    def of(cls, request: Request) -> Self:
        """The attempt that this browser began. Raises Problem 400."""
        try:
            return cls(**json.loads(base64.urlsafe_b64decode(request.cookies[ATTEMPT_COOKIE])))
        except (KeyError, ValueError, TypeError):
            raise _failed("no_attempt") from None


@dataclass(frozen=True)
class SignIn:
    """The parts of signing in: our client at the issuer, and who checks the ID token that is made for it."""

    client: IssuerClient
    id_tokens: TokenVerifier
    redirect_uri: str

    @classmethod
    def of(cls, shared: SharedSettings) -> Self:
        """From the settings."""
        client = IssuerClient(shared.oidc_issuer, shared.oidc_client_id, shared.oidc_client_secret)
        id_tokens = TokenVerifier(shared.oidc_issuer, shared.oidc_client_id, shared.oidc_jwks)
        return cls(client, id_tokens, shared.staff_url + CALLBACK)

    async def address(self, attempt: Attempt, language: str) -> str:
        """Where the browser goes to sign in."""
        query = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
            "ui_locales": language,
        }
        where = await self.client.endpoint("authorization_endpoint")
        return f"{where}{'&' if '?' in where else '?'}{urlencode(query)}"

    async def redeem(self, code: str, attempt: Attempt) -> tuple[str, str]:
        """The access token that a code stands for, and the verified ID token's subject. Raises Problem 400 or 401."""
        try:
            answer = await self.client.tokens(
                grant_type="authorization_code",
                code=code,
                redirect_uri=self.redirect_uri,
                code_verifier=attempt.verifier,
            )
            access, identity = str(answer["access_token"]), str(answer["id_token"])
        except IssuerRefused as refused:
            raise _failed(f"issuer_{refused.code}") from None
        except KeyError:
            raise _failed("no_token") from None
        claims = await self.id_tokens.claims(identity)
        if not hmac.compare_digest(str(claims.get("nonce", "")), attempt.nonce):
            raise _failed("nonce_wrong")
        return access, str(claims["sub"])


def install(app: FastAPI, shared: SharedSettings) -> None:
    """Let staff sign in here."""
    app.state.sign_in = SignIn.of(shared)
    app.include_router(router)
    app.include_router(csrf)
    app.mount("/sign-in/assets", StaticFiles(directory=STATIC), "sign-in")


async def _parts(request: Request) -> SignIn:
    parts: SignIn = request.app.state.sign_in
    return parts


Parts = Annotated[SignIn, Depends(_parts)]


@router.get("/sign-in")
async def begin(request: Request, parts: Parts, next: str = "/") -> Response:  # noqa: A002 - the query's name
    """Off to the issuer; ``next`` is the page of ours to come back to."""
    attempt = Attempt.new(next if next.startswith("/") and len(next) < 1000 else "/")
    answer = RedirectResponse(await parts.address(attempt, language_of(request)), 303)
    _remember(answer, ATTEMPT_COOKIE, attempt.cookie(), ATTEMPT_SECONDS)
    return answer


@router.get(CALLBACK)
async def come_back(request: Request, parts: Parts) -> Response:
    """Back from the issuer: the code becomes a cookie. Only the browser that left is let in."""
    attempt, given = Attempt.of(request), request.query_params
    if not hmac.compare_digest(given.get("state", "").encode(), attempt.state.encode()):
        raise _failed("state_wrong")
    if given.get("iss", parts.client.issuer) != parts.client.issuer:
        raise _failed("issuer_wrong")
    if "code" not in given:
        raise _failed("no_code")
    access, subject = await parts.redeem(given["code"], attempt)
    seconds = await _lasts(access, subject, request.app.state.verifier)
    answer = RedirectResponse(request.app.state.staff_url + attempt.next, 303)
    _remember(answer, COOKIE, access, seconds)
    _forget(answer, ATTEMPT_COOKIE)
    return answer


async def _lasts(access: str, subject: str, verifier: TokenVerifier) -> int:
    """For how many seconds the token lets its bearer in. Raises Problem 400 or 401 where it would not."""
    caller = await verifier.verify(access)
    if str(caller.id) != subject:
        raise _failed("subjects_differ")
    if not caller.roles:
        raise _failed("no_role")
    if len(access) > COOKIE_LIMIT:
        raise _failed("token_too_long")
    return int((await verifier.claims(access))["exp"] - time.time())


@router.post("/sign-out")
async def sign_out() -> Response:
    """Forget the sign-in here."""
    answer = RedirectResponse("/signed-out", 303)
    _forget(answer, COOKIE)
    return answer


@router.get("/signed-out")
async def signed_out(request: Request) -> Response:
    """Where signing out ends."""
    return _page(request, "signed_out")


@csrf.get("/csrf")
async def token(request: Request, response: Response, _: Annotated[Principal, Depends(principal)]) -> dict[str, str]:
    """The CSRF token of the signed-in session, for our own scripts; empty for a bearer token, which needs none."""
    response.headers["Cache-Control"] = "no-store"
    return {"csrf_token": csrf_token_of(request)}


def _remember(response: Response, name: str, value: str, seconds: int) -> None:
    """Lax, not Strict: after signing in at a foreign issuer, the way back is a redirect from another site."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")
    response.headers["Cache-Control"] = "no-store"


def _forget(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def _failed(code: str) -> Problem:
    return Problem(400, code, "signing in did not work")


def _page(request: Request, name: str, status: int = 200) -> Response:
    language = language_of(request)
    html = templates.get_template("message.html").render(language=language, text=TEXTS[language][name])
    return HTMLResponse(html, status, {"Cache-Control": "no-store"})
