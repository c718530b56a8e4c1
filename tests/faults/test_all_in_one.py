"""``vpr up``: stopped by Ctrl-C it stops cleanly; killed by -9 it recovers, and what was accepted is there."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.examples import new_report
from tests.processes import TLS, Process, all_in_one
from tests.reading import read_log
from tests.waiting import DEADLINE, wait_for
from vpr.embedded import Endpoints
from vpr.home import Home
from vpr_events.contracts.values import Role


def headers(folder: Path, process: Process, role: Role = Role.OFFICER) -> dict[str, str]:
    """Somebody's request headers, with a new idempotency key."""
    token = Home.given(folder / "home", process.url).issuer().token([role])
    return {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid4().hex}


def file_one(folder: Path, process: Process) -> str:
    answer = httpx.post(
        f"{process.url}/intake/v1/reports", json=new_report(), headers=headers(folder, process), timeout=DEADLINE
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def cases(folder: Path, process: Process) -> set[str]:
    url, params = f"{process.url}/triage/v1/cases", {"limit": 200}
    answer = httpx.get(url, headers=headers(folder, process), params=params, verify=TLS, timeout=DEADLINE)
    return {case["report_id"] for case in answer.raise_for_status().json()}


def servers_of(process: Process) -> list[psutil.Process]:
    """The PostgreSQL and NATS processes below it."""
    assert process.child is not None
    return psutil.Process(process.child.pid).children(recursive=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("whole")


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[Process]:
    """One for all: each test ends it in its way, and starts it again."""
    with all_in_one(folder) as running:
        yield running


@pytest.mark.parametrize("how", ["stop", "terminate", "kill"])
def test_the_next_start_goes_on_where_the_last_ended(folder: Path, process: Process, how: str) -> None:
    reports = cases(folder, process) | {file_one(folder, process) for _ in range(20)}
    below, said = servers_of(process), len(process.output.read_text())
    assert below
    getattr(process, how)()
    if how != "kill":
        wait_for(lambda: not any(server.is_running() for server in below))
        assert process.output.read_text().rstrip().endswith("stopped")
        assert "Traceback" not in process.output.read_text()[said:]
    process.start()
    reports.add(file_one(folder, process))
    wait_for(lambda: cases(folder, process) == reports)
    events = asyncio.run(read_log(Endpoints.load(folder / "home" / "servers")))
    assert sorted(str(e.correlation_id) for e in events if e.data.event_name == "report.filed") == sorted(reports)


def test_an_open_stream_ends_with_the_system(folder: Path, process: Process) -> None:
    url, supervisor = f"{process.url}/intake/v1/alarms/stream", headers(folder, process, Role.SUPERVISOR)
    said = len(process.output.read_text())
    with httpx.stream("GET", url, headers=supervisor, timeout=DEADLINE) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: reload"
        assert process.child is not None
        process.child.terminate()
        assert "event: alarm" not in list(lines)
    process.child.wait(DEADLINE)
    after = process.output.read_text()[said:]
    assert "timeout graceful shutdown exceeded" not in after
    assert "Traceback" not in after
