"""The log loses its tail, or all of it: it is whole again by itself, and nobody takes anything in twice."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.examples import new_report
from tests.processes import TLS, Separate, separate_services, start_all
from tests.repairs import admin, all_known, each_once_and_in_order, empty_log, log_of, log_set_back, publish, quiet
from tests.scenario import People, walk
from tests.waiting import DEADLINE, wait_for
from vpr_events.contracts.values import Role


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Separate]:
    """One for all: each test leaves it whole, and PostgreSQL is not among what is broken here."""
    with separate_services(tmp_path_factory.mktemp("lost")) as running:
        yield running


@pytest.fixture
def people(system: Separate) -> Iterator[People]:
    with httpx.Client(timeout=DEADLINE) as client:
        yield People(url=system.url, headers=system.headers, client=client)


def file_one(people: People) -> str:
    return str(people.post(Role.OFFICER, "intake", "/v1/reports", new_report())["id"])


def whole_again(system: Separate, expected: int) -> None:
    wait_for(lambda: len(log_of(system)) >= expected)
    quiet(system)
    each_once_and_in_order(system)


def figures(people: People) -> object:
    return people.get(Role.SUPERVISOR, "metrics", "/v1/timings", by="category")["intervals"]


def test_the_logs_folder_is_deleted_while_the_services_run(system: Separate, people: People) -> None:
    for _ in range(2):
        walk(people, file_one(people))
    quiet(system)
    before, counted, length = all_known(system), figures(people), len(log_of(system))

    empty_log(system)
    whole_again(system, length)
    assert all_known(system) == before
    assert figures(people) == counted
    walk(people, file_one(people))
    quiet(system)
    each_once_and_in_order(system)


def test_the_logs_folder_is_deleted_while_the_services_are_stopped(system: Separate, people: People) -> None:
    walk(people, file_one(people))
    quiet(system)
    before, length = all_known(system), len(log_of(system))
    for process in system.processes.values():
        process.stop()

    empty_log(system)
    start_all(system.processes.values())
    whole_again(system, length)
    assert all_known(system) == before


def test_the_tail_of_the_log_is_cut(system: Separate, people: People, tmp_path: Path) -> None:
    walk(people, file_one(people))
    quiet(system)
    with log_set_back(system, tmp_path / "older"):
        later = [file_one(people) for _ in range(20)]
        walk(people, later[0])
        quiet(system)
        before, length = all_known(system), len(log_of(system))
    whole_again(system, length)
    assert all_known(system) == before
    walk(people, later[1])
    quiet(system)
    each_once_and_in_order(system)


def test_what_was_filed_while_the_log_was_gone_comes_after_what_it_lost(
    system: Separate, people: People, tmp_path: Path
) -> None:
    report = file_one(people)
    quiet(system)
    with log_set_back(system, tmp_path / "older"):
        people.post(Role.OFFICER, "intake", f"/v1/reports/{report}/withdrawal", {"reason": "mistake"})
        quiet(system)
        system.embedded.broker.stop()
        held = people.post(Role.SUPERVISOR, "intake", f"/v1/reports/{report}/holds")["id"]
        system.embedded.broker.start()
        system.embedded.broker.stop()
        answer = httpx.delete(
            system.url("intake") + f"/v1/reports/{report}/holds/{held}",
            headers=system.headers(Role.SUPERVISOR),
            timeout=DEADLINE,
        )
        assert answer.status_code == 204
    quiet(system)
    each_once_and_in_order(system)


def test_a_hole_is_filled_on_demand(system: Separate, people: People) -> None:
    for _ in range(3):
        file_one(people)
    quiet(system)
    log = log_of(system)
    lost = [number for number, event in enumerate(log) if event.data.event_name == "report.screened"][1]
    for process in system.processes.values():
        process.stop()
    empty_log(system)
    publish(system.embedded.endpoints, [event for number, event in enumerate(log) if number != lost])
    start_all(system.processes.values())
    quiet(system)
    assert len(log_of(system)) == len(log) - 1

    path = system.url("intake") + "/v1/refill"
    assert httpx.post(path, headers=system.headers(Role.OFFICER), timeout=DEADLINE).status_code == 403
    assert httpx.post(path, headers=admin(system), timeout=DEADLINE).status_code == 202
    wait_for(lambda: httpx.get(path, headers=admin(system), verify=TLS, timeout=DEADLINE).json()["stage"] == "done")
    assert httpx.get(path, headers=admin(system), timeout=DEADLINE).json()["queued"] == 1
    quiet(system)
    each_once_and_in_order(system)
