"""Which records a figure is of: filters, what was known when, and until when the world is looked at."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from duckdb import DuckDBPyConnection

from vpr_metrics.positions import Position, before
from vpr_metrics.records import LIVE, PATHWAYS, cases_known, records_of

NOT_VIRTUAL = "in_person"
"""What every pathway but virtual was called together."""

FILTERS = {
    "filed_from": "filed_at >= $filed_from",
    "filed_before": "filed_at < $filed_before",
    "category": "category = $category",
    "district": "district = $district",
    "priority": "priority = $priority::varchar",
    "channel": "channel = $channel",
    "pathway": f"if($pathway = '{NOT_VIRTUAL}', pathway <> '{PATHWAYS[0]}', pathway = $pathway)",
    "officer_initiated": "officer_initiated = $officer_initiated",
    "outcome": "outcome = $outcome",
    "eligible": "eligible = $eligible",
}
"""A condition for each field of a selection that narrows it."""

CLOSED_AT_ALL = "(select count(closed_at) from known_records where source = $source) > 0"

OVER_HERE = "least(closed_at, withdrawn_at)"
OVER_ELSEWHERE = f"if({CLOSED_AT_ALL}, closed_at, cleared_at)"
"""When a record was over, see definitions.OVER. Asked of the whole source, so that a filter does not change it."""

MEANT = "coalesce(screened_as = 'virtual', false) or offered_at is not null or pathway = 'virtual'"
ELIGIBLE = f"if(source = '{LIVE}', {MEANT}, null)"
"""See definitions.ARMS. A live case that no rule has screened is not eligible until video is offered or held. An
officer may offer video where the rules asked for a review first.
"""

type Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Selection:
    """Records of one source. ``filed_from`` (inclusive) and ``filed_before`` (exclusive) bound filed_at.

    ``as_of``: only what was recorded up to then; ``until``: only what happened up to then. Moments are aware.
    ``position``: only what the log held up to there.
    """

    source: str = LIVE
    filed_from: datetime | None = None
    filed_before: datetime | None = None
    category: str | None = None
    district: str | None = None
    priority: int | None = None
    channel: str | None = None
    pathway: str | None = None
    officer_initiated: bool | None = None
    outcome: str | None = None
    eligible: bool | None = None
    as_of: datetime | None = None
    until: datetime | None = None
    position: Position | None = None

    @property
    def bounded(self) -> bool:
        """Whether it is about less than all that is known now."""
        return bool(self.as_of or self.until or self.position)

    @property
    def narrowed(self) -> Mapping[str, Any]:
        """The filters that are set."""
        return {name: value for name in FILTERS if (value := getattr(self, name)) is not None}


def choose(connection: DuckDBPyConnection, selection: Selection) -> None:
    """Make the temporary relation ``chosen`` of this connection, a row a record.

    What was known once is computed once; what is known now is read where it is, as far as a question needs it.
    """
    relation, bounds = chosen(selection)
    if selection.bounded:
        connection.execute(f"create or replace temp table chosen_once as {relation}", bounds)
        relation = "select * from chosen_once"
    else:
        for name, value in bounds.items():
            connection.execute(f"set variable {name} = $value", {"value": value})
        relation = re.sub(r"\$(\w+)", r"getvariable('\1')", relation)  # a view has no parameters
    connection.execute(f"create or replace temp view chosen as {relation}")


def chosen(selection: Selection) -> tuple[str, Row]:
    """A relation of the selection's records, with its parameters.

    Beside the columns of ``records`` it has ``over_at``, when the case was over, and ``eligible``, whether for virtual
    response.
    """
    narrowed = selection.narrowed
    conditions = " and ".join(["source = $source", *(FILTERS[name] for name in narrowed)])
    records, bounds = known(selection)
    over = OVER_HERE if selection.source == LIVE else OVER_ELSEWHERE
    relation = f"""
    with known_records as ({records}),
    judged as (select *, {over} as over_at, {ELIGIBLE} as eligible from known_records where source = $source)
    select * from judged where {conditions}
    """  # noqa: S608 - made of this package's own names
    return relation, {"source": selection.source} | bounds | {name: plain(told) for name, told in narrowed.items()}


def known(selection: Selection) -> tuple[str, Row]:
    """A relation of all records that the selection's bounds leave known, with its parameters."""
    if not selection.bounded:
        return "select * from records", {}
    bounds: Row = {"as_of": plain(selection.as_of), "until": plain(selection.until)}
    placed, places = before(selection.position)
    cases = cases_known("$as_of::timestamp", "$until::timestamp", placed)
    return f"with known_cases as ({cases}) {records_of('known_cases')}", bounds | places


def sources(connection: DuckDBPyConnection) -> list[tuple[str, int]]:
    """Every source with the number of its records; the live one first, even without any."""
    found = connection.execute("select source, count(*) from records group by source order by source").fetchall()
    counts: dict[str, int] = {LIVE: 0} | dict(found)
    return list(counts.items())


def newest(connection: DuckDBPyConnection, selection: Selection) -> tuple[Any, datetime] | None:
    """The newest event (id, recorded_at) that the selection leaves known."""
    placed, places = before(selection.position)
    statement = f"""
    select id, recorded_at from events where ($as_of::timestamp is null or recorded_at <= $as_of) and {placed}
    order by recorded_at desc, id desc limit 1
    """  # noqa: S608 - names of ours
    rows = connection.execute(statement, {"as_of": plain(selection.as_of)} | places).fetchall()
    return next(((event, at.replace(tzinfo=UTC)) for event, at in rows), None)


def plain(value: Any) -> Any:
    """Times in the read model are UTC without a zone."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value


def rows_of(connection: DuckDBPyConnection, query: str, parameters: Mapping[str, Any] | None = None) -> Sequence[Row]:
    """What a query finds, by column."""
    connection.execute(query, dict(parameters or {}))
    columns = [column[0] for column in connection.description or ()]
    return [dict(zip(columns, row, strict=True)) for row in connection.fetchall()]


def one(connection: DuckDBPyConnection, query: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """The one value that a query finds."""
    [(value,)] = connection.execute(query, dict(parameters or {})).fetchall()
    return value
