"""A session as video decides on it."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.scheduled import SessionOfficerAbsent, SessionReminderDue, SessionScheduled
from vpr_events.contracts.session import (
    Consent,
    Mode,
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
from vpr_events.event import Event
from vpr_video.domain import giving
from vpr_video.domain import invites as inviting
from vpr_video.domain import items as securing
from vpr_video.domain.guests import Guests, guests_after
from vpr_video.domain.schedule import Schedule


class Status(StrEnum):
    """Where a session stands. JOINED means that somebody is in, not yet, or not any more, that both are."""

    NONE = "none"
    WAITING = "waiting"
    JOINED = "joined"
    CONNECTED = "connected"
    INTERRUPTED = "interrupted"
    ENDED = "ended"
    EXPIRED = "expired"


OVER = frozenset({Status.ENDED, Status.EXPIRED})
TALKING = frozenset({Status.CONNECTED, Status.INTERRUPTED})
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """A participant: in the waiting room until ``admitted``; gone, but known, once not ``present``."""

    id: UUID
    kind: Participant
    present: bool = True
    admitted: bool = False
    consents: frozenset[Consent] = frozenset()


@dataclass(frozen=True, slots=True)
class State:
    """A session as video decides on it. Of the unopened ``invites`` only the last is valid; ``items`` are its evidence.

    ``met`` once officer and resident were connected; ``mode`` is how, while they are. Without a ``schedule`` it is for
    now; with one, ``came`` tells which kinds were there since it was told, ``reminded`` and ``missed`` what was done.
    """

    status: Status = Status.NONE
    expires_at: datetime = NEVER
    invites: inviting.Invites = ()
    people: tuple[Person, ...] = ()
    mode: Mode | None = None
    met: bool = False
    items: securing.Items = ()
    links: giving.UploadLinks = ()
    guests: Guests = ()
    schedule: Schedule | None = None
    came: frozenset[Participant] = frozenset()
    reminded: bool = False
    missed: bool = False

    def person(self, participant_id: UUID) -> Person | None:
        """A participant, present or gone."""
        return next((one for one in self.people if one.id == participant_id), None)

    def inside(self, kind: Participant) -> tuple[Person, ...]:
        """The admitted and present participants of a kind."""
        return tuple(one for one in self.people if one.kind is kind and one.present and one.admitted)

    def allows(self, scope: Consent) -> bool:
        """Whether every resident who is in the call allows this; nobody there allows nothing."""
        residents = self.inside(Participant.RESIDENT)
        return bool(residents) and all(scope in one.consents for one in residents)


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case SessionCreated():
            return replace(state, status=Status.WAITING, expires_at=event.expires_at)
        case SessionEnded():
            return replace(state, status=Status.ENDED)
        case SessionExpired():
            return replace(state, status=Status.EXPIRED)
    invites, items = inviting.with_event(state.invites, event), securing.with_event(state.items, event)
    links, invited = giving.links_after(state.links, event), guests_after(state.guests, event)
    state = replace(state, invites=invites, items=items, links=links, guests=invited)
    return _with_people(_talking(_scheduled(state, event), event), event)


def _scheduled(state: State, event: Event) -> State:
    """At a new time who is there has come, and whoever met before has not met yet."""
    match event:
        case SessionScheduled():
            there = frozenset(one.kind for one in state.people if one.present)
            state = replace(state, came=there, met=False, reminded=False, missed=False)
            return replace(state, schedule=Schedule.of(event), expires_at=event.expires_at)
        case SessionReminderDue():
            return replace(state, reminded=True)
        case SessionOfficerAbsent():
            return replace(state, missed=True)
    return state


def _talking(state: State, event: Event) -> State:
    match event:
        case SessionConnected():
            return replace(state, status=Status.CONNECTED, mode=event.mode, met=True)
        case SessionResumed():
            return replace(state, status=Status.CONNECTED)
        case SessionInterrupted():
            return replace(state, status=Status.INTERRUPTED)
        case SessionModeChanged():
            return replace(state, mode=event.mode)
    return state


def _with_people(state: State, event: Event) -> State:
    match event:
        case SessionParticipantJoined():
            return _joined(state, event)
        case SessionParticipantAdmitted():
            return _changed(state, event.participant_id, admitted=True)
        case SessionParticipantLeft():
            return _left(state, event)
        case SessionConsented(participant_id=UUID() as who):
            return _consenting(state, who, given=frozenset(event.scopes))
        case SessionConsentWithdrawn(participant_id=UUID() as who):
            return _consenting(state, who, taken=frozenset(event.scopes))
    return state


def _joined(state: State, event: SessionParticipantJoined) -> State:
    new = Person(event.participant_id, event.kind, admitted=event.kind is Participant.OFFICER)
    others = tuple(one for one in state.people if one.id != new.id)
    status = Status.JOINED if state.status is Status.WAITING else state.status
    return replace(state, status=status, people=(*others, new), came=state.came | {new.kind})


def _left(state: State, event: SessionParticipantLeft) -> State:
    state = _changed(state, event.participant_id, present=False, admitted=False, consents=frozenset())
    both = state.inside(Participant.OFFICER) and state.inside(Participant.RESIDENT)
    return replace(state, status=Status.JOINED) if state.status in TALKING and not both else state


def _consenting(
    state: State, who: UUID, *, given: frozenset[Consent] = frozenset(), taken: frozenset[Consent] = frozenset()
) -> State:
    person = state.person(who)
    return _changed(state, who, consents=(person.consents | given) - taken) if person else state


def _changed(state: State, who: UUID, **changes: object) -> State:
    people = tuple(replace(one, **changes) if one.id == who else one for one in state.people)  # type: ignore[arg-type] # names of Person's
    return replace(state, people=people)
