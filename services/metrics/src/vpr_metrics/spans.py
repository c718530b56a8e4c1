"""How long each chosen case took over an interval, or has been waiting, or waited until it ended otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row, Selection, known, one, plain, rows_of
from vpr_metrics.definitions import CAUSES, Interval
from vpr_metrics.queries import GROUPINGS, LOCAL, text_of
from vpr_metrics.records import LIVE, POINTS
from vpr_metrics.survival import Floats, Truths

REACHED = next(iter(CAUSES))

TRAITS = ("category", "priority", "officer_initiated", "district")
"""What cases are alike or unlike by."""


@dataclass(frozen=True)
class Spans:
    """Cases that the interval counts, in the order of filing: ``seconds`` until it ended by ``causes`` (none while it
    is open). ``keys`` are those of the group that was asked for, ``traits`` each case's of TRAITS, ``days`` the days of
    filing in the zone (none where unknown). ``excluded`` and ``invalid`` count the cases that are not among them.
    """

    seconds: Floats
    causes: Sequence[str | None]
    keys: Sequence[str] = ()
    traits: Sequence[Sequence[str]] = ()
    days: Sequence[date | None] = ()
    excluded: int = 0
    invalid: int = 0

    @property
    def reached(self) -> Truths:
        """Which reached the interval's second clock point."""
        return np.array([cause == REACHED for cause in self.causes], dtype=bool)

    @property
    def completed(self) -> Floats:
        """The durations of those that did, in seconds."""
        return self.seconds[self.reached]

    @property
    def open(self) -> int:
        """How many wait."""
        return sum(cause is None for cause in self.causes)

    @property
    def records(self) -> int:
        """How many cases there are in all."""
        return len(self.causes) + self.excluded + self.invalid

    def ended(self, cause: str) -> int:
        """How many ended so."""
        return sum(one == cause for one in self.causes)


def observed_until(connection: DuckDBPyConnection, selection: Selection, now: datetime) -> datetime:
    """Until when cases that wait have been seen to wait: the moment asked about, else now.

    Nobody looks on at past cases: they were seen until the latest clock point of their source.
    """
    bounds = [bound for bound in (selection.as_of, selection.until) if bound]
    if selection.source == LIVE:
        return min([now, *bounds])
    latest = ", ".join(f"max({point})" for point in POINTS)
    records, parameters = known(selection)
    statement = f"select greatest({latest}) from ({records}) where source = $source"  # noqa: S608 - names of ours
    last = one(connection, statement, {"source": selection.source} | parameters)
    return min([*bounds, last.replace(tzinfo=UTC) if last else now])


def spans(
    connection: DuckDBPyConnection, interval: Interval, observed: datetime, by: Sequence[str] = (), zone: str = "UTC"
) -> list[Spans]:
    """Of the table ``chosen``: the whole first, then each group of ``by``, in the order of their keys."""
    rows = rows_of(connection, _statement(interval, by), {"observed": plain(observed), "zone": zone})
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows if by else ():
        groups.setdefault(tuple(row["keys"]), []).append(row)
    return [_gathered(rows), *(_gathered(groups[key], key) for key in sorted(groups, key=_natural))]


def _natural(key: Sequence[str]) -> list[tuple[bool, int, str]]:
    """Numbers by their value, before texts."""
    return [(not part.lstrip("-").isdigit(), int(part) if part.lstrip("-").isdigit() else 0, part) for part in key]


def _gathered(rows: Sequence[Row], keys: Sequence[str] = ()) -> Spans:
    counted = [row for row in rows if row["state"] not in {"excluded", "invalid"}]
    return Spans(
        seconds=np.array([row["taken"] for row in counted], dtype=np.float64) / 1e6,
        causes=[None if row["state"] == "open" else row["state"] for row in counted],
        keys=keys,
        traits=[row["traits"] for row in counted],
        days=[row["day"] for row in counted],
        excluded=sum(row["state"] == "excluded" for row in rows),
        invalid=sum(row["state"] == "invalid" for row in rows),
    )


def _statement(interval: Interval, by: Sequence[str]) -> str:
    keys = ", ".join(text_of(GROUPINGS[name]) for name in by)
    return f"""
    with timed as (
        select *, {interval.start} as start, {interval.end} as finish,
            coalesce({interval.end}, over_at, $observed::timestamp) as last, {LOCAL}::date as day
        from chosen
    )
    select [{keys}]::varchar[] as keys, [{", ".join(text_of(trait) for trait in TRAITS)}] as traits, day,
        epoch_us(last) - epoch_us(start) as taken, case
            when excluded is not null or start is null then 'excluded'
            when last < start then 'invalid'
            when finish is not null then '{REACHED}'
            when over_at is null then 'open'
            when outcome in ('withdrawn', 'resolved', 'no_show') then outcome
            else 'ended_otherwise' end as state
    from timed order by filed_at, id
    """  # noqa: S608 - made of this package's own names
