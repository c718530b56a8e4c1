"""What each service gives of a report, to intake alone; and who may ask for an export."""

from uuid import uuid4

import pytest

from tests.access import Person, file_report, problem
from tests.integration.test_holds_everywhere import closed_with_a_note
from tests.system import System
from vpr_events.contracts.values import Role

HOLDERS = ["triage", "video", "dispatch"]


def intakes(system: System, **changes: str) -> dict[str, str]:
    told = {"VPR-Acting-For": str(uuid4()), "VPR-Purpose": "access/foi-7"} | changes
    return system.as_(Role.SERVICE, client="intake") | told


async def test_a_service_gives_its_part_without_the_names_of_staff(system: System) -> None:
    report = await closed_with_a_note(system)
    answer = await system["triage"].get(f"/v1/reports/{report}/held", headers=intakes(system))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert [note["text"] for note in told["parts"]["notes"]] == ["Spoke with the neighbour."]
    assert [case["status"] for case in told["parts"]["case"]] == ["closed"]
    assert [event["type"] for event in told["events"]] == [
        "case.opened.v1", "case.claimed.v1", "case.assessed.v1", "case.closed.v1",
    ]  # fmt: skip
    assert all("officer_id" not in event["data"] for event in told["events"])
    for service in ("video", "dispatch"):
        part = (await system[service].get(f"/v1/reports/{report}/held", headers=intakes(system))).json()
        assert not any(part["parts"].values())
        assert part["events"] == []


@pytest.mark.parametrize("service", HOLDERS)
async def test_nobody_but_intake_is_given_a_part(system: System, service: str) -> None:
    path = f"/v1/reports/{uuid4()}/held"
    assert (await system[service].get(path)).status_code == 401
    others = [role for role in Role if role is not Role.SERVICE]
    assert (await system[service].get(path, headers=system.as_(*others))).status_code == 403
    intake = intakes(system)
    for refused in (
        system.as_(Role.SERVICE) | {"VPR-Purpose": "x"},
        system.as_(Role.SERVICE, client="video") | {"VPR-Acting-For": str(uuid4()), "VPR-Purpose": "x"},
        {name: value for name, value in intake.items() if name != "VPR-Acting-For"},
        {name: value for name, value in intake.items() if name != "VPR-Purpose"},
    ):
        assert problem(await system[service].get(path, headers=refused)) == (403, "forbidden")
    assert (await system[service].get(path, headers=intake)).status_code == 200


async def test_an_export_that_cannot_be_whole_is_none_and_nothing_is_recorded(intake: System) -> None:
    report, keeper = await file_report(intake), Person(intake, Role.SUPERVISOR)
    path = f"/v1/reports/{report}/export"
    answer = await keeper.get(path, reference="foi-7")
    assert problem(answer) == (503, "part_missing")
    assert "triage" in answer.json()["detail"]
    assert (await keeper.get("/v1/access", report_id=str(report))).json() == []


async def test_an_export_needs_the_number_of_a_request(intake: System) -> None:
    report, keeper = await file_report(intake), Person(intake, Role.ADMIN)
    path = f"/v1/reports/{report}/export"
    for params in ({}, {"reference": "a b"}, {"reference": "x" * 33}):
        answer = await keeper.get(path, **params)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "reference")
    assert problem(await keeper.get(f"/v1/reports/{uuid4()}/export", reference="foi-7")) == (404, "no_such_report")
