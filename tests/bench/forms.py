"""The other ways in: Open311's form, of which no two are alike, and a bulk filing of ten thousand rows."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import httpx

from tests.bench.load import run_wrk
from tests.bench.posts import another
from tests.examples import PERSON, PLACE, new_report
from tests.processes import Process, Separate
from vpr_events.contracts.values import Role

ROWS = 10_000
FORM = """
local number = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
function request()
  number = number + 1
  return wrk.format(nil, nil, nil, "%s&description=%s+" .. number)
end
"""


@contextmanager
def unlimited(system: Separate, folder: Path) -> Iterator[Process]:
    """An intake that lets a key ask as often as it can."""
    with another(system, folder, rate_per_key="") as process:
        yield process


def admitted(url: str, system: Separate, client: httpx.Client | None = None) -> str:
    """The API key of a new client system."""
    ask = client or httpx
    answer = ask.post(f"{url}/v1/clients", json={"name": uuid4().hex}, headers=system.headers(Role.ADMIN))
    return str(answer.raise_for_status().json()["api_key"])


def open311(url: str, key: str, folder: Path, seconds: int, connections: int = 64) -> float:
    """Requests filed per second by form, after a second to warm up."""
    form = {"api_key": key, "service_code": "theft", "lat": PLACE["latitude"], "long": PLACE["longitude"], **PERSON}
    for duration in (1, seconds):
        script = FORM % (urlencode(form).replace("%", "%%"), uuid4().hex)
        load = run_wrk(f"{url}/open311/v2/requests.json", script, folder, duration, connections)
    assert load.refused == 0, f"{load.refused} requests were refused"
    return load.per_second


def bulk(url: str, key: str) -> float:
    """Rows filed per second in one bulk filing, after a tenth of it to warm up."""
    for count in (ROWS // 10, ROWS):
        body = b"".join(json.dumps(new_report(description=f"row {row}")).encode() + b"\n" for row in range(count))
        named = {"X-API-Key": key, "Idempotency-Key": uuid4().hex, "Content-Type": "application/x-ndjson"}
        begun = time.perf_counter()
        answer = httpx.post(f"{url}/v1/reports/bulk", content=body, headers=named, timeout=300)
        took = time.perf_counter() - begun
        assert answer.text.count('"status":201') == count, "a row was refused"
    return ROWS / took
