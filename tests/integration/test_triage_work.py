"""What officers do with a case over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import func, select

from tests.examples import NOON
from tests.integration.test_triage_cases import open_case, run
from tests.system import Servers, System, starting_at
from vpr_events.contracts.case import CloseReason
from vpr_events.contracts.values import Role
from vpr_events.event import new_id
from vpr_events.tables import events
from vpr_triage.domain.case import case_id
from vpr_triage.domain.commands import CloseCase
from vpr_triage.tables import cases, notes

OFFICERS, CASES = 50, 20
RESOLVED = {"outcome": "resolved"}
DISPATCH = {"outcome": "dispatch", "capabilities": ["patrol"], "priority": 1, "gravest": "lowest"}
NOTE = "The greenhouse door was left ajar."
PRIORITY = {"priority": 2, "gravest": "lowest"}
EARLY, CHOSEN, LATER = ((NOON + timedelta(hours=hours)).isoformat() for hours in (1, 3, 5))
APPOINTMENT = {"starts_at": CHOSEN, "earliest_at": EARLY, "zone": "America/Winnipeg"}
CANCELLATION = {"reason": "resident_unavailable"}

STEPS: dict[str, Any] = {
    "claim": None,
    "release": None,
    "priority": PRIORITY,
    "video-requests": None,
    "appointment": APPOINTMENT,
    "appointment/cancellation": CANCELLATION,
    "assessment": RESOLVED,
    "close": None,
}
"""Everything that can be done with a case, with a body that is accepted."""


@pytest.fixture
async def triage(servers: Servers) -> AsyncIterator[System]:
    """Triage alone, at noon."""
    async with System.started(servers, ["triage"], starting_at(NOON)) as running:
        yield running


class Desk:
    """An officer at one case."""

    def __init__(self, system: System, case: UUID, *roles: Role, officer: UUID | None = None) -> None:
        self.system, self.case, self.id = system, case, officer or new_id()
        self.roles = roles or (Role.OFFICER,)

    async def __call__(self, step: str, body: Any = None, **headers: str) -> httpx.Response:
        """Do this step; the Idempotency-Key is a new one unless given (empty: none)."""
        sent = self.system.as_(*self.roles, subject=self.id) | {k.replace("_", "-"): v for k, v in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        return await self.system["triage"].post(f"/v1/cases/{self.case}/{step}", json=body, headers=sent)

    async def reads(self) -> dict[str, Any]:
        """The case as it stands."""
        headers = self.system.as_(Role.OFFICER, subject=self.id)
        found: dict[str, Any] = (await self.system["triage"].get(f"/v1/cases/{self.case}", headers=headers)).json()
        return found


@pytest.fixture
async def desk(triage: System) -> Desk:
    """An officer at a new case."""
    return Desk(triage, case_id(await open_case(triage)))


@pytest.fixture
async def holder(desk: Desk) -> Desk:
    """An officer who holds a new case."""
    assert (await desk("claim")).status_code == 200
    return desk


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].removeprefix("urn:vpr:problem:")


async def test_a_claimed_case_names_its_holder(desk: Desk) -> None:
    claimed = await desk("claim")
    assert claimed.status_code == 200, claimed.text
    assert (claimed.json()["status"], claimed.json()["holder"]) == ("claimed", str(desk.id))
    assert claimed.json()["lease_until"] > claimed.json()["claimed_at"]
    assert claimed.headers["ETag"] == '"2"'
    again = (await desk("claim")).json()
    assert again["lease_until"] > claimed.json()["lease_until"]
    assert again | {"lease_until": None} == claimed.json() | {"lease_until": None}


async def test_a_held_case_rejects_another_officer(holder: Desk) -> None:
    other = Desk(holder.system, holder.case)
    assert problem(await other("claim")) == (409, "claimed_by_another")
    for step in ("release", "video-requests", "appointment", "appointment/cancellation", "assessment", "close"):
        assert problem(await other(step, STEPS[step])) == (409, "not_holder")


async def test_a_released_case_is_open_for_others(holder: Desk) -> None:
    released = (await holder("release")).json()
    assert (released["status"], released["holder"], released["lease_until"]) == ("open", None, None)
    assert (await holder("release")).json() == released
    other = Desk(holder.system, holder.case)
    taken = (await other("claim")).json()
    assert (taken["holder"], taken["claimed_at"]) == (str(other.id), released["claimed_at"])


async def test_a_video_request_is_made_once_a_key(holder: Desk) -> None:
    first, again = [await holder("video-requests", Idempotency_Key="one") for _ in range(2)]
    assert first.status_code == again.status_code == 201, first.text
    assert first.json() == again.json()
    second = await holder("video-requests")
    assert second.json()["request_id"] != first.json()["request_id"]
    assert (await holder.reads())["request_id"] == second.json()["request_id"]


async def test_a_create_needs_an_idempotency_key(holder: Desk) -> None:
    for step in ("video-requests", "assessment"):
        assert problem(await holder(step, STEPS[step], Idempotency_Key="")) == (400, "idempotency_key_missing")


async def test_an_assessment_is_made_once(holder: Desk) -> None:
    first, again = [await holder("assessment", DISPATCH, Idempotency_Key="one") for _ in range(2)]
    alike = await holder("assessment", DISPATCH)
    assert {first.status_code, again.status_code, alike.status_code} == {201}, first.text
    assert first.json() == again.json() == alike.json()
    assert problem(await holder("assessment", RESOLVED)) == (409, "already_assessed")
    assert problem(await holder("assessment", RESOLVED, Idempotency_Key="one")) == (422, "idempotency_key_reused")
    found = await holder.reads()
    assert (found["status"], found["outcome"], found["assessed_by"]) == ("assessed", "dispatch", str(holder.id))


async def test_what_an_assessment_says_of_its_case_is_shown_on_it(holder: Desk) -> None:
    said = {"priority": 2, "gravest": "lowest", "district": "D1"}
    assert (await holder("assessment", DISPATCH | said)).status_code == 201
    found = await holder.reads()
    assert {name: found[name] for name in said} == said


WRONG_BODIES: list[tuple[str, dict[str, Any], str]] = [
    ("assessment", {"outcome": "dispatch"}, "capabilities"),
    ("assessment", RESOLVED | {"capabilities": ["k9"]}, "capabilities"),
    ("assessment", RESOLVED | {"priority": 1}, "gravest"),
    ("assessment", RESOLVED | {"note": "\0"}, "note"),
    ("assessment", RESOLVED | {"district": "somewhere nice"}, "district"),
    ("assessment", RESOLVED | {"officer_id": str(UUID(int=1))}, "officer_id"),
    ("assessment", {}, "outcome"),
    ("priority", {"priority": 2**40, "gravest": "lowest"}, "priority"),
    ("priority", {"priority": 1}, "gravest"),
    ("claim", {"officer_id": str(UUID(int=1))}, "officer_id"),
    ("close", {"reason": "bored"}, "reason"),
]


async def test_a_wrong_body_names_its_field(holder: Desk) -> None:
    for step, body, field in WRONG_BODIES:
        answer = await holder(step, body)
        assert problem(answer) == (422, "invalid"), (step, body, answer.text)
        assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert (await holder.reads())["version"] == 2


async def test_a_note_is_kept_apart_from_the_events(holder: Desk) -> None:
    assert (await holder("assessment", RESOLVED | {"note": NOTE})).status_code == 201
    async with holder.system.runtime("triage").reading() as connection:
        kept = (await connection.execute(select(notes))).mappings().all()
        bodies = (await connection.execute(select(events.c.body))).scalars().all()
    assert [(one["case_id"], one["officer_id"], one["text"]) for one in kept] == [(holder.case, holder.id, NOTE)]
    assert not [body for body in bodies if b"greenhouse" in body]
    assert problem(await holder("assessment", RESOLVED | {"note": "And the gate."})) == (409, "already_assessed")


async def test_an_assessed_case_is_closed_for_the_outcomes_reason(holder: Desk) -> None:
    assert problem(await holder("close")) == (409, "not_assessed")
    request = (await holder("video-requests")).json()["request_id"]
    await holder("assessment", {"outcome": "referred"})
    closed = await holder("close")
    assert closed.status_code == 200, closed.text
    found = closed.json()
    assert (found["status"], found["close_reason"], found["request_id"]) == ("closed", "referred", request)
    assert found["holder"] is None
    assert (await holder("close", {"reason": "referred"})).json() == found


async def test_all_work_on_a_case_is_correlated_by_its_report(holder: Desk) -> None:
    for step in ("priority", "video-requests", "assessment", "close"):
        assert (await holder(step, STEPS[step])).is_success
    async with holder.system.runtime("triage").reading() as connection:
        found = set((await connection.execute(select(events.c.correlation_id))).scalars())
    assert {str(one) for one in found} == {(await holder.reads())["report_id"]}


async def test_an_assessed_case_stays_assessed_through_release_and_claim(holder: Desk) -> None:
    await holder("assessment", RESOLVED)
    assert (await holder("release")).json()["status"] == "assessed"
    other = Desk(holder.system, holder.case)
    assert (await other("claim")).json()["status"] == "assessed"
    assert (await other("close")).json()["close_reason"] == "resolved"


async def test_a_case_with_a_dispatch_waits_for_it(holder: Desk) -> None:
    await holder("assessment", DISPATCH)
    assert problem(await holder("close")) == (409, "waits_for_dispatch")


async def test_a_closed_case_rejects_all_work(triage: System) -> None:
    report = await open_case(triage)
    await run(triage, report, CloseCase(at=triage.runtime("triage").now(), reason=CloseReason.WITHDRAWN))
    desk = Desk(triage, case_id(report))
    for step, body in STEPS.items():
        answer = await desk(step, body)
        if step == "close":
            assert answer.status_code == 200
        else:
            assert problem(answer) == (409, "case_closed"), step


async def test_a_priority_can_be_set_without_holding_the_case(desk: Desk) -> None:
    first = (await desk("priority", PRIORITY)).json()
    assert (first["priority"], first["gravest"], first["version"]) == (2, "lowest", 2)
    assert (await desk("priority", PRIORITY)).json() == first


async def test_a_supervisor_prioritises_a_case_that_an_officer_holds(desk: Desk) -> None:
    await desk("claim")
    assert problem(await Desk(desk.system, desk.case)("priority", PRIORITY)) == (409, "claimed_by_another")
    assert (await Desk(desk.system, desk.case, Role.SUPERVISOR)("priority", PRIORITY)).status_code == 200


async def test_a_supervisor_works_as_an_officer_does(desk: Desk) -> None:
    supervisor = Desk(desk.system, desk.case, Role.SUPERVISOR)
    assert (await supervisor("claim")).json()["holder"] == str(supervisor.id)


async def test_readers_do_not_work_on_cases(desk: Desk) -> None:
    for step, body in STEPS.items():
        for role in (Role.DISPATCHER, Role.ANALYST, Role.AUDITOR, Role.ADMIN, Role.SERVICE):
            for one in (desk.case, new_id()):
                assert problem(await Desk(desk.system, one, role)(step, body)) == (403, "forbidden")
        assert problem(await desk(step, body, Authorization="")) == (401, "token_missing")
    assert (await desk.reads())["version"] == 1


async def test_work_on_a_case_that_does_not_exist_is_not_found(triage: System) -> None:
    nowhere = Desk(triage, new_id())
    for step, body in STEPS.items():
        assert problem(await nowhere(step, body)) == (404, "no_such_case")


async def test_many_officers_claim_few_cases_and_each_case_has_one_holder(triage: System) -> None:
    wanted = [case_id(await open_case(triage)) for _ in range(CASES)]
    officers = [new_id() for _ in range(OFFICERS)]

    async def claim_all(officer: UUID) -> list[tuple[UUID, UUID, int]]:
        return [(one, officer, (await Desk(triage, one, officer=officer)("claim")).status_code) for one in wanted]

    answers = [answer for some in await asyncio.gather(*map(claim_all, officers)) for answer in some]
    assert {status for _, _, status in answers} == {200, 409}
    winners = {one: [officer for case, officer, status in answers if case == one and status == 200] for one in wanted}
    assert {len(won) for won in winners.values()} == {1}

    async with triage.runtime("triage").reading() as connection:
        holders = dict((await connection.execute(select(cases.c.id, cases.c.holder))).all())
        claims = select(func.count()).where(events.c.type == "case.claimed.v1")
        assert (await connection.execute(claims)).scalar_one() == CASES
    assert holders == {one: won[0] for one, won in winners.items()}


async def held(system: System) -> Desk:
    """Another case, with its officer."""
    desk = Desk(system, case_id(await open_case(system)))
    assert (await desk("claim")).status_code == 200
    return desk


async def test_a_case_is_linked_to_another_and_closed_as_its_duplicate(holder: Desk) -> None:
    other = await held(holder.system)
    body = {"original_case_id": str(other.case)}
    for _ in range(2):
        linked = (await holder("duplicate", body)).json()
        told = [linked[name] for name in ("status", "close_reason", "duplicate_of", "holder")]
        assert told == ["closed", "duplicate", str(other.case), None]
    assert (await other.reads())["status"] == "claimed"
    back = await other("duplicate", {"original_case_id": str(holder.case)})
    assert problem(back) == (409, "original_is_duplicate")


async def test_two_officers_who_link_each_others_cases_leave_one_of_them_open(triage: System) -> None:
    for _ in range(5):
        one, two = [await held(triage) for _ in range(2)]
        answers = await asyncio.gather(
            one("duplicate", {"original_case_id": str(two.case)}), two("duplicate", {"original_case_id": str(one.case)})
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize("original", ["own", "unknown"])
async def test_an_original_that_is_the_case_itself_or_none_is_refused_by_name(holder: Desk, original: str) -> None:
    named = holder.case if original == "own" else new_id()
    answer = await holder("duplicate", {"original_case_id": str(named)})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "original_case_id")
