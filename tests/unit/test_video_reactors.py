"""What triage's events make video do."""

from uuid import UUID

from tests.examples import NOON, minutes, recorded
from vpr_events.contracts.case import CaseClosed, CaseOpened, CaseVideoRequested, CloseReason
from vpr_events.contracts.session import EndReason
from vpr_events.contracts.values import Channel
from vpr_video.domain.commands import CreateSession, EndSession
from vpr_video.domain.session import session_id
from vpr_video.reactors import LIFETIME, consumer, react

REQUEST, CASE, REPORT, OFFICER = (UUID(int=number) for number in range(1, 5))
NOW = NOON + minutes(5)


def test_a_request_for_video_creates_its_session() -> None:
    event = recorded(
        CaseVideoRequested(request_id=REQUEST, report_id=REPORT, officer_id=OFFICER, category="theft"),
        entity=CASE,
        report=REPORT,
    )
    [execution] = react(event, NOW)
    assert execution.entity == session_id(REQUEST)
    assert (execution.correlation_id, execution.causation_id) == (REPORT, event.id)
    assert execution.command == CreateSession(
        at=NOW,
        request_id=REQUEST,
        case_id=CASE,
        report_id=REPORT,
        officer_id=OFFICER,
        expires_at=NOW + LIFETIME,
        category="theft",
    )


def test_closing_a_case_that_names_its_last_request_only_ends_that_session() -> None:
    event = recorded(CaseClosed(reason=CloseReason.RESOLVED, request_id=REQUEST), entity=CASE, report=REPORT)
    [execution] = react(event, NOW)
    assert execution.entity == session_id(REQUEST)
    assert execution.command == EndSession(at=NOW, reason=EndReason.CASE_CLOSED)
    assert (execution.correlation_id, execution.causation_id) == (REPORT, event.id)


def test_closing_a_case_ends_the_session_of_each_of_its_requests_once() -> None:
    other = UUID(int=5)
    closed = CaseClosed(reason=CloseReason.RESOLVED, request_id=REQUEST, request_ids=(other, REQUEST))
    executions = list(react(recorded(closed, entity=CASE, report=REPORT), NOW))
    assert [one.entity for one in executions] == [session_id(other), session_id(REQUEST)]
    assert {one.command for one in executions} == {EndSession(at=NOW, reason=EndReason.CASE_CLOSED)}


def test_closing_a_case_without_an_open_request_does_nothing() -> None:
    assert not list(react(recorded(CaseClosed(reason=CloseReason.RESOLVED), entity=CASE), NOW))


def test_other_events_do_nothing() -> None:
    event = recorded(CaseOpened(report_id=REPORT, category="theft", channel=Channel.WEB), entity=CASE)
    assert not list(react(event, NOW))


def test_the_durable_is_given_what_is_handled() -> None:
    appointments = [f"appointment_{name}" for name in ("booked", "cancelled", "moved")]
    cases = [f"vpr.case.{name}" for name in (*appointments, "claimed", "closed", "released", "video_requested")]
    assert consumer.subjects == [*cases, "vpr.report.personal_data_erased"]
