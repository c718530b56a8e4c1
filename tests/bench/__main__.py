"""``make bench``: a table of ratios, measured in one run against real servers with fsync on.

Absolute figures depend on the machine and its load; the ratios are what to compare.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench import dashboard
from tests.bench import replay as replaying
from tests.bench.exports import million_rows
from tests.bench.figures import flow, percentiles_by_category
from tests.bench.forms import admitted, bulk, open311, unlimited
from tests.bench.frames import first_frames
from tests.bench.freshness import committed_to_counted
from tests.bench.inviting import handed_to_gateway
from tests.bench.lines import CONNECTIONS, idle_connections, restarted_under_calls
from tests.bench.meetings import video_alone
from tests.bench.places import points_per_second
from tests.bench.posts import another, bare, fill, latency, rate
from tests.bench.relay import batches, relay, singles
from tests.bench.steady import percentile
from tests.bench.targets import TARGETS, Beside, filing_beside
from tests.bench.timers import PENDING, cost_of_pending_timers
from tests.bench.visibility import filed_to_visible
from tests.processes import Separate, separate_services, service_process

type Measure = Callable[[Path], None]

SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
RATE = int(os.environ.get("BENCH_RATE", "100"))
MESSAGES = int(os.environ.get("BENCH_MESSAGES", "20000"))
REPORTS = int(os.environ.get("BENCH_REPORTS", "20000"))
LIVE = int(os.environ.get("BENCH_LIVE", "200"))
ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
FLOWING = int(os.environ.get("BENCH_FLOWING", "100000"))
CASES = [int(one) for one in os.environ.get("BENCH_CASES", "1000000").split(",")]
"""How many reports figures are computed of, such as 1000000,10000000."""
FEW, MANY = 10_000, int(os.environ.get("BENCH_STORED", "1000000"))


def main(wanted: Sequence[str]) -> None:
    """Measure and print: all parts, or those wanted."""
    if unknown := set(wanted) - set(PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))} (there are {', '.join(PARTS)})")
    with tempfile.TemporaryDirectory(prefix="vpr-bench-") as name:
        for part, measure in PARTS.items():
            if not wanted or part in wanted:
                folder = Path(name) / part
                folder.mkdir()
                measure(folder)


def on(*services: str) -> Callable[[Callable[[Separate, Path], None]], Measure]:
    """Measure on a system of these services, each in a process of its own."""

    def given(measured: Callable[[Separate, Path], None]) -> Measure:
        def measure(folder: Path) -> None:
            with separate_services(folder, list(services), fsync=True) as system:
                measured(system, folder)

        return measure

    return given


@on("intake")
def posts(system: Separate, folder: Path) -> None:
    """Durable reports against the bare endpoint, each alone on the machine."""
    with bare(folder) as url:
        plain = rate(url, system, folder, SECONDS)
    row("bare FastAPI endpoint", per_second(plain), "1.00")
    durable = rate(system.url("intake"), system, folder, SECONDS)
    row("durable POST /v1/reports", per_second(durable), f"{durable / plain:.2f}")
    median, slow = latency(system, durable / 2, SECONDS)
    row("  at half that load, p50", f"{median:.1f} ms")
    row("  at half that load, p99", f"{slow:.1f} ms")
    with another(system, folder, commit_batch="1") as single:
        alone = rate(single.url, system, folder, SECONDS)
    row("  each report in a transaction of its own", per_second(alone), f"{alone / plain:.2f}")
    row("  group commit against that", "", f"{durable / alone:.1f}x")


@on()
def ways_in(system: Separate, folder: Path) -> None:
    """Open311's form and bulk filing against the bare endpoint; then filing beside webhooks that nobody answers."""
    with bare(folder) as url:
        plain = rate(url, system, folder, SECONDS)
    row("bare FastAPI endpoint", per_second(plain), "1.00")
    with unlimited(system, folder) as intake:
        key = admitted(intake.url, system)
        forms = open311(intake.url, key, folder, SECONDS)
        row("durable Open311 POST requests, by form", per_second(forms), f"{forms / plain:.2f}")
        rows = bulk(intake.url, key)
        row("durable rows of one bulk filing", per_second(rows), f"{rows / plain:.2f}")
        steady = min(RATE, round(forms / 2))  # what is overloaded would say nothing of webhooks
    beside(filing_beside(system, folder, steady, SECONDS), steady)


