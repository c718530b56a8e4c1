"""From filed reports to the queue, and reading it over HTTP."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.examples import NOON, minutes, recorded
from tests.system import Servers, System, starting_at
from tests.waiting import until
from vpr_events import store
from vpr_events.contracts.dispatch import DispatchUnitAssigned
from vpr_events.contracts.report import (
    ReportAttachmentAdded,
    ReportFiled,
    ReportWithdrawn,
    WithdrawalReason,
    WithdrawnBy,
)
from vpr_events.contracts.session import Mode, SessionConnected
from vpr_events.contracts.values import Channel, Gravest, Role
from vpr_events.decider import Command
from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_service.requests import cursor_of
from vpr_triage.domain.case import case, case_id
from vpr_triage.domain.commands import ClaimCase, OpenCase, PrioritiseCase

FILED = ReportFiled(channel=Channel.WEB, category="theft", district="north")


@pytest.fixture
async def triage(servers: Servers) -> AsyncIterator[System]:
    """Triage alone, at noon."""
    async with System.started(servers, ["triage"], starting_at(NOON)) as running:
        yield running


async def run(system: System, report: UUID, command: Command) -> None:
    """Run a command on a report's case, as its API or reactor would."""
    execution = Execution(decider=case, entity=case_id(report), command=command, correlation_id=report)
    await system.runtime("triage").pipeline.execute(execution)


async def open_case(
    system: System, *, at: datetime = NOON, category: str = "theft", district: str | None = None
) -> UUID:
    """Open a new report's case: its report."""
    report = new_id()
    opening = OpenCase(at=at, report_id=report, category=category, channel=Channel.WEB, district=district)
    await run(system, report, opening)
    return report


async def listed(system: System, **query: Any) -> list[UUID]:
    """The reports in the queue, in its order."""
    answer = await system["triage"].get("/v1/cases", params=query, headers=system.as_(Role.OFFICER))
    assert answer.status_code == 200, answer.text
    return [UUID(one["report_id"]) for one in answer.json()]


async def closed(system: System, report: UUID) -> dict[str, Any]:
    """The report's case, once it is closed."""
    officer = system.as_(Role.OFFICER)

    async def answer() -> dict[str, Any] | None:
        read = await system["triage"].get(f"/v1/cases/{case_id(report)}", headers=officer)
        return read.json() if read.status_code == 200 and read.json()["status"] == "closed" else None

    found = await until(answer)
    assert found
    return found


async def test_a_filed_report_becomes_an_open_case(triage: System) -> None:
    filed = recorded(FILED, entity=new_id())
    await triage.servers.publish(filed)
    officer, address = triage.as_(Role.OFFICER), f"/v1/cases/{case_id(filed.entity_id)}"

    async def answer() -> httpx.Response | None:
        read = await triage["triage"].get(address, headers=officer)
        return read if read.status_code == 200 else None

    read = await until(answer)
    assert read
    assert read.headers["Cache-Control"] == "no-store"
    assert read.headers["ETag"] == '"1"'
    found = read.json()
    assert (found["report_id"], found["status"], found["holder"]) == (str(filed.entity_id), "open", None)
    assert (found["category"], found["channel"], found["district"]) == ("theft", "web", "north")
    await triage.quiet()


async def test_what_a_foreign_event_causes_names_its_report_and_its_cause(triage: System) -> None:
    filed = recorded(FILED, entity=new_id())
    withdrawn = recorded(
        ReportWithdrawn(by=WithdrawnBy.RESIDENT, reason=WithdrawalReason.MISTAKE), entity=filed.entity_id, after=filed
    )
    await triage.servers.publish(filed, withdrawn)
    assert (await closed(triage, filed.entity_id))["close_reason"] == "withdrawn"

    stream = f"case/{case_id(filed.entity_id)}"
    async with triage.runtime("triage").reading() as connection:
        events = (await store.load(connection, [stream]))[stream]
    assert [event.type for event in events] == ["case.opened.v1", "case.closed.v1"]
    assert {event.correlation_id for event in events} == {filed.entity_id}
    assert [event.causation_id for event in events] == [filed.id, withdrawn.id]


