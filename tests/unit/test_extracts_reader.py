"""Rows to records and issues, on small synthetic extracts."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vpr_intake.extracts import CaseRecord, Mapping, MappingError, RowIssue, read_extract

HEADER = "id,kind,area,prio,filed,sent,done,note\n"
ROW = "7,theft,13,2,2024-01-05 12:00,2024-01-05 12:10,2024-01-05 13:00,\n"
SECRET = "Jane Doe, 5 Elm St"


def mapping(**changes: object) -> Mapping:
    columns = {"filed": "filed", "dispatched": "sent", "closed": "done"}
    base = {
        "source": "sample",
        "title": "Sample",
        "licence": "none",
        "credit": "nobody",
        "zone": "America/New_York",
        "nulls": ["NULL"],
        "record_id": "id",
        "category": {"column": "kind"},
        "district": {"column": "area"},
        "priority": {"column": "prio", "gravest": "lowest", "values": {"HIGH": 1}},
        "points": {n: {"kind": "datetime", "column": c, "format": "%Y-%m-%d %H:%M"} for n, c in columns.items()},
        "exclude": [{"column": "note", "matches": "(?i)^test", "reason": "test"}],
    }
    return Mapping.model_validate(base | changes)


def read(rows: str, **changes: object) -> tuple[list[CaseRecord], list[RowIssue]]:
    outcomes = list(read_extract(io.StringIO(HEADER + rows), mapping(**changes)))
    return [o for o in outcomes if isinstance(o, CaseRecord)], [o for o in outcomes if isinstance(o, RowIssue)]


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2024, 1, 5, hour, minute, tzinfo=UTC)


def test_a_row_becomes_a_record_in_utc() -> None:
    expected = CaseRecord(
        source="sample",
        record_id="7",
        pathway="in_person",
        category="theft",
        district="13",
        priority=2,
        gravest="lowest",
        filed_at=at(17),
        dispatched_at=at(17, 10),
        closed_at=at(18),
    )
    assert read(ROW) == ([expected], [])


def test_null_tokens_and_padding_leave_a_field_empty() -> None:
    (record,), issues = read("7,NULL, , NULL ,2024-01-05 12:00,NULL,,\n")
    assert (record.category, record.district, record.priority, record.dispatched_at) == (None, None, None, None)
    assert issues == []


def test_a_row_without_filed_is_still_a_record() -> None:
    (record,), issues = read("7,theft,13,2,,2024-01-05 12:10,,\n")
    assert (record.filed_at, issues) == (None, [])


@pytest.mark.parametrize(
    ("row", "issue"),
    [
        (",theft,13,2,2024-01-05 12:00,,,\n", RowIssue(2, None, "rejected", "record_id_missing", "id")),
        ('"Jane Doe",theft,13,2,2024-01-05 12:00,,,\n', RowIssue(2, None, "rejected", "record_id_unusable", "id")),
        ("7,theft,13,2,yesterday,,,\n", RowIssue(2, "7", "rejected", "unreadable_time", "filed")),
        ("7,theft,13,2,NULL,,,\n", RowIssue(2, "7", "rejected", "no_clock_point", None)),
        ("7,theft,13\n", RowIssue(2, None, "rejected", "wrong_field_count", None)),
        (ROW.strip() + ",more\n", RowIssue(2, None, "rejected", "wrong_field_count", None)),
        (f"7,{'x' * 200_000}\n", RowIssue(2, None, "rejected", "unreadable_row", None)),
    ],
)
def test_an_unusable_row_is_rejected_with_its_reason(row: str, issue: RowIssue) -> None:
    assert read(row) == ([], [issue])


def test_reading_goes_on_after_a_rejected_row() -> None:
    records, issues = read("7,theft\n" + f"8,{'x' * 200_000}\n" + ROW)
    assert ([r.record_id for r in records], [i.line for i in issues]) == (["7"], [2, 3])


def test_an_excluded_row_yields_its_record_and_an_issue() -> None:
    (record,), issues = read(ROW.replace(",\n", ",Test call\n"))
    assert record.excluded == "test"
    assert issues == [RowIssue(2, "7", "excluded", "test", "note")]


def test_a_row_of_an_excluded_kind_without_clock_point_is_rejected() -> None:
    assert read("7,theft,13,2,,,,TEST\n") == ([], [RowIssue(2, "7", "rejected", "no_clock_point", None)])


def test_a_code_with_bad_characters_is_left_out_and_counted() -> None:
    (record,), issues = read(ROW.replace("theft", '"' + SECRET + '"'))
    assert record.category is None
    assert issues == [RowIssue(2, "7", "repaired", "code_unusable", "kind")]


def test_a_slug_keeps_a_code_with_bad_characters() -> None:
    (record,), issues = read(ROW.replace("theft", "(theft) of car!"), category={"column": "kind", "slug": True})
    assert record.category == "theft-of-car"
    assert issues == [RowIssue(2, "7", "repaired", "code_normalised", "kind")]


def test_a_translated_code_is_no_repair() -> None:
    source = {"column": "kind", "values": {"Grand theft": "grand-theft"}}
    (record,), issues = read(ROW.replace("theft", "Grand theft"), category=source)
    assert (record.category, issues) == ("grand-theft", [])


@pytest.mark.parametrize(
    ("text", "priority", "reasons"),
    [("HIGH", 1, []), ("-3", -3, []), ("2.5", None, ["priority_unusable"]), ("12345", None, ["priority_unusable"])],
)
def test_priorities_are_whole_numbers_or_translated(text: str, priority: int | None, reasons: list[str]) -> None:
    (record,), issues = read(ROW.replace(",2,", f",{text},"))
    assert (record.priority, record.gravest, [i.reason for i in issues]) == (priority, "lowest", reasons)


def test_an_identical_row_is_a_duplicate_even_if_an_unmapped_column_differs() -> None:
    records, issues = read(ROW + ROW.replace(",\n", ",again\n"))
    assert len(records) == 1
    assert issues == [RowIssue(3, "7", "duplicate", "same_content", None)]


def test_the_first_row_of_an_id_stands_and_a_different_one_is_listed() -> None:
    records, issues = read(ROW + ROW.replace("theft", "fraud"))
    assert [r.category for r in records] == ["theft"]
    assert issues == [RowIssue(3, "7", "duplicate", "same_id_differs", None)]


def test_two_jobs_of_a_case_merge_to_its_first_and_last_stamps() -> None:
    job = "7,theft,13,2,2024-01-05 12:05,2024-01-05 12:06,2024-01-05 15:00,\n"
    (record,), issues = read(ROW + job, same_id="merge")
    assert (record.filed_at, record.dispatched_at, record.closed_at) == (at(17), at(17, 6), at(20))
    assert issues == [RowIssue(3, "7", "duplicate", "merged_same_id", None)]


def test_a_case_with_an_open_job_is_open() -> None:
    (record,), _ = read(ROW + "7,theft,13,2,2024-01-05 12:05,,,\n", same_id="merge")
    assert (record.dispatched_at, record.closed_at) == (at(17, 10), None)


def test_jobs_apart_or_of_another_exclusion_do_not_merge() -> None:
    job = "7,theft,13,2,2024-01-05 12:05,,,\n"
    _, apart = read(ROW + ROW.replace("7", "8", 1) + job, same_id="merge")
    _, tested = read(ROW + job.replace(",\n", ",TEST\n"), same_id="merge")
    assert [i.reason for i in apart] == [i.reason for i in tested] == ["same_id_differs"]


def test_units_are_the_distinct_names_of_the_lists() -> None:
    lists = {
        n: {"kind": "list", "column": c, "take": "first"} for n, c in {"dispatched": "sent", "cleared": "done"}.items()
    }
    row = '7,theft,13,2,2024-01-05,"A=12:00:00, B=12:00:00, A=12:05:00","B=13:00:00, C=13:00:00",\n'
    (record,), _ = read(row, points=lists, day={"column": "filed", "format": "%Y-%m-%d"})
    assert record.units == 3


@pytest.mark.parametrize(("area", "units"), [("R10", 1), ("NULL", 0)])
def test_a_unit_column_counts_one_unit_or_none(area: str, units: int) -> None:
    (record,), _ = read(ROW.replace(",13,", f",{area},"), units="area")
    assert record.units == units


def test_a_repaired_time_names_the_column() -> None:
    (record,), issues = read("7,theft,13,2,2024-11-03 01:30,,,\n")
    assert record.filed_at == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    assert issues == [RowIssue(2, "7", "repaired", "time_ambiguous", "filed")]


def test_no_outcome_quotes_the_text_of_a_row() -> None:
    noted = "8,theft,13,2,2024-01-05 12:00,,,TEST " + "Jane Doe\n"
    records, issues = read(
        f'"{SECRET}",theft,13,2,2024-01-05 12:00,,,\n7,"{SECRET}",13,"{SECRET}","{SECRET}",,,\n' + noted
    )
    assert "Jane" not in repr((records, issues))


def test_a_line_is_the_first_of_its_row() -> None:
    _, issues = read(ROW.replace(",\n", ',"two\nlines"\n') + "8,theft\n")
    assert [i.line for i in issues] == [4]


def test_blank_lines_are_no_rows() -> None:
    records, issues = read("\n" + ROW + "\n")
    assert (len(records), issues) == (1, [])


@pytest.mark.parametrize("header", ["", HEADER.replace("sent", "gone"), HEADER.replace("note", "sent,note")])
def test_a_header_that_lacks_or_repeats_a_column_is_refused(header: str) -> None:
    with pytest.raises(MappingError, match="sent"):
        list(read_extract(io.StringIO(header + ROW), mapping()))


def test_a_file_is_read_past_a_byte_order_mark_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "extract.csv"
    path.write_bytes(
        b"\xef\xbb\xbf" + HEADER.encode() + ROW.replace("theft", "th\udcffft").encode("utf-8", "surrogateescape")
    )
    outcomes = list(read_extract(path, mapping()))
    assert [type(o) for o in outcomes] == [CaseRecord, RowIssue]
    assert isinstance(outcomes[1], RowIssue)
    assert outcomes[1].reason == "code_unusable"


@pytest.mark.parametrize(("area", "told"), [("SELF", True), ("13", False), ("", None)])
def test_a_column_tells_whether_an_officer_came_upon_it(area: str, told: bool | None) -> None:
    flag = {"column": "area", "matches": "^SELF$"}
    (record,), _ = read(f"7,theft,{area},2,2024-01-05 12:00,,,\n", officer_initiated=flag)
    assert record.officer_initiated is told
