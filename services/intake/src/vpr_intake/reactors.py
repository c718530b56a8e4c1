"""What intake does about others' events: it follows them (see projections) and tells webhooks, by no command."""

from vpr_events.contracts.case import CaseReopened
from vpr_events.inbox import Consumer
from vpr_intake.announcing import announce
from vpr_intake.projections import (
    GRANTS,
    POINTS,
    project_disposition,
    project_grant,
    project_progress,
    project_status,
)

consumer = Consumer(
    handles=frozenset({*POINTS, *GRANTS, CaseReopened}),
    projectors=(project_progress, project_grant, project_status, project_disposition),
    consequences=(announce,),
)
