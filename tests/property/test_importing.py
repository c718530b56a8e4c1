"""An import that is cut off anywhere, any number of times, ends as one that never was."""

import csv
import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv as arrow_csv  # type: ignore[import-untyped]
from pyarrow import parquet

from tests.unit.test_extracts_reader import HEADER, ROW, mapping
from vpr.importing import Busy, Import, IssueList, Journal, sending
from vpr_intake.extracts import Mapping, open_table

rows = st.lists(
    st.tuples(st.integers(1, 9), st.sampled_from(["theft", "fraud", "no code"]), st.booleans()).map(
        lambda told: ROW.replace("7,theft", f"{told[0]},{told[1]}").replace("12:10", "12:10" if told[2] else "x")
    ),
    max_size=30,
)


class Cut(Exception):
    """The process ended."""


class Intake:
    """What intake does with batches: a record once, never differently. It answers so many batches before a cut."""

    def __init__(self) -> None:
        self.records: dict[str, Any] = {}
        self.left = 0

    def post(self, body: bytes) -> dict[str, Any]:
        self.left -= 1
        if self.left < 0:
            raise Cut
        cases = {case["record_id"]: case for case in orjson.loads(body)["cases"]}
        new = {name: case for name, case in cases.items() if name not in self.records}
        differing = [name for name, case in cases.items() if self.records.get(name, case) != case]
        self.records |= new
        told = {"recorded": len(new), "unchanged": len(cases) - len(new) - len(differing), "differing": differing}
        if not self.left:
            raise Cut  # it is recorded, but the answer is lost
        return told


type Write = Callable[[Path, str], object]
CSV: Write = Path.write_text


def as_parquet(path: Path, text: str) -> None:
    """The same as Parquet, in groups of four rows."""
    types = arrow_csv.ConvertOptions(column_types=dict.fromkeys(HEADER.strip().split(","), "string"))
    table = arrow_csv.read_csv(io.BytesIO(text.encode()), convert_options=types)
    parquet.write_table(table, path, row_group_size=4)


def run(folder: Path, rules: Mapping, intake: Intake) -> int:
    """One try: how many were told to be recorded or unchanged in all."""
    told: list[int] = []
    with (
        open_table(folder / "extract", rules) as table,
        Journal.opened(folder / "imports", "key", anew=False) as journal,
        IssueList.opened(folder / "issues.csv", journal.state.listed) as listed,
    ):
        tally = Import(intake.post, journal, listed, told.append).run(table, rules)
    assert told == sorted(told)
    return tally.recorded + tally.unchanged


@settings(max_examples=60)
@given(
    rows,
    st.lists(st.integers(1, 3), max_size=6),
    st.sampled_from(["first", "merge"]),
    st.integers(1, 4),
    st.sampled_from([CSV, as_parquet]),
)
def test_nothing_is_lost_and_nothing_is_told_twice(
    content: Sequence[str], cuts: Sequence[int], same_id: str, batch: int, write: Write
) -> None:
    rules = mapping(same_id=same_id)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as name:
        patch.setattr(sending, "BATCH", batch)
        outcomes = []
        for kind in ("whole", "cut"):
            folder, intake = Path(name) / kind, Intake()
            folder.mkdir()
            write(folder / "extract", HEADER + "".join(content))
            for left in cuts if kind == "cut" else ():
                intake.left = left
                try:
                    run(folder, rules, intake)
                except Cut:
                    continue
                break
            intake.left = 1000
            acknowledged = run(folder, rules, intake)
            assert not list((folder / "imports").iterdir()), "nothing is left of it"
            with (folder / "issues.csv").open(newline="") as file:
                outcomes.append((intake.records, list(csv.reader(file)), acknowledged))
    assert outcomes[0] == outcomes[1]


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with (
        Journal.opened(tmp_path, "key", anew=False),
        pytest.raises(Busy),
        Journal.opened(tmp_path, "key", anew=False),
    ):
        pass
