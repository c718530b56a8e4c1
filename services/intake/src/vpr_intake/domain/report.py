"""A report: filed once, withdrawn at most once; its personal data is erased at most once, and not while it is held."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from vpr_events.contracts.report import (
    ErasureBasis,
    ReportAmended,
    ReportAttachmentAdded,
    ReportFiled,
    ReportHoldLifted,
    ReportHoldPlaced,
    ReportPersonalDataErased,
    ReportWithdrawn,
)
from vpr_events.decider import Command, Decider, Invalid, Refused, Unknown
from vpr_events.event import Event
from vpr_intake.domain.annotations import Annotate, annotated
from vpr_intake.domain.report_commands import (
    AddAttachment,
    AddUpdate,
    AmendReport,
    AskForCall,
    CheckKept,
    ErasePersonalData,
    FileReport,
    LiftHold,
    PlaceHold,
    RescreenReport,
    WithdrawReport,
)
from vpr_intake.domain.report_state import CALL_ASKED, State, Status, evolve
from vpr_intake.domain.screened import screened
from vpr_intake.domain.statements import ConfirmStatement, TakeStatement, confirm, take

FULL = "attachments_full"
"""The code of a refusal: a report has all the attachments that it may have."""

ERASED = "erased"
"""The code of a refusal: nothing personal is added to a report whose personal data was erased."""

APPROVERS = 2
"""How many different people must approve an erasure that no retention rule asks for."""


ADDING = (AddUpdate, AddAttachment, Annotate, AskForCall, CheckKept, TakeStatement, ConfirmStatement)
"""What adds to what a report tells of people."""


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to."""
    if isinstance(command, FileReport):
        return _file(command, state)
    if type(command) in DECISIONS and state.status is Status.NONE:
        raise Unknown("no_such_report", "there is no such report")
    if isinstance(command, ADDING) and state.erased:
        raise Refused(ERASED, "the report's personal data was erased: nothing can be added")
    if (decision := DECISIONS.get(type(command))) is None:
        raise TypeError(f"{type(command).__name__} is no command of a report")
    return decision(command, state)


def _file(command: FileReport, state: State) -> Sequence[Event]:
    if state.status is not Status.NONE:
        raise Refused("already_filed", "this report was filed before")
    _check_times(command.at, command.occurred_from, command.occurred_to)
    filed = ReportFiled(
        channel=command.channel,
        category=command.category,
        district=command.district,
        client_id=command.client_id,
        filed_by=command.filed_by,
        occurred_from=command.occurred_from,
        occurred_to=command.occurred_to,
    )
    return [filed, *(screened(command.screening, command.urgency) if command.screening else ())]


def _check_times(now: datetime, start: datetime | None, end: datetime | None) -> None:
    for name, when in (("occurred_from", start), ("occurred_to", end)):
        if when and when > now:
            raise Invalid(name, "must not lie in the future")
    if start and end and end < start:
        raise Invalid("occurred_to", "must not be before occurred_from")


def _amend(command: AmendReport, state: State) -> Sequence[Event]:
    if command.version != state.version:
        raise Refused("version_changed", f"the report is at version {state.version} by now: read it again")
    if state.status is Status.WITHDRAWN:
        raise Refused("withdrawn", "the report was withdrawn")
    if state.erased:
        raise Refused("erased", "the report's personal data was erased")
    if not command.fields:
        raise Invalid("body", "name at least one field to replace")
    start, end = command.occurred_from or state.occurred_from, command.occurred_to or state.occurred_to
    _check_times(command.at, start, end)
    return [
        ReportAmended(
            fields=tuple(sorted(command.fields)),
            category=command.category,
            district=command.district,
            occurred_from=command.occurred_from,
            occurred_to=command.occurred_to,
        )
    ]


def _rescreen(command: RescreenReport, state: State) -> Sequence[Event]:
    if state.status is Status.WITHDRAWN:
        raise Refused("withdrawn", "the report was withdrawn")
    if state.erased:
        raise Refused("erased", "the report's personal data was erased: there are no facts left to screen")
    if command.screening == state.screening:
        return []
    return screened(command.screening, command.urgency, stopped=state.stopped)


def _withdraw(command: WithdrawReport, state: State) -> Sequence[Event]:
    if state.status is Status.WITHDRAWN:
        return []
    return [ReportWithdrawn(by=command.by, reason=command.reason)]


def _ask_for_call(_: AskForCall, state: State) -> Sequence[Event]:
    return [] if state.call_asked else [ReportAmended(fields=(CALL_ASKED,))]


def _add_attachment(command: AddAttachment, state: State) -> Sequence[Event]:
    if command.attachment_id in state.attachments:
        return []
    if state.status is Status.WITHDRAWN:
        raise Refused("withdrawn", "the report was withdrawn")
    if len(state.attachments) >= command.most:
        raise Refused(FULL, f"a report may have at most {command.most} attachments")
    if state.attached_bytes + command.size > command.most_bytes:
        raise Refused(FULL, f"a report's attachments may have at most {command.most_bytes} bytes in all")
    return [
        ReportAttachmentAdded(
            attachment_id=command.attachment_id,
            media_type=command.media_type,
            size=command.size,
            sha256=command.sha256,
            added_by=command.added_by,
        )
    ]


def _place_hold(command: PlaceHold, state: State) -> Sequence[Event]:
    if command.hold_id in state.holds:
        return []
    if command.hold_id in state.lifted:
        raise Refused("hold_lifted", "this hold was lifted: place a new one")
    if state.erased:
        raise Refused("erased", "the report's personal data was erased: there is nothing left to hold")
    return [ReportHoldPlaced(hold_id=command.hold_id, placed_by=command.placed_by)]


def _lift_hold(command: LiftHold, state: State) -> Sequence[Event]:
    if command.hold_id in state.lifted:
        return []
    if command.hold_id not in state.holds:
        raise Unknown("no_such_hold", "there is no such hold on this report")
    return [ReportHoldLifted(hold_id=command.hold_id, lifted_by=command.lifted_by)]


def _erase(command: ErasePersonalData, state: State) -> Sequence[Event]:
    if state.erased:
        return []
    if state.holds:
        raise Refused("legal_hold", "a legal hold forbids the erasure")
    if command.basis is ErasureBasis.RETENTION and command.rule is None:
        raise Invalid("rule", "an erasure by retention names its rule")
    if command.basis is ErasureBasis.APPROVAL and len(set(command.approvers)) < APPROVERS:
        raise Invalid("approvers", "an erasure needs the approval of two different people")
    return [ReportPersonalDataErased(basis=command.basis, rule=command.rule, approvers=command.approvers)]


DECISIONS: Mapping[type[Command], Callable[[Any, State], Sequence[Event]]] = {
    AmendReport: _amend,
    RescreenReport: _rescreen,
    WithdrawReport: _withdraw,
    AddAttachment: _add_attachment,
    AskForCall: _ask_for_call,
    CheckKept: lambda _command, _state: [],
    AddUpdate: lambda _command, _state: [ReportAmended(fields=("updates",))],
    Annotate: lambda command, _state: annotated(command),
    TakeStatement: lambda command, state: take(command, state.statements),
    ConfirmStatement: lambda command, state: confirm(command, state.statements),
    PlaceHold: _place_hold,
    LiftHold: _lift_hold,
    ErasePersonalData: _erase,
}
"""What each command on a report that was filed leads to."""


report = Decider("report", State(), decide, evolve)
