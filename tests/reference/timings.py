"""Timing figures by pandas, straight from the raw files: shares no code with what it judges.

`nypd`, `virginia_beach` and `lancaster` read a file to an Extract; `figures` computes from its cases.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

POINTS = [
    "occurred_from", "occurred_to", "filed_at", "claimed_at", "invited_at", "connected_at", "assessed_at",
    "dispatched_at", "en_route_at", "arrived_at", "cleared_at", "closed_at",
]  # fmt: skip
INTERVALS = {
    "reporting_delay": ("occurred_to", "filed_at"),
    "virtual_response": ("filed_at", "connected_at"),
    "headline": ("filed_at", "dispatched_at"),
    "triage_wait": ("filed_at", "claimed_at"),
    "dispatch_delay": ("assessed_at", "dispatched_at"),
    "turnout": ("dispatched_at", "en_route_at"),
    "travel": ("en_route_at", "arrived_at"),
    "response": ("filed_at", "arrived_at"),
    "on_scene": ("arrived_at", "cleared_at"),
    "chosen_delay": ("earliest_at", "appointment_at"),
    "resolution": ("filed_at", "closed_at"),
}
APPOINTMENT = ["earliest_at", "appointment_at"]
"""Points of our own cases alone."""

UNKNOWN = "unknown"

type Grouping = Literal["category", "district", "priority", "week"]
type Counts = dict[str, int]


@dataclass(frozen=True)
class Extract:
    """A file's cases, and its other rows counted by reason.

    `cases` has one row a case: record_id, category, district, priority (text or missing), excluded (reason or missing)
    and POINTS, aware in UTC. `repaired` counts by column.
    """

    rows: int
    cases: pd.DataFrame
    rejected: Counts = field(default_factory=dict)
    duplicates: Counts = field(default_factory=dict)
    repaired: Counts = field(default_factory=dict)

    @property
    def excluded(self) -> Counts:
        return _counts(self.cases["excluded"])


def nypd(path: Path) -> Extract:
    """Two jobs of one event are one case: earliest filed, dispatched and arrived, latest closed."""
    raw = _raw(path)
    columns = {"filed_at": "add_ts", "dispatched_at": "disp_ts", "arrived_at": "arrivd_ts", "closed_at": "closng_ts"}
    for point, column in columns.items():
        raw[point] = _utc(pd.to_datetime(raw[column], format="ISO8601"), "America/New_York")
    jobs = raw.drop_duplicates(["cad_evnt_id", "radio_code", "nypd_pct_cd", *columns])
    cases = jobs.groupby("cad_evnt_id", sort=False, as_index=False).agg(
        category=("radio_code", "first"),
        district=("nypd_pct_cd", "first"),
        filed_at=("filed_at", "min"),
        dispatched_at=("dispatched_at", "min"),
        arrived_at=("arrived_at", "min"),
        closed_at=("closed_at", "max"),
    )
    repeated = {"same_content": len(raw) - len(jobs), "merged_same_id": len(jobs) - len(cases)}
    return Extract(len(raw), _cases(cases.rename(columns={"cad_evnt_id": "record_id"})), duplicates=_some(repeated))


def virginia_beach(path: Path) -> Extract:
    """Minute stamps, one row a call."""
    raw = _raw(path)
    columns = {"filed_at": "Call", "dispatched_at": "Dispatch", "en_route_at": "Enroute", "arrived_at": "OnScene"}
    codes = {"EMSCallNumber": "record_id", "CallPriority": "priority", "Zipcode": "district"}
    cases = raw.rename(columns=codes)[list(codes.values())].copy()
    for point, column in (columns | {"closed_at": "Close"}).items():
        stamps = pd.to_datetime(raw[f"{column}DateandTime"].replace("", None), format="%m/%d/%y %H:%M")
        cases[point] = _utc(stamps, "America/New_York")
    return Extract(len(raw), _cases(cases))


def lancaster(path: Path) -> Extract:
    """Lists of unit times, without filed and closed. A stamp is at most 2 h before the one it follows."""
    raw = _raw(path)
    columns = {"dispatched_at": "Dispatch", "en_route_at": "Enroute", "arrived_at": "Arrive", "cleared_at": "Clear"}
    seconds = {point: _list_seconds(raw[f"Unit_{column}_Times"]) for point, column in columns.items()}
    first = pd.DataFrame({point: times.groupby(level=0).first() for point, times in seconds.items()}, index=raw.index)
    anchor = first.bfill(axis=1).iloc[:, 0]
    midnight = pd.to_datetime(raw["incident_date"].str.split(" ").str[0], format="%m/%d/%y")
    cases = pd.DataFrame({"record_id": raw["incident_num"], "category": raw["call_type"].str.strip()})
    cases["excluded"] = _lancaster_exclusions(raw)
    ambiguous = pd.DataFrame(index=raw.index)
    previous = pd.Series(pd.NaT, index=raw.index, dtype="datetime64[us, UTC]")
    for point, times in seconds.items():
        local = _lancaster_local(times, midnight, anchor)
        instants, twice = _first_unless_earlier(local, previous, "America/Chicago")
        position = -1 if point == "cleared_at" else 0
        cases[point] = instants.groupby(level=0).nth(position)
        ambiguous[f"Unit_{columns[point]}_Times"] = twice.groupby(level=0).nth(position)
        previous = cases[point].fillna(previous)
    timed = cases[anchor.notna()]
    kept = timed.drop_duplicates()
    return Extract(
        len(raw),
        _cases(kept),
        rejected={"no_clock_point": len(cases) - len(timed)},
        duplicates={"same_content": len(timed) - len(kept)},
        repaired=_some({str(k): int(v) for k, v in ambiguous.loc[kept.index].eq(True).sum().items()}),
    )


READERS: dict[str, Callable[[Path], Extract]] = {
    "nypd_2024": nypd,
    "virginia_beach_ems": virginia_beach,
    "lancaster_fire_ems": lancaster,
}


def figures(cases: pd.DataFrame, by: Grouping | None = None, zone: str = "UTC") -> pd.DataFrame:
    """n, mean, median, p90 (seconds), open, excluded, invalid, indexed by (group, interval); the whole is group "all".

    A case without the grouping's value is in group "unknown". Weeks are ISO weeks of filed in the zone, as 2024-W01.
    """
    keys = _keys(cases, by, zone)
    cases = cases.assign(**{point: pd.Series(pd.NaT, cases.index, "datetime64[us, UTC]") for point in APPOINTMENT})
    return pd.concat({name: _figure(cases, keys, name) for name in INTERVALS}).swaplevel()


def _figure(cases: pd.DataFrame, keys: pd.Series, interval: str) -> pd.DataFrame:
    start, end = (cases[point] for point in INTERVALS[interval])
    closed = cases["closed_at" if cases["closed_at"].notna().any() else "cleared_at"].notna()
    excluded = cases["excluded"].notna() | start.isna() | (end.isna() & closed)
    waiting = ~excluded & end.isna()
    taken = (end - start).dt.total_seconds().where(~excluded)
    valid = taken.where(taken >= 0).groupby(keys)
    return pd.DataFrame(
        {
            "n": valid.count(),
            "mean": valid.mean(),
            "median": valid.median(),
            "p90": valid.quantile(0.9, interpolation="linear"),
            "open": waiting.groupby(keys).sum(),
            "excluded": excluded.groupby(keys).sum(),
            "invalid": (taken < 0).groupby(keys).sum(),
        }
    )


def _keys(cases: pd.DataFrame, by: Grouping | None, zone: str) -> pd.Series:
    if by is None:
        return pd.Series("all", index=cases.index)
    local = cases["filed_at"].dt.tz_convert(zone)
    keys: pd.Series = local.dt.strftime("%G-W%V") if by == "week" else cases[by]
    return keys.fillna(UNKNOWN)


def _raw(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def _utc(local: pd.Series, zone: str) -> pd.Series:
    instants: pd.Series = local.dt.tz_localize(zone).dt.tz_convert("UTC")
    return instants


def _cases(cases: pd.DataFrame) -> pd.DataFrame:
    cases = cases.reset_index(drop=True)
    for column in {"category", "district", "priority", "excluded"} - set(cases):
        cases[column] = pd.Series(pd.NA, index=cases.index, dtype="string")
    for point in set(POINTS) - set(cases):
        cases[point] = pd.Series(pd.NaT, index=cases.index, dtype="datetime64[us, UTC]")
    return cases[["record_id", "category", "district", "priority", "excluded", *POINTS]]


def _list_seconds(lists: pd.Series) -> pd.Series:
    parts = lists[lists != "NULL"].str.split(",").explode().str.extract(r"=(\d\d):(\d\d):(\d\d)$").astype(float)
    return parts[0] * 3600 + parts[1] * 60 + parts[2]


def _lancaster_exclusions(raw: pd.DataFrame) -> pd.Series:
    remarks = raw["disposition_remarks"].str.strip().str.upper()
    test = remarks.isin(["TEST", "TEST CALL"]) | raw["call_type"].str.strip().isin(["FTEST", "TEST-F"])
    duplicate = remarks.str.startswith("STORED COMPLAINT DUP") | remarks.str.match(r"DUP\b")
    file_only = remarks.str.contains("FILE ONLY", regex=False)
    found = np.select([test, duplicate, file_only], ["test", "duplicate_call", "file_only"], "")
    return pd.Series(found, index=raw.index, dtype="string").replace("", pd.NA)


def _lancaster_local(times: pd.Series, midnight: pd.Series, anchor: pd.Series) -> pd.Series:
    before = times.groupby(level=0).shift()
    reference = before.fillna(pd.Series(anchor.reindex(times.index), index=times.index))
    midnights = np.ceil((reference - 7200 - times) / 86400).groupby(level=0).cumsum()
    local: pd.Series = midnight.reindex(times.index) + pd.to_timedelta(midnights * 86400 + times, unit="s")
    return local


def _first_unless_earlier(local: pd.Series, previous: pd.Series, zone: str) -> tuple[pd.Series, pd.Series]:
    """Instants, and which local times stand twice: those are the first, or the second when the first is too early."""
    summer, winter = (
        local.dt.tz_localize(zone, ambiguous=np.full(len(local), dst), nonexistent=pd.Timedelta(hours=1))
        .dt.tz_convert("UTC")
        .reset_index(name="instant")
        for dst in (True, False)
    )
    before = summer.groupby("index")["instant"].shift()
    before = before.fillna(previous.reindex(local.index).set_axis(before.index))
    twice = summer["instant"] != winter["instant"]
    late = (twice & (summer["instant"] < before)).groupby(summer["index"]).cummax() & twice
    chosen = summer["instant"].where(~late, winter["instant"])
    return chosen.set_axis(local.index), twice.set_axis(local.index)


def _counts(reasons: pd.Series) -> Counts:
    return {str(reason): int(count) for reason, count in reasons.value_counts().items()}


def _some(counts: Counts) -> Counts:
    return {reason: count for reason, count in counts.items() if count}
