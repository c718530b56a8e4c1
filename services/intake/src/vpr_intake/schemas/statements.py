"""What somebody states for the record."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from vpr_events.event import Sha256
from vpr_service.requests import Body

Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
"""ISO 639."""


class NewStatement(Body):
    """A statement, in the words of who states it; ``corrects`` names an earlier one that it puts right."""

    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    language: Language = "en"
    corrects: UUID | None = None


class Confirmation(Body):
    """The statement was read back and confirmed: ``digest`` is the one that was shown with the text."""

    digest: Sha256


class Statement(Body):
    """A statement. ``digest`` is the SHA-256 of ``salt`` (hexadecimal) followed by the text in UTF-8."""

    id: UUID
    report_id: UUID
    language: str
    text: str
    salt: str
    digest: str
    taken_by: UUID
    taken_at: datetime
    corrects: UUID | None
    confirmed_by: UUID | None
    confirmed_at: datetime | None
