"""Broker outages and killed services: nothing that was accepted is lost, nothing is counted twice."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection, make_url

from tests.examples import PER_FILING, new_report
from tests.processes import TLS, Separate, separate_services
from tests.reading import read_log
from tests.waiting import DEADLINE, wait_for
from vpr_events.contracts.values import Role

REPORTS = 500


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Separate]:
    """One for all, each of which leaves it whole; PostgreSQL is not among what is broken here."""
    with separate_services(tmp_path_factory.mktemp("outages"), ["intake", "triage", "metrics"]) as running:
        yield running


@pytest.fixture
def earlier(system: Separate) -> list[str]:
    """The reports of the tests before."""
    return list(cases(system))


def file_reports(system: Separate, count: int) -> list[str]:
    """File reports from ten clerks at once: their ids."""
    with httpx.Client(base_url=system.url("intake"), headers=system.headers(Role.OFFICER), timeout=DEADLINE) as client:

        def file_one(_: int) -> str:
            answer = client.post("/v1/reports", json=new_report(), headers={"Idempotency-Key": uuid4().hex})
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])

        with ThreadPoolExecutor(10) as pool:
            return list(pool.map(file_one, range(count)))


def cases(system: Separate) -> Counter[str]:
    """Report id -> how many cases triage has of it."""
    with database(system, "triage") as connection:
        return Counter(str(report) for report in connection.execute(text("select report_id from cases")).scalars())


def counted(system: Separate) -> int:
    """How many live reports metrics counts; none while it still builds its read model."""
    answer = httpx.get(
        system.url("metrics") + "/v1/timings", headers=system.headers(Role.SUPERVISOR), timeout=DEADLINE, verify=TLS
    )
    return 0 if answer.status_code == 503 else int(answer.raise_for_status().json()["records"])


@contextmanager
def database(system: Separate, service: str) -> Iterator[Connection]:
    """A connection to a service's database, beside the service."""
    url = make_url(system.embedded.endpoints.database_urls[service]).set(drivername="postgresql+psycopg")
    engine = create_engine(url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def each_exactly_once(system: Separate, reports: list[str]) -> None:
    wait_for(lambda: counted(system) >= len(reports))
    wait_for(lambda: len(cases(system)) >= len(reports))
    assert cases(system) == Counter(reports)
    assert counted(system) == len(reports)
    events = asyncio.run(read_log(system.embedded.endpoints))
    filed = Counter(str(event.correlation_id) for event in events if event.data.event_name == "report.filed")
    assert filed == Counter(reports)


def test_reports_filed_while_the_broker_is_down_are_delivered_afterwards(system: Separate, earlier: list[str]) -> None:
    system.embedded.broker.stop()
    reports = file_reports(system, REPORTS)
    assert set(cases(system)) == set(earlier)
    ready = httpx.get(system.url("intake") + "/readyz", timeout=DEADLINE).json()
    assert (ready["status"], ready["broker"], ready["outbox"]) == ("degraded", False, PER_FILING * REPORTS)

    system.embedded.broker.start()
    each_exactly_once(system, [*earlier, *reports])


def test_a_service_killed_between_commit_and_publish_publishes_when_it_is_back(
    system: Separate, earlier: list[str]
) -> None:
    system.embedded.broker.stop()
    reports = file_reports(system, 3)
    system.processes["intake"].kill()

    system.embedded.broker.start()
    system.processes["intake"].start()
    each_exactly_once(system, [*earlier, *reports])


def test_a_service_killed_between_publish_and_row_removal_delivers_once(system: Separate, earlier: list[str]) -> None:
    system.embedded.broker.stop()
    reports = file_reports(system, 3)
    with database(system, "intake") as connection:
        held = connection.execute(text("select id from outbox for update")).all()
        assert len(held) == PER_FILING * len(reports)
        system.embedded.broker.start()
        wait_for(lambda: len(cases(system)) == len(earlier) + len(reports))
        system.processes["intake"].kill()
        connection.rollback()
    system.processes["intake"].start()
    wait_for(lambda: httpx.get(system.url("intake") + "/readyz", verify=TLS, timeout=DEADLINE).json()["outbox"] == 0)
    each_exactly_once(system, [*earlier, *reports])


def test_a_consumer_killed_in_the_middle_takes_each_event_once(system: Separate, earlier: list[str]) -> None:
    with ThreadPoolExecutor(1) as pool:
        filing = pool.submit(file_reports, system, REPORTS)
        wait_for(lambda: len(cases(system)) > len(earlier) + REPORTS // 10)
        system.processes["triage"].kill()
        system.processes["metrics"].kill()
        reports = filing.result()
    system.processes["triage"].start()
    system.processes["metrics"].start()
    each_exactly_once(system, [*earlier, *reports])


def test_metrics_file_deleted_is_rebuilt_to_identical_answers(system: Separate, earlier: list[str]) -> None:
    reports = [*earlier, *file_reports(system, 20)]
    wait_for(lambda: counted(system) == len(reports))
    before = timings(system)
    system.processes["metrics"].stop()
    files = list((system.home.folder / "metrics").glob("*.duckdb*"))
    assert files
    for file in files:
        file.unlink()
    system.processes["metrics"].start()
    wait_for(lambda: counted(system) == len(reports))
    assert timings(system) == before


def timings(system: Separate) -> object:
    """All of metrics' figures by category."""
    url = system.url("metrics") + "/v1/timings"
    answer = httpx.get(
        url, params={"by": "category"}, headers=system.headers(Role.SUPERVISOR), timeout=DEADLINE
    ).raise_for_status()
    return answer.json()["intervals"]
