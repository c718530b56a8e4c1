"""When Open311 clients may expect an end: from what metrics measured of the category, on the whole system."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.examples import recorded
from tests.processes import all_in_one
from tests.repairs import publish
from tests.scenario import People, admit, figures, file_by_open311
from tests.waiting import DEADLINE, wait_for
from vpr.embedded import Endpoints
from vpr.home import Home
from vpr_events.contracts.case import CaseClosed, CaseOpened, CloseReason
from vpr_events.contracts.report import ReportFiled
from vpr_events.contracts.values import Channel
from vpr_events.event import Recorded, new_id
from vpr_intake.expecting import ENOUGH

TOOK = timedelta(days=10)
CATEGORY = "break_enter_residential"


def ended_case(filed_at: datetime) -> list[Recorded]:
    """A case of another time that took ten days."""
    report, case = new_id(), new_id()
    filed = recorded(ReportFiled(channel=Channel.WEB, category=CATEGORY), entity=report, at=filed_at)
    opening = CaseOpened(report_id=report, category=CATEGORY, channel=Channel.WEB)
    opened = recorded(opening, entity=case, report=report, at=filed_at)
    closed = recorded(
        CaseClosed(reason=CloseReason.RESOLVED), entity=case, report=report, at=filed_at + TOOK, after=opened
    )
    return [filed, opened, closed]


def test_a_report_is_expected_to_take_as_long_as_others_of_its_category_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTAKE_EXPECTED_EVERY", "0.2")
    with all_in_one(tmp_path) as process, httpx.Client(timeout=DEADLINE) as client:
        home = Home.given(tmp_path / "home", process.url)
        people = People(
            url=lambda service: f"{process.url}/{service}",
            headers=lambda role: {"Authorization": f"Bearer {home.issuer().token([role])}"},
            client=client,
        )
        key = admit(people)
        report = file_by_open311(people, key, description="The back door was forced.")

        def shown() -> dict[str, str]:
            address = f"{process.url}/intake/open311/v2/requests/{report}.json"
            return dict(client.get(address, params={"api_key": key}).json()[0])

        assert shown()["expected_datetime"] is None
        for days in range(ENOUGH):
            publish(Endpoints.load(home.servers), ended_case(datetime.now(UTC) - timedelta(days=20 + days)))
        wait_for(lambda: figures(people)["resolution"]["n"] == ENOUGH)
        expected = wait_for(lambda: shown()["expected_datetime"])
        requested = datetime.fromisoformat(shown()["requested_datetime"])
        assert datetime.fromisoformat(expected) == requested + TOOK
        told = client.get(f"{process.url}/intake/v1/reports/{UUID(report)}", headers={"X-API-Key": key}).json()
        assert datetime.fromisoformat(told["expected_at"]).replace(microsecond=0) == requested + TOOK
