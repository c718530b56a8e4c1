"""A case: what each command leads to, when it is refused, and that repeating it changes nothing."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.examples import NOON, minutes
from vpr_events.contracts.case import (
    CaseAssessed,
    CaseClaimed,
    CaseClosed,
    CaseDuplicateLinked,
    CaseEscalated,
    CaseOpened,
    CasePrioritised,
    CaseReleased,
    CaseReportAmended,
    CaseTargetMissed,
    CaseVideoRequested,
    CloseReason,
    Outcome,
    ReleaseReason,
)
from vpr_events.contracts.values import Capability, Channel, Gravest, Role
from vpr_events.decider import Command, Invalid, TimerFired, Timers
from vpr_events.event import Event, new_id
from vpr_events.testing import given
from vpr_triage.domain.case import LEASE, case, case_id
from vpr_triage.domain.commands import (
    AssessCase,
    ClaimCase,
    CloseCase,
    FollowReport,
    LinkDuplicate,
    OpenCase,
    PrioritiseCase,
    RaiseCase,
    ReleaseCase,
    RequestVideo,
    StandAsOriginal,
)
from vpr_triage.domain.waiting import CLAIM_TARGET, UNCLAIMED_EVERY, UNCLOSED_EVERY

REPORT, REQUEST, ASSESSMENT, MINE, OTHERS = (new_id() for _ in range(5))

OPENED = CaseOpened(report_id=REPORT, category="theft", channel=Channel.WEB, district="north")
CLAIMED = CaseClaimed(officer_id=MINE, lease_until=NOON + LEASE)
RELEASED = CaseReleased(officer_id=MINE, reason=ReleaseReason.RELEASED)
REQUESTED = CaseVideoRequested(request_id=REQUEST, report_id=REPORT, officer_id=MINE, category="theft")
CLOSED = CaseClosed(reason=CloseReason.RESOLVED, officer_id=MINE)
EXPIRED = CaseReleased(officer_id=MINE, reason=ReleaseReason.LEASE_EXPIRED)
UNCLAIMED = CaseEscalated(reason="unclaimed", to=Role.SUPERVISOR)
UNCLOSED = CaseEscalated(reason="unclosed", to=Role.SUPERVISOR)
HELD = (OPENED, CLAIMED)


def assessed(outcome: Outcome = Outcome.RESOLVED, **changes: Any) -> CaseAssessed:
    values: dict[str, Any] = {"assessment_id": ASSESSMENT, "report_id": REPORT, "officer_id": MINE, "district": "north"}
    return CaseAssessed(outcome=outcome, **values | changes)


def assess(outcome: Outcome = Outcome.RESOLVED, **changes: Any) -> AssessCase:
    values: dict[str, Any] = {"at": NOON, "assessment_id": ASSESSMENT, "officer_id": MINE, "outcome": outcome}
    return AssessCase(**values | changes)


FOR_DISPATCH = assessed(Outcome.DISPATCH, capabilities=(Capability.PATROL,))

OPEN = OpenCase(at=NOON, report_id=REPORT, category="theft", channel=Channel.WEB, district="north")
PRIORITISE = PrioritiseCase(at=NOON, priority=2, gravest=Gravest.LOWEST)
CLAIM = ClaimCase(at=NOON, officer_id=MINE)
RELEASE = ReleaseCase(at=NOON, officer_id=MINE)
REQUEST_VIDEO = RequestVideo(at=NOON, officer_id=MINE, request_id=REQUEST)
CLOSE = CloseCase(at=NOON, officer_id=MINE)
WITHDRAW = CloseCase(at=NOON, reason=CloseReason.WITHDRAWN)
COMPLETE = CloseCase(at=NOON, reason=CloseReason.DISPATCHED)


ORIGINAL = UUID(int=77)
LINK = LinkDuplicate(at=NOON, case_id=case_id(REPORT), officer_id=MINE, original_case_id=ORIGINAL)
STAND = StandAsOriginal(at=NOON, duplicate_case_id=ORIGINAL)
LINKED = (CaseDuplicateLinked(original_case_id=ORIGINAL), CaseClosed(reason=CloseReason.DUPLICATE, officer_id=MINE))


def fire(name: str, due_at: datetime) -> TimerFired:
    return TimerFired(at=due_at + minutes(1), name=name, due_at=due_at)


def waits_for(*past: Event) -> Timers:
    return case.timers(case.fold(past))


def field_of(command: Command, *past: Event) -> str:
    refusal = given(case, *past).when(command).refusal
    assert isinstance(refusal, Invalid)
    return refusal.field


def test_a_filed_report_opens_a_case() -> None:
    given(case).when(OPEN).then(OPENED)


@pytest.mark.parametrize("past", [(OPENED,), HELD, (OPENED, CLOSED)])
def test_a_case_is_opened_once(past: tuple[Event, ...]) -> None:
    given(case, *past).when(OPEN).then()


def test_a_case_follows_its_reports_amendment_until_it_is_closed() -> None:
    follow = FollowReport(at=NOON, fields=("category",), category="mischief")
    given(case, *HELD).when(follow).then(CaseReportAmended(fields=("category",), category="mischief"))
    given(case, *HELD, assessed(), CLOSED).when(follow).then()


def test_an_assessment_takes_the_amended_district() -> None:
    amended = CaseReportAmended(fields=("district",), district="south")
    given(case, *HELD, amended).when(assess()).then(assessed(district="south"))


PRIORITISED = CasePrioritised(priority=2, gravest=Gravest.LOWEST)


@pytest.mark.parametrize("officer", [None, MINE])
def test_a_claimed_case_is_prioritised_by_its_holder_or_from_above(officer: UUID | None) -> None:
    given(case, *HELD).when(replace(PRIORITISE, officer_id=officer)).then(PRIORITISED)


RAISE = RaiseCase(at=NOON, priority=0, gravest=Gravest.LOWEST)
RAISED = CasePrioritised(priority=0, gravest=Gravest.LOWEST)


@pytest.mark.parametrize("past", [(OPENED,), HELD, (OPENED, PRIORITISED)])
def test_an_emergency_raises_a_case_whoever_holds_it(past: tuple[Event, ...]) -> None:
    given(case, *past).when(RAISE).then(RAISED)


@pytest.mark.parametrize("past", [(OPENED, RAISED), (OPENED, CLOSED)])
def test_a_case_that_is_at_the_top_or_closed_is_not_raised(past: tuple[Event, ...]) -> None:
    given(case, *past).when(RAISE).then()


def test_a_case_that_is_none_is_not_raised() -> None:
    given(case).when(RAISE).then_refused("no_such_case")


def test_a_case_of_another_officer_is_not_prioritised() -> None:
    given(case, *HELD).when(replace(PRIORITISE, officer_id=OTHERS)).then_refused("claimed_by_another")


def test_an_unclaimed_case_is_prioritised_by_any_officer() -> None:
    given(case, OPENED).when(replace(PRIORITISE, officer_id=OTHERS)).then(PRIORITISED)


@pytest.mark.parametrize("command", [PRIORITISE, CLAIM, RELEASE, REQUEST_VIDEO, assess(), CLOSE, WITHDRAW, COMPLETE])
def test_a_case_that_was_never_opened_is_unknown(command: Command) -> None:
    given(case).when(command).then_refused("no_such_case")


@pytest.mark.parametrize("command", [PRIORITISE, CLAIM, RELEASE, REQUEST_VIDEO, assess()])
def test_a_closed_case_refuses_all_work(command: Command) -> None:
    given(case, *HELD, assessed(), CLOSED).when(command).then_refused("case_closed")


@pytest.mark.parametrize("command", [CLOSE, WITHDRAW, COMPLETE, CloseCase(at=NOON, officer_id=OTHERS)])
def test_a_closed_case_is_not_closed_again(command: Command) -> None:
    given(case, *HELD, assessed(), CLOSED).when(command).then()


def test_a_command_of_something_else_is_a_programming_error() -> None:
    with pytest.raises(TypeError):
        given(case, OPENED).when(Command(at=NOON))


def test_a_priority_is_set_with_its_direction() -> None:
    given(case, OPENED).when(PRIORITISE).then(CasePrioritised(priority=2, gravest=Gravest.LOWEST))


def test_the_same_priority_again_changes_nothing() -> None:
    given(case, OPENED, CasePrioritised(priority=2, gravest=Gravest.LOWEST)).when(PRIORITISE).then()


def test_the_same_number_on_another_scale_is_another_priority() -> None:
    turned = CasePrioritised(priority=2, gravest=Gravest.HIGHEST)
    given(case, OPENED, turned).when(PRIORITISE).then(CasePrioritised(priority=2, gravest=Gravest.LOWEST))


def test_an_open_case_can_be_claimed_for_a_lease() -> None:
    given(case, OPENED).when(CLAIM).then(CLAIMED)


def test_the_holders_second_claim_changes_nothing() -> None:
    given(case, *HELD).when(ClaimCase(at=NOON + minutes(1), officer_id=MINE)).then()


@pytest.mark.parametrize("late", [minutes(0), LEASE, 2 * LEASE])
def test_a_held_case_rejects_another_officers_claim_whatever_the_clock_says(late: timedelta) -> None:
    given(case, *HELD).when(ClaimCase(at=NOON + late, officer_id=OTHERS)).then_refused("claimed_by_another")


@pytest.mark.parametrize("due_at", [NOON + LEASE, NOON + 3 * LEASE])
def test_a_lease_that_ended_releases_the_case(due_at: datetime) -> None:
    given(case, *HELD).when(fire("lease", due_at)).then(EXPIRED)


@pytest.mark.parametrize("past", [(OPENED,), (*HELD, RELEASED), (*HELD, EXPIRED), (*HELD, assessed(), CLOSED)])
def test_a_lease_of_a_claim_that_ended_otherwise_changes_nothing(past: tuple[Event, ...]) -> None:
    given(case, *past).when(fire("lease", NOON + LEASE)).then()


def test_a_lease_of_an_earlier_claim_does_not_end_the_next_one() -> None:
    later = CaseClaimed(officer_id=OTHERS, lease_until=NOON + 2 * LEASE)
    given(case, *HELD, RELEASED, later).when(fire("lease", NOON + LEASE)).then()


def test_an_unclaimed_case_misses_its_target_once_and_is_then_escalated() -> None:
    due_at = NOON + CLAIM_TARGET
    missed = CaseTargetMissed(target="claim", due_at=due_at)
    assert waits_for(OPENED) == {"claim_target": CLAIM_TARGET}
    given(case, OPENED).when(fire("claim_target", due_at)).then(missed)
    assert waits_for(OPENED, missed) == {"reminder-1": UNCLAIMED_EVERY}
    given(case, OPENED, missed).when(fire("reminder-1", due_at)).then(UNCLAIMED)
    assert waits_for(OPENED, missed, UNCLAIMED) == {"reminder-2": UNCLAIMED_EVERY}


def test_a_case_that_came_back_to_the_queue_has_met_its_target_but_is_not_forgotten() -> None:
    assert waits_for(*HELD) == {"lease": NOON + LEASE}
    assert waits_for(*HELD, RELEASED) == {"reminder-1": UNCLAIMED_EVERY}


@pytest.mark.parametrize("assessment", [assessed(), FOR_DISPATCH])
def test_an_assessed_case_that_is_not_closed_is_escalated_every_week(assessment: CaseAssessed) -> None:
    assert waits_for(*HELD, assessment) == {"lease": NOON + LEASE, "reminder-1": UNCLOSED_EVERY}
    given(case, *HELD, assessment).when(fire("reminder-1", NOON + UNCLOSED_EVERY)).then(UNCLOSED)
    assert waits_for(*HELD, assessment, UNCLOSED, EXPIRED) == {"reminder-2": UNCLOSED_EVERY}


@pytest.mark.parametrize("past", [HELD, (*HELD, assessed(), CLOSED), (OPENED, UNCLAIMED)])
def test_a_reminder_that_is_out_of_date_changes_nothing(past: tuple[Event, ...]) -> None:
    given(case, *past).when(fire("reminder-1", NOON)).then()


@pytest.mark.parametrize("past", [(), (*HELD, assessed(), CLOSED), (OPENED, CLOSED)])
def test_nothing_is_awaited_before_the_start_and_after_the_end(past: tuple[Event, ...]) -> None:
    assert waits_for(*past) == {}


def test_the_holder_releases_the_case() -> None:
    given(case, *HELD).when(RELEASE).then(RELEASED)


def test_releasing_again_changes_nothing() -> None:
    given(case, *HELD, RELEASED).when(RELEASE).then()


@pytest.mark.parametrize("past", [(OPENED,), HELD, (*HELD, RELEASED)])
def test_nobody_releases_what_another_holds_or_held(past: tuple[Event, ...]) -> None:
    given(case, *past).when(ReleaseCase(at=NOON, officer_id=OTHERS)).then_refused("not_holder")


def test_a_release_does_not_end_the_next_officers_claim() -> None:
    taken = CaseClaimed(officer_id=OTHERS, lease_until=NOON + LEASE)
    given(case, *HELD, RELEASED, taken).when(RELEASE).then_refused("not_holder")


def test_the_holder_requests_video() -> None:
    given(case, *HELD).when(REQUEST_VIDEO).then(REQUESTED)


def test_the_same_video_request_again_changes_nothing() -> None:
    given(case, *HELD, REQUESTED, RELEASED).when(REQUEST_VIDEO).then()


@pytest.mark.parametrize("past", [(OPENED,), (*HELD, RELEASED)])
def test_only_the_holder_requests_video(past: tuple[Event, ...]) -> None:
    given(case, *past).when(REQUEST_VIDEO).then_refused("not_holder")


def test_a_holder_stays_the_holder_until_the_lease_is_ended_by_its_event() -> None:
    late = RequestVideo(at=NOON + 2 * LEASE, officer_id=MINE, request_id=REQUEST)
    given(case, *HELD).when(late).then(REQUESTED)


def test_the_holder_assesses_with_the_cases_own_district_and_priority() -> None:
    given(case, *HELD, PRIORITISED).when(assess()).then(assessed(priority=2, gravest=Gravest.LOWEST))


def test_an_assessment_may_set_its_own_district_and_priority() -> None:
    own: dict[str, Any] = {"priority": 3, "gravest": Gravest.HIGHEST, "district": "south"}
    given(case, *HELD, PRIORITISED).when(assess(**own)).then(assessed(**own))


def test_a_dispatch_names_each_capability_once() -> None:
    twice = (Capability.PATROL, Capability.FORENSIC, Capability.PATROL)
    expected = assessed(Outcome.DISPATCH, capabilities=(Capability.FORENSIC, Capability.PATROL))
    given(case, *HELD).when(assess(Outcome.DISPATCH, capabilities=twice)).then(expected)


@pytest.mark.parametrize(("suggested", "overridden"), [(Outcome.RESOLVED, False), (Outcome.DISPATCH, True)])
def test_an_assessment_tells_whether_it_overrides_the_rule(suggested: Outcome, overridden: bool) -> None:
    expected = assessed(suggested=suggested, overridden=overridden)
    given(case, *HELD).when(assess(suggested=suggested)).then(expected)


def test_a_dispatch_needs_a_capability() -> None:
    assert field_of(assess(Outcome.DISPATCH), *HELD) == "capabilities"


def test_only_a_dispatch_has_capabilities() -> None:
    assert field_of(assess(capabilities=(Capability.K9,)), *HELD) == "capabilities"


@pytest.mark.parametrize("half", [{"priority": 1}, {"gravest": Gravest.LOWEST}])
def test_priority_and_direction_come_together(half: dict[str, Any]) -> None:
    assert field_of(assess(**half), *HELD) == "gravest"


def test_the_same_assessment_again_changes_nothing() -> None:
    given(case, *HELD, assessed()).when(assess(assessment_id=new_id())).then()


def test_the_same_assessment_after_a_new_priority_still_changes_nothing() -> None:
    given(case, *HELD, assessed(), PRIORITISED).when(assess()).then()


@pytest.mark.parametrize("other", [{"outcome": Outcome.REFERRED}, {"officer_id": OTHERS}, {"district": "south"}])
def test_an_assessed_case_rejects_a_different_assessment(other: dict[str, Any]) -> None:
    given(case, *HELD, assessed()).when(assess(**other)).then_refused("already_assessed")


def test_only_the_holder_assesses() -> None:
    given(case, *HELD).when(assess(officer_id=OTHERS)).then_refused("not_holder")


@pytest.mark.parametrize("outcome", [Outcome.RESOLVED, Outcome.REFERRED, Outcome.NO_FURTHER_ACTION])
def test_an_assessed_case_is_closed_for_the_reason_of_its_outcome(outcome: Outcome) -> None:
    expected = CaseClosed(reason=CloseReason(outcome.value), officer_id=MINE, outcome=outcome)
    given(case, *HELD, assessed(outcome)).when(CLOSE).then(expected)


def test_a_closed_case_names_its_video_requests() -> None:
    last = new_id()
    again = REQUESTED.model_copy(update={"request_id": last})
    expected = CaseClosed(reason=CloseReason.WITHDRAWN, request_id=last, request_ids=(REQUEST, last))
    given(case, *HELD, REQUESTED, again).when(WITHDRAW).then(expected)


def test_a_case_without_assessment_is_not_closed_by_an_officer() -> None:
    given(case, *HELD).when(CLOSE).then_refused("not_assessed")


def test_only_the_holder_closes() -> None:
    given(case, *HELD, assessed(), RELEASED).when(CLOSE).then_refused("not_holder")


@pytest.mark.parametrize("reason", [CloseReason.REFERRED, CloseReason.WITHDRAWN, CloseReason.NO_SHOW])
def test_an_officer_gives_no_other_reason_than_the_assessments(reason: CloseReason) -> None:
    assert field_of(CloseCase(at=NOON, officer_id=MINE, reason=reason), *HELD, assessed()) == "reason"


def test_a_case_that_waits_for_a_dispatch_is_not_closed_by_an_officer() -> None:
    given(case, *HELD, FOR_DISPATCH).when(CLOSE).then_refused("waits_for_dispatch")


def test_a_completed_dispatch_closes_its_case() -> None:
    given(case, *HELD, FOR_DISPATCH).when(COMPLETE).then(
        CaseClosed(reason=CloseReason.DISPATCHED, outcome=Outcome.DISPATCH)
    )


@pytest.mark.parametrize("past", [HELD, (*HELD, assessed())])
def test_a_dispatch_that_no_assessment_asked_for_closes_nothing(past: tuple[Event, ...]) -> None:
    given(case, *past).when(COMPLETE).then_refused("not_assessed")


@pytest.mark.parametrize("past", [(OPENED,), HELD, (*HELD, FOR_DISPATCH)])
def test_a_withdrawn_report_closes_its_case_at_any_time(past: tuple[Event, ...]) -> None:
    outcome = Outcome.DISPATCH if FOR_DISPATCH in past else None
    given(case, *past).when(WITHDRAW).then(CaseClosed(reason=CloseReason.WITHDRAWN, outcome=outcome))


@pytest.mark.parametrize("reason", [None, CloseReason.RESOLVED, CloseReason.NO_SHOW])
def test_without_an_officer_a_case_ends_only_by_dispatch_or_withdrawal(reason: CloseReason | None) -> None:
    assert field_of(CloseCase(at=NOON, reason=reason), *HELD, assessed()) == "reason"


def test_the_holder_links_a_case_to_its_original_which_ends_it() -> None:
    given(case, *HELD).when(LINK).then(*LINKED)


def test_linking_again_changes_nothing() -> None:
    given(case, *HELD, *LINKED).when(LINK).then()


@pytest.mark.parametrize(
    ("past", "code"),
    [((OPENED,), "not_holder"), ((*HELD, assessed()), "already_assessed"), ((*HELD, CLOSED), "case_closed")],
)
def test_what_is_not_held_was_assessed_or_is_over_is_not_linked(past: tuple[Event, ...], code: str) -> None:
    given(case, *past).when(LINK).then_refused(code)


def test_a_case_is_no_duplicate_of_itself() -> None:
    assert field_of(replace(LINK, original_case_id=LINK.case_id), *HELD) == "original_case_id"


@pytest.mark.parametrize("past", [(OPENED,), HELD, (*HELD, assessed(), CLOSED)])
def test_any_case_stands_as_an_original_even_one_that_is_over(past: tuple[Event, ...]) -> None:
    given(case, *past).when(STAND).then()


def test_a_duplicate_is_no_original_so_that_there_is_no_ring() -> None:
    given(case, *HELD, *LINKED).when(STAND).then_refused("original_is_duplicate")
