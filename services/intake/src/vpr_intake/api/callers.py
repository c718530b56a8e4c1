"""Who may file and read reports: client systems by API key, staff by token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from vpr_events.contracts.report import WithdrawnBy
from vpr_events.contracts.values import Channel, Role
from vpr_intake.api.disclosing import READERS
from vpr_intake.private import client_by_key
from vpr_service.auth import Principal, principal, unauthenticated
from vpr_service.problems import Problem
from vpr_service.runtime import Running, Runtime

STAFF = (Role.OFFICER, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE)

header = APIKeyHeader(name="X-API-Key", auto_error=False, description="`vpr client add NAME` prints one locally.")


@dataclass(frozen=True, slots=True)
class Caller:
    """A client system (``client_id`` set) or a member of staff (``staff`` set)."""

    scope: str
    client_id: UUID | None = None
    staff: Principal | None = None

    @property
    def channel(self) -> Channel:
        """The channel of what this caller files."""
        return Channel.PARTNER if self.client_id else Channel.CLERK

    @property
    def withdraws_as(self) -> WithdrawnBy:
        """In which part this caller takes a report back."""
        return WithdrawnBy.CLIENT if self.client_id else WithdrawnBy.CLERK

    def may_see(self, owner: UUID | None) -> bool:
        """Staff see every report, a client only its own."""
        return self.client_id is None or self.client_id == owner


async def _called(request: Request, runtime: Runtime, key: str | None, roles: Sequence[Role]) -> Caller:
    if key:
        return await client_caller(runtime, key)
    staff = await principal(request)
    if not staff.has(*roles):
        raise Problem(403, "forbidden", f"this needs an API key or one of the roles: {', '.join(roles)}")
    return Caller(staff.scope, staff=staff)


Key = Annotated[str | None, Security(header)]


async def caller(request: Request, runtime: Running, key: Key = None) -> Caller:
    """Whoever files, lists and withdraws. Raises Problem 401 or 403."""
    return await _called(request, runtime, key, STAFF)


async def reader(request: Request, runtime: Running, key: Key = None) -> Caller:
    """Whoever reads particulars; staff need a grant beside the role. Raises Problem 401 or 403."""
    return await _called(request, runtime, key, READERS)


async def client_caller(runtime: Runtime, key: str) -> Caller:
    """The client whose key this is. Raises Problem 401."""
    async with runtime.reading() as connection:
        client = await client_by_key(connection, key)
    if client is None:
        raise unauthenticated("api_key_invalid", "the API key is not known")
    return Caller(client.scope, client.id)


CallerGiven = Annotated[Caller, Depends(caller)]
ReaderGiven = Annotated[Caller, Depends(reader)]
