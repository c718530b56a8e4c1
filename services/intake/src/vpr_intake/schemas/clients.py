"""Client systems."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from vpr_service.requests import Body


class NewClient(Body):
    """A client system to admit."""

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[\w .()-]+$")]


class AdmittedClient(Body):
    """A new client; the key is shown this once."""

    id: UUID
    name: str
    api_key: str
