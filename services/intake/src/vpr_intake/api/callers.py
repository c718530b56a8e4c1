"""Who may file and read reports: client systems by API key, staff by token."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from vpr_events.contracts.report import WithdrawnBy
from vpr_events.contracts.values import Channel, Role
from vpr_intake.private import client_by_key
from vpr_service.auth import principal, unauthenticated
from vpr_service.problems import Problem
from vpr_service.runtime import Running

STAFF = (Role.OFFICER, Role.SUPERVISOR, Role.ADMIN, Role.SERVICE)

header = APIKeyHeader(name="X-API-Key", auto_error=False, description="`vpr client add NAME` prints one locally.")


@dataclass(frozen=True, slots=True)
class Caller:
    """A client system (``client_id`` set) or a member of staff."""

    scope: str
    client_id: UUID | None = None

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


async def caller(request: Request, runtime: Running, key: Annotated[str | None, Security(header)] = None) -> Caller:
    """Whoever calls. Raises Problem 401 or 403."""
    if key:
        return await client_caller(runtime, key)
    staff = await principal(request)
    if not staff.has(*STAFF):
        raise Problem(403, "forbidden", f"this needs an API key or one of the roles: {', '.join(STAFF)}")
    return Caller(staff.scope)


async def client_caller(runtime: Running, key: str) -> Caller:
    """The client whose key this is. Raises Problem 401."""
    async with runtime.reading() as connection:
        client = await client_by_key(connection, key)
    if client is None:
        raise unauthenticated("api_key_invalid", "the API key is not known")
    return Caller(client.scope, client.id)


CallerGiven = Annotated[Caller, Depends(caller)]
