"""Annotations: what somebody says is wrong or missing in a report. Nothing is overwritten."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.report import ReportAnnotated
from vpr_events.decider import Command
from vpr_events.event import Event


class Concerns(StrEnum):
    """Which part of a report an annotation is about."""

    CATEGORY = "category"
    DISTRICT = "district"
    OCCURRED = "occurred"
    DESCRIPTION = "description"
    PLACE = "place"
    REPORTER = "reporter"
    ANSWERS = "answers"
    DETAILS = "details"
    STATEMENTS = "statements"
    UPDATES = "updates"
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotate(Command):
    """Put a correction beside what it corrects; the text itself stays in intake."""

    annotation_id: UUID
    concerns: Concerns
    annotated_by: UUID


def annotated(command: Annotate) -> Sequence[Event]:
    """What annotating leads to; also a withdrawn report can be put right."""
    return [
        ReportAnnotated(
            annotation_id=command.annotation_id, concerns=command.concerns, annotated_by=command.annotated_by
        )
    ]
