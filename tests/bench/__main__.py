"""``make bench``: a table of ratios, measured in one run against real servers with fsync on.

Absolute figures depend on the machine and its load; the ratios are what to compare.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.bench.load import post_reports
from tests.bench.relay import batches, relay, singles
from tests.bench.replay import fill, raw_fetch, rebuild
from tests.bench.visibility import filed_to_visible, percentile
from tests.processes import Process, Separate, free_port, separate_services
from vpr_events.contracts.values import Role

SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
RATE = int(os.environ.get("BENCH_RATE", "100"))
MESSAGES = int(os.environ.get("BENCH_MESSAGES", "20000"))
REPORTS = int(os.environ.get("BENCH_REPORTS", "20000"))


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="vpr-bench-") as name:
        folder = Path(name)
        with separate_services(folder / "visible", ["intake", "triage"], fsync=True) as system:
            visibility(system)
        with separate_services(folder / "posts", ["intake"], fsync=True) as system:
            posts(system, folder)
        with separate_services(folder / "publishing", [], fsync=True) as system:
            publishing(system)
        with separate_services(folder / "replay", ["metrics"], fsync=True) as system:
            replay(system)


def posts(system: Separate, folder: Path) -> None:
    """Durable reports against the bare endpoint, each alone on the machine."""
    url = f"http://127.0.0.1:{(port := free_port())}"
    words = [sys.executable, "-m", "uvicorn", "tests.bench.bare:app", "--port", str(port), "--log-level", "warning"]
    bare = Process(words, {}, url, folder / "bare.log")
    bare.start()
    try:
        token = system.token(Role.OFFICER)
        post_reports(url, token, folder, 2)
        plain = post_reports(url, token, folder, SECONDS)
        post_reports(system.url("intake"), token, folder, 2)
        durable = post_reports(system.url("intake"), token, folder, SECONDS)
    finally:
        bare.stop()
    row("bare FastAPI endpoint", f"{plain.per_second:,.0f}/s", "1.00")
    row("durable POST /v1/reports", f"{durable.per_second:,.0f}/s", f"{durable.per_second / plain.per_second:.2f}")
    assert plain.refused == durable.refused == 0, "every report was accepted"


def visibility(system: Separate) -> None:
    """Filed to visible in triage."""
    times = asyncio.run(filed_to_visible(system, RATE, SECONDS))
    row(f"filed -> visible in triage at {RATE}/s, p50", f"{percentile(times, 0.50):.1f} ms", "")
    row(f"filed -> visible in triage at {RATE}/s, p99", f"{percentile(times, 0.99):.1f} ms", "")


def publishing(system: Separate) -> None:
    """Events into the log, one by one and as the relay does it."""
    single = asyncio.run(singles(system, MESSAGES))
    batch = asyncio.run(batches(system, MESSAGES))
    relayed = asyncio.run(relay(system, MESSAGES))
    row("pipelined single publishes, fsync always", f"{single:,.0f}/s", "1.00")
    row("atomic batches of ready messages", f"{batch:,.0f}/s", f"{batch / single:.2f}")
    row("relay, from outbox to log", f"{relayed:,.0f}/s", f"{relayed / single:.2f}")


def replay(system: Separate) -> None:
    """The whole log into metrics."""
    events = asyncio.run(fill(system, REPORTS))
    raw = asyncio.run(raw_fetch(system))
    built = rebuild(system, events)
    row(f"raw nats-py fetch of {events:,} events", f"{raw:,.0f}/s", "1.00")
    row("replay into metrics", f"{built:,.0f}/s", f"{built / raw:.2f}")


def row(what: str, figure: str, ratio: str) -> None:
    """One line of the table."""
    print(f"{what:48} {figure:>14} {ratio:>8}", flush=True)


if __name__ == "__main__":
    row("what", "figure", "ratio")
    main()
