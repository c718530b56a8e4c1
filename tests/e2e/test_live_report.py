"""A live report, from the 311 system's POST to the unit's clearing, on the whole system."""

import asyncio
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.processes import all_in_one, separate_services
from tests.reading import read_log, seconds_by_events
from tests.scenario import People, admit, figures, file_by_open311, walk
from tests.waiting import DEADLINE, wait_for
from vpr.embedded import Endpoints
from vpr.home import Home


def the_intervals_equal_the_events_own_times(people: People, endpoints: Endpoints, report: str) -> None:
    wait_for(lambda: figures(people)["resolution"]["n"] == 1)
    expected = seconds_by_events(asyncio.run(read_log(endpoints)), UUID(report))
    assert len(expected) == 9, "every point was reached"
    for interval, seconds in expected.items():
        found = figures(people)[interval]
        assert found["n"] == 1
        assert (found["mean"], found["median"], found["p90"]) == pytest.approx((seconds,) * 3, abs=0.0005), interval


def test_a_live_report_through_the_all_in_one(tmp_path: Path) -> None:
    with all_in_one(tmp_path) as process, httpx.Client(timeout=DEADLINE) as client:
        home = Home.given(tmp_path / "home", process.url)
        people = People(
            url=lambda service: f"{process.url}/{service}",
            headers=lambda role: {"Authorization": f"Bearer {home.issuer().token([role])}"},
            client=client,
        )
        report = file_by_open311(people, admit(people), description="The back door was forced.")
        walk(people, report)
        the_intervals_equal_the_events_own_times(people, Endpoints.load(home.servers), report)


def test_a_live_report_through_five_separate_processes(tmp_path: Path) -> None:
    with separate_services(tmp_path) as system, httpx.Client(timeout=DEADLINE) as client:
        people = People(url=system.url, headers=system.headers, client=client)
        report = file_by_open311(people, admit(people), description="The back door was forced.")
        walk(people, report)
        the_intervals_equal_the_events_own_times(people, system.embedded.endpoints, report)
