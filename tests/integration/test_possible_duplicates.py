"""Reports that may tell of the same incident: within 50 metres, 24 hours and the category; offered, never merged."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.access import Others, Person, problem
from tests.examples import PLACE, minutes, new_report
from tests.system import System
from vpr_events.contracts.values import Role
from vpr_intake.duplicates import EARTH, METRES, SPAN

METRE = math.degrees(1 / EARTH)
"""Degrees of latitude."""
YESTERDAY = datetime.now(UTC) - timedelta(days=2)


async def filed(intake: System, north: float = 0, east: float = 0, **changes: Any) -> str:
    """A report so many metres away; its id."""
    latitude, longitude = float(PLACE["latitude"]), float(PLACE["longitude"])  # type: ignore[arg-type]
    wide = METRE / math.cos(math.radians(latitude))
    place = {"latitude": latitude + north * METRE, "longitude": longitude + east * wide}
    body = new_report(**{"place": place, "occurred_to": YESTERDAY.isoformat()} | changes)
    answer = await intake["intake"].post("/v1/reports", json=body, headers=intake.as_(Role.OFFICER))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def found(intake: System, report: str, role: Role = Role.OFFICER) -> list[dict[str, Any]]:
    answer = await Person(intake, role).get(f"/v1/reports/{report}/possible-duplicates")
    assert answer.status_code == 200, answer.text
    return list(answer.json())


async def test_near_ones_are_found_from_either_side_the_nearest_first(intake: System) -> None:
    report = await filed(intake)
    far, near = await filed(intake, north=-49), await filed(intake, east=9)
    rows = await found(intake, report)
    assert [row["report_id"] for row in rows] == [near, far]
    assert [row["metres"] for row in rows] == [10, 50]
    assert report in {row["report_id"] for row in await found(intake, far)}
    told = {"report_id", "status", "filed_at", "happened_at", "metres", "seconds"}
    assert {frozenset(row) for row in rows} == {frozenset(told)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"north": METRES - 1}, True, id="50 m"),
        pytest.param({"north": METRES + 1}, False, id="beyond 50 m"),
        pytest.param({"north": 40, "east": 40}, False, id="a corner of the box"),
        pytest.param({"category": "mischief"}, False, id="another category"),
        pytest.param({"occurred_to": (YESTERDAY + SPAN - minutes(1)).isoformat()}, True, id="24 h"),
        pytest.param({"occurred_to": (YESTERDAY - SPAN - minutes(1)).isoformat()}, False, id="beyond 24 h"),
        pytest.param({"place": {"address": str(PLACE["address"])}}, False, id="without a point"),
    ],
)
async def test_only_what_is_near_in_all_three_is_found(intake: System, changes: dict[str, Any], expected: bool) -> None:
    report, other = await filed(intake), await filed(intake, **changes)
    assert [row["report_id"] for row in await found(intake, report)] == ([other] if expected else [])
    assert [row["report_id"] for row in await found(intake, other)] == ([report] if expected else [])


async def test_both_reports_stay_as_they_were(intake: System) -> None:
    report, other = await filed(intake), await filed(intake)
    assert [row["status"] for row in await found(intake, report)] == ["received"]
    listed = (await Person(intake).get("/v1/reports")).json()
    assert {(one["id"], one["version"]) for one in listed} == {(report, 2), (other, 2)}


async def test_a_report_that_is_none_has_none(intake: System) -> None:
    assert problem(await Person(intake).get(f"/v1/reports/{uuid4()}/possible-duplicates")) == (404, "no_such_report")


async def test_what_was_erased_is_near_to_nothing(intake: System) -> None:
    report, other = await filed(intake), await filed(intake)
    for role in (Role.SUPERVISOR, Role.ADMIN):
        await Person(intake, role).post(f"/v1/reports/{UUID(other)}/erasure")
    assert await found(intake, report) == await found(intake, other) == []


async def test_of_a_sensitive_report_only_its_officer_is_told_and_no_other_tells_of_it(intake: System) -> None:
    report, sensitive = await filed(intake), await filed(intake, answers={"domestic": "yes"})
    assert await found(intake, report) == []
    officer, path = Person(intake), f"/v1/reports/{sensitive}/possible-duplicates"
    assert problem(await officer.get(path)) == (403, "no_active_claim")
    await Others(intake, UUID(sensitive)).claimed(officer.id)
    assert [row["report_id"] for row in (await officer.get(path)).json()] == [report]