async def test_a_withdrawal_waits_for_the_report_it_withdraws(triage: System) -> None:
    filed = recorded(FILED, entity=new_id())
    withdrawn = recorded(
        ReportWithdrawn(by=WithdrawnBy.CLERK, reason=WithdrawalReason.DUPLICATE),
        entity=filed.entity_id,
        after=filed,
        at=NOON + minutes(1),
    )
    await triage.servers.publish(withdrawn, filed)
    assert (await closed(triage, filed.entity_id))["close_reason"] == "withdrawn"
    await triage.quiet()


async def test_a_case_shows_how_far_video_and_dispatch_are(triage: System) -> None:
    report = await open_case(triage)
    await triage.servers.publish(
        recorded(SessionConnected(mode=Mode.VIDEO), entity=new_id(), report=report, at=NOON + minutes(4)),
        recorded(DispatchUnitAssigned(unit_id=new_id()), entity=new_id(), report=report, at=NOON + minutes(9)),
    )
    officer = triage.as_(Role.OFFICER)

    async def progress() -> dict[str, Any] | None:
        read = await triage["triage"].get(f"/v1/cases/{case_id(report)}", headers=officer)
        found: dict[str, Any] = read.json()["progress"]
        return found if found["dispatched_at"] else None

    found = await until(progress)
    assert found
    assert {name: at for name, at in found.items() if at} == {
        "session_connected_at": "2026-05-04T12:04:00Z",
        "dispatched_at": "2026-05-04T12:09:00Z",
    }


async def test_the_queue_gives_the_gravest_first_then_the_oldest(triage: System) -> None:
    late, early = await open_case(triage, at=NOON + minutes(9)), await open_case(triage)
    minor, grave = await open_case(triage), await open_case(triage, at=NOON + minutes(30))
    await run(triage, minor, PrioritiseCase(at=NOON, priority=3, gravest=Gravest.LOWEST))
    await run(triage, grave, PrioritiseCase(at=NOON, priority=0, gravest=Gravest.LOWEST))
    assert await listed(triage) == [grave, minor, early, late]


async def test_the_queue_knows_scales_that_grow_with_gravity(triage: System) -> None:
    minor, grave = await open_case(triage), await open_case(triage)
    await run(triage, minor, PrioritiseCase(at=NOON, priority=0, gravest=Gravest.HIGHEST))
    await run(triage, grave, PrioritiseCase(at=NOON, priority=3, gravest=Gravest.HIGHEST))
    assert await listed(triage) == [grave, minor]


