"""What each service's own description says of it holds: no answer beyond it, and no fault, for any input."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import httpx
import pytest

from tests.examples import new_report
from tests.processes import Separate, separate_services
from tests.scenario import People, case_of, file_by_open311, session_of
from tests.waiting import DEADLINE, wait_for
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
EXAMPLES = 12
"""An operation, of what there is."""
FEW = 4
"""An operation, of what there is not: the systematic cases come before, and what is sent beside the ids comes above."""
UNTRIED = ".*/(stream|bulk|export)$"
"""What never ends answering, takes a body that the fuzzer cannot write, or asks the issuer, who is not there."""
FORMS = r"\.\{form\}$"
"""Each is beside an operation with the same parameters, of which the systematic cases are tried."""
SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))


@dataclass
class World:
    """Five services, and the ids of something of every kind, by the names that paths have for them."""

    system: Separate
    people: People
    ids: Mapping[str, str]
    key: str

    def described(self, service: str, config: str | Path, phase: str, examples: int, untried: str = UNTRIED) -> None:
        """Try everything that the service describes, with every role."""
        words = [
            SCHEMATHESIS, "--config-file", str(config), "run", f"{self.system.url(service)}/openapi.json", "--phases",
            phase, "--checks", CHECKS, "--max-examples", str(examples), "--seed", "4", "--exclude-path-regex", untried,
            "--no-color", "--request-timeout", str(DEADLINE),
            "--header", f"Authorization: Bearer {self.system.token(*Role)}", "--generation-database", "none",
        ]  # fmt: skip
        with TemporaryDirectory() as folder:
            done = subprocess.run(words, capture_output=True, text=True, timeout=700, check=False, cwd=folder)
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with separate_services(tmp_path_factory.mktemp("described")) as system, httpx.Client(timeout=DEADLINE) as client:
        people = People(url=system.url, headers=lambda _: system.headers(*Role), client=client)
        ids = ids_of(people)
        yield World(system, people, ids, ids.pop("key"))


def ids_of(people: People) -> dict[str, str]:
    """One of everything."""
    role = Role.OFFICER
    report = people.post(role, "intake", "/v1/reports", new_report())["id"]
    case = case_of(people, report)
    glass = {"reason": "welfare_check", "text": "Somebody has not been seen for days."}
    alarm = people.post(role, "intake", f"/v1/reports/{report}/break-glass", glass)["alarm_id"]
    statement = people.post(role, "intake", f"/v1/reports/{report}/statements", {"text": "So it was."})["id"]
    hold = people.post(role, "intake", f"/v1/reports/{report}/holds")["id"]
    client = people.post(role, "intake", "/v1/clients", {"name": f"city-{uuid4().hex[:8]}"})
    request = file_by_open311(people, client["api_key"], description="The back door was forced.")
    hook = {"url": "https://hooks.example/", "event_types": ["report.closed"], "client_id": client["id"]}
    webhook = people.post(role, "intake", "/v1/webhooks", hook)["id"]
    session = session_of(people, case)
    people.post(role, "triage", f"/v1/cases/{case}/assessment", {"outcome": "dispatch", "capabilities": ["patrol"]})
    crew = {"call_sign": "P1", "capabilities": ["patrol"], "home_district": "mynarski"}
    unit = people.post(role, "dispatch", "/v1/units", crew)["id"]
    dispatch = wait_for(lambda: people.get(role, "dispatch", "/v1/dispatches", report_id=report))[0]["id"]
    ping = people.post(role, "intake", f"/v1/webhooks/{webhook}/ping")
    return {
        "report_id": report, "case_id": case, "alarm_id": alarm, "statement_id": statement, "hold_id": hold,
        "webhook_id": webhook, "session_id": session, "unit_id": unit, "dispatch_id": dispatch,
        "service_code": "theft", "service_request_id": request, "token": request,
        "delivery_id": ping["id"], "format": "json", "key": client["api_key"],
    }  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
def test_every_systematic_case_is_answered_as_described(world: World, service: str) -> None:
    world.described(service, "/dev/null", "coverage", FEW, f"{UNTRIED}|{FORMS}")


@pytest.mark.parametrize("service", SERVICES)
def test_any_input_is_answered_as_described(world: World, service: str) -> None:
    world.described(service, "/dev/null", "fuzzing", FEW)


@pytest.mark.parametrize("service", SERVICES)
def test_what_there_is_answers_as_described(world: World, service: str, tmp_path: Path) -> None:
    given = tmp_path / "schemathesis.toml"
    lines = [f'"path.{name}" = "{value}"' for name, value in world.ids.items()] + [f'"query.api_key" = "{world.key}"']
    given.write_text("\n".join(["[parameters]", *lines, ""]))
    world.described(service, given, "fuzzing", EXAMPLES)
