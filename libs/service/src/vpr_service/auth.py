"""Who calls: by a bearer token, or by the cookie of a member of staff that ``StaffCookies`` let through."""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from pydantic import TypeAdapter, ValidationError
from starlette.requests import HTTPConnection

from vpr_events.contracts.values import Role
from vpr_events.event import Code
from vpr_service.cookies import SESSION
from vpr_service.problems import Problem, invalid_field
from vpr_service.tokens import Principal, TokenVerifier, unauthenticated

__all__ = ["Principal", "principal", "require", "unauthenticated"]

ACTING_FOR = "VPR-Acting-For"
PURPOSE = "VPR-Purpose"
CODES: TypeAdapter[str] = TypeAdapter(Code)


class Authentication(SecurityBase):
    """A dependency: the caller. Without a dependency of its own, since it runs for nearly every request."""

    scheme_name = "HTTPBearer"

    def __init__(self) -> None:
        self.model = HTTPBearer(description="A token of the issuer; `vpr token ROLE` prints one locally.")

    async def __call__(self, request: HTTPConnection) -> Principal:
        """The caller, by bearer token or else by the signed-in cookie. Raises Problem 401."""
        verifier: TokenVerifier = request.app.state.verifier
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return _speaking_for(await verifier.verify(token.strip()), request)
        if session := request.scope.get(SESSION):
            return await verifier.verify(session)
        raise unauthenticated("token_missing", "a bearer token is needed")


principal = Authentication()


def _speaking_for(caller: Principal, request: HTTPConnection) -> Principal:
    """A service says in two headers for whom it acts, and why; from anybody else they are refused (decision 13)."""
    officer, purpose = request.headers.get(ACTING_FOR), request.headers.get(PURPOSE)
    if officer is None and purpose is None:
        return caller
    if caller.service is None:
        raise Problem(403, "forbidden", f"{ACTING_FOR} and {PURPOSE} are for services")
    return replace(caller, acting_for=_uuid(officer), purpose=_code(purpose))


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text is not None else None
    except ValueError:
        raise invalid_field(ACTING_FOR, "must be a UUID") from None


def _code(text: str | None) -> str | None:
    try:
        return CODES.validate_python(text) if text is not None else None
    except ValidationError:
        raise invalid_field(PURPOSE, "must be a code of at most 40 letters, digits and ._/-") from None


def require(*roles: Role) -> Callable[..., Coroutine[Any, Any, Principal]]:
    """A dependency: the caller, who must hold one of the roles (else 403)."""

    async def allowed(caller: Annotated[Principal, Depends(principal)]) -> Principal:
        if not caller.has(*roles):
            raise Problem(403, "forbidden", f"this needs one of the roles: {', '.join(roles)}")
        return caller

    return allowed
