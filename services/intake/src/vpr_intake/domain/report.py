"""A report: filed once, withdrawn at most once; its personal data is erased at most once, and not while it is held."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.report import (
    ErasureBasis,
    ReportAmended,
    ReportFiled,
    ReportHoldLifted,
    ReportHoldPlaced,
    ReportPersonalDataErased,
    ReportWithdrawn,
    WithdrawalReason,
    WithdrawnBy,
)
from vpr_events.contracts.values import Channel
from vpr_events.decider import Command, Decider, Invalid, Refused, Unknown
from vpr_events.event import Event

APPROVERS = 2
"""How many different people must approve an erasure that no retention rule asks for."""


class Status(StrEnum):
    """Where a report stands in intake."""

    NONE = "none"
    FILED = "filed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class State:
    """A report as intake decides on it. ``holds`` stand; ``lifted`` ones stood."""

    status: Status = Status.NONE
    holds: frozenset[UUID] = frozenset()
    lifted: frozenset[UUID] = frozenset()
    erased: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport(Command):
    """File a report; ``at`` is when it was filed."""

    channel: Channel
    category: str
    district: str | None = None
    client_id: UUID | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawReport(Command):
    """Take a report back."""

    by: WithdrawnBy
    reason: WithdrawalReason


@dataclass(frozen=True, slots=True, kw_only=True)
class AddUpdate(Command):
    """Add what its client tells about a report later on; the text itself stays in intake."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHold(Command):
    """Forbid the erasure until the hold is lifted."""

    hold_id: UUID
    placed_by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class LiftHold(Command):
    """End a hold."""

    hold_id: UUID
    lifted_by: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasePersonalData(Command):
    """Erase what the report tells of people: by a retention ``rule``, or by two different ``approvers``."""

    basis: ErasureBasis
    rule: str | None = None
    approvers: tuple[UUID, ...] = ()


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to."""
    if isinstance(command, FileReport):
        return _file(command, state)
    if (
        isinstance(command, (WithdrawReport, AddUpdate, PlaceHold, LiftHold, ErasePersonalData))
        and state.status is Status.NONE
    ):
        raise Unknown("no_such_report", "there is no such report")
    match command:
        case WithdrawReport():
            return _withdraw(command, state)
        case AddUpdate():
            return _add_update(state)
        case PlaceHold():
            return _place_hold(command, state)
        case LiftHold():
            return _lift_hold(command, state)
        case ErasePersonalData():
            return _erase(command, state)
    raise TypeError(f"{type(command).__name__} is no command of a report")


def _file(command: FileReport, state: State) -> Sequence[Event]:
    if state.status is not Status.NONE:
        raise Refused("already_filed", "this report was filed before")
    _check_times(command)
    return [
        ReportFiled(
            channel=command.channel,
            category=command.category,
            district=command.district,
            client_id=command.client_id,
            occurred_from=command.occurred_from,
            occurred_to=command.occurred_to,
        )
    ]


def _check_times(command: FileReport) -> None:
    for name, when in (("occurred_from", command.occurred_from), ("occurred_to", command.occurred_to)):
        if when and when > command.at:
            raise Invalid(name, "must not lie in the future")
    if command.occurred_from and command.occurred_to and command.occurred_to < command.occurred_from:
        raise Invalid("occurred_to", "must not be before occurred_from")


def _withdraw(command: WithdrawReport, state: State) -> Sequence[Event]:
    if state.status is Status.WITHDRAWN:
        return []
    return [ReportWithdrawn(by=command.by, reason=command.reason)]


def _add_update(state: State) -> Sequence[Event]:
    if state.erased:
        raise Refused("erased", "the report's personal data was erased: nothing can be added")
    return [ReportAmended(fields=("updates",))]


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


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case ReportFiled():
            return replace(state, status=Status.FILED)
        case ReportWithdrawn():
            return replace(state, status=Status.WITHDRAWN)
        case ReportHoldPlaced(hold_id=hold):
            return replace(state, holds=state.holds | {hold})
        case ReportHoldLifted(hold_id=hold):
            return replace(state, holds=state.holds - {hold}, lifted=state.lifted | {hold})
        case ReportPersonalDataErased():
            return replace(state, erased=True)
    return state


report = Decider("report", State(), decide, evolve)
