"""Timing figures as an answer: small numbers left out, and the same as a table."""

from collections.abc import Iterator, Sequence
from typing import Any

from vpr_metrics import definitions, queries
from vpr_metrics.api.forms import COUNT, MOMENT, NUMBER, TEXT, TRUTH, Table
from vpr_metrics.api.projected import as_of
from vpr_metrics.schemas.figures import (
    NONE,
    ExcludedReasons,
    Figures,
    Group,
    IntervalTimings,
    InvalidReasons,
    TimingQuery,
    Timings,
)
from vpr_metrics.suppressing import hidden, is_of_few, is_small

COUNTS = ("n", "open", "excluded", "invalid")
REASONS = ("open", "excluded", "invalid", "excluded_reasons", "invalid_reasons")
"""What tells why records are not among n: small numbers are left out of all of it together."""

SINGLE = ("min", "max")
"""What is the value of one case."""


def answer(query: TimingQuery, found: queries.Found, zone: str, *, whole_truth: bool) -> Timings:
    """The answer; small numbers are in it for who sees the ``whole_truth`` only."""
    intervals = []
    for interval in query.spans():
        rows = [row for row in found.rows if row["interval"] == interval.name]
        intervals.append(_interval(interval, rows, query, whole_truth=whole_truth))
    totals = [row for row in found.rows if row["whole"]]
    few = is_small(found.records, *(found.records - row["n"] for row in totals)) and not whole_truth
    return Timings(
        source=query.source,
        by=",".join(query.by) or NONE,
        groupings=query.by,
        gravest=list(found.gravest),
        zone=zone,
        as_of=as_of(found.newest),
        until=query.until,
        records=None if few else found.records,
        withheld=None if whole_truth else definitions.SMALL_NUMBERS["single_values"],
        intervals=intervals,
    )


def _interval(
    interval: definitions.Interval, rows: Sequence[queries.Row], query: TimingQuery, *, whole_truth: bool
) -> IntervalTimings:
    whole = next((row for row in rows if row["whole"]), NOTHING)
    parts = [row for row in rows if not row["whole"]]
    shown = parts or [whole]
    gone, without_total = hidden([_size(row) for row in shown])
    silent, total_silent = hidden([_reasons(row) for row in shown], gone)
    if whole_truth:
        gone, without_total, silent, total_silent = frozenset(), False, frozenset(), False
    groups = [
        Group(
            key=" / ".join(row["keys"]),
            keys=dict(zip(query.by, row["keys"], strict=True)),
            **_figures(_seen(row, query, whole_truth), query, suppressed=place in gone, silent=place in silent),
        )
        for place, row in enumerate(parts)
    ]
    seen = _seen(whole, query, whole_truth)
    total = Figures(**_figures(seen, query, suppressed=without_total, silent=total_silent))
    return IntervalTimings(interval=interval.name, start=interval.start, end=interval.end, groups=groups, total=total)


def _seen(row: queries.Row, query: TimingQuery, whole_truth: bool) -> queries.Row:
    """The row without what tells of single cases, unless the reader sees the ``whole_truth``."""
    if whole_truth:
        return row
    values = zip(query.percentile, row["percentiles"] or [None] * len(query.percentile), strict=True)
    percentiles = [None if is_of_few(percentage, row["n"]) else value for percentage, value in values]
    p90 = None if is_of_few(queries.P90, row["n"]) else row["p90"]
    return row | dict.fromkeys(SINGLE) | {"p90": p90, "percentiles": percentiles}


def _size(row: queries.Row) -> tuple[int, int]:
    return row["n"], row["n"] + sum(row[state] for state in queries.STATES)


def _reasons(row: queries.Row) -> tuple[int, ...]:
    """How many records are left out of n for each reason, and together."""
    reasons = [row[state] for state in queries.STATES]
    return sum(reasons), *reasons


def _figures(row: queries.Row, query: TimingQuery, *, suppressed: bool, silent: bool) -> dict[str, Any]:
    names = [_percent(one) for one in query.percentile]
    if suppressed:
        nothing = dict.fromkeys((*COUNTS, *queries.AVERAGES, "excluded_reasons", "invalid_reasons"))
        return nothing | {"percentiles": dict.fromkeys(names), "suppressed": True}
    reasons = {reason: row[reason] for reason in definitions.EXCLUDED}
    figures = {name: row[name] for name in ("n", "open", "invalid", *queries.AVERAGES)} | {
        "percentiles": dict(zip(names, row["percentiles"] or [None] * len(names), strict=True)),
        "excluded": sum(reasons.values()),
        "excluded_reasons": ExcludedReasons(**reasons),
        "invalid_reasons": InvalidReasons(end_before_start=row["invalid"]),
    }
    return figures | (dict.fromkeys(REASONS) if silent else {})


NOTHING: queries.Row = dict.fromkeys(("n", *queries.STATES), 0) | dict.fromkeys((*queries.AVERAGES, "percentiles"))


def _percent(percentile: float) -> str:
    return f"{percentile:g}"


def table(told: Timings, percentiles: Sequence[float]) -> Table:
    """A row for each interval's groups, and one for its total (``whole``)."""
    columns = {"source": TEXT, "interval": TEXT, "from": TEXT, "to": TEXT, "whole": TRUTH}
    columns |= dict.fromkeys(told.groupings, TEXT) | {"suppressed": TRUTH} | dict.fromkeys(COUNTS, COUNT)
    columns |= dict.fromkeys(definitions.EXCLUDED, COUNT) | dict.fromkeys(queries.AVERAGES, NUMBER)
    columns |= {f"p{_percent(one)}": NUMBER for one in percentiles} | {"as_of": MOMENT, "definition_version": COUNT}
    return Table(columns, list(_rows(told)))


def _rows(told: Timings) -> Iterator[dict[str, Any]]:
    for one in told.intervals:
        place: dict[str, Any] = {"source": told.source, "interval": one.interval, "from": one.start, "to": one.end}
        place |= {"definition_version": told.definition_version}
        place |= {"as_of": told.as_of.recorded_at if told.as_of else None}
        for figures in (*one.groups, one.total):
            own = figures.model_dump()
            reasons = own.pop("excluded_reasons") or {}
            percentiles = {f"p{name}": value for name, value in own.pop("percentiles").items()}
            yield place | {"whole": figures is one.total} | own | own.get("keys", {}) | reasons | percentiles
