"""Extracts as files: Parquet beside CSV, times of a type of their own, and reading on from any row."""

import io
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from tests.unit.test_extracts_reader import HEADER, ROW, mapping
from vpr_intake.extracts import CaseRecord, MappingError, RowIssue, open_table, read_extract

TYPED = {"id": [1, 2, None], "kind": ["theft", "fraud", ""], "area": [13.0, None, 1.5], "prio": [1, 2, 3]}


def points(**changes: Any) -> dict[str, Any]:
    columns = {"filed": "filed", "dispatched": "sent", "closed": "done"}
    return {
        name: {"kind": "datetime", "column": column, "format": "%Y-%m-%d %H:%M"} for name, column in columns.items()
    } | changes


def written(path: Path, columns: dict[str, Any], group: int = 1000) -> Path:
    rows = len(next(iter(columns.values())))
    empty = {
        name: pa.nulls(rows, pa.string()) for name in ("id", "kind", "area", "prio", "filed", "sent", "done", "note")
    }
    parquet.write_table(pa.table(empty | columns), path, row_group_size=group)
    return path


def test_the_same_extract_as_parquet_gives_the_same_outcomes(tmp_path: Path) -> None:
    rows = [ROW.replace("7,", f"{number},", 1) for number in range(30)] + [ROW, "9,theft,13,2,yesterday,,,\n"]
    source = (HEADER + "".join(rows)).encode()
    (tmp_path / "extract.csv").write_bytes(source)
    strings = arrow_csv.ConvertOptions(column_types=dict.fromkeys(HEADER.strip().split(","), pa.string()))
    parquet.write_table(arrow_csv.read_csv(io.BytesIO(source), convert_options=strings), tmp_path / "extract.parquet")
    of_csv, of_parquet = (list(read_extract(tmp_path / f"extract.{kind}", mapping())) for kind in ("csv", "parquet"))
    assert [one for one in of_csv if isinstance(one, CaseRecord)] == [
        one for one in of_parquet if isinstance(one, CaseRecord)
    ]
    assert [(i.line - 1, i.reason) for i in of_csv if isinstance(i, RowIssue)] == [
        (i.line, i.reason) for i in of_parquet if isinstance(i, RowIssue)
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_a_type_are_read_as_what_they_are(tmp_path: Path, unit: str) -> None:
    local = [datetime(2024, 1, 5, 12), datetime(2024, 11, 3, 1, 30), None]  # noqa: DTZ001 - the extract's own clock
    aware = [datetime(2024, 1, 5, 17, 10, tzinfo=UTC), None, None]
    columns = TYPED | {"filed": pa.array(local, pa.timestamp(unit)), "sent": pa.array(aware, pa.timestamp(unit, "UTC"))}
    outcomes = list(read_extract(written(tmp_path / "x", columns), mapping(points=points())))
    first, second = (one for one in outcomes if isinstance(one, CaseRecord))
    assert (first.record_id, first.district, first.priority) == ("1", "13", 1)
    assert first.filed_at == datetime(2024, 1, 5, 17, tzinfo=UTC)
    assert first.dispatched_at == datetime(2024, 1, 5, 17, 10, tzinfo=UTC)
    assert second.filed_at == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    issues = [(one.line, one.reason) for one in outcomes if isinstance(one, RowIssue)]
    assert sorted(issues) == [(2, "time_ambiguous"), (3, "record_id_missing")]


def test_days_and_times_of_day_of_a_type(tmp_path: Path) -> None:
    day = {"column": "filed", "format": "%Y-%m-%d"}
    sent = {"kind": "time", "column": "sent", "date": day}
    columns = {"id": ["1"], "filed": [date(2024, 1, 5)], "sent": [time(12, 10)]}
    told = mapping(points={"dispatched": sent}, record_id="id")
    [record] = read_extract(written(tmp_path / "x", columns), told)
    assert isinstance(record, CaseRecord)
    assert record.dispatched_at == datetime(2024, 1, 5, 17, 10, tzinfo=UTC)


def test_days_and_times_of_day_with_a_zone_are_those_of_the_mappings_zone(tmp_path: Path) -> None:
    stamps = pa.array([datetime(2024, 1, 6, 2, tzinfo=UTC)], pa.timestamp("us", "UTC"))
    columns = {"id": ["1"], "filed": stamps, "sent": stamps, "done": [time(22, 30)]}
    day = {"column": "filed", "format": "%Y-%m-%d"}
    times = {name: {"kind": "time", "column": column} for name, column in (("dispatched", "sent"), ("closed", "done"))}
    told = mapping(points=times, day=day, zone="America/Winnipeg")
    [record] = read_extract(written(tmp_path / "x", columns), told)
    assert isinstance(record, CaseRecord)
    assert record.dispatched_at == datetime(2024, 1, 6, 2, tzinfo=UTC), "eight in the evening of the fifth"
    assert record.closed_at == datetime(2024, 1, 6, 4, 30, tzinfo=UTC)


@pytest.mark.parametrize("column", [pa.array([[1]]), pa.array([b"1"]), pa.array([{"a": 1}])])
def test_a_column_of_a_type_that_is_no_text_is_refused(tmp_path: Path, column: pa.Array) -> None:
    with pytest.raises(MappingError, match="kind"):
        list(read_extract(written(tmp_path / "x", {"id": ["1"], "kind": column}), mapping()))


def test_a_broken_parquet_file_and_one_without_a_column_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"PAR1 and no more")
    parquet.write_table(pa.table({"id": ["1"]}), tmp_path / "short")
    for name in ("broken", "short"):
        with pytest.raises(MappingError):
            list(read_extract(tmp_path / name, mapping()))


@pytest.mark.parametrize("skip", [0, 1, 6, 7, 8, 20])
def test_rows_behind_any_row_keep_their_numbers(tmp_path: Path, skip: int) -> None:
    path = written(tmp_path / "x", {"id": [str(number) for number in range(1, 21)]}, group=7)
    with open_table(path, mapping()) as table:
        assert [(number, values and values[0]) for number, values in table.rows(skip)] == [
            (number, str(number)) for number in range(skip + 1, 21)
        ]
        assert table.position == table.size == 20
    text = tmp_path / "x.csv"
    text.write_text(HEADER + "".join(f'{number},"two\nlines",,,,,,\n' for number in range(20)))
    with open_table(text, mapping()) as lines:
        assert [number for number, _ in lines.rows(skip)] == list(range(2, 42, 2))[skip:]
        assert lines.position == lines.size


def test_what_has_not_happened_yet_is_rejected() -> None:
    soon = datetime.now(UTC) + timedelta(days=2)
    row = f"7,theft,13,2,2024-01-05 12:00,{soon:%Y-%m-%d %H:%M},,\n"
    assert list(read_extract(io.StringIO(HEADER + row), mapping())) == [
        RowIssue(2, "7", "rejected", "time_in_future", "sent")
    ]
