"""``/v1/clients``: admit client systems."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy.exc import IntegrityError

from vpr_events.contracts.values import Role
from vpr_intake.private import admit_client
from vpr_intake.schemas.clients import AdmittedClient, NewClient
from vpr_service.auth import Principal, require
from vpr_service.problems import Problem
from vpr_service.requests import private
from vpr_service.runtime import Running

router = APIRouter(prefix="/v1/clients", tags=["clients"])


@router.post("", status_code=201)
async def admit(
    new: NewClient, runtime: Running, response: Response, _: Annotated[Principal, Depends(require(Role.ADMIN))]
) -> AdmittedClient:
    """Admit a client system; its API key is shown this once."""
    private(response)
    try:
        async with runtime.engine.begin() as connection:
            client, key = await admit_client(connection, new.name)
    except IntegrityError:
        detail = "a client of this name exists"
        raise Problem(409, "name_taken", detail, errors=[{"field": "name", "detail": detail}]) from None
    return AdmittedClient(id=client.id, name=client.name, api_key=key)
