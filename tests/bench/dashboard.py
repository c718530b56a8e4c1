"""The dashboard with many reports: its first paint, each of its parts, and a picture as SVG and PNG."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.examples import NOON
from tests.pilot import SOURCE, cases
from tests.processes import Separate
from vpr_events.contracts.values import Role
from vpr_metrics import model
from vpr_metrics.generations import Generation
from vpr_metrics.web.panels import PANELS

BATCH = 20_000
VIEW = f"source={SOURCE}&against=in_person&lang=en"
PATIENCE = 900.0


@dataclass(frozen=True)
class Looked:
    """Seconds: until the page with its headline is there, computed and kept; each part; a picture by form."""

    first: float
    again: float
    parts: dict[str, float]
    pictures: dict[str, float]


def fill(folder: Path, reports: int) -> None:
    """A complete read model of so many past cases, as metrics would have written it."""
    generation = Generation.create(folder)
    for batch in batched(cases(reports), BATCH, strict=False):
        model.apply(generation._connection, list(batch))
    model.complete(generation._connection)
    generation._connection.close()


def look(system: Separate, url: str) -> Looked:
    """Ask as a browser would."""
    staff = {"Host": urlsplit(system.home.staff_url).netloc, **system.headers(Role.SUPERVISOR)}
    with httpx.Client(base_url=url, headers=staff, timeout=PATIENCE) as client:
        took(client, "/definitions")  # to warm up
        first, again = (took(client, f"/?{VIEW}") for _ in range(2))
        took(client, f"/v1/timings.svg?source={SOURCE}&interval=headline&from={recent()}")  # starts the process
        parts = {name: took(client, f"/fragments/{name}?{VIEW}") for name in PANELS}
        return Looked(first, again, parts, dict(pictures(client)))


def pictures(client: httpx.Client) -> Iterator[tuple[str, float]]:
    """Of few cases, so that drawing is what takes the time; the answer itself is taken off."""
    asked = f"source={SOURCE}&interval=headline&by=category&from={recent()}"
    plain = min(took(client, f"/v1/timings.json?{asked}") for _ in range(5))
    for form in ("svg", "png"):
        yield form, min(took(client, f"/v1/timings.{form}?{asked}") for _ in range(5)) - plain


def recent() -> str:
    """A moment after which hardly a case was filed."""
    return (NOON - timedelta(hours=30)).strftime("%Y-%m-%dT%H:%M:%SZ")


def took(client: httpx.Client, path: str) -> float:
    """Seconds until all of an answer is there."""
    begun = time.perf_counter()
    client.get(path).raise_for_status()
    return time.perf_counter() - begun
