"""An event log of about a million rows as CSV: when it begins to come, and what memory it takes."""

import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.bench.figures import filled
from tests.processes import Separate, service_process
from vpr_events.contracts.values import Role
from vpr_metrics.generations import path_of

MILESTONES = 7
"""Of each case."""


@dataclass(frozen=True)
class Exported:
    """``first`` byte and first ``row`` in milliseconds, rows a second, and by how many MB the service grew meanwhile.

    ``again`` is how much more it grew the second time.
    """

    first: float
    row: float
    per_second: float
    grew: float
    again: float


def million_rows(system: Separate, folder: Path, rows: int) -> Exported:
    """Export from a service on a read model of its own, twice."""
    folder.mkdir()
    filled(path_of(folder, 1), rows // MILESTONES).close()
    process = service_process(
        "metrics", system.home, system.embedded.endpoints, folder, METRICS_FOLDER=str(folder), LOG_LEVEL="warning"
    )
    process.start()
    try:
        with httpx.Client(base_url=process.url, headers=system.headers(Role.SUPERVISOR), timeout=300) as client:
            client.get("/v1/sources").raise_for_status()
            assert process.child
            service = psutil.Process(process.child.pid)
            before = service.memory_info().rss
            first, row, seconds, peak = _export(client, service)
            _, _, _, second = _export(client, service)
    finally:
        process.stop()
    return Exported(first * 1e3, row * 1e3, rows / seconds, (peak - before) / 2**20, (second - peak) / 2**20)


def _export(client: httpx.Client, service: psutil.Process) -> tuple[float, float, float, int]:
    """Seconds to the first byte, to the first row, to the end; the most memory."""
    started, first, row, peak = time.perf_counter(), 0.0, 0.0, 0
    with client.stream("GET", "/v1/event-log.csv") as answer:
        assert answer.status_code == 200, answer.read()
        lines = 0
        for piece in answer.iter_raw():
            first = first or time.perf_counter() - started
            lines += piece.count(b"\n")
            if lines > 1:
                row = row or time.perf_counter() - started
            peak = max(peak, service.memory_info().rss)
    return first, row, time.perf_counter() - started, peak