def beside(found: Beside, steady: int) -> None:
    """Filing by 311 systems, beside what must not slow it."""
    row(f"filing at {steady}/s by {TARGETS} clients, p99", f"{found.alone:.1f} ms", "1.00")
    row(f"  with {TARGETS} webhooks slow or dead, p99", f"{found.same:.1f} ms", f"{found.same / found.alone:.2f}")
    row("  with these told by a process of their own, p99", f"{found.own:.1f} ms", f"{found.own / found.alone:.2f}")
    row("  deliveries that waited in the end", f"{found.waiting:,}")
    row(
        f"  beside {found.flood:,.0f} requests/s to the form, p99",
        f"{found.flooded:.1f} ms",
        f"{found.flooded / found.alone:.2f}",
    )


def places(folder: Path) -> None:
    """The district of a point."""
    looked = points_per_second()
    row("points, by asking every district", per_second(looked.each), "1.00")
    row(
        f"points by the index, {looked.inside:.0%} in the city",
        per_second(looked.index),
        f"{looked.index / looked.each:.1f}x",
    )


@on("intake")
def stored(system: Separate, folder: Path) -> None:
    """The same with few and with many reports in the database; then with a second process."""
    few = _with_stored(system, folder, 1, FEW)
    many = _with_stored(system, folder, FEW + 1, MANY)
    row(f"with {FEW:,} reports stored", per_second(few), "1.00")
    row(f"with {MANY:,} reports stored", per_second(many), f"{many / few:.2f}")
    with another(system, folder) as second, ThreadPoolExecutor(2) as pool:
        urls = (system.url("intake"), second.url)
        both = sum(pool.map(lambda url: rate(url, system, folder, SECONDS, 32), urls))
    row("  and a second process", per_second(both), f"{both / many:.2f}")


def _with_stored(system: Separate, folder: Path, first: int, last: int) -> float:
    fill(system, first, last)
    return rate(system.url("intake"), system, folder, SECONDS)


@on("intake", "triage")
def visibility(system: Separate, folder: Path) -> None:
    """Filed to visible in triage."""
    asyncio.run(filed_to_visible(system, RATE, 2))  # to warm up
    times = asyncio.run(filed_to_visible(system, RATE, SECONDS))
    row(f"filed -> visible in triage at {RATE}/s, p50", f"{percentile(times, 0.50):.1f} ms")
    row(f"filed -> visible in triage at {RATE}/s, p99", f"{percentile(times, 0.99):.1f} ms")


@on()
def publishing(system: Separate, folder: Path) -> None:
    """Events into the log, one by one and as the relay does it."""
    relayed = asyncio.run(relay(system, MESSAGES))  # first: it would not go on behind events of others
    single = asyncio.run(singles(system, MESSAGES))
    batch = asyncio.run(batches(system, MESSAGES))
    row("pipelined single publishes, fsync always", f"{single:,.0f}/s", "1.00")
    row("atomic batches of ready messages", f"{batch:,.0f}/s", f"{batch / single:.2f}")
    row("relay, from outbox to log", f"{relayed:,.0f}/s", f"{relayed / single:.2f}")


@on("metrics")
def replay(system: Separate, folder: Path) -> None:
    """The whole log into metrics."""
    events = asyncio.run(replaying.fill(system, REPORTS))
    raw = asyncio.run(replaying.raw_fetch(system))
    built = replaying.rebuild(system, events)
    row(f"raw nats-py fetch of {events:,} events", per_second(raw), "1.00")
    row("replay into metrics", per_second(built), f"{built / raw:.2f}")


def figures(folder: Path) -> None:
    """What questions cost, whoever asks."""
    for reports in CASES:
        asked = percentiles_by_category(folder / f"{reports}.duckdb", reports)
        row(f"bare DuckDB, percentiles of {reports:,} reports", f"{asked.theirs * 1e3:,.0f} ms", "1.00")
        row("  the same as an answer of metrics", f"{asked.ours * 1e3:,.0f} ms", f"{asked.ours / asked.theirs:.2f}")
    flowed = flow(folder / "flow.duckdb", FLOWING)
    row(f"pm4py's performance DFG of {FLOWING:,} cases", f"{flowed.theirs * 1e3:,.0f} ms", "1.00")
    row("  metrics' flow", f"{flowed.ours * 1e3:,.0f} ms", f"{flowed.theirs / flowed.ours:.1f}x")


