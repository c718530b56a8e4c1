"""``/v1/clients``: admit client systems, give them new keys, shut them out."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.exc import IntegrityError

from vpr_events.contracts.values import Role
from vpr_intake import subscriptions
from vpr_intake.private import register
from vpr_intake.schemas.clients import AdmittedClient, ClientShown, KeyRotation, NewClient, NewKey
from vpr_service.api_keys import Revoked
from vpr_service.auth import require
from vpr_service.known_keys import KnownKeys
from vpr_service.problems import Problem
from vpr_service.requests import Page, cursor_of, link_next, moment_of, private
from vpr_service.runtime import Running, Runtime

router = APIRouter(prefix="/v1/clients", tags=["clients"], dependencies=[Depends(require(Role.ADMIN))])


@router.post("", status_code=201)
async def admit(new: NewClient, runtime: Running, response: Response) -> AdmittedClient:
    """Admit a client system; its API key is shown this once."""
    private(response)
    runtime.gate.check()
    try:
        async with runtime.engine.begin() as connection:
            client, key = await register.add(connection, new.name, new.scopes)
    except IntegrityError:
        detail = "a client of this name exists"
        raise Problem(409, "name_taken", detail, errors=[{"field": "name", "detail": detail}]) from None
    return AdmittedClient(id=client.id, name=client.name, scopes=sorted(client.scopes), api_key=key)


@router.get("")
async def list_clients(runtime: Running, query: Page, request: Request, response: Response) -> list[ClientShown]:
    """Client systems, newest first, without their keys. ``Link`` leads to the next page."""
    private(response)
    after = query.after(moment_of, UUID)
    async with runtime.reading() as connection:
        rows = await register.page(connection, limit=query.limit + 1, after=after)
    more, rows = len(rows) > query.limit, rows[: query.limit]
    link_next(request, response, cursor_of(rows[-1]["created_at"].isoformat(), str(rows[-1]["id"])) if more else None)
    return [ClientShown(**row) for row in rows]


@router.get("/{client_id}")
async def read(client_id: UUID, runtime: Running, response: Response) -> ClientShown:
    """One client system."""
    private(response)
    return ClientShown(**await _existing(client_id, runtime))


@router.post("/{client_id}/keys", status_code=201)
async def rotate(client_id: UUID, runtime: Running, response: Response, body: KeyRotation | None = None) -> NewKey:
    """A new key, shown this once. The one before it stays good for a while, any older one does not."""
    private(response)
    runtime.gate.check()
    try:
        async with runtime.engine.begin() as connection:
            made = await register.rotate(connection, client_id, (body or KeyRotation()).overlap)
    except Revoked:
        raise Problem(409, "client_revoked", "this client was revoked: admit a new one") from None
    if made is None:
        raise _unknown()
    runtime.worker(KnownKeys).restart()
    return NewKey(api_key=made[0], previous_valid_until=made[1])


@router.post("/{client_id}/revocation")
async def revoke(client_id: UUID, runtime: Running, response: Response) -> ClientShown:
    """Shut it out at once, for good: its keys are no longer known, its webhooks are told nothing more."""
    private(response)
    runtime.gate.check()
    async with runtime.engine.begin() as connection:
        if not await register.revoke(connection, client_id):
            raise _unknown()
        await subscriptions.switch_off_all(connection, client_id)
    runtime.worker(KnownKeys).restart()
    return ClientShown(**await _existing(client_id, runtime))


async def _existing(client_id: UUID, runtime: Runtime) -> dict[str, Any]:
    async with runtime.reading() as connection:
        row = await register.one(connection, client_id)
    if row is None:
        raise _unknown()
    return row


def _unknown() -> Problem:
    return Problem(404, "no_such_client", "there is no such client")
