"""An event log of anybody's, XES or CSV, measured by the arithmetic that measures ours: to hold it against other tools.

Nothing of it is stored. A case's events follow each other in time, those of the same moment as the file has them.
"""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from itertools import batched
from pathlib import Path
from xml.etree import ElementTree as ET

import duckdb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from vpr_metrics.choosing import Row
from vpr_metrics.following import following

CASE, ACTIVITY, MOMENT = "case:concept:name", "concept:name", "time:timestamp"
ROWS = 50_000
GZIP = b"\x1f\x8b"

type Happening = tuple[str, str, datetime]


class LogError(ValueError):
    """A file that is no event log that can be read."""


def flow_of(path: Path) -> Sequence[Row]:
    """The steps from one activity to the next, as ``/v1/flow`` gives them: n, mean, median and total in seconds.

    Raises LogError for what is no such log, OSError for a file that cannot be read.
    """
    with closing(duckdb.connect()) as connection:
        connection.execute("create temp table log (case_id varchar, activity varchar, moment timestamp, place bigint)")
        try:
            _load(connection, path)
        except (ET.ParseError, duckdb.Error, ValueError, EOFError) as error:
            raise LogError(f"{path}: {str(error).splitlines()[0]}") from error
        return _steps(connection)


def _steps(connection: duckdb.DuckDBPyConnection) -> Sequence[Row]:
    statement = "select case_id, activity, epoch_us(moment) as moment from log order by case_id, moment, place"
    log = connection.sql(statement).to_arrow_table().combine_chunks()
    cases, activities = (log[name].combine_chunks().dictionary_encode() for name in ("case_id", "activity"))
    case, activity, moments = cases.indices.to_numpy(), activities.indices.to_numpy(), log["moment"].to_numpy()
    same = case[1:] == case[:-1]
    return following(activity[:-1][same], activity[1:][same], np.diff(moments)[same], activities.dictionary.to_pylist())


def _load(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    if ".csv" in path.suffixes:
        connection.execute(
            f"""
            insert into log select "{CASE}", "{ACTIVITY}", make_timestamp(epoch_us("{MOMENT}"::timestamptz)),
                row_number() over ()
            from read_csv($path, header = true, all_varchar = true)
            """,  # noqa: S608 - names of ours
            {"path": str(path)},
        )
        return
    first = 0
    for batch in batched(_happenings(path), ROWS, strict=False):
        cases, activities, moments = zip(*batch, strict=True)
        places = range(first, first := first + len(batch))
        connection.register(
            "batch",
            pa.table([cases, activities, pa.array(moments, pa.timestamp("us", "UTC")), places], list("camp")),
        )
        connection.execute("insert into log select c, a, make_timestamp(epoch_us(m)), p from batch")


def _happenings(path: Path) -> Iterator[Happening]:
    """A case at a time: XES, as it is or by gzip."""
    with path.open("rb") as raw:
        packed = raw.read(2) == GZIP
    with gzip.open(path) if packed else path.open("rb") as file:
        for _, element in ET.iterparse(file):  # noqa: S314 - one's own file, on one's own machine
            if _name(element) == "trace":
                yield from _of_trace(element)
                element.clear()


def _of_trace(trace: ET.Element) -> Iterator[Happening]:
    case = _told(trace).get("concept:name")
    if case is None:
        raise LogError("a trace has no concept:name")
    for event in trace:
        if _name(event) == "event":
            told = _told(event)
            if missing := {ACTIVITY, MOMENT} - told.keys():
                raise LogError(f"an event of trace {case} has no {min(missing)}")
            yield case, told[ACTIVITY], datetime.fromisoformat(told[MOMENT])


def _told(element: ET.Element) -> dict[str, str]:
    return {child.attrib["key"]: child.attrib["value"] for child in element if {"key", "value"} <= child.attrib.keys()}


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
