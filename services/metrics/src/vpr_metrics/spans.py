"""How long each chosen case took over an interval, or has been waiting, or waited until it ended otherwise."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Selection, known, one, plain
from vpr_metrics.definitions import CAUSES, Interval
from vpr_metrics.queries import GROUPINGS, LOCAL, text_of
from vpr_metrics.records import LIVE, POINTS
from vpr_metrics.summaries import natural
from vpr_metrics.survival import Floats, Texts, Truths, Whole

REACHED = next(iter(CAUSES))


SEPARATOR = "\x1f"
"""Between the keys of a group; no code holds it."""

STATES = (*CAUSES, "open", "excluded", "invalid")
"""How a case stands to an interval; by their places here they come out of the read model."""

OPEN, EXCLUDED, INVALID = range(len(CAUSES), len(STATES))

NAMES = np.array([*CAUSES, None], dtype=object)
"""The cause of each state that is counted."""

TRAITS = {
    "category": "category",
    "priority": "priority || coalesce(' of ' || gravest, '')",
    "officer_initiated": "officer_initiated",
    "district": "district",
}
"""What cases are alike or unlike by: an expression over a record. Priorities are alike only on scales with the same
gravest end.
"""


@dataclass(frozen=True)
class Spans:
    """Cases that the interval counts, in the order of filing: ``seconds`` until it ended by ``causes`` (none while it
    is open). ``keys`` are those of the group that was asked for, ``traits`` a column for each of TRAITS, ``days`` the
    days of filing in the zone where they are known, also of cases that do not count: they were filed all the same.
    Both are for who asks for them. ``excluded`` and ``invalid`` count the cases that are not among them.
    """

    seconds: Floats
    causes: Texts
    keys: Sequence[str] = ()
    traits: Sequence[Texts] = ()
    days: Sequence[date] = ()
    excluded: int = 0
    invalid: int = 0

    @property
    def reached(self) -> Truths:
        """Which reached the interval's second clock point."""
        return np.equal(self.causes, REACHED).astype(np.bool_)

    @property
    def waiting(self) -> Truths:
        """Which wait."""
        waiting: Truths = np.equal(self.causes, NAMES[OPEN:]).astype(np.bool_)
        return waiting

    @property
    def completed(self) -> Floats:
        """The durations of those that did, in seconds."""
        return self.seconds[self.reached]

    @property
    def open(self) -> int:
        """How many wait."""
        return int(self.waiting.sum())

    @property
    def records(self) -> int:
        """How many cases there are in all."""
        return len(self.causes) + self.excluded + self.invalid

    def ended(self, cause: str) -> int:
        """How many ended so."""
        return int((self.causes == cause).sum())


def observed_until(connection: DuckDBPyConnection, selection: Selection, now: datetime) -> datetime:
    """Until when cases that wait have been seen to wait: the moment asked about, else now.

    Nobody looks on at past cases: they were seen until the latest clock point of their source, also of cases after the
    moment asked about.
    """
    bounds = [bound for bound in (selection.as_of, selection.until) if bound]
    if selection.source == LIVE:
        return min([now, *bounds])
    latest = ", ".join(f"max({point})" for point in POINTS)
    records, parameters = known(replace(selection, until=None))
    statement = f"select greatest({latest}) from ({records}) where source = $source"  # noqa: S608 - names of ours
    last = one(connection, statement, {"source": selection.source} | parameters)
    return min([*bounds, last.replace(tzinfo=UTC) if last else now])


def spans(
    connection: DuckDBPyConnection, interval: Interval, observed: datetime, by: Sequence[str] = (), zone: str = "UTC"
) -> list[Spans]:
    """Of the table ``chosen``: the whole first, then each group of ``by``, in the order of their keys.

    The whole has traits and days, the groups have not.
    """
    parameters = {"observed": plain(observed), "zone": zone}
    table = connection.sql(_statement(interval, by), params=parameters).to_arrow_table().combine_chunks()
    states, taken = table["state"].to_numpy(), table["taken"].fill_null(0).to_numpy() / 1e6
    counted = states <= OPEN
    traits = [table[trait].to_numpy()[counted] for trait in TRAITS]
    days = table["day"].drop_null().to_pylist()
    whole = _gathered(states, taken, traits=traits, days=days)
    return (
        [whole, *(_gathered(states[rows], taken[rows], keys) for keys, rows in _grouped(table["key"]))]
        if by
        else [whole]
    )


def _grouped(column: pa.ChunkedArray) -> Iterator[tuple[Sequence[str], Whole]]:
    """The keys of each group, in their order, and where its rows are, in theirs."""
    encoded = column.combine_chunks().dictionary_encode()
    keys = [tuple(key.split(SEPARATOR)) for key in encoded.dictionary.to_pylist()]
    of = encoded.indices.to_numpy()
    rows = np.argsort(of, kind="stable")
    edges = np.searchsorted(of[rows], np.arange(len(keys) + 1))
    for group in sorted(range(len(keys)), key=lambda one: natural(keys[one])):
        yield keys[group], rows[edges[group] : edges[group + 1]]


def _gathered(states: Whole, taken: Floats, keys: Sequence[str] = (), **described: Any) -> Spans:
    counted = states <= OPEN
    return Spans(
        seconds=taken[counted],
        causes=NAMES[states[counted]],
        keys=keys,
        excluded=int((states == EXCLUDED).sum()),
        invalid=int((states == INVALID).sum()),
        **described,
    )


def _statement(interval: Interval, by: Sequence[str]) -> str:
    keys = ", ".join(text_of(GROUPINGS[name]) for name in by)
    traits = ", ".join(f"{text_of(expression)} as {name}" for name, expression in TRAITS.items())
    key = f"concat_ws('{SEPARATOR}', {keys})" if by else "''"
    return f"""
    with timed as (
        select *, {interval.start} as start, {interval.end} as finish,
            coalesce({interval.end}, over_at, $observed::timestamp) as last, {LOCAL}::date as day
        from chosen
    ),
    judged as (
        select {key} as key, {traits}, day, filed_at, id,
            epoch_us(last) - epoch_us(start) as taken, case
                when excluded is not null or start is null then 'excluded'
                when last < start then if(finish is null, 'excluded', 'invalid')
                when finish is not null then '{REACHED}'
                when over_at is null then 'open'
                when outcome in ('withdrawn', 'resolved', 'no_show') then outcome
                else 'ended_otherwise' end as state
        from timed
    )
    select * exclude (filed_at, id) replace ((list_position({list(STATES)}, state) - 1)::utinyint as state)
    from judged order by filed_at, id
    """  # noqa: S608 - made of this package's own names
