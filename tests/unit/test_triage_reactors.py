"""What triage does about other services' events."""

import pytest

from tests.examples import NOON, minutes, recorded
from vpr_events.contracts.case import CloseReason
from vpr_events.contracts.dispatch import DispatchCompleted, DispatchUnitAssigned
from vpr_events.contracts.report import (
    ReportAnnotated,
    ReportFiled,
    ReportStopped,
    ReportWithdrawn,
    WithdrawalReason,
    WithdrawnBy,
)
from vpr_events.contracts.values import Channel, Gravest
from vpr_events.event import Event, derived_id, new_id
from vpr_triage.domain.commands import CloseCase, FollowReport, OpenCase, RaiseCase
from vpr_triage.projections import UNRANKED, gravity
from vpr_triage.reactors import consumer, react

REPORT, DISPATCH = new_id(), new_id()
LATER = NOON + minutes(3)


def test_a_filed_report_opens_the_case_that_its_id_leads_to() -> None:
    filed = recorded(ReportFiled(channel=Channel.OPEN311, category="theft", district="north"), entity=REPORT)
    (execution,) = react(filed, LATER)
    assert execution.command == OpenCase(
        at=LATER, report_id=REPORT, category="theft", channel=Channel.OPEN311, district="north"
    )
    assert execution.stream == f"case/{derived_id(REPORT, 'case')}"
    assert (execution.correlation_id, execution.causation_id) == (REPORT, filed.id)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (ReportWithdrawn(by=WithdrawnBy.RESIDENT, reason=WithdrawalReason.MISTAKE), CloseReason.WITHDRAWN),
        (DispatchCompleted(), CloseReason.DISPATCHED),
    ],
)
def test_a_withdrawal_and_the_end_of_a_dispatch_close_the_case(event: Event, reason: CloseReason) -> None:
    entity = DISPATCH if isinstance(event, DispatchCompleted) else REPORT
    cause = recorded(event, entity=entity, report=REPORT)
    (execution,) = react(cause, LATER)
    assert execution.command == CloseCase(at=LATER, reason=reason)
    assert execution.entity == derived_id(REPORT, "case")
    assert (execution.correlation_id, execution.causation_id) == (REPORT, cause.id)


def test_an_annotation_is_told_of_as_an_amendment() -> None:
    told = recorded(
        ReportAnnotated(annotation_id=new_id(), concerns="description", annotated_by=new_id()), entity=REPORT
    )
    (execution,) = react(told, LATER)
    assert execution.command == FollowReport(at=LATER, fields=("annotations",))


def test_an_emergency_raises_its_case() -> None:
    stopped = ReportStopped(rule_set="v1", reasons=("weapon",), priority=0, gravest=Gravest.LOWEST)
    cause = recorded(stopped, entity=REPORT)
    (execution,) = react(cause, LATER)
    assert execution.command == RaiseCase(at=LATER, priority=0, gravest=Gravest.LOWEST)
    assert execution.entity == derived_id(REPORT, "case")


def test_an_emergency_of_an_unknown_scale_raises_nothing() -> None:
    assert list(react(recorded(ReportStopped(rule_set="v1", reasons=()), entity=REPORT), LATER)) == []


def test_other_events_only_move_the_progress() -> None:
    assigned = recorded(DispatchUnitAssigned(unit_id=new_id()), entity=DISPATCH, report=REPORT)
    assert list(react(assigned, LATER)) == []
    assert [write.values for write in consumer.writes(assigned)] == [{"report": REPORT, "at": NOON}]


def test_triage_follows_no_event_of_its_own() -> None:
    assert {contract.event_name.partition(".")[0] for contract in consumer.handles} == {"report", "session", "dispatch"}


def test_the_graver_end_of_any_scale_sorts_first() -> None:
    assert gravity(0, Gravest.LOWEST) < gravity(3, Gravest.LOWEST) < UNRANKED
    assert gravity(3, Gravest.HIGHEST) < gravity(0, Gravest.HIGHEST) < UNRANKED
