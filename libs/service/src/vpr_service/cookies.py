"""The one place that decides whether a cookie counts: an endpoint sees a session only when it was let through here.

Reasons, and what is in the cookie: decision 12.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs

from starlette.datastructures import Headers, QueryParams
from starlette.requests import HTTPConnection, cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vpr_service.origins import host_of, origin_of
from vpr_service.problems import Problem

COOKIE = "__Host-vpr_session"
SESSION = "vpr.session"
"""Where in the ASGI scope the session stands that was let through; None for none."""
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FORM = "application/x-www-form-urlencoded"
FORM_LIMIT = 65_536


def csrf_token(session: str) -> str:
    """The token that belongs to a session: whoever cannot read the cookie cannot know it, and it ends with it."""
    return urlsafe_b64encode(hmac.digest(session.encode(), b"vpr csrf", hashlib.sha256)).rstrip(b"=").decode()


def csrf_token_of(request: HTTPConnection) -> str:
    """The token for a page's forms and meta tag; empty when nobody is signed in."""
    session = request.scope.get(SESSION)
    return csrf_token(session) if session else ""


class StaffCookies:
    """ASGI middleware. A cookie counts only on the staff origin and only without other credentials.

    With it, whatever can change something or stays open (unsafe methods, event streams, WebSocket handshakes) needs
    our own Origin and the session's CSRF token: in the header ``X-CSRF-Token``, a form's field ``csrf_token``, or the
    query parameter of that name where a browser's API can send neither (EventSource, WebSocket). Plain reading needs
    to come from our own pages or from the address bar.
    """

    def __init__(self, app: ASGIApp, staff_url: str) -> None:
        self._app, self._origin, self._host = app, origin_of(staff_url), host_of(staff_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] not in {"http", "websocket"} or SESSION in scope:
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        scope[SESSION] = session = self._session(headers)
        if session:
            given, receive = await _given_token(scope, headers, receive)
            if problem := self._objection(scope, headers, hmac.compare_digest(given, csrf_token(session).encode())):
                return await problem.response()(scope, receive, send)
        return await self._app(scope, receive, send)

    def _session(self, headers: Headers) -> str | None:
        if "authorization" in headers or "x-api-key" in headers or headers.get("host", "").lower() != self._host:
            return None
        return cookie_parser(headers.get("cookie", "")).get(COOKIE) or None

    def _objection(self, scope: Scope, headers: Headers, token_is_right: bool) -> Problem | None:
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if not _weighty(scope, headers):
            ours = site in {None, "same-origin", "none"} and origin in {None, self._origin}
            return None if ours or headers.get("sec-fetch-dest") == "document" else self._foreign()
        unnamed = origin is None and _is_stream(scope, headers) and site == "same-origin"
        if origin != self._origin and not unnamed:
            return self._foreign()
        if not token_is_right:
            return Problem(403, "csrf_token_wrong", f"send the session's CSRF token in {CSRF_HEADER}")
        return None

    def _foreign(self) -> Problem:
        return Problem(403, "foreign_origin", f"this request came from another site than {self._origin}")


def _is_stream(scope: Scope, headers: Headers) -> bool:
    """EventSource sends no Origin to its own site; what it does send, no page can forge: Sec-Fetch-Site."""
    return scope["type"] == "http" and scope["method"] == "GET" and "text/event-stream" in headers.get("accept", "")


def _weighty(scope: Scope, headers: Headers) -> bool:
    if scope["type"] == "websocket" or "upgrade" in headers:
        return True
    return scope["method"] not in SAFE or _is_stream(scope, headers)


async def _given_token(scope: Scope, headers: Headers, receive: Receive) -> tuple[bytes, Receive]:
    """The CSRF token that came along, and the body to be read again."""
    if token := headers.get(CSRF_HEADER):
        return token.encode(), receive
    if scope["type"] == "websocket" or scope["method"] in SAFE:
        return QueryParams(scope["query_string"]).get(CSRF_FIELD, "").encode(), receive
    if headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return b"", receive
    body, again = await _read(receive)
    [token] = parse_qs(body.decode("latin-1")).get(CSRF_FIELD, [""])[:1]
    return token.encode(), again


async def _read(receive: Receive) -> tuple[bytes, Receive]:
    """A form's body (nothing of one that is too long to be ours), and a ``receive`` that gives it once more."""
    messages: list[Message] = []
    body, more = b"", True
    while more and len(body) <= FORM_LIMIT:
        messages.append(message := await receive())
        body += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        return messages.pop(0) if messages else await receive()

    return (b"" if more else body), again
