"""``vpr import`` cut off by kill -9, of itself or of the system: said again, it loses no row and repeats none."""

import asyncio
import csv
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.processes import Process, all_in_one
from tests.reading import read_log
from tests.waiting import DEADLINE, wait_for
from vpr.embedded import Endpoints
from vpr.home import Home
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.values import Role
from vpr_intake.extracts import CaseRecord, RowIssue, load_mapping, read_extract

MAPPING = """
source: killed
title: Rows for a kill
licence: none
credit: nobody
zone: America/New_York
record_id: id
points:
  filed: {kind: datetime, column: filed, format: "%Y-%m-%dT%H:%M:%S"}
  closed: {kind: datetime, column: closed, format: "%Y-%m-%dT%H:%M:%S"}
"""
ROWS = 24_000
ODD = {  # by the last two digits of a row's number
    10: "2024-11-03T01:30:00",  # stands twice
    20: "2024-03-10T02:30:00",  # was skipped
    30: "yesterday",
}


def lines() -> Iterator[str]:
    yield "id,filed,closed\n"
    for number in range(ROWS):
        filed = ODD.get(number % 100, f"2024-01-{1 + number % 28:02}T10:{number % 60:02}:00")
        yield f"{number - 1 if number % 100 == 40 else number},{filed},2024-12-01T00:00:00\n"


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    path = tmp_path / "extract.csv"
    path.write_text("".join(lines()))
    return path


def started(process: Process, extract: Path, *options: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "vpr", "import", str(extract), "--mapping", str(extract.with_suffix(".yaml"))]
    words += ["--issues", str(extract.with_suffix(".issues")), *options]
    environment = {**os.environ, **process.environment}
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_the_same_command_again_loses_no_row_and_repeats_none(tmp_path: Path, extract: Path) -> None:
    rules, issues = extract.with_suffix(".yaml"), extract.with_suffix(".issues")
    rules.write_text(MAPPING)
    expected = list(read_extract(extract, load_mapping(rules)))
    with all_in_one(tmp_path) as process:
        whole = issues.stat().st_size if issues.exists() else 0
        for victim in ("import", "system"):
            running = started(process, extract)
            wait_for(lambda: issues.exists() and issues.stat().st_size > whole + 1000)  # noqa: B023 - asked at once
            running.kill() if victim == "import" else process.kill()
            said, wrong = running.communicate(timeout=3 * DEADLINE)
            assert running.returncode != 0, said
            if victim == "system":
                assert "does not answer" in wrong
                process.start()
            whole = issues.stat().st_size
        last = started(process, extract)
        said, wrong = last.communicate(timeout=3 * DEADLINE)
        assert last.returncode == 0, said + wrong
        assert said.startswith("going on behind row ")
        for reason, times in Counter(one.reason for one in expected if isinstance(one, RowIssue)).items():
            assert re.search(rf"{reason} +{times}\n", said), f"{reason}, of all runs together"
        records = [one for one in expected if isinstance(one, CaseRecord)]
        counted(tmp_path, process, len(records))
        events = asyncio.run(read_log(Endpoints.load(tmp_path / "home" / "servers")))
        told = Counter(event.entity_id for event in events if isinstance(event.data, HistoryCaseRecorded))
        assert (len(told), told.total()) == (len(records), len(records))
    with issues.open(newline="") as file:
        listed = Counter(tuple(row) for row in list(csv.reader(file))[1:])
    rows = (one for one in expected if isinstance(one, RowIssue))
    assert listed == Counter((str(i.line), i.record_id or "", i.kind, i.reason, i.field or "") for i in rows)
    assert not list((tmp_path / "home" / "imports").glob("*")), "nothing is left of it"


def counted(folder: Path, process: Process, records: int) -> None:
    """Wait until metrics has so many."""
    token = Home.given(folder / "home", process.url).issuer().token([Role.SUPERVISOR])
    with httpx.Client(base_url=process.url, headers={"Authorization": f"Bearer {token}"}, timeout=DEADLINE) as client:
        wait_for(
            lambda: client.get("/metrics/v1/timings", params={"source": "killed"}).json().get("records") == records
        )
