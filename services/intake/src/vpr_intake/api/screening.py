"""What people are told of a screening, in their language."""

from collections.abc import Iterable, Mapping
from typing import Any

from vpr_events.contracts.report import ReportScreened, ScreeningOutcome
from vpr_events.event import Recorded
from vpr_intake.city import City
from vpr_intake.domain.screened import OUTCOMES
from vpr_intake.domain.screening import Outcome
from vpr_intake.schemas.shown import FiredRule, Screened


def told_in(events: Iterable[Recorded], city: City, language: str) -> Screened | None:
    """What the screening among these events said; None without one."""
    for event in events:
        if isinstance(told := event.data, ReportScreened):
            return _told(told.outcome, told.reasons, told.rule_set, city, language)
    return None


def told_of(row: Mapping[str, Any], city: City, language: str) -> Screened | None:
    """What the last screening of a report's row said; None without one."""
    if row["outcome"] is None:
        return None
    return _told(ScreeningOutcome(row["outcome"]), row["reasons"], row["rule_set"], city, language)


def service_notice(events: Iterable[Recorded], city: City, language: str = "en") -> str | None:
    """What Open311 tells a filer as ``service_notice``: in an emergency, to call the emergency number."""
    screened = told_in(events, city, language)
    return screened.advice if screened else None


def _told(published: ScreeningOutcome, reasons: Iterable[str], version: str, city: City, language: str) -> Screened:
    outcome = OUTCOMES.get(published, Outcome.OFFICER_REVIEW)
    texts = city.rules.texts
    rules = [FiredRule(code=one, text=texts[one].told_in(language) if one in texts else None) for one in reasons]
    return Screened(outcome=outcome, version=version, rules=rules, advice=city.told(outcome, language))
