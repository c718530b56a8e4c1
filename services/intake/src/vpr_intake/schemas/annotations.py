"""Corrections beside what they correct."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from vpr_intake.domain.annotations import Concerns
from vpr_service.requests import Body


class NewAnnotation(Body):
    """What is wrong or missing, and in which part of the report."""

    concerns: Concerns
    text: Annotated[str, Field(min_length=1, max_length=4000)]


class Annotation(Body):
    """An annotation; ``by_client``: the report's client wrote it, else a member of staff."""

    id: UUID
    report_id: UUID
    concerns: Concerns
    text: str
    annotated_by: UUID
    by_client: bool
    annotated_at: datetime
