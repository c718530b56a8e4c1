"""Who is in: staff and residents come, wait, are let in, allow what may be seen, go and come back."""

from collections.abc import Sequence
from uuid import UUID

from vpr_events.contracts.session import (
    Consent,
    Mode,
    Participant,
    SessionConsented,
    SessionConsentWithdrawn,
    SessionModeChanged,
    SessionParticipantAdmitted,
    SessionParticipantJoined,
    SessionParticipantLeft,
)
from vpr_events.decider import Invalid, Refused, Unknown
from vpr_events.event import Event
from vpr_video.domain.commands import Admit, JoinStaff, Leave, Return, SetConsents
from vpr_video.domain.securing import without_consent
from vpr_video.domain.serving import with_the_person
from vpr_video.domain.state import TALKING, Person, State
from vpr_video.domain.waiting import refuse_when_late


def join(command: JoinStaff, state: State) -> Sequence[Event]:
    """What a member of staff's coming leads to."""
    if command.kind is Participant.RESIDENT:
        raise Invalid("kind", "a resident comes in by an invitation")
    before = state.person(command.staff_id)
    if before is not None and before.present:
        if before.kind is not command.kind:
            raise Refused("in_another_place", f"you are in this session as {before.kind}: leave it first")
        return []
    refuse_when_late(command, state)
    return [SessionParticipantJoined(participant_id=command.staff_id, kind=command.kind)]


def admit(command: Admit, state: State) -> Sequence[Event]:
    """What letting somebody in leads to: who has not allowed to be recorded is not."""
    person = _present(command.participant_id, state)
    if person.admitted:
        return []
    refuse_when_late(command, state)
    admitted = SessionParticipantAdmitted(participant_id=person.id, kind=person.kind, admitted_by=command.staff_id)
    unasked = person.kind is Participant.RESIDENT and Consent.RECORD not in person.consents
    return [admitted, *(without_consent(state) if unasked else ())]


def set_consents(command: SetConsents, state: State) -> Sequence[Event]:
    """What a participant's allowing leads to.

    Without leave to be seen, a meeting by video goes on by audio; without leave to be recorded, a recording ends.
    """
    person = _present(command.participant_id, state)
    given, taken = command.scopes - person.consents, person.consents - command.scopes
    events: list[Event] = []
    if given:
        events.append(SessionConsented(scopes=_sorted(given), participant_id=person.id))
    if taken:
        events.append(SessionConsentWithdrawn(scopes=_sorted(taken), participant_id=person.id))
    resident = person.kind is Participant.RESIDENT and person.admitted
    if resident and Consent.RECORD in taken:
        events += without_consent(state)
    if resident and Consent.VIEW in taken and state.status in TALKING and state.mode is Mode.VIDEO:
        events.append(SessionModeChanged(mode=Mode.AUDIO))
    return events


def leave(command: Leave, state: State) -> Sequence[Event]:
    """What hanging up leads to: consent ends with it."""
    person = _known(command.participant_id, state)
    if not person.present:
        return []
    return [*with_the_person(person, state), SessionParticipantLeft(participant_id=person.id, kind=person.kind)]


def come_back(command: Return, state: State) -> Sequence[Event]:
    """What coming back leads to: the waiting room, like the first time."""
    person = _known(command.participant_id, state)
    if person.present:
        return []
    refuse_when_late(command, state)
    return [SessionParticipantJoined(participant_id=person.id, kind=person.kind)]


def _known(participant_id: UUID, state: State) -> Person:
    person = state.person(participant_id)
    if person is None:
        raise Unknown("no_such_participant", "nobody of that id came to this session")
    return person


def _present(participant_id: UUID, state: State) -> Person:
    person = _known(participant_id, state)
    if not person.present:
        raise Refused("participant_left", "they left the session")
    return person


def _sorted(scopes: frozenset[Consent]) -> tuple[Consent, ...]:
    return tuple(sorted(scopes))
