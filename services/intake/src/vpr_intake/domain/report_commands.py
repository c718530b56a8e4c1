"""What can be asked of a report."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from vpr_events.contracts.report import ErasureBasis, WithdrawalReason, WithdrawnBy
from vpr_events.contracts.values import Channel
from vpr_events.decider import Command
from vpr_intake.domain.screened import Urgency
from vpr_intake.domain.screening import Screening


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport(Command):
    """File a report; ``at`` is when it was filed. ``urgency`` is the gravest there is, for an emergency."""

    channel: Channel
    category: str
    district: str | None = None
    client_id: UUID | None = None
    filed_by: UUID | None = None
    occurred_from: datetime | None = None
    occurred_to: datetime | None = None
    screening: Screening | None = None
    urgency: Urgency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RescreenReport(Command):
    """The rules were asked again, because a fact changed. What they said before changes nothing."""

    screening: Screening
    urgency: Urgency | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendReport(Command):
    """Replace ``fields`` of the version that was read; absent values are unchanged or stay in intake."""

    version: int
    fields: tuple[str, ...]
    category: str | None = None
    district: str | None = None
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
class AddAttachment(Command):
    """Add a file that is stored already, of ``size`` bytes; its name stays in intake.

    A report may have ``most`` of them with ``most_bytes`` in all. ``added_by`` is None for a resident.
    """

    attachment_id: UUID
    media_type: str
    size: int
    sha256: str
    most: int
    most_bytes: int
    added_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForCall(Command):
    """Ask to be called about the report: what a resident may do who must not be able to take it back unheard."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckKept(Command):
    """Something personal of the report is about to be kept beside its stream; nothing comes of it."""
