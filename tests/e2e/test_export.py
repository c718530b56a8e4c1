"""An access request: everything that is held about a report, from every service of the running system."""

from pathlib import Path
from typing import Any

import httpx

from tests.examples import NARRATIVE, PERSON, new_report
from tests.processes import all_in_one
from tests.scenario import People, break_glass, walk
from tests.waiting import DEADLINE
from vpr.home import Home
from vpr_events.contracts.values import Role

PARTICULARS = {name: PERSON[name] for name in ("first_name", "last_name", "email", "phone")}


def test_an_export_holds_everything_and_is_recorded(tmp_path: Path) -> None:
    with all_in_one(tmp_path) as process, httpx.Client(timeout=DEADLINE) as client:
        home = Home.given(tmp_path / "home", process.url)
        people = People(
            url=lambda service: f"{process.url}/{service}",
            headers=lambda role: {"Authorization": f"Bearer {home.issuer().token([role])}"},
            client=client,
        )
        report = people.post(Role.OFFICER, "intake", "/v1/reports", new_report())["id"]
        break_glass(people, report, "A neighbour called, worried.")
        correction = {"concerns": "place", "text": "It was number 9919."}
        people.post(Role.OFFICER, "intake", f"/v1/reports/{report}/annotations", correction)
        words = {"text": "I saw nobody."}
        people.post(Role.OFFICER, "intake", f"/v1/reports/{report}/statements", words)
        walk(people, report)
        path = f"/v1/reports/{report}/export"
        told = people.get(Role.SUPERVISOR, "intake", path, reference="FOI-2026-7")
        assert (told["report_id"], told["reference"]) == (report, "FOI-2026-7")
        assert set(told["services"]) == {"intake", "triage", "video", "dispatch"}
        check_intake(told["services"]["intake"])
        sessions = told["services"]["video"]["parts"]["sessions"]
        assert [one["end_reason"] for one in sessions] == ["completed"]
        assert len(told["services"]["video"]["parts"]["invitations"]) == 1
        [unit] = told["services"]["dispatch"]["parts"]["units"]
        assert unit["status"] == "cleared"
        assert told["services"]["triage"]["events"][-1]["type"] == "case.closed.v1"
        [newest, *_] = people.get(Role.AUDITOR, "intake", "/v1/access", report_id=report)
        assert (newest["resource"], newest["purpose"], newest["role"]) == ("export", "access/FOI-2026-7", "supervisor")


def check_intake(part: dict[str, Any]) -> None:
    parts = part["parts"]
    [particulars] = parts["particulars"]
    assert PARTICULARS.items() <= particulars.items()
    assert particulars["description"] == NARRATIVE
    assert [one["text"] for one in parts["annotations"]] == ["It was number 9919."]
    assert [one["text"] for one in parts["statements"]] == ["I saw nobody."]
    texts = {one["kind"]: one["text"] for one in parts["alarms"]}
    assert texts == {"break_glass": "A neighbour called, worried.", "own_case": None}
    assert {one["resource"] for one in parts["readings"]} >= {"particulars", "alarm_text", "export"}
    assert all(set(one) == {"at", "role", "resource", "purpose", "break_glass", "until"} for one in parts["readings"])
    assert [one["type"] for one in part["events"]][:2] == ["report.filed.v1", "report.screened.v1"]
