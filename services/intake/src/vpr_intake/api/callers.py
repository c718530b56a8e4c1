"""Who may file and read reports: client systems by API key, staff by token."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request
from fastapi.openapi.models import APIKey, APIKeyIn
from fastapi.security.base import SecurityBase

from vpr_events.contracts.report import WithdrawnBy
from vpr_events.contracts.values import Channel, Role
from vpr_intake.api.disclosing import READERS
from vpr_service.api_keys import KeyScope
from vpr_service.auth import Principal, principal, unauthenticated
from vpr_service.key_use import KeyUse
from vpr_service.known_keys import KnownKeys
from vpr_service.problems import Problem
from vpr_service.rates import admitted
from vpr_service.runtime import Runtime

STAFF = (Role.OFFICER, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE)

HEADER = "X-API-Key"
A_RESIDENT = UUID("7b0e1a3c-5a55-4d0b-9a8e-6f1d2c3b4a59")
"""Who raised the alarm where a resident filed an emergency: nobody who has an id."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A client system (``client_id`` set), a member of staff (``staff`` set), or else a resident on the web."""

    scope: str
    client_id: UUID | None = None
    staff: Principal | None = None
    resident: bool = False
    scopes: frozenset[str] = frozenset()

    def check(self, scope: KeyScope) -> None:
        """A client's key must be good for this. Raises Problem 403."""
        if self.client_id and scope not in self.scopes:
            raise Problem(403, "scope_missing", f"this API key lacks the scope {scope}")

    @property
    def id(self) -> UUID:
        """The client's id, or the person's; every resident has the same one."""
        if self.client_id:
            return self.client_id
        if self.resident:
            return A_RESIDENT
        if self.staff is None:
            raise TypeError("a caller is a client, a member of staff or a resident")
        return self.staff.id

    @property
    def channel(self) -> Channel:
        """The channel of what this caller files."""
        if self.resident:
            return Channel.WEB
        return Channel.PARTNER if self.client_id else Channel.CLERK

    @property
    def withdraws_as(self) -> WithdrawnBy:
        """In which part this caller takes a report back."""
        if self.resident:
            return WithdrawnBy.RESIDENT
        return WithdrawnBy.CLIENT if self.client_id else WithdrawnBy.CLERK

    def may_see(self, owner: UUID | None) -> bool:
        """Staff see every report, a client only its own; a resident has the status page instead."""
        if self.resident:
            return False
        return self.client_id is None or self.client_id == owner


RESIDENT = Caller("resident", resident=True)
"""Whoever files on the web, unknown to us."""


class Calling(SecurityBase):
    """A dependency: whoever calls, by API key or by a token with one of the roles.

    Without dependencies of its own, since it runs for every report. Raises Problem 401 or 403.
    """

    scheme_name = "APIKeyHeader"

    def __init__(self, *roles: Role, scope: KeyScope | None = None) -> None:
        described = "`vpr client add NAME` prints one locally."
        self.model = APIKey.model_validate({"in": APIKeyIn.header, "name": HEADER, "description": described})
        self._roles, self._scope = roles, scope

    async def __call__(self, request: Request) -> Caller:
        """The caller of this request."""
        if key := request.headers.get(HEADER):
            return await client_caller(request.app.state.runtime, key, self._scope)
        staff = await principal(request)
        if not staff.has(*self._roles):
            raise Problem(403, "forbidden", f"this needs an API key or one of the roles: {', '.join(self._roles)}")
        return Caller(staff.scope, staff=staff)


async def client_caller(runtime: Runtime, key: str, scope: KeyScope | None = None) -> Caller:
    """The client whose key this is. Raises Problem 401, 403 without the scope, 429 when it asks too often."""
    client = await runtime.worker(KnownKeys).client_of(key)
    if client is None:
        raise unauthenticated("api_key_invalid", "the API key is not known")
    admitted()
    await runtime.rates.spend_key(client.id)
    runtime.worker(KeyUse).note(client.id)
    caller = Caller(client.scope, client.id, scopes=client.scopes)
    if scope:
        caller.check(scope)
    return caller


CallerGiven = Annotated[Caller, Depends(Calling(*STAFF, scope=KeyScope.READ))]
"""Whoever lists."""

FilerGiven = Annotated[Caller, Depends(Calling(*STAFF, scope=KeyScope.WRITE))]
"""Whoever files, amends and withdraws."""

WriterGiven = Annotated[Caller, Depends(Calling(*READERS, scope=KeyScope.WRITE))]
"""Whoever adds to particulars; staff need a grant beside the role."""

ReaderGiven = Annotated[Caller, Depends(Calling(*READERS, scope=KeyScope.READ))]
"""Whoever reads particulars; staff need a grant beside the role."""
