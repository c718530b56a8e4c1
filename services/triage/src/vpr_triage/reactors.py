"""What triage does about others' events; session and dispatch events otherwise only move a case's progress."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.case import CloseReason
from vpr_events.contracts.dispatch import DispatchCompleted
from vpr_events.contracts.report import (
    ReportAmended,
    ReportAnnotated,
    ReportAttachmentAdded,
    ReportFiled,
    ReportPersonalDataErased,
    ReportStopped,
    ReportWithdrawn,
)
from vpr_events.contracts.scheduled import SessionOfficerAbsent
from vpr_events.contracts.session import EndReason, SessionEnded
from vpr_events.contracts.values import Gravest
from vpr_events.decider import Command
from vpr_events.event import Recorded
from vpr_events.inbox import Consumer
from vpr_events.pipeline import Execution
from vpr_triage.domain.case import case, case_id
from vpr_triage.domain.commands import CloseCase, FollowReport, NoteNoShow, NoteOfficerAbsent, OpenCase, RaiseCase
from vpr_triage.projections import ERASING, POINTS, project_attachments, project_progress


def react(event: Recorded, now: datetime) -> Iterable[Execution]:
    """A filed report opens its case, which follows its amendments; an emergency raises it.

    Withdrawal and the end of the dispatch close it. Who came to a session of it, and who did not, is noted.
    """
    match event.data:
        case ReportFiled() as filed:
            yield _execution(event, _opening(event.entity_id, filed, now))
        case ReportAmended() as amended:
            yield _execution(
                event, FollowReport(at=now, **amended.model_dump(include={"fields", "category", "district"}))
            )
        case ReportAnnotated():
            yield _execution(event, FollowReport(at=now, fields=("annotations",)))
        case ReportStopped(priority=int() as priority, gravest=Gravest() as gravest):
            yield _execution(event, RaiseCase(at=now, priority=priority, gravest=gravest))
        case ReportWithdrawn():
            yield _execution(event, CloseCase(at=now, reason=CloseReason.WITHDRAWN))
        case SessionEnded(reason=EndReason.NO_SHOW):
            yield _execution(event, NoteNoShow(at=now, session_id=event.entity_id))
        case SessionOfficerAbsent():
            yield _execution(event, NoteOfficerAbsent(at=now))
        case DispatchCompleted():
            yield _execution(event, CloseCase(at=now, reason=CloseReason.DISPATCHED))


def _opening(report_id: UUID, filed: ReportFiled, now: datetime) -> OpenCase:
    return OpenCase(
        at=now, report_id=report_id, category=filed.category, channel=filed.channel, district=filed.district
    )


def _execution(event: Recorded, command: Command) -> Execution:
    report_id = event.correlation_id
    return Execution(
        decider=case,
        entity=case_id(report_id),
        command=command,
        correlation_id=report_id,
        causation_id=event.id,
    )


consumer = Consumer(
    handles=frozenset(
        {
            ReportFiled,
            ReportAmended,
            ReportAnnotated,
            ReportAttachmentAdded,
            ReportStopped,
            ReportWithdrawn,
            ReportPersonalDataErased,
            DispatchCompleted,
            SessionOfficerAbsent,
            *POINTS,
        }
    ),
    react=react,
    projectors=(project_progress, project_attachments, *ERASING),
)
