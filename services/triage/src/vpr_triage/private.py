"""Rows that events never hold: what officers note in their own words."""

from collections.abc import Sequence
from uuid import UUID

from vpr_events.erasure import keeping
from vpr_events.writes import Write
from vpr_triage.domain.commands import AssessCase
from vpr_triage.erased import ERASED
from vpr_triage.tables import notes

INSERT_NOTE = ERASED.inserting(notes)
"""Nothing for a report that was erased."""


def note_on(assessment: AssessCase, case_id: UUID, report_id: UUID, text: str) -> Sequence[Write]:
    """The note that goes with an assessment, under its id."""
    row = {
        "id": assessment.assessment_id,
        "case_id": case_id,
        "report_id": report_id,
        "officer_id": assessment.officer_id,
        "at": assessment.at,
        "text": text,
    }
    return [keeping(report_id), Write(report_id, INSERT_NOTE, row)]
