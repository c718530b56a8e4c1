"""By what a resident who joined is known: a random token, in a cookie of the public origin or in a header.

It counts where residents are, not on the staff origin, and for changes and sockets only with our own ``Origin``.
"""

from fastapi import Response
from starlette.requests import HTTPConnection

from vpr_service.cookies import SAFE
from vpr_service.origins import at_staff
from vpr_service.problems import Problem

COOKIE = "__Host-vpr_participant"
SCHEME = "participant"
LIMIT = 200


def remember(response: Response, token: str) -> None:
    """Give the browser the token, until it is closed."""
    response.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="lax")


def forget(response: Response) -> None:
    """Take the token from the browser."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


def token_in(request: HTTPConnection) -> str:
    """The token that came along. Raises Problem 401 without one, 403 for a cookie from another site."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == SCHEME and given:
        return given.strip()[:LIMIT]
    token = request.cookies.get(COOKIE, "")
    if not token or scheme or at_staff(request):
        raise not_joined()
    _check_origin(request)
    return token[:LIMIT]


def not_joined() -> Problem:
    """401 for who is in no session."""
    return Problem(401, "not_joined", "open the link that you were sent to join")


def _check_origin(request: HTTPConnection) -> None:
    ours, origin = request.app.state.resident_origins, request.headers.get("Origin")
    weighty = request.scope["type"] == "websocket" or request.scope["method"] not in SAFE
    if origin not in ours and (weighty or origin is not None):
        raise Problem(403, "foreign_origin", f"this request came from another site than {', '.join(sorted(ours))}")
