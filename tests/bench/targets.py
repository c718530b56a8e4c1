"""311's filing beside what must not slow it: 500 webhooks with slow or dead targets, a flood of the public form."""

import asyncio
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import httpx

from tests.bench.forms import admitted
from tests.bench.load import run_wrk
from tests.bench.posts import another
from tests.bench.steady import Steady, percentile
from tests.processes import Process, Separate, free_port

TARGETS = 500
WINDOWS = 3
FLOOD = """
wrk.method = "POST"
wrk.body = "step=emergency&answer=no"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
"""


@dataclass(frozen=True)
class Beside:
    """p99 of filing in milliseconds, the median of three windows each: with nothing beside it; while 500 targets of
    which half hang and half are dead are told of each report, by the same process or by one of its own; while the
    public form is flooded, ``flood`` requests per second.

    ``waiting`` deliveries had not been taken in the end.
    """

    alone: float
    same: float
    own: float
    flooded: float
    flood: float
    waiting: int


def filing_beside(system: Separate, folder: Path, per_second: float, seconds: int) -> Beside:
    """Measure one after the other."""
    filing = Filing(per_second, seconds)
    with another(system, folder, rate_per_key="") as intake, httpx.Client(timeout=30) as client:
        keys = [admitted(intake.url, system, client) for _ in range(TARGETS)]
        alone = filing.p99(intake.url, keys)
        with _flood(intake.url, folder, seconds * (WINDOWS + 1)) as flood:
            flooded = filing.p99(intake.url, keys)
        with _targets(intake.url, keys, folder, client):
            same = filing.p99(intake.url, keys)
            intake.stop()
            with (
                another(system, folder, rate_per_key="", effects_in_flight="0") as filed,
                another(system, folder, words=("nice",)) as delivering,
            ):
                own = filing.p99(filed.url, keys)
                waiting = int(httpx.get(f"{delivering.url}/readyz", timeout=30).json()["effects_waiting"])
    return Beside(alone, same, own, flooded, flood[0], waiting)


@dataclass(frozen=True)
class Filing:
    """A steady filing by many clients."""

    per_second: float
    seconds: int

    def p99(self, url: str, keys: Sequence[str]) -> float:
        """In milliseconds, the median of the windows, after two seconds to warm up."""
        self._window(url, keys, 2)
        return statistics.median(self._window(url, keys, self.seconds) for _ in range(WINDOWS))

    def _window(self, url: str, keys: Sequence[str], seconds: int) -> float:
        return percentile(asyncio.run(Steady(url, keys=keys).run(self.per_second, seconds)), 0.99) * 1000


@contextmanager
def _targets(url: str, keys: Sequence[str], folder: Path, client: httpx.Client) -> Iterator[None]:
    """Each client has a webhook, at a target that hangs or at none."""
    port, dead = free_port(), free_port()
    words = [sys.executable, "-m", "tests.bench.hanging", str(port)]
    hanging = Process(words, {}, f"http://127.0.0.1:{port}", folder / "hanging.log")
    hanging.start()
    try:
        for number, key in enumerate(keys):
            _subscribe(client, url, key, f"http://127.0.0.1:{(port, dead)[number % 2]}/{number}")
        yield
    finally:
        hanging.stop()


@contextmanager
def _flood(url: str, folder: Path, seconds: int) -> Iterator[list[float]]:
    """The public form is sent again and again meanwhile by one source; how often a second."""
    told: list[float] = []
    flood = Thread(target=lambda: told.append(run_wrk(f"{url}/report", FLOOD, folder, seconds, 16).per_second))
    flood.start()
    yield told
    flood.join()


def _subscribe(client: httpx.Client, url: str, key: str, target: str) -> None:
    body = {"url": target, "event_types": ["report.received", "report.status_changed"]}
    client.post(f"{url}/v1/webhooks", json=body, headers={"X-API-Key": key}).raise_for_status()
