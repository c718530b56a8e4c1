"""A report: filed once, and withdrawn at most once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from vpr_events.contracts.report import ReportFiled, ReportWithdrawn, WithdrawalReason, WithdrawnBy
from vpr_events.contracts.values import Channel
from vpr_events.decider import Command, Decider, Invalid, Refused, Unknown
from vpr_events.event import Event


class Status(StrEnum):
    """Where a report stands in intake."""

    NONE = "none"
    FILED = "filed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class State:
    """A report as intake decides on it."""

    status: Status = Status.NONE


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


def decide(command: Command, state: State) -> Sequence[Event]:
    """What a command leads to."""
    match command:
        case FileReport():
            return _file(command, state)
        case WithdrawReport():
            return _withdraw(command, state)
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
    match state.status:
        case Status.NONE:
            raise Unknown("no_such_report", "there is no such report")
        case Status.WITHDRAWN:
            return []
        case Status.FILED:
            return [ReportWithdrawn(by=command.by, reason=command.reason)]


def evolve(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case ReportFiled():
            return replace(state, status=Status.FILED)
        case ReportWithdrawn():
            return replace(state, status=Status.WITHDRAWN)
    return state


report = Decider("report", State(), decide, evolve)