async def test_pages_lead_through_the_whole_queue_once(triage: System) -> None:
    reports = [await open_case(triage, at=NOON + minutes(number // 2)) for number in range(5)]
    seen: list[str] = []
    address: str | None = "/v1/cases?limit=2"
    officer = triage.as_(Role.OFFICER)
    while address:
        answer = await triage["triage"].get(address, headers=officer)
        seen += [one["report_id"] for one in answer.json()]
        address = answer.links.get("next", {}).get("url")
    assert len(seen) == len(reports)
    assert set(seen) == {str(report) for report in reports}


async def test_the_queue_can_be_narrowed(triage: System) -> None:
    theft = await open_case(triage, category="theft", district="north")
    fraud = await open_case(triage, category="fraud_phone", district="south")
    threats = await open_case(triage, category="threats", at=NOON + minutes(1))
    assert await listed(triage, category="theft") == [theft]
    assert await listed(triage, category=["fraud_phone", "threats"]) == [fraud, threats]
    assert await listed(triage, district="south") == [fraud]
    assert await listed(triage, district="south", category="theft") == []


async def test_the_queue_shows_open_cases_unless_asked_for_others(triage: System) -> None:
    me = new_id()
    waiting, mine, others = await open_case(triage), await open_case(triage), await open_case(triage)
    now = triage.runtime("triage").now()
    await run(triage, mine, ClaimCase(at=now, officer_id=me))
    await run(triage, others, ClaimCase(at=now, officer_id=new_id()))
    assert await listed(triage) == [waiting]
    assert set(await listed(triage, status="claimed")) == {mine, others}
    assert set(await listed(triage, status=["open", "claimed"])) == {waiting, mine, others}

    headers = triage.as_(Role.OFFICER, subject=me)
    held = await triage["triage"].get("/v1/cases?holder=me", headers=headers)
    assert [one["report_id"] for one in held.json()] == [str(mine)]


async def test_a_case_whose_lease_ended_is_open_again(triage: System) -> None:
    report = await open_case(triage)
    await run(triage, report, ClaimCase(at=triage.runtime("triage").now() - minutes(30), officer_id=new_id()))

    async def is_open() -> bool:
        return await listed(triage) == [report]

    await until(is_open)
    assert await listed(triage, status="claimed") == []
    read = (await triage["triage"].get(f"/v1/cases/{case_id(report)}", headers=triage.as_(Role.OFFICER))).json()
    assert (read["status"], read["holder"], read["lease_until"]) == ("open", None, None)


WRONG_QUESTIONS: list[tuple[dict[str, Any], str]] = [
    ({"status": "lost"}, "status.0"),
    ({"holder": str(UUID(int=1))}, "holder"),
    ({"categry": "theft"}, "categry"),
    ({"district": "\0"}, "district.0"),
    ({"limit": 0}, "limit"),
    ({"cursor": "nonsense"}, "cursor"),
    ({"cursor": cursor_of()}, "cursor"),
    ({"cursor": cursor_of(1, 2, 3)}, "cursor"),
    ({"cursor": cursor_of(1, "today", str(UUID(int=1)))}, "cursor"),
    ({"cursor": cursor_of(1, "2026-05-04T12:00:00", str(UUID(int=1)))}, "cursor"),
    ({"cursor": cursor_of(2**40, NOON.isoformat(), str(UUID(int=1)))}, "cursor"),
]


async def test_a_wrong_question_names_its_field(triage: System) -> None:
    for query, field in WRONG_QUESTIONS:
        answer = await triage["triage"].get("/v1/cases", params=query, headers=triage.as_(Role.OFFICER))
        assert answer.status_code == 422, (query, answer.text)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_staff_may_read_cases_but_not_analysts(triage: System) -> None:
    report = await open_case(triage)
    for address in ("/v1/cases", f"/v1/cases/{case_id(report)}"):
        for role in Role:
            allowed = role not in {Role.ANALYST, Role.SERVICE}
            answer = await triage["triage"].get(address, headers=triage.as_(role))
            assert answer.status_code == (200 if allowed else 403), (role, answer.text)
        assert (await triage["triage"].get(address)).status_code == 401


async def test_a_case_that_does_not_exist_is_not_found(triage: System) -> None:
    answer = await triage["triage"].get(f"/v1/cases/{new_id()}", headers=triage.as_(Role.OFFICER))
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:vpr:problem:no_such_case")


async def test_a_case_counts_the_files_of_its_report_whenever_they_are_told(servers: Servers, triage: System) -> None:
    report = new_id()
    files = [
        recorded(
            ReportAttachmentAdded(attachment_id=new_id(), media_type="image/jpeg", size=1, sha256="0" * 64),
            entity=report,
        )
        for _ in range(2)
    ]
    again = recorded(files[0].data, entity=report)
    await servers.publish(files[0], recorded(FILED, entity=report), files[1], again)

    async def count() -> list[int]:
        answer = await triage["triage"].get("/v1/cases", headers=triage.as_(Role.OFFICER))
        return [one["attachments"] for one in answer.json() if one["attachments"] == 2]

    assert await until(count) == [2]
    await triage.quiet()
    assert await count() == [2]
