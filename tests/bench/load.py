"""Load by wrk: closed-loop, 32 connections, a new Idempotency-Key for each request."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tests.examples import new_report

SCRIPT = """
local number = 0
wrk.method = "POST"
wrk.body = [==[%s]==]
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %s"
function request()
  number = number + 1
  wrk.headers["Idempotency-Key"] = "%s-" .. number
  return wrk.format()
end
"""


@dataclass(frozen=True)
class Load:
    """What wrk measured: requests per second, answers that were not 2xx or 3xx."""

    per_second: float
    refused: int


def post_reports(url: str, token: str, folder: Path, seconds: int, connections: int = 32) -> Load:
    """POST reports as fast as they are answered."""
    script = SCRIPT % (json.dumps(new_report()), token, uuid4().hex)
    return run_wrk(f"{url}/v1/reports", script, folder, seconds, connections)


def run_wrk(url: str, text: str, folder: Path, seconds: int, connections: int) -> Load:
    """Requests as this Lua script makes them, as fast as they are answered."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit("make bench needs wrk: install it with your package manager")
    script = folder / f"post-{uuid4().hex}.lua"
    script.write_text(text)
    words = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(script), url]
    out = subprocess.run(words, capture_output=True, text=True, check=True, timeout=seconds + 30).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", out)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    assert rate, out
    return Load(float(rate[1]), int(refused[1]) if refused else 0)
