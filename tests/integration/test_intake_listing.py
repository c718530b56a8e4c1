"""Reading many reports, taking them back, and following what the other services do with them."""

import itertools
import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from tests.examples import NARRATIVE, NOON, PERSON, minutes, new_report, recorded
from tests.system import System
from tests.waiting import until
from vpr_events.contracts.case import CaseAssessed, CaseClaimed, CaseClosed, CaseOpened, CloseReason, Outcome
from vpr_events.contracts.dispatch import DispatchUnitAssigned, DispatchUnitCleared, DispatchUnitOnScene
from vpr_events.contracts.session import Mode, SessionConnected
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Event, Recorded, derived_id
from vpr_events.tables import events
from vpr_intake.tables import reports


async def file_many(system: System, count: int, **changes: Any) -> list[str]:
    pipeline_ids = []
    for _ in range(count):
        answer = await system["intake"].post(
            "/v1/reports", json=new_report(**changes), headers=system.as_(Role.OFFICER)
        )
        assert answer.status_code == 201, answer.text
        pipeline_ids.append(answer.json()["id"])
    return pipeline_ids


async def listed(system: System, *ids: str) -> list[dict[str, Any]]:
    """These reports in the list, which shows staff no particulars."""
    answer = await system["intake"].get("/v1/reports", params={"id": ids}, headers=system.as_(Role.OFFICER))
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def pages_of(system: System, query: str) -> list[list[dict[str, Any]]]:
    """All pages, following the links as a client would."""
    pages, url = [], f"/v1/reports{query}"
    while url:
        answer = await system["intake"].get(url, headers=system.as_(Role.OFFICER))
        assert answer.status_code == 200, answer.text
        assert NARRATIVE not in answer.text
        assert PERSON["last_name"] not in answer.text
        pages.append(answer.json())
        url = str(answer.links["next"]["url"]) if "next" in answer.links else ""
    return pages


async def test_pages_hold_every_report_once_newest_first_also_when_many_were_filed_at_once(intake: System) -> None:
    filed = await file_many(intake, 120)
    async with intake.runtime("intake").engine.begin() as connection:
        for batch in itertools.batched(filed, 50, strict=False):
            at = NOON + minutes(filed.index(batch[0]))
            await connection.execute(update(reports).where(reports.c.id.in_(batch)).values(filed_at=at))

    pages = await pages_of(intake, "?limit=20")
    assert [len(page) for page in pages] == [20] * 6
    read = [one for page in pages for one in page]
    assert sorted(one["id"] for one in read) == sorted(filed)
    order = [(datetime.fromisoformat(one["filed_at"]), UUID(one["id"])) for one in read]
    assert order == sorted(order, reverse=True)


async def test_a_report_filed_while_somebody_pages_moves_nothing(intake: System) -> None:
    before = await file_many(intake, 4)
    first = await intake["intake"].get("/v1/reports?limit=2", headers=intake.as_(Role.OFFICER))
    await file_many(intake, 2)
    second = await intake["intake"].get(first.links["next"]["url"], headers=intake.as_(Role.OFFICER))
    assert [one["id"] for one in first.json() + second.json()] == before[::-1]
    assert "next" not in second.links


async def test_pages_keep_their_filter(intake: System) -> None:
    for category in ("theft", "mischief") * 3:
        await file_many(intake, 1, category=category)
    pages = await pages_of(intake, "?limit=2&category=mischief")
    assert [[one["category"] for one in page] for page in pages] == [["mischief"] * 2, ["mischief"]]


async def test_reports_are_listed_by_their_ids(intake: System) -> None:
    first, second, _ = await file_many(intake, 3)
    assert [one["id"] for one in await listed(intake, first, second, str(uuid4()))] == [second, first]
    assert await listed(intake, str(uuid4())) == []


async def test_no_reports_are_one_empty_page(intake: System) -> None:
    assert await pages_of(intake, "") == [[]]


