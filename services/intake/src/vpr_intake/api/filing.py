"""From a new report to the command that files it, for every way in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from vpr_events.contracts.report import WithdrawalReason
from vpr_events.contracts.values import Channel
from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_intake.api.callers import Caller
from vpr_intake.domain.report import FileReport, WithdrawReport, report
from vpr_intake.private import particulars_of
from vpr_intake.schemas import NewReport


def filing(new: NewReport, caller: Caller, channel: Channel, at: datetime, **extra: Any) -> Execution:
    """The execution that files ``new``; ``extra`` are further particulars, such as ``media_url``."""
    report_id = new_id()
    command = FileReport(
        at=at,
        channel=channel,
        category=new.category,
        district=new.district,
        client_id=caller.client_id,
        occurred_from=new.occurred_from,
        occurred_to=new.occurred_to,
    )
    return Execution(
        decider=report,
        entity=report_id,
        command=command,
        private=[particulars_of(report_id, new, **extra)],
        fresh=True,
    )


def withdrawal(report_id: UUID, caller: Caller, reason: WithdrawalReason, at: datetime) -> Execution:
    """The execution that takes a report back."""
    command = WithdrawReport(at=at, by=caller.withdraws_as, reason=reason)
    return Execution(decider=report, entity=report_id, command=command)
