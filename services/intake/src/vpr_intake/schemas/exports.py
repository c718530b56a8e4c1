"""Everything that is held about one report."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from vpr_service.held import Held
from vpr_service.requests import Body


class ExportQuery(BaseModel):
    """``reference``: the number of the request for access, a code without spaces. It is recorded with the reading."""

    model_config = ConfigDict(extra="forbid")

    reference: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]


class Export(Body):
    """Everything that is held about a report at ``exported_at``, by the service that holds it."""

    report_id: UUID
    reference: str
    exported_at: datetime
    services: dict[str, Held]
