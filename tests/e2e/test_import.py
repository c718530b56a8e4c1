"""Records extracts through ``vpr import``, intake, the log and metrics: figures equal to an independent computation."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from tests.processes import Process, all_in_one
from tests.reference.timings import READERS, Grouping, figures
from tests.sample_data import extract
from tests.waiting import DEADLINE, wait_for
from vpr.home import Home
from vpr_events.contracts.values import Role

SOURCES = {
    "nypd_2024": "nypd-2024",
    "virginia_beach_ems": "virginia-beach-ems",
    "lancaster_fire_ems": "lancaster-fire-ems",
}
ZONE = "America/Winnipeg"
"""Of the sample city: its weeks are those of the figures."""

GROUPINGS: tuple[Grouping | None, ...] = (None, "category", "district", "priority", "week")


@dataclass
class Imported:
    """A running system with the three files imported, and what the command said."""

    process: Process
    client: httpx.Client
    said: dict[str, str]
    folder: Path

    def run_import(self, mapping: str) -> str:
        """``vpr import`` of a file: its output."""
        issues = self.folder / f"{mapping}.issues.csv"
        words = [sys.executable, "-m", "vpr", "import", str(extract(mapping))]
        words += ["--mapping", mapping, "--issues", str(issues)]
        done = subprocess.run(
            words,
            env={**os.environ, **self.process.environment},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def timings(self, source: str, by: str | None) -> dict[str, Any]:
        """Metrics' answer."""
        params = {"source": source} | ({"by": by} if by else {})
        return dict(self.client.get("/metrics/v1/timings", params=params).raise_for_status().json())

    def records(self, source: str) -> int:
        """How many records metrics has of a source."""
        return int(self.timings(source, None)["records"])


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imported]:
    folder = tmp_path_factory.mktemp("import")
    with all_in_one(folder) as process:
        token = Home.given(folder / "home", process.url).issuer().token([Role.SUPERVISOR])
        with httpx.Client(
            base_url=process.url, headers={"Authorization": f"Bearer {token}"}, timeout=DEADLINE
        ) as client:
            system = Imported(process, client, {}, folder)
            system.said = {mapping: system.run_import(mapping) for mapping in SOURCES}
            yield system


@pytest.mark.parametrize("mapping", SOURCES)
def test_timings_equal_an_independent_computation(imported: Imported, mapping: str) -> None:
    expected, source = READERS[mapping](extract(mapping)), SOURCES[mapping]
    wait_for(lambda: imported.records(source) == len(expected.cases))
    for by in GROUPINGS:
        assert_equal(imported.timings(source, by), figures(expected.cases, by, ZONE), by)


def assert_equal(answer: dict[str, Any], expected: pd.DataFrame, by: str | None) -> None:
    """Exactly in the counts, to the millisecond in mean, median and P90."""
    found = {
        (group["key"], one["interval"]): group
        for one in answer["intervals"]
        for group in (one["groups"] if by else [{**one["total"], "key": "all"}])
    }
    rows = expected.rename_axis(["group", "interval"]).reset_index().to_dict("records")
    assert len(found) == len(rows)
    for row in rows:
        mine = found[row["group"], row["interval"]]
        for count in ("n", "open", "excluded", "invalid"):
            assert mine[count] == row[count], (row, count)
        for figure in ("mean", "median", "p90"):
            if row["n"]:
                assert mine[figure] == pytest.approx(row[figure], abs=0.0005), (row, figure)


@pytest.mark.parametrize("mapping", SOURCES)
def test_every_row_that_was_left_out_is_counted_and_listed(imported: Imported, mapping: str) -> None:
    expected = READERS[mapping](extract(mapping))
    listed = pd.read_csv(imported.folder / f"{mapping}.issues.csv")
    counts = listed["kind"].value_counts()
    assert counts.get("rejected", 0) == sum(expected.rejected.values())
    assert counts.get("duplicate", 0) == sum(expected.duplicates.values())
    assert counts.get("excluded", 0) == sum(expected.excluded.values())
    assert f"{len(expected.cases)} recorded" in imported.said[mapping]
    assert listed["reason"].notna().all()


@pytest.mark.parametrize("mapping", SOURCES)
def test_importing_twice_changes_nothing(imported: Imported, mapping: str) -> None:
    source = SOURCES[mapping]
    before = imported.timings(source, "category")
    again = imported.run_import(mapping)
    assert ": 0 recorded" in again
    assert f"{before['records']} unchanged" in again
    assert {**imported.timings(source, "category"), "as_of": None} == {**before, "as_of": None}