@on("intake", "metrics")
def freshness(system: Separate, folder: Path) -> None:
    """Committed to counted; then a large answer."""
    asyncio.run(committed_to_counted(system, LIVE, 2))  # to warm up
    times = asyncio.run(committed_to_counted(system, LIVE, SECONDS))
    row(f"committed -> in an answer at {LIVE}/s, p50", f"{percentile(times, 0.50):.1f} ms")
    row(f"committed -> in an answer at {LIVE}/s, p99", f"{percentile(times, 0.99):.1f} ms")
    export(system, folder / "export")


def export(system: Separate, folder: Path) -> None:
    """A large answer."""
    exported = million_rows(system, folder, ROWS)
    row(f"event log of {ROWS:,} rows as CSV, first byte", f"{exported.first:.0f} ms")
    row("  first row", f"{exported.row:.0f} ms")
    row("  rows", per_second(exported.per_second))
    row("  memory it took, and the second time", f"{exported.grew:.0f} MB", f"{exported.again:+.0f} MB")


def pending_timers(folder: Path) -> None:
    """Timers that wait for their day must not cost those who work today."""
    cost = cost_of_pending_timers(folder, SECONDS)
    row("cases opened and claimed, no other timers", per_second(cost.without), "1.00")
    row(f"the same with {PENDING:,} pending timers", per_second(cost.pending), f"{cost.pending / cost.without:.2f}")
    row(f"scheduler's look at {PENDING:,} timers", f"{cost.look:.2f} ms")


def calls(folder: Path) -> None:
    """Signalling by plain peers, invitations, and the first picture in real browsers."""
    with video_alone(folder / "lines") as system:
        idle = idle_connections(system)
        row(f"{CONNECTIONS} idle signalling connections, each", f"{idle.kilobytes:.0f} KiB")
        row("  an offer from one to the other, p50", f"{idle.p50:.1f} ms")
        row("  an offer from one to the other, p99", f"{idle.p99:.1f} ms")
        restarted = restarted_under_calls(system)
        row("calls that are back after kill -9 of the service", f"{restarted.back} of {restarted.calls}")
        row("  the last of them, from its first answer", f"{restarted.seconds:.1f} s")
    median, slow = handed_to_gateway(folder / "inviting")
    row("invitation asked for -> SMS at the gateway, p50", f"{median:.0f} ms")
    row("invitation asked for -> SMS at the gateway, p99", f"{slow:.0f} ms")
    first_frames(folder / "frames", _frame)


def _frame(way: str, took: float, bare: float) -> None:
    row("let in -> first picture, bare pages", f"{bare:.0f} ms", "1.00")
    row(f"let in -> first picture, {way}", f"{took:.0f} ms", f"{took / bare:.2f}")


@on()
def looked_at(system: Separate, folder: Path) -> None:
    """The dashboard of many reports, and its pictures."""
    dashboard.fill(system.home.metrics, MANY)
    metrics = service_process("metrics", system.home, system.embedded.endpoints, folder, METRICS_CHART_SECONDS="60")
    metrics.start()
    try:
        looked = dashboard.look(system, metrics.url)
    finally:
        metrics.stop()
    row(f"dashboard's first paint, {MANY:,} reports", f"{looked.first:.2f} s", "1.00")
    row("  the same while the data stays", f"{looked.again:.3f} s", f"{looked.again / looked.first:.2f}")
    for name, seconds in looked.parts.items():
        row(f"  its part {name}", f"{seconds:.2f} s", f"{seconds / looked.first:.2f}")
    for form, seconds in looked.pictures.items():
        row(f"a picture as {form.upper()}", f"{1000 * seconds:.0f} ms")


def per_second(figure: float) -> str:
    """A rate as it is printed."""
    return f"{figure:,.0f}/s"


def row(what: str, figure: str, ratio: str = "") -> None:
    """One line of the table."""
    print(f"{what:48} {figure:>14} {ratio:>8}", flush=True)


PARTS: dict[str, Measure] = {
    "visibility": visibility,
    "posts": posts,
    "ways_in": ways_in,
    "places": places,
    "stored": stored,
    "publishing": publishing,
    "replay": replay,
    "figures": figures,
    "freshness": freshness,
    "timers": pending_timers,
    "dashboard": looked_at,
    "calls": calls,
}

if __name__ == "__main__":
    row("what", "figure", "ratio")
    main(sys.argv[1:])
