"""What links for evidence of others take and give over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from vpr_events.contracts.session import UploadPurpose
from vpr_service.requests import Body
from vpr_video.domain.items import Stage


class NewUploadLink(Body):
    """A link for somebody outside of the session: what they are asked for, and how many items they may send."""

    purpose: UploadPurpose
    most: Annotated[int, Field(ge=1, le=50)] = 5


class UploadLinkShown(Body):
    """A link. ``used``: so many items were begun by it. ``link`` is shown once, in the first answer alone."""

    id: UUID
    purpose: UploadPurpose
    most: int
    used: int
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    link: str | None = None


class GivenItem(Body):
    """A file that is about to be sent by a link; ``note`` are the sender's words."""

    media_type: Annotated[str, Field(min_length=1, max_length=200)]
    note: Annotated[str, Field(max_length=2000)] | None = None
    name: Annotated[str, Field(max_length=1000)] | None = None


class GivenState(Body):
    """How far such a file is. The sender is told nothing else."""

    id: UUID
    state: Stage
    next_sequence: int
    chunk_limit: int

    @classmethod
    def of(cls, row: dict[str, Any], chunk_limit: int) -> Self:
        """As it is told."""
        return cls(id=row["id"], state=row["state"], next_sequence=row["chunks"], chunk_limit=chunk_limit)
