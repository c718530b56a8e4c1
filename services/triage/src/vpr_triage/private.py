"""Rows that events never hold: what officers note in their own words."""

from uuid import UUID

from sqlalchemy import insert

from vpr_events.writes import Write
from vpr_triage.domain.commands import AssessCase
from vpr_triage.tables import notes

INSERT_NOTE = insert(notes)


def note_on(assessment: AssessCase, case_id: UUID, text: str) -> Write:
    """The note that goes with an assessment, under its id."""
    row = {
        "id": assessment.assessment_id,
        "case_id": case_id,
        "officer_id": assessment.officer_id,
        "at": assessment.at,
        "text": text,
    }
    return Write(("note", case_id), INSERT_NOTE, row)
