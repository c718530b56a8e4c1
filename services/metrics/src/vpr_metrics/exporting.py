"""The chosen cases as event logs for process mining: XES, OCEL 2.0 and CSV, piece by piece."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from xml.sax.saxutils import quoteattr

import orjson
from duckdb import DuckDBPyConnection

from vpr_metrics.choosing import Row, Selection, choose, plain
from vpr_metrics.flow import happened
from vpr_metrics.records import LIVE

ROWS = 5000
"""How many rows become one piece."""

TRAITS = ("category", "district", "priority", "channel", "pathway", "outcome", "officer_initiated")
"""What a trace or an object tells of its case."""

MILESTONES = f"""
select case_id, activity, moment, {", ".join(TRAITS)} from ({happened()}) join chosen on chosen.id = case_id
order by filed_at, case_id, moment, place
"""  # noqa: S608 - names of ours

type Writer = Callable[[DuckDBPyConnection, Selection], Iterator[bytes]]

EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
)


def xes(connection: DuckDBPyConnection, selection: Selection) -> Iterator[bytes]:
    """IEEE 1849-2016: a trace for each case, an event for each milestone."""
    yield _xes_head()  # whoever waits sees that it has begun
    choose(connection, selection)
    for traces in _batched(_rows(connection, MILESTONES)):
        yield "".join(_trace(rows) for rows in traces).encode()
    yield b"</log>\n"


def _xes_head() -> bytes:
    extensions = "".join(
        f'  <extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n' for name, prefix, uri in EXTENSIONS
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">
{extensions}  <global scope="trace">
    <string key="concept:name" value="unknown"/>
  </global>
  <global scope="event">
    <string key="concept:name" value="unknown"/>
    <date key="time:timestamp" value="1970-01-01T00:00:00+00:00"/>
    <string key="lifecycle:transition" value="complete"/>
  </global>
  <classifier name="Activity" keys="concept:name"/>
""".encode()


def _trace(rows: Sequence[Row]) -> str:
    told = "".join(
        f'    <string key="{trait}" value={quoteattr(_text(rows[0][trait]))}/>\n'
        for trait in TRAITS
        if rows[0][trait] is not None
    )
    events = "".join(
        f'    <event>\n      <string key="concept:name" value={quoteattr(row["activity"])}/>\n'
        f'      <date key="time:timestamp" value="{_moment(row["moment"])}"/>\n'
        '      <string key="lifecycle:transition" value="complete"/>\n    </event>\n'
        for row in rows
    )
    return f'  <trace>\n    <string key="concept:name" value="{rows[0]["case_id"]}"/>\n{told}{events}  </trace>\n'


def events_csv(connection: DuckDBPyConnection, selection: Selection) -> Iterator[bytes]:
    """A row for each milestone, with the column names that process-mining tools look for."""
    yield _line(["case:concept:name", "concept:name", "time:timestamp", *(f"case:{trait}" for trait in TRAITS)])
    choose(connection, selection)
    for traces in _batched(_rows(connection, MILESTONES)):
        lines = (
            _line([row["case_id"], row["activity"], _moment(row["moment"]), *(_cell(row[trait]) for trait in TRAITS)])
            for rows in traces
            for row in rows
        )
        yield b"".join(lines)


