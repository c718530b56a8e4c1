"""Cases that tell of the same incident: an officer says so, one is the original, the other is linked to it and ends."""

from collections.abc import Sequence

from vpr_events.contracts.case import CaseClosed, CaseDuplicateLinked, CloseReason
from vpr_events.decider import Invalid, Refused
from vpr_events.event import Event
from vpr_triage.domain.appointments import called_off
from vpr_triage.domain.commands import LinkDuplicate, StandAsOriginal
from vpr_triage.domain.state import State


def link(command: LinkDuplicate, state: State) -> Sequence[Event]:
    """What linking a case leads to. To the same original twice is the same as once."""
    if state.duplicate_of == command.original_case_id:
        return []
    if state.closed:
        raise Refused("case_closed", "the case is closed")
    state.check_holder(command.officer_id)
    if command.original_case_id == command.case_id:
        raise Invalid("original_case_id", "a case is no duplicate of itself")
    if state.assessment is not None:
        raise Refused("already_assessed", "the case was assessed: close it as the assessment says")
    ended = CaseClosed(
        reason=CloseReason.DUPLICATE,
        officer_id=command.officer_id,
        request_id=state.request_ids[-1] if state.request_ids else None,
        request_ids=state.request_ids,
    )
    return [CaseDuplicateLinked(original_case_id=command.original_case_id), *called_off(state, command.at), ended]


def stand(_: StandAsOriginal, state: State) -> Sequence[Event]:
    """Whether others may be linked to a case: not to one that is itself a duplicate, so that no ring is made."""
    if state.duplicate_of is not None:
        detail = f"that case is a duplicate itself: link to {state.duplicate_of}"
        raise Refused("original_is_duplicate", detail)
    return []
