"""The read model's figures on the public extracts are those that pandas computes from the raw files."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import numpy as np
import pandas as pd
import pytest

from tests.examples import NOON, recorded
from tests.reference import timings
from tests.sample_data import EXTRACTS, extract
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_intake.extracts import CaseRecord, load_mapping, read_extract, shipped_mappings
from vpr_metrics import model, queries
from vpr_metrics.choosing import Selection, choose, sources
from vpr_metrics.definitions import INTERVALS, between
from vpr_metrics.spans import observed_until, spans
from vpr_metrics.survival import kaplan_meier

ZONE = "Asia/Kathmandu"
PERCENTILES = (25.0, 75.0, 99.5)
PAIRS = (("filed_at", "closed_at"), ("dispatched_at", "cleared_at"), ("arrived_at", "dispatched_at"))


@pytest.fixture(scope="module", params=EXTRACTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def path(name: str) -> Path:
    return extract(name)


@pytest.fixture(scope="module")
def read_model(name: str, path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    cases = [one for one in read_extract(path, load_mapping(shipped_mappings()[name])) if isinstance(one, CaseRecord)]
    told = [HistoryCaseRecorded(**{k: v for k, v in asdict(one).items() if k != "record_id"}) for one in cases]
    with closing(duckdb.connect()) as connection:
        model.create(connection)
        model.apply(connection, [recorded(one, entity=UUID(int=number)) for number, one in enumerate(told, 1)])
        yield connection


@pytest.fixture(scope="module")
def cases(name: str, path: Path) -> pd.DataFrame:
    return timings.READERS[name](path).cases


def source_of(connection: duckdb.DuckDBPyConnection) -> str:
    return next(source for source, count in sources(connection) if count)


@pytest.mark.parametrize("by", [None, "category", "district", "priority", "week"])
def test_counts_and_averages(
    read_model: duckdb.DuckDBPyConnection, cases: pd.DataFrame, by: timings.Grouping | None
) -> None:
    selection = Selection(source_of(read_model))
    found = queries.timings(read_model, selection, [by] if by else [], list(INTERVALS.values()), zone=ZONE)
    expected: dict[Any, Any] = timings.figures(cases, by, ZONE).to_dict("index")
    rows = {((*row["keys"], "all")[0], row["interval"]): row for row in found.rows if row["whole"] == (by is None)}
    assert rows.keys() == expected.keys()
    for place, row in rows.items():
        theirs = expected[place]
        assert [row[count] for count in ("n", "open", "invalid")] == [
            theirs[count] for count in ("n", "open", "invalid")
        ], place
        assert sum(row[reason] for reason in ("flagged", "no_start", "ended_before")) == theirs["excluded"], place
        for average in ("mean", "median", "p90"):
            value = float("nan") if row[average] is None else row[average]
            assert value == pytest.approx(theirs[average], rel=1e-9, nan_ok=True), place


@pytest.mark.parametrize("pair", PAIRS)
def test_any_pair_of_points_with_any_percentile(
    read_model: duckdb.DuckDBPyConnection, cases: pd.DataFrame, pair: tuple[str, str]
) -> None:
    interval = between(*pair)
    [row] = queries.timings(read_model, Selection(source_of(read_model)), [], [interval], PERCENTILES).rows
    taken = (cases[pair[1]] - cases[pair[0]]).dt.total_seconds()[cases["excluded"].isna()].dropna()
    valid = taken[taken >= 0]
    assert (row["n"], row["invalid"]) == (len(valid), len(taken) - len(valid))
    if len(valid):
        assert row["percentiles"] == pytest.approx([np.percentile(valid, one) for one in PERCENTILES], rel=1e-9)
        assert (row["min"], row["max"]) == (valid.min(), valid.max())
        assert row["stddev"] == (None if len(valid) == 1 else pytest.approx(valid.std(), abs=1e-5))


def test_open_cases_are_seen_until_the_sources_last_clock_point(
    read_model: duckdb.DuckDBPyConnection, cases: pd.DataFrame
) -> None:
    selection = Selection(source_of(read_model))
    choose(read_model, selection)
    observed = observed_until(read_model, selection, NOON)
    [found] = spans(read_model, INTERVALS["headline"], observed)
    expected: Any = timings.figures(cases)
    last = max(cases[point].max() for point in timings.POINTS if cases[point].notna().any())
    assert observed == last.to_pydatetime()
    assert len(found.completed) == expected.loc[("all", "headline"), "n"]
    assert found.open == expected.loc[("all", "headline"), "open"]
    if not found.open and not found.ended("ended_otherwise") and len(found.completed):
        curve = kaplan_meier(found.seconds, found.reached)
        assert curve.percentile(50) == np.percentile(found.completed, 50, method="inverted_cdf")