def _line(cells: Sequence[object]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def ocel(connection: DuckDBPyConnection, selection: Selection) -> Iterator[bytes]:
    """OCEL 2.0 in JSON: reports, and what belongs to them (cases, sessions, dispatches) as objects.

    The events of live reports are those of the log; of past cases the milestones that the extract told.
    """
    choose(connection, selection)
    source = _LOGGED if selection.source == LIVE else _TOLD
    bounds = {"as_of": plain(selection.as_of), "until": plain(selection.until)} if selection.source == LIVE else {}
    kinds = connection.execute(f"select distinct activity from ({source}) order by activity", bounds).fetchall()  # noqa: S608
    yield _ocel_head([kind for (kind,) in kinds])
    comma = b"\n"
    for batch in _chunks(_rows(connection, f"{source} order by moment, id", bounds)):
        yield comma + b",\n".join(orjson.dumps(_event(row)) for row in batch)
        comma = b",\n"
    yield b'\n], "objects": ['
    comma = b"\n"
    for batch in _chunks(_rows(connection, _objects(source), bounds)):
        yield comma + b",\n".join(orjson.dumps(_object(row)) for row in batch)
        comma = b",\n"
    yield b"\n]}\n"


OBJECTS = ("case", "session", "dispatch")
"""What belongs to a report and has events of its own."""

_LOGGED = f"""
select e.id::varchar as id, regexp_replace(e.type, '[.]v[0-9]+$', '') as activity, e.occurred_at as moment,
    e.recorded_at, e.case_id, if(split_part(e.stream, '/', 1) in {OBJECTS}, e.stream, null) as stream
from events e join chosen on chosen.id = e.case_id
where ($as_of::timestamp is null or e.recorded_at <= $as_of) and ($until::timestamp is null or e.occurred_at <= $until)
    and e.type not like 'access.%'
"""  # noqa: S608 - names of ours
"""Who read what is no step of a case."""

_TOLD = f"""
select case_id || '-' || activity as id, activity, moment, null::timestamp as recorded_at, case_id, null as stream
from ({happened()})
"""  # noqa: S608 - names of ours


def _objects(source: str) -> str:
    """Reports with their traits, and each other stream with the report that it belongs to."""
    return f"""
    select id::varchar as id, 'report' as kind, filed_at as since, null as report, {", ".join(TRAITS)} from chosen
    where id in (select case_id from ({source}))
    union all
    select split_part(stream, '/', 2), split_part(stream, '/', 1), min(moment), any_value(case_id)::varchar,
        {", ".join(["null"] * len(TRAITS))}
    from ({source}) where stream is not null group by stream order by since, id
    """  # noqa: S608 - names of ours


def _ocel_head(kinds: Sequence[str]) -> bytes:
    event_types = [{"name": kind, "attributes": [{"name": "recorded_at", "type": "time"}]} for kind in kinds]
    traits = [{"name": trait, "type": "string"} for trait in TRAITS]
    object_types = [{"name": kind, "attributes": traits if kind == "report" else []} for kind in ("report", *OBJECTS)]
    types = orjson.dumps({"objectTypes": object_types, "eventTypes": event_types})
    return types[:-1] + b', "events": ['


def _event(row: Row) -> Row:
    recorded = row["recorded_at"] or row["moment"]
    related = [{"objectId": str(row["case_id"]), "qualifier": "report"}]
    if row["stream"]:
        kind, _, entity = row["stream"].partition("/")
        related.append({"objectId": entity, "qualifier": kind})
    return {
        "id": row["id"],
        "type": row["activity"],
        "time": _moment(row["moment"]),
        "attributes": [{"name": "recorded_at", "value": _moment(recorded)}],
        "relationships": related,
    }


def _object(row: Row) -> Row:
    since = _moment(row["since"]) if row["since"] else "1970-01-01T00:00:00+00:00"
    attributes = [
        {"name": trait, "time": since, "value": _text(row[trait])} for trait in TRAITS if row[trait] is not None
    ]
    related = [{"objectId": row["report"], "qualifier": "of"}] if row["report"] else []
    return {"id": row["id"], "type": row["kind"], "attributes": attributes, "relationships": related}


def _rows(connection: DuckDBPyConnection, query: str, bounds: Row | None = None) -> Iterator[Row]:
    connection.execute(query, bounds or {})
    columns = [column[0] for column in connection.description or ()]
    while batch := connection.fetchmany(ROWS):
        yield from (dict(zip(columns, row, strict=True)) for row in batch)


def _batched(rows: Iterator[Row]) -> Iterator[list[list[Row]]]:
    """Rows by case, many cases at a time."""
    batch: list[list[Row]] = []
    size = 0
    for _, own in groupby(rows, key=lambda row: row["case_id"]):
        batch.append(list(own))
        size += len(batch[-1])
        if size >= ROWS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _chunks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) >= ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _moment(moment: datetime) -> str:
    """ISO 8601 in UTC, always with microseconds: some readers take one form in a file only."""
    return moment.isoformat(timespec="microseconds") + "+00:00"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cell(value: object) -> str:
    return "" if value is None else _text(value)
