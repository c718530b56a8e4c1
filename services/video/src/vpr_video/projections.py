"""Events to rows: how far each session is, who is in it, and who holds its case."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from sqlalchemy import Update, bindparam, case, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from vpr_events.contracts.case import CaseClaimed, CaseReleased
from vpr_events.contracts.scheduled import SessionScheduled
from vpr_events.contracts.session import (
    Participant,
    SessionConnected,
    SessionConsented,
    SessionConsentWithdrawn,
    SessionCreated,
    SessionEnded,
    SessionExpired,
    SessionInterrupted,
    SessionModeChanged,
    SessionParticipantAdmitted,
    SessionParticipantJoined,
    SessionParticipantLeft,
    SessionResumed,
)
from vpr_events.erasure import erasing
from vpr_events.event import Event, Recorded
from vpr_events.notices import notice
from vpr_events.writes import Write
from vpr_video.domain.state import Status
from vpr_video.erased import note_erasure, project_evidence_erasure
from vpr_video.tables import (
    Moment,
    chat,
    checklist_ticks,
    evidence_files,
    guests,
    holders,
    locations,
    participants,
    positions,
    sessions,
    upload_links,
)

CHANGES = "video_changes"
"""The channel on which every process hears that a session changed, or who holds its case."""

AT = bindparam("at", type_=Moment)

INSERT_SESSION = insert(sessions)
ADVANCE = update(sessions).where(sessions.c.id == bindparam("session")).values(version=bindparam("new_version"))
CONNECTED = ADVANCE.values(status=Status.CONNECTED, connected_at=AT, mode=bindparam("new_mode"))
INTERRUPTED = ADVANCE.values(status=Status.INTERRUPTED)
RESUMED = ADVANCE.values(status=Status.CONNECTED)
MODE = ADVANCE.values(mode=bindparam("new_mode"))
ENDED = ADVANCE.values(status=Status.ENDED, ended_at=AT, end_reason=bindparam("reason"))
SCHEDULED = ADVANCE.values(
    scheduled_at=bindparam("starts", type_=Moment),
    scheduled_zone=bindparam("zone"),
    opens_at=bindparam("opens", type_=Moment),
    expires_at=bindparam("expires", type_=Moment),
)
EXPIRED = ADVANCE.values(status=Status.EXPIRED, ended_at=AT)

CAME = ADVANCE.values(status=case((sessions.c.status == Status.WAITING, Status.JOINED), else_=sessions.c.status))


def _joined(point: str) -> Update:
    """The first time of joining stays, and joining again does not set a connected session back."""
    return CAME.values({point: func.coalesce(sessions.c[point], AT)})


JOINED = {
    Participant.OFFICER: _joined("officer_joined_at"),
    Participant.RESIDENT: _joined("resident_joined_at"),
}

_new = upsert(participants)
COME_IN = _new.on_conflict_do_update(
    index_elements=["session_id", "participant_id"],
    set_={name: _new.excluded[name] for name in ("kind", "joined_at", "admitted_at", "left_at", "consents")},
)
_person = update(participants).where(
    participants.c.session_id == bindparam("of"), participants.c.participant_id == bindparam("who")
)
ADMIT = _person.values(admitted_at=AT)
GO = _person.values(left_at=AT, admitted_at=None, consents=[])
ALLOW = _person.values(consents=func.array_append(participants.c.consents, bindparam("scope")))
FORBID = _person.values(consents=func.array_remove(participants.c.consents, bindparam("scope")))

_other = participants.alias("other")
_still = (
    select(_other.c.participant_id)
    .where(_other.c.session_id == sessions.c.id, _other.c.kind == bindparam("kind"), _other.c.admitted_at.is_not(None))
    .exists()
)
_parted = sessions.c.status.in_((Status.CONNECTED, Status.INTERRUPTED)) & ~_still
LEFT = ADVANCE.values(status=case((_parted, Status.JOINED), else_=sessions.c.status))
"""Run once the participant's own row says that they left: of two residents one may stay."""

