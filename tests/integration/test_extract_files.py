"""Real extracts: the reader's records give the figures that pandas computes from the raw files on its own."""

import csv
import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from tests.reference import timings
from tests.sample_data import EXTRACTS, calls_folder
from vpr_intake.extracts import CaseRecord, RowIssue, load_mapping, read_extract, shipped_mappings

COUNTS = ("n", "open", "excluded", "invalid")
AVERAGES = ("mean", "median", "p90")


@dataclass(frozen=True)
class Read:
    records: list[CaseRecord]
    issues: list[RowIssue]

    def counted(self, kind: str) -> Counter[str]:
        return Counter(issue.reason for issue in self.issues if issue.kind == kind)


@pytest.fixture(scope="module")
def folder() -> Path:
    return calls_folder()


@pytest.fixture(scope="module", params=EXTRACTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def read(folder: Path, name: str) -> Read:
    return _read(folder, name)


@pytest.fixture(scope="module")
def reference(folder: Path, name: str) -> timings.Extract:
    return timings.READERS[name](folder / EXTRACTS[name])


def test_every_row_is_a_record_a_rejection_or_a_duplicate(read: Read, reference: timings.Extract) -> None:
    outcomes = len(read.records) + read.counted("rejected").total() + read.counted("duplicate").total()
    assert outcomes == reference.rows


def test_issues_are_counted_as_pandas_counts_them(read: Read, reference: timings.Extract) -> None:
    assert read.counted("rejected") == reference.rejected
    assert read.counted("duplicate") == reference.duplicates
    assert read.counted("excluded") == reference.excluded
    assert Counter(issue.field for issue in read.issues if issue.kind == "repaired") == reference.repaired


def test_excluded_rows_are_kept_and_flagged(read: Read) -> None:
    assert Counter(r.excluded for r in read.records if r.excluded) == read.counted("excluded")


def test_every_clock_point_is_the_same_instant(read: Read, reference: timings.Extract) -> None:
    ours = {r.record_id: tuple(getattr(r, point) for point in timings.POINTS) for r in read.records}
    theirs = reference.cases.set_index("record_id")[timings.POINTS].astype(object)
    assert ours == {str(k): tuple(_plain(value) for value in row) for k, *row in theirs.itertuples()}


@pytest.mark.parametrize("by", [None, "category", "district", "priority", "week"])
def test_figures_agree(read: Read, reference: timings.Extract, by: timings.Grouping | None) -> None:
    expected = timings.figures(reference.cases, by).to_dict(orient="index")
    groups = _grouped(read.records, by)
    actual = {(group, i): _figure(part, i) for group, part in groups.items() for i in timings.INTERVALS}
    assert actual.keys() == expected.keys()
    for key, figure in actual.items():
        assert [figure[c] for c in COUNTS] == [expected[key][c] for c in COUNTS], key
        assert [figure[a] for a in AVERAGES] == pytest.approx([expected[key][a] for a in AVERAGES], nan_ok=True), key


def test_durations_agree_with_the_time_in_service_that_lancaster_computed_itself(folder: Path) -> None:
    records = {record.record_id: record for record in _read(folder, "lancaster_fire_ems").records}
    with (folder / EXTRACTS["lancaster_fire_ems"]).open(newline="") as file:
        single = [row for row in csv.DictReader(file) if _has_one_unit(row) and row["incident_num"] in records]
    agreed = [row["incident_num"] for row in single if _in_service(row) == _duration(records[row["incident_num"]])]
    assert (len(single), len(agreed)) == (4874, 4858)
    assert sum(_crosses_midnight(records[number]) for number in agreed) == 91


def _read(folder: Path, name: str) -> Read:
    outcomes = list(read_extract(folder / EXTRACTS[name], load_mapping(shipped_mappings()[name])))
    records = [outcome for outcome in outcomes if isinstance(outcome, CaseRecord)]
    return Read(records, [outcome for outcome in outcomes if isinstance(outcome, RowIssue)])


def _plain(value: object) -> datetime | None:
    return value.to_pydatetime().astimezone(UTC) if isinstance(value, pd.Timestamp) else None


def _grouped(records: Iterable[CaseRecord], by: timings.Grouping | None) -> dict[str, list[CaseRecord]]:
    groups: dict[str, list[CaseRecord]] = defaultdict(list)
    for record in records:
        groups[_key(record, by)].append(record)
    return groups


def _key(record: CaseRecord, by: timings.Grouping | None) -> str:
    if by is None:
        return "all"
    if by == "week":
        year, week, _ = record.filed_at.isocalendar() if record.filed_at else (None, None, None)
        return f"{year}-W{week:02d}" if year else timings.UNKNOWN
    value = getattr(record, by)
    return timings.UNKNOWN if value is None else str(value)


def _figure(records: list[CaseRecord], interval: str) -> dict[str, float]:
    counts = Counter[str]()
    taken: list[float] = []
    for record in records:
        start, end = (_moment(record, point) for point in timings.INTERVALS[interval])
        if record.excluded or start is None or (end is None and (record.closed_at or record.cleared_at)):
            counts["excluded"] += 1
        elif end is None:
            counts["open"] += 1
        elif end < start:
            counts["invalid"] += 1
        else:
            taken.append((end - start).total_seconds())
    return {**{c: counts[c] for c in COUNTS}, "n": len(taken), **_averages(sorted(taken))}


def _moment(record: CaseRecord, point: str) -> datetime | None:
    moment: datetime | None = None if point in timings.APPOINTMENT else getattr(record, point)
    return moment


def _averages(taken: list[float]) -> dict[str, float]:
    if not taken:
        return dict.fromkeys(AVERAGES, math.nan)
    rank = 0.9 * (len(taken) - 1)
    low, high = taken[math.floor(rank)], taken[math.ceil(rank)]
    p90 = low + (high - low) * (rank - math.floor(rank))
    return {"mean": statistics.fmean(taken), "median": statistics.median(taken), "p90": p90}


def _has_one_unit(row: dict[str, str]) -> bool:
    columns = ("Unit_Dispatch_Times", "Unit_Clear_Times", "Time_In_Service")
    return all(row[column].count("=") == 1 for column in columns)


def _in_service(row: dict[str, str]) -> int:
    hours, minutes, seconds = row["Time_In_Service"].partition("=")[2].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)


def _duration(record: CaseRecord) -> float:
    assert record.dispatched_at
    assert record.cleared_at
    return (record.cleared_at - record.dispatched_at).total_seconds()


def _crosses_midnight(record: CaseRecord) -> bool:
    assert record.dispatched_at
    assert record.cleared_at
    zone = ZoneInfo("America/Chicago")
    return record.dispatched_at.astimezone(zone).date() != record.cleared_at.astimezone(zone).date()
