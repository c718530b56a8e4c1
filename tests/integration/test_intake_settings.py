"""Intake with other settings: another city, a jurisdiction of its own. Each test has a system of its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.examples import new_report
from tests.open311 import V2, Client, errors_of, form
from tests.system import Servers, System
from vpr_events.contracts.values import Role
from vpr_intake.city import shipped


async def test_our_jurisdiction_is_taken_and_another_is_unknown(servers: Servers) -> None:
    async with System.started(servers, ["intake"], jurisdiction_id="city.example") as system:
        city = await Client.admitted(system)
        for given in ("city.example", "", " "):
            assert (await city.get("services.json", jurisdiction_id=given)).status_code == 200
            assert (await city.post(jurisdiction_id=given)).status_code == 200
        for answer in (
            await city.get("services.json", jurisdiction_id="other.example"),
            await city.post(jurisdiction_id="other.example"),
            await system["intake"].post(f"{V2}/requests.json?jurisdiction_id=other.example", data=form(city.key)),
        ):
            assert errors_of(answer) == [(404, "jurisdiction_id: is not served here")]


@pytest.fixture
def own_city(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A copy of the sample city with one text replaced."""

    def made(name: str, old: str, new: str) -> Path:
        folder = Path(shutil.copytree(shipped()["winnipeg"], tmp_path / "city"))
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))
        return folder

    return made


async def test_another_city_asks_its_own_questions(servers: Servers, own_city: Callable[..., Path]) -> None:
    folder = own_city("questions.yaml", "  weapon:\n    kind", "  weapon:\n    required: true\n    kind")
    async with System.started(servers, ["intake"], city=folder) as system:
        refused = await file(system, {})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "answers.weapon")
        assert (await file(system, {"weapon": ""})).status_code == 422
        assert (await file(system, {"weapon": "no"})).json()["status"] == "received"


async def file(system: System, answers: dict[str, str]) -> httpx.Response:
    report = new_report(answers=answers)
    return await system["intake"].post("/v1/reports", json=report, headers=system.as_(Role.OFFICER))
