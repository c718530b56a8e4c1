"""Events to rows: how far each session is."""

from collections.abc import Iterable

from sqlalchemy import Update, bindparam, case, func, insert, update

from vpr_events.contracts.session import (
    Participant,
    SessionConnected,
    SessionCreated,
    SessionEnded,
    SessionExpired,
    SessionParticipantJoined,
)
from vpr_events.erasure import erasing
from vpr_events.event import Recorded
from vpr_events.writes import Write
from vpr_video.domain.state import Status
from vpr_video.tables import Moment, sessions

AT = bindparam("at", type_=Moment)

INSERT_SESSION = insert(sessions)
ADVANCE = update(sessions).where(sessions.c.id == bindparam("session")).values(version=bindparam("new_version"))
CONNECTED = ADVANCE.values(status=Status.CONNECTED, connected_at=AT)
ENDED = ADVANCE.values(status=Status.ENDED, ended_at=AT, end_reason=bindparam("reason"))
EXPIRED = ADVANCE.values(status=Status.EXPIRED, ended_at=AT)


def _joined(point: str) -> Update:
    """The first time of joining stays, and joining again does not set a connected session back."""
    status = case((sessions.c.status == Status.WAITING, Status.JOINED), else_=sessions.c.status)
    return ADVANCE.values({"status": status, point: func.coalesce(sessions.c[point], AT)})


JOINED = {
    Participant.OFFICER: _joined("officer_joined_at"),
    Participant.RESIDENT: _joined("resident_joined_at"),
}


project_erasure = erasing()
"""Nothing of video's is personal yet: what will be is deleted here."""


def project_session(event: Recorded) -> Iterable[Write]:
    """Video's own events."""
    version = {"session": event.entity_id, "new_version": event.version}
    timed = version | {"at": event.occurred_at}
    match event.data:
        case SessionCreated() as created:
            row = {"id": event.entity_id, "version": event.version, "status": Status.WAITING}
            row |= {"created_at": event.occurred_at} | created.model_dump()
            yield Write(event.entity_id, INSERT_SESSION, row)
        case SessionParticipantJoined(kind=kind) if kind in JOINED:
            yield Write(event.entity_id, JOINED[kind], timed)
        case SessionConnected():
            yield Write(event.entity_id, CONNECTED, timed)
        case SessionEnded(reason=reason):
            yield Write(event.entity_id, ENDED, timed | {"reason": reason})
        case SessionExpired():
            yield Write(event.entity_id, EXPIRED, timed)
        case _:
            yield Write(event.entity_id, ADVANCE, version)
