"""Statements of a report: taken, read back, confirmed. One that was confirmed is never changed, only corrected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from vpr_events.contracts.report import ReportStatementConfirmed, ReportStatementTaken
from vpr_events.decider import Command, Invalid, Unknown
from vpr_events.event import Event


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that was taken; ``digest`` is of a salt and its text."""

    digest: str
    confirmed: bool = False


type Statements = Mapping[UUID, Statement]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeStatement(Command):
    """Somebody's words were written down."""

    statement_id: UUID
    taken_by: UUID
    language: str
    digest: str
    corrects: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmStatement(Command):
    """Who stated it heard or read it and confirmed it; ``digest`` is of what they heard or read."""

    statement_id: UUID
    digest: str
    confirmed_to: UUID


def take(command: TakeStatement, statements: Statements) -> Sequence[Event]:
    """What taking a statement leads to."""
    if command.corrects is not None and command.corrects not in statements:
        raise Invalid("corrects", "there is no such statement on this report")
    return [
        ReportStatementTaken(
            statement_id=command.statement_id,
            taken_by=command.taken_by,
            language=command.language,
            digest=command.digest,
            corrects=command.corrects,
        )
    ]


def confirm(command: ConfirmStatement, statements: Statements) -> Sequence[Event]:
    """What confirming one leads to; twice is the same as once."""
    statement = statements.get(command.statement_id)
    if statement is None:
        raise Unknown("no_such_statement", "there is no such statement on this report")
    if statement.digest != command.digest:
        raise Invalid("digest", "this is not the statement that was taken: read it back again")
    if statement.confirmed:
        return []
    return [
        ReportStatementConfirmed(
            statement_id=command.statement_id, digest=command.digest, confirmed_to=command.confirmed_to
        )
    ]


def evolved(statements: Statements, event: ReportStatementTaken | ReportStatementConfirmed) -> Statements:
    """The statements after an event."""
    confirmed = isinstance(event, ReportStatementConfirmed)
    return {**statements, event.statement_id: Statement(event.digest, confirmed)}
