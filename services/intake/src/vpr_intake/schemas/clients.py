"""Client systems and their keys."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import Field

from vpr_service.api_keys import KeyScope
from vpr_service.requests import Body

KeyScopes = Annotated[list[KeyScope], Field(min_length=1, max_length=len(KeyScope))]


class NewClient(Body):
    """A client system to admit, and what its keys are good for (everything unless told)."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w .()-]+$")]
    scopes: KeyScopes = list(KeyScope)  # noqa: RUF012 - pydantic copies a default


class AdmittedClient(Body):
    """A new client; the key is shown this once."""

    id: UUID
    name: str
    scopes: list[str]
    api_key: str


class ClientShown(Body):
    """A client system. ``uses`` and ``last_used_at`` lag some seconds behind."""

    id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    uses: int
    valid_keys: int


class KeyRotation(Body):
    """How long the former key stays good, ISO 8601: a day unless told, 30 days at most."""

    overlap: Annotated[timedelta, Field(ge=timedelta(0), le=timedelta(days=30))] = timedelta(hours=24)


class NewKey(Body):
    """A client's new key, shown this once; the one before it is good until ``previous_valid_until``."""

    api_key: str
    previous_valid_until: datetime
