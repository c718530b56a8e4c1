"""Filing by 500 clients whose webhooks' targets are slow or dead, beside filing by 500 that have none."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.bench.forms import admitted
from tests.bench.steady import Steady, percentile
from tests.processes import Process, Separate, free_port

TARGETS = 500


@dataclass(frozen=True)
class Slowed:
    """p99 of filing in milliseconds, without webhooks and with targets of which half hang and half are dead.

    ``waiting`` deliveries had not been taken in the end.
    """

    without: float
    slow: float
    waiting: int


def filing_beside(url: str, system: Separate, folder: Path, per_second: float, seconds: int) -> Slowed:
    """Measure both, one after the other, on the intake at ``url``."""
    with httpx.Client(timeout=30) as client:
        plain = [admitted(url, system, client) for _ in range(TARGETS)]
        hooked = [admitted(url, system, client) for _ in range(TARGETS)]
        _p99(url, plain, per_second, 2)  # to warm up
        without = _p99(url, plain, per_second, seconds)
        port, dead = free_port(), free_port()
        words = [sys.executable, "-m", "tests.bench.hanging", str(port)]
        hanging = Process(words, {}, f"http://127.0.0.1:{port}", folder / "hanging.log")
        hanging.start()
        try:
            for number, key in enumerate(hooked):
                _subscribe(client, url, key, f"http://127.0.0.1:{(port, dead)[number % 2]}/{number}")
            _p99(url, hooked, per_second, 2)
            slow = _p99(url, hooked, per_second, seconds)
            waiting = int(httpx.get(f"{url}/readyz", timeout=30).json()["effects_waiting"])
        finally:
            hanging.stop()
    return Slowed(without, slow, waiting)


def _subscribe(client: httpx.Client, url: str, key: str, target: str) -> None:
    body = {"url": target, "event_types": ["report.received", "report.status_changed"]}
    client.post(f"{url}/v1/webhooks", json=body, headers={"X-API-Key": key}).raise_for_status()


def _p99(url: str, keys: Sequence[str], per_second: float, seconds: float) -> float:
    return percentile(asyncio.run(Steady(url, keys=keys).run(per_second, seconds)), 0.99) * 1000
