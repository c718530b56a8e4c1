"""From what the rules said to the events that tell it."""

from collections.abc import Sequence
from dataclasses import dataclass

from vpr_events.contracts.report import ReportScreened, ReportStopped, ScreeningOutcome
from vpr_events.contracts.values import Gravest
from vpr_events.event import Event
from vpr_intake.domain.screening import Outcome, Screening

PUBLISHED = {
    Outcome.EMERGENCY: ScreeningOutcome.STOP,
    Outcome.OFFICER_REVIEW: ScreeningOutcome.OFFICER_REVIEW,
    Outcome.ELIGIBLE: ScreeningOutcome.VIRTUAL,
}
"""What an outcome is called in events. Their ``web_only`` is none of ours."""

OUTCOMES = {published: outcome for outcome, published in PUBLISHED.items()}
"""The way back."""


@dataclass(frozen=True, slots=True)
class Urgency:
    """The gravest priority of the agency's scale, and which end of it that is."""

    priority: int
    gravest: Gravest


def screened(screening: Screening, urgency: Urgency | None, *, stopped: bool = False) -> Sequence[Event]:
    """The events of a screening. An emergency stops the report, unless it was ``stopped`` before."""
    told = ReportScreened(rule_set=screening.version, outcome=PUBLISHED[screening.outcome], reasons=screening.reasons)
    if screening.outcome is not Outcome.EMERGENCY or stopped:
        return [told]
    stop = ReportStopped(
        rule_set=screening.version,
        reasons=screening.reasons,
        priority=urgency.priority if urgency else None,
        gravest=urgency.gravest if urgency else None,
    )
    return [told, stop]
