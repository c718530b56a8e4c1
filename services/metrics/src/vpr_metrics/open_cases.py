"""Which of the chosen cases wait, and for how long."""

from datetime import datetime

from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row, plain, rows_of
from vpr_metrics.definitions import Interval

HOUR, DAY = 3600, 86400
EDGES = (0, HOUR, 4 * HOUR, DAY, 3 * DAY, 7 * DAY, 30 * DAY)
"""Where the bands of ages begin, in seconds."""

BANDS = tuple(zip(EDGES, (*EDGES[1:], None), strict=True))


def ages(connection: DuckDBPyConnection, interval: Interval, observed: datetime) -> Row:
    """Of the table ``chosen``: n, mean, median, p90 and oldest age in seconds, and ``bands``, a count for each."""
    counts = ", ".join(
        f"count(*) filter (where age >= {least}e6 {f'and age < {below}e6' if below else ''})" for least, below in BANDS
    )
    [row] = rows_of(
        connection,
        f"""
        with waiting as (
            select epoch_us($observed::timestamp) - epoch_us({interval.start}) as age from chosen
            where excluded is null and {interval.start} <= $observed::timestamp and {interval.end} is null
                and over_at is null
        )
        select count(*) as n, avg(age) / 1e6 as mean, quantile_cont(age, 0.5) / 1e6 as median,
            quantile_cont(age, 0.9) / 1e6 as p90, max(age) / 1e6 as oldest, [{counts}] as bands
        from waiting
        """,  # noqa: S608 - names and numbers of ours
        {"observed": plain(observed)},
    )
    return row