async def test_withdrawing_twice_is_the_same_as_once(intake: System) -> None:
    [report] = await file_many(intake, 1)

    async def withdraw(reason: str) -> dict[str, Any]:
        path = f"/v1/reports/{report}/withdrawal"
        answer = await intake["intake"].post(path, json={"reason": reason}, headers=intake.as_(Role.OFFICER))
        assert answer.status_code == 200, answer.text
        assert answer.headers["ETag"] == '"3"'
        return dict(answer.json())

    once = await withdraw("mistake")
    assert once["status"] == "withdrawn"
    assert await withdraw("resolved") == once
    async with intake.runtime("intake").reading() as connection:
        types = (await connection.execute(select(events.c.type).order_by(events.c.position))).scalars().all()
    assert types == ["report.filed.v1", "report.screened.v1", "report.withdrawn.v1"]


async def test_a_repeated_filing_is_answered_alike_and_stored_once(intake: System) -> None:
    headers = intake.as_(Role.OFFICER)
    first, again = [await intake["intake"].post("/v1/reports", json=new_report(), headers=headers) for _ in range(2)]
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert len((await pages_of(intake, ""))[0]) == 1


async def test_one_key_in_two_hands_is_two_keys(intake: System) -> None:
    key = {"Idempotency-Key": "the same"}
    for subject in (uuid4(), uuid4()):
        headers = intake.as_(Role.OFFICER, subject=subject) | key
        assert (await intake["intake"].post("/v1/reports", json=new_report(), headers=headers)).status_code == 201
    assert len((await pages_of(intake, ""))[0]) == 2


def course_of(report: UUID) -> list[Recorded]:
    """What triage, video and dispatch did, a minute apart; two units came, and the first assignment counts."""
    case, dispatch = derived_id(report, "case"), derived_id(report, "dispatch")
    officer, unit, other = uuid4(), uuid4(), uuid4()
    steps: Sequence[tuple[UUID, Event]] = [
        (case, CaseOpened(report_id=report, category="theft", channel=Channel.CLERK)),
        (case, CaseClaimed(officer_id=officer, lease_until=NOON)),
        (derived_id(report, "session"), SessionConnected(mode=Mode.VIDEO)),
        (case, CaseAssessed(assessment_id=case, report_id=report, officer_id=officer, outcome=Outcome.DISPATCH)),
        (dispatch, DispatchUnitAssigned(unit_id=unit)),
        (dispatch, DispatchUnitAssigned(unit_id=other)),
        (dispatch, DispatchUnitOnScene(unit_id=unit)),
        (dispatch, DispatchUnitOnScene(unit_id=other)),
        (dispatch, DispatchUnitCleared(unit_id=unit)),
        (dispatch, DispatchUnitCleared(unit_id=other)),
        (case, CaseClosed(reason=CloseReason.DISPATCHED)),
    ]
    return [
        recorded(event, entity=entity, report=report, at=NOON + minutes(number))
        for number, (entity, event) in enumerate(steps)
    ]


REACHED = {
    "opened_at": 0, "claimed_at": 1, "connected_at": 2, "assessed_at": 3, "dispatched_at": 4, "arrived_at": 6,
    "cleared_at": 9, "closed_at": 10,
}  # fmt: skip


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
async def test_progress_does_not_depend_on_the_order_of_arrival(intake: System, seed: int | None) -> None:
    [report] = await file_many(intake, 1)
    course = course_of(UUID(report))
    if seed is not None:
        random.Random(seed).shuffle(course)  # noqa: S311 - repeatable, not secret
    for event in course:
        await intake.servers.publish(event)

    async def shown() -> dict[str, Any]:
        [found] = await listed(intake, report)
        return found if all(found["progress"].values()) and intake.runtime("intake").inbox.handled == 11 else {}  # type: ignore[union-attr]

    found = await until(shown)
    assert found["status"] == "closed"
    times = {name: datetime.fromisoformat(when) for name, when in found["progress"].items()}
    assert times == {name: NOON + minutes(number) for name, number in REACHED.items()}


async def test_a_closed_report_that_was_withdrawn_stays_withdrawn(intake: System) -> None:
    [report] = await file_many(intake, 1)
    path = f"/v1/reports/{report}"
    await intake["intake"].post(f"{path}/withdrawal", json={"reason": "resolved"}, headers=intake.as_(Role.OFFICER))
    await intake.servers.publish(*course_of(UUID(report)))
    await intake.quiet()
    [found] = await listed(intake, report)
    assert found["status"] == "withdrawn"
    assert found["progress"]["closed_at"]
