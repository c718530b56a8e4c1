"""What figures cost: percentiles against bare DuckDB on the same file, the flow against pm4py on the same log."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pm4py

from vpr_metrics import model, queries
from vpr_metrics.choosing import Selection, choose
from vpr_metrics.definitions import INTERVALS
from vpr_metrics.exporting import MILESTONES
from vpr_metrics.transitions import transitions

TRIES = 15
PERCENTILES = (50.0, 75.0, 90.0, 95.0, 99.0)

FILL = """
insert into cases (
    id, filed_at, opened_at, claimed_at, assessed_at, dispatched_at, arrived_at, closed_at, channel, category, district,
    priority
)
select uuid(), filed, filed + to_seconds(2), filed + to_seconds(600 * random()), filed + to_seconds(3000 * random()),
    filed + to_seconds(600 + 90000 * random()), filed + to_seconds(100000 + 9000 * random()),
    filed + to_seconds(200000 + 9000 * random()), 'web', 'category-' || (number % 40), 'D' || (number % 23), number % 5
from (select range as number, timestamp '2024-01-01' + to_seconds(30 * range) as filed from range($reports))
"""

BARE = """
select category, count(taken), avg(taken) / 1e6, quantile_cont(taken, [0.5, 0.75, 0.9, 0.95, 0.99])
from (select category, epoch_us(dispatched_at) - epoch_us(filed_at) as taken from cases where dispatched_at >= filed_at)
group by grouping sets ((), (category)) order by category
"""
"""By category and in all, as an answer has it."""


@dataclass(frozen=True)
class Asked:
    """Seconds of the fastest of some tries each, by somebody else's tool and by ours."""

    theirs: float
    ours: float


def filled(path: Path, reports: int) -> duckdb.DuckDBPyConnection:
    """A read model of so many reports, complete, in a new file."""
    connection = duckdb.connect(str(path))
    model.create(connection)
    connection.execute(FILL, {"reports": reports})
    model.complete(connection)
    connection.execute("checkpoint")
    return connection


def percentiles_by_category(path: Path, reports: int) -> Asked:
    """The headline's percentiles by category."""
    headline = [INTERVALS["headline"]]
    with closing(filled(path, reports)) as connection:

        def ours(reader: duckdb.DuckDBPyConnection) -> object:
            return queries.timings(reader, Selection(), ["category"], headline, PERCENTILES)

        bare = _fastest(lambda: connection.execute(BARE).fetchall())
        return Asked(bare, _fastest(lambda: _asked(connection, ours)))


def flow(path: Path, cases: int) -> Asked:
    """The steps between milestones with their mean times: pm4py has its log in memory already, and we our table."""

    def ours(reader: duckdb.DuckDBPyConnection) -> object:
        choose(reader, Selection())
        return transitions(reader)

    with closing(filled(path, cases)) as connection:
        seconds = _fastest(lambda: _asked(connection, ours))
        choose(connection, Selection())
        log = connection.execute(f"{MILESTONES}").df()
    names = {"case_id": "case:concept:name", "activity": "concept:name", "moment": "time:timestamp"}
    log = log[list(names)].rename(columns=names).astype({"case:concept:name": str})
    log["time:timestamp"] = log["time:timestamp"].dt.tz_localize("UTC")
    pm: Any = pm4py
    return Asked(_fastest(lambda: pm.discover_performance_dfg(log), tries=3), seconds)


def _asked(connection: duckdb.DuckDBPyConnection, question: Callable[[duckdb.DuckDBPyConnection], object]) -> object:
    """As the service asks: on a cursor, in a transaction."""
    with connection.cursor() as reader:
        reader.begin()
        return question(reader)


def _fastest(work: Callable[[], object], tries: int = TRIES) -> float:
    times = []
    for _ in range(tries):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)
