"""Recordings at the media server: what ends them, and what comes of them.

Who makes one holds nothing of it: so it ends with them, with the session, and with whoever is recorded.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vpr_events.contracts.session import EvidenceEnd, Participant, SessionEvidenceCaptured
from vpr_events.decider import Command, Refused
from vpr_events.event import Event
from vpr_video.domain.evidence_commands import CapturePart, StopRecording
from vpr_video.domain.items import Stage, item_in, served_recordings
from vpr_video.domain.securing import closings, known
from vpr_video.domain.state import Person, State


def capture_part(command: CapturePart, state: State) -> Sequence[Event]:
    """What a further part of a recording leads to."""
    first = known(command.part_of, state)
    if item_in(state.items, command.evidence_id) or first.stage in {Stage.DISCARDED, Stage.ERASED}:
        return []
    return [
        SessionEvidenceCaptured(
            evidence_id=command.evidence_id,
            kind=first.kind,
            sha256=command.sha256,
            size=command.size,
            media_type=command.media_type,
            incomplete=command.incomplete,
            participant_id=first.participant_id,
            made_with=command.made_with,
            part_of=first.id,
        )
    ]


def stop(command: StopRecording, state: State) -> Sequence[Event]:
    """What stopping a recording at the media server leads to; one that has stopped has."""
    item = known(command.evidence_id, state)
    if not item.served:
        raise Refused("not_at_media_server", "this is not recorded at the media server: who sends it completes it")
    return closings([item], command.reason) if item.stage is Stage.OPEN else []


def with_the_session(state: State) -> Sequence[Event]:
    """What the session's end leads to: the media server records no more."""
    return closings(served_recordings(state.items), EvidenceEnd.SESSION_ENDED)


def with_the_person(person: Person, state: State) -> Sequence[Event]:
    """What the loss of somebody leads to: the media server records no more for them, nor of a resident."""
    recorded = person.kind is Participant.RESIDENT and person.admitted
    served = served_recordings(state.items)
    return closings((one for one in served if recorded or one.participant_id == person.id), EvidenceEnd.LEFT)


def without_recorder(person: Person, state: State) -> Sequence[Event]:
    """What a lost connection leads to: the media server records no more for who cannot stop it."""
    served = served_recordings(state.items)
    return closings((one for one in served if one.participant_id == person.id), EvidenceEnd.LEFT)


SERVING: Mapping[type[Command], Callable[[Any, State], Sequence[Event]]] = {
    CapturePart: capture_part,
    StopRecording: stop,
}
"""What is decided also after the session's end."""
