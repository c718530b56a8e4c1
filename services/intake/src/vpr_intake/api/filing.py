"""From a new report to the commands that file it, for every way in. Nothing here waits for anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from vpr_events.contracts.access import AlarmKind
from vpr_events.contracts.report import WithdrawalReason
from vpr_events.contracts.values import Channel
from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_intake.answers import Answer, facts, faults, given
from vpr_intake.api.callers import Caller
from vpr_intake.catalogue import Category
from vpr_intake.city import City
from vpr_intake.domain.access import RaiseAlarm, access
from vpr_intake.domain.report import report
from vpr_intake.domain.report_commands import FileReport, WithdrawReport
from vpr_intake.domain.screened import Urgency
from vpr_intake.domain.screening import Outcome, Screening, screen
from vpr_intake.private import answers_of, details_of, particulars_of
from vpr_intake.receipts import sensitive
from vpr_intake.schemas.filing import NewReport, Place
from vpr_intake.settings import settings_of
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime

UNKNOWN_CATEGORY = "unknown category; GET /v1/categories lists them"


def city_of(runtime: Runtime) -> City:
    """The city that this intake serves."""
    return settings_of(runtime).city


@dataclass(frozen=True, slots=True)
class Facts:
    """A new report as the city understands it: its district, its answers, what the rules say, whether to be silent."""

    district: str | None
    answers: Mapping[str, Answer]
    screening: Screening
    sensitive: bool = False


def filing(new: NewReport, caller: Caller, channel: Channel, runtime: Runtime, **extra: Any) -> Sequence[Execution]:
    """The executions that file ``new`` as one; ``extra`` are further particulars, such as ``media_url``.

    Raises Problem 422 for what this city does not know: a category, a district, a place, an answer.
    """
    city, at, report_id = city_of(runtime), runtime.now(), new_id()
    known = understood(new, city)
    command = FileReport(
        at=at,
        channel=channel,
        category=new.category,
        district=known.district,
        client_id=caller.client_id,
        filed_by=caller.staff.id if caller.staff else None,
        occurred_from=new.occurred_from,
        occurred_to=new.occurred_to,
        screening=known.screening,
        urgency=urgency_of(city),
    )
    private = [particulars_of(report_id, new, **extra)]
    if known.answers:
        private.append(answers_of(report_id, known.answers))
    if new.details:
        private.append(details_of(report_id, new.details))
    if known.sensitive:
        private.append(sensitive(report_id))
    filed = Execution(decider=report, entity=report_id, command=command, private=private, fresh=True)
    if known.screening.outcome is not Outcome.EMERGENCY:
        return [filed]
    return [filed, replace(stopped_alarm(report_id, caller, known.screening, at), fresh=True)]


def stopped_alarm(report_id: UUID, caller: Caller, screening: Screening, at: datetime) -> Execution:
    """The alarm for an emergency."""
    alarm = RaiseAlarm(
        at=at,
        alarm_id=new_id(),
        kind=AlarmKind.STOPPED_REPORT,
        caused_by=caller.id,
        reason=screening.reasons[0],
    )
    return Execution(decider=access, entity=report_id, command=alarm)


def urgency_of(city: City) -> Urgency:
    """How urgent an emergency is here."""
    return Urgency(city.priorities.top, city.priorities.gravest)


def understood(new: NewReport, city: City) -> Facts:
    """What the city makes of a report. Raises Problem 422 naming every field that it does not understand."""
    category, answers = city.categories.get(new.category), given(new.answers)
    district, wrong = _district(new, city)
    if category is None:
        wrong["category"] = UNKNOWN_CATEGORY
    else:
        wrong |= _unanswered(category, answers)
    if wrong:
        errors = [{"field": field, "detail": detail} for field, detail in wrong.items()]
        detail = "; ".join(f"{field}: {detail}" for field, detail in wrong.items())
        raise Problem(422, "invalid", detail, errors=errors)
    told = facts(new.category, answers, new.details)
    return Facts(district, answers, screen(city.rules.rule_set, told), city.rules.is_sensitive(told))


def _unanswered(category: Category, answers: Mapping[str, Answer]) -> dict[str, str]:
    return {f"answers.{code}": detail for code, detail in faults(category, answers)}


def _district(new: NewReport, city: City) -> tuple[str | None, dict[str, str]]:
    """The district where the place is; what the filer says counts only where there is no point."""
    if new.place.latitude is not None and new.place.longitude is not None:
        found = city.districts.at(new.place.latitude, new.place.longitude)
        return (found.code, {}) if found else (None, {"place.latitude": _outside(new.place, city)})
    if new.district is None or new.district in city.districts.codes:
        return new.district, {}
    return None, {"district": "unknown district; GET /v1/city lists them"}


def _outside(place: Place, city: City) -> str:
    told = f"the place lies outside of {city.names['en']}"
    swapped = city.districts.swapped(place.latitude or 0, place.longitude or 0)
    return f"{told}: are latitude and longitude swapped?" if swapped else told


def withdrawal(report_id: UUID, caller: Caller, reason: WithdrawalReason, at: datetime) -> Execution:
    """The execution that takes a report back."""
    command = WithdrawReport(at=at, by=caller.withdraws_as, reason=reason)
    return Execution(decider=report, entity=report_id, command=command)
