"""A cohort out of the read model: its spans, and the arms of the intention to treat."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row, Selection, choose, newest, rows_of
from vpr_metrics.definitions import ARMS, Interval
from vpr_metrics.records import LIVE
from vpr_metrics.spans import Spans, observed_until, spans

ARM_OF = {
    "all": "true",
    "eligible": "eligible",
    "not_eligible": "not eligible",
    "offered": "offered_at is not null or pathway = 'virtual'",
    "not_offered": "eligible and offered_at is null and pathway <> 'virtual'",
    "accepted": "accepted_at is not null or pathway = 'virtual'",
    "declined": "pathway = 'declined'",
}
"""A condition for each of definitions.ARMS."""


@dataclass(frozen=True)
class Cohort:
    """What is to be compared. ``arms`` have case counts, n, mean and median by name; none of past cases."""

    selection: Selection
    spans: Spans
    observed: datetime
    newest: tuple[Any, datetime] | None
    arms: dict[str, Row]


def cohort(
    connection: DuckDBPyConnection, selection: Selection, interval: Interval, now: datetime, zone: str
) -> Cohort:
    """The cohort that the selection describes."""
    choose(connection, selection)
    observed = observed_until(connection, selection, now)
    [found] = spans(connection, interval, observed, zone=zone)
    event = newest(connection, selection)
    return Cohort(selection, found, observed, event, arms(connection, selection, interval))


def arms(connection: DuckDBPyConnection, selection: Selection, interval: Interval) -> dict[str, Row]:
    """Everybody who could have been met by video, by what was intended: filters on what came of it are left out."""
    if selection.source != LIVE:
        return {}
    choose(connection, everybody(selection))
    return {name: rows_of(connection, _arm(ARM_OF[name], interval))[0] for name in ARMS}


def everybody(selection: Selection) -> Selection:
    """The selection without filters on what came of a case; past cases have no arms, so theirs stay."""
    if selection.source != LIVE:
        return selection
    return replace(selection, pathway=None, eligible=None, outcome=None)


def _arm(condition: str, interval: Interval) -> str:
    taken = f"epoch_us({interval.end}) - epoch_us({interval.start})"
    return f"""
    select count(*) as cases, count(taken) as n, avg(taken) / 1e6 as mean, quantile_cont(taken, 0.5) / 1e6 as median
    from (
        select if({interval.end} >= {interval.start}, {taken}, null) as taken from chosen
        where excluded is null and ({condition})
    )
    """  # noqa: S608 - made of this package's own names