_held = upsert(holders)
HOLD = _held.on_conflict_do_update(
    index_elements=["case_id"],
    set_={name: _held.excluded[name] for name in ("officer_id", "version")},
    where=_held.excluded.version > holders.c.version,
)
"""The latest that a case told counts, so that order and repetition do not matter."""

project_erasure = erasing(
    *(
        delete(table).where(table.c.report_id == bindparam("report"))
        for table in (chat, locations, positions, checklist_ticks, evidence_files, upload_links, guests)
    )
)

ERASING = (note_erasure, project_evidence_erasure, project_erasure)
"""In this order: who stores something of the report meanwhile waits, and finds it erased."""


def project_holder(event: Recorded) -> Iterable[Write]:
    """Who holds a case, as triage tells."""
    if not isinstance(event.data, CaseClaimed | CaseReleased):
        return
    holder = event.data.officer_id if isinstance(event.data, CaseClaimed) else None
    case_id = event.entity_id
    yield Write(("holder", case_id), HOLD, {"case_id": case_id, "officer_id": holder, "version": event.version})
    yield notice(("holder", case_id), CHANGES, "holder", {"case": str(case_id)})


def project_session(event: Recorded) -> Iterable[Write]:
    """Video's own events."""
    if not event.stream.startswith("session/"):
        return
    yield from _people(event)
    yield _session(event)
    yield notice(event.entity_id, CHANGES, "session", {"session": str(event.entity_id)})


def _session(event: Recorded) -> Write:
    version = {"session": event.entity_id, "new_version": event.version}
    timed = version | {"at": event.occurred_at}
    match event.data:
        case SessionCreated() as created:
            row = {"id": event.entity_id, "version": event.version, "status": Status.WAITING}
            row |= {"created_at": event.occurred_at} | created.model_dump()
            return Write(event.entity_id, INSERT_SESSION, row)
        case SessionScheduled() as told:
            times = {"starts": told.starts_at, "zone": told.zone, "opens": told.opens_at, "expires": told.expires_at}
            return Write(event.entity_id, SCHEDULED, version | times)
        case SessionParticipantJoined(kind=kind) if kind in JOINED:
            return Write(event.entity_id, JOINED[kind], timed)
        case SessionConnected(mode=mode):
            return Write(event.entity_id, CONNECTED, timed | {"new_mode": mode})
        case SessionModeChanged(mode=mode):
            return Write(event.entity_id, MODE, version | {"new_mode": mode})
        case SessionParticipantLeft(kind=kind):
            parted = LEFT if kind in JOINED else ADVANCE
            return Write(event.entity_id, parted, version | ({"kind": kind} if kind in JOINED else {}))
        case SessionEnded(reason=reason):
            return Write(event.entity_id, ENDED, timed | {"reason": reason})
        case SessionExpired():
            return Write(event.entity_id, EXPIRED, timed)
    return Write(event.entity_id, STATUSES.get(type(event.data), ADVANCE), version)


STATUSES: Mapping[type[Event], Update] = {
    SessionParticipantJoined: CAME,
    SessionInterrupted: INTERRUPTED,
    SessionResumed: RESUMED,
}


def _people(event: Recorded) -> Iterator[Write]:
    session = event.entity_id
    match event.data:
        case SessionParticipantJoined(participant_id=who, kind=kind):
            admitted = event.occurred_at if kind is Participant.OFFICER else None
            row = {"session_id": session, "participant_id": who, "kind": kind, "joined_at": event.occurred_at}
            yield Write(session, COME_IN, row | {"admitted_at": admitted, "left_at": None, "consents": []})
        case SessionParticipantAdmitted(participant_id=who):
            yield Write(session, ADMIT, {"of": session, "who": who, "at": event.occurred_at})
        case SessionParticipantLeft(participant_id=who):
            yield Write(session, GO, {"of": session, "who": who, "at": event.occurred_at})
        case SessionConsented(participant_id=UUID() as who, scopes=scopes):
            yield from (Write(session, ALLOW, {"of": session, "who": who, "scope": scope}) for scope in scopes)
        case SessionConsentWithdrawn(participant_id=UUID() as who, scopes=scopes):
            yield from (Write(session, FORBID, {"of": session, "who": who, "scope": scope}) for scope in scopes)
