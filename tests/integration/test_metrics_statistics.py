"""``/v1/survival`` and ``/v1/compare`` over HTTP, on cases of which the answers are known."""

import csv
import io
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import lifelines
import pandas as pd
import pytest
import pytest_asyncio
from lifelines.utils import qth_survival_times

from tests.examples import NOON, recorded
from tests.sample_data import shared
from tests.system import Servers, System
from vpr_events.contracts.case import CaseClosed, CaseVideoDeclined, CloseReason
from vpr_events.contracts.dispatch import DispatchUnitAssigned
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_events.contracts.report import (
    ReportFiled,
    ReportScreened,
    ReportWithdrawn,
    ScreeningOutcome,
    WithdrawalReason,
    WithdrawnBy,
)
from vpr_events.contracts.session import Mode, SessionConnected
from vpr_events.contracts.values import Channel, Role
from vpr_events.event import Event, Recorded

OBSERVED = NOON + timedelta(days=1)


def before() -> Iterator[Recorded]:
    """Forty past cases that waited 100 to 139 hours for a unit, half of them thefts."""
    for number in range(40):
        filed = NOON - timedelta(days=200 - number)
        case = HistoryCaseRecorded(
            source="past",
            category="theft" if number % 2 else "fraud",
            priority=2,
            officer_initiated=False,
            filed_at=filed,
            dispatched_at=filed + timedelta(hours=100 + number),
        )
        yield recorded(case, entity=UUID(int=1000 + number))


def case(number: int, *steps: tuple[Event, float], fit: bool = True) -> Iterator[Recorded]:
    """A live theft: what happened so many hours after its filing."""
    report, at = UUID(int=number), NOON - timedelta(days=40 - number)
    outcome = ScreeningOutcome.VIRTUAL if fit else ScreeningOutcome.OFFICER_REVIEW
    first = recorded(ReportFiled(channel=Channel.WEB, category="theft"), entity=report, at=at)
    yield first
    yield recorded(ReportScreened(rule_set="r", outcome=outcome), entity=report, at=at, after=first)
    for event, hours in steps:
        yield recorded(event, entity=uuid4(), report=report, at=at + timedelta(hours=hours))


def since() -> Iterator[Recorded]:
    """Thirty reports sent a unit after 10 hours, five resolved on video, three withdrawn, one that did not come, one
    that waits.
    """
    met = (SessionConnected(mode=Mode.VIDEO), 1.0)
    for number in range(30):
        how = (CaseVideoDeclined(), 1.0) if number < 5 else met
        yield from case(number, how, (DispatchUnitAssigned(unit_id=uuid4()), 10.0), fit=number % 2 == 0)
    for number in range(30, 35):
        yield from case(number, met, (CaseClosed(reason=CloseReason.RESOLVED), 2.0))
    for number in range(35, 38):
        yield from case(number, (ReportWithdrawn(by=WithdrawnBy.CLERK, reason=WithdrawalReason.OTHER), 3.0))
    yield from case(38, (CaseClosed(reason=CloseReason.NO_SHOW), 4.0))
    yield from case(39)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def metrics(servers: Servers) -> AsyncIterator[System]:
    async with System.started(servers, ["metrics"]) as running:
        await running.servers.publish(*before(), *since())
        await running.quiet()
        yield running


async def ask(system: System, path: str, query: dict[str, Any], role: Role = Role.SUPERVISOR) -> Any:
    answer = await system["metrics"].get(path, params=query, headers=system.as_(role))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_cases_that_wait_and_cases_that_end_otherwise_are_counted(metrics: System) -> None:
    told = (await ask(metrics, "/v1/survival", {"until": OBSERVED.isoformat(), "percentile": "25"}))["total"]
    assert (told["n"], told["open"], told["excluded"], told["invalid"]) == (40, 1, 0, 0)
    assert told["causes"] == {"reached": 30, "withdrawn": 3, "resolved": 5, "no_show": 1, "ended_otherwise": 0}
    assert told["median"]["value"] == told["percentiles"]["25"]["value"] == 36000
    assert told["completed"] == {"mean": 36000, "median": 36000}
    steps = {step["time"]: (step["at_risk"], step["ended"], step["survival"]) for step in told["curve"]}
    assert steps[36000] == (31, 30, pytest.approx(1 / 31))
    assert max(steps) == 2 * 86400, "the one that waits was seen for two days"
    last = {cause: shares[-1]["incidence"] for cause, shares in told["incidences"].items() if shares}
    assert last == pytest.approx({"resolved": 5 / 40, "withdrawn": 3 / 40, "no_show": 1 / 40, "reached": 30 / 40})


async def test_curves_by_group_and_as_rows(metrics: System) -> None:
    asked = {"source": "past", "by": "category"}
    answer = await ask(metrics, "/v1/survival", asked)
    assert [(one["key"], one["n"], one["median"]["value"]) for one in answer["groups"]] == [
        ("fraud", 20, 118 * 3600),
        ("theft", 20, 119 * 3600),
    ]
    text = await metrics["metrics"].get("/v1/survival.csv", params=asked, headers=metrics.as_(Role.SUPERVISOR))
    rows = list(csv.DictReader(io.StringIO(text.text)))
    assert sum(row["category"] == "theft" and row["figure"] == "survival" for row in rows) == 20
    short = await ask(metrics, "/v1/survival", {**asked, "curve": "false"})
    assert (short["total"]["curve"], short["total"]["incidences"]) == (None, None)


async def test_small_counts_of_a_curve_are_for_supervisors(metrics: System) -> None:
    asked = {"until": OBSERVED.isoformat()}
    whole = (await ask(metrics, "/v1/survival", asked))["total"]
    told = (await ask(metrics, "/v1/survival", asked, Role.ANALYST))["total"]
    assert (told["n"], told["median"]) == (40, whole["median"])
    assert told["open"] is None
    assert told["causes"] == {
        "reached": 30, "withdrawn": None, "resolved": 5, "no_show": None, "ended_otherwise": 0,
    }  # fmt: skip
    assert set(told["incidences"]) == {"reached", "resolved", "ended_otherwise"}
    assert {(step["at_risk"], step["ended"]) for step in told["curve"]} == {(None, None)}
    assert [step["time"] for step in told["curve"]] == [36000], "before it none, after it one: too few to be told"
    last = {cause: shares[-1]["incidence"] for cause, shares in told["incidences"].items() if shares}
    assert last == pytest.approx({"resolved": 5 / 40, "reached": 30 / 40})
    alone = (await ask(metrics, "/v1/survival", {"outcome": "no_show"}, Role.ANALYST))["total"]
    assert (alone["suppressed"], alone["n"], alone["curve"]) == (True, None, None)


@pytest.fixture
def waltons() -> pd.DataFrame:
    return pd.read_csv(shared("eventlogs/waltons.csv"))


async def test_waltons_flies_as_cases_have_the_curves_of_lifelines(metrics: System, waltons: pd.DataFrame) -> None:
    """A day of a fly is an hour of a case; one that was lost from sight is closed without a unit."""
    await metrics.servers.publish(*flies(waltons))
    await metrics.quiet()
    answer = await ask(metrics, "/v1/survival", {"source": "flies", "by": "category", "percentile": [10, 25, 75]})
    told = {one["key"]: one for one in answer["groups"]} | {None: answer["total"]}
    assert set(told) == {"control", "miR-137", None}
    for group, ours in told.items():
        own = waltons if group is None else waltons[waltons["group"] == group]
        theirs = lifelines.KaplanMeierFitter().fit(own["T"] * 3600, own["E"])
        assert ours["n"] == len(own)
        assert ours["causes"]["reached"] == own["E"].sum()
        assert ours["median"]["value"] == pytest.approx(theirs.median_survival_time_, abs=0.001)
        for percentage, found in ours["percentiles"].items():
            expected = qth_survival_times(1 - float(percentage) / 100, theirs.survival_function_)
            assert found["value"] == pytest.approx(expected, abs=0.001)
        table = theirs.event_table.loc[[step["time"] for step in ours["curve"]]]
        assert [step["at_risk"] for step in ours["curve"]] == list(table["at_risk"])
        assert [step["ended"] for step in ours["curve"]] == list(table["observed"])


def flies(waltons: pd.DataFrame) -> Iterator[Recorded]:
    """A past case for each."""
    for number, (hours, seen, group) in enumerate(waltons.itertuples(index=False)):
        over = NOON + timedelta(hours=hours)
        case = HistoryCaseRecorded(
            source="flies", category=group, filed_at=NOON, dispatched_at=over if seen else None, closed_at=over
        )
        yield recorded(case, entity=UUID(int=2000 + number))


@pytest.mark.parametrize("until", [None, OBSERVED.isoformat()])
async def test_who_waits_is_told_again_as_of_the_moment_until_which_it_was_observed(
    metrics: System, until: str | None
) -> None:
    """The newest event is older than that: asked as of it alone, who waits would have been seen for a shorter time."""
    bounds = {"until": until} if until else {}
    for path in ("/v1/survival", "/v1/open-cases"):
        told = await ask(metrics, path, bounds)
        moment = repeating(told)
        assert await ask(metrics, path, {**bounds, "as_of": moment}) == told
        if not until:
            assert await ask(metrics, path, {"as_of": told["as_of"]["recorded_at"]}) != told
    asked = {"baseline.source": "past", **{f"comparison.{name}": bound for name, bound in bounds.items()}}
    told = await ask(metrics, "/v1/compare", asked | {"resamples": 100})
    moments = {f"{side}.as_of": repeating(told[side]) for side in ("baseline", "comparison")}
    again = await ask(metrics, "/v1/compare", asked | {"resamples": 100} | moments)
    for side in ("baseline", "comparison"):
        del told[side]["chosen"], again[side]["chosen"]
    assert again == told


def repeating(told: Any) -> str:
    """With which ``as_of`` an answer is had again."""
    moments: list[str] = [told["observed_until"], told["as_of"]["recorded_at"]]
    return max(moments, key=datetime.fromisoformat)


COMPARED: dict[str, Any] = {
    "baseline.source": "past",
    "comparison.until": OBSERVED.isoformat(),
    "resamples": 500,
    "target": 36000,
}


async def test_a_comparison_says_it_in_a_sentence(metrics: System) -> None:
    answer = await ask(metrics, "/v1/compare", COMPARED)
    assert answer["headline"] == "mean 119.5 h -> 10.0 h, -91.6%, n = 40 and 30"
    assert answer["mean"]["difference"] == answer["median"]["difference"] == -109.5 * 3600
    assert -113 * 3600 < answer["mean"]["low"] < -109.5 * 3600 < answer["mean"]["high"] < -105 * 3600
    assert max(answer["log_rank"]["p"], answer["mann_whitney"]["p"]) < 1e-9
    assert answer["bootstrap"] == {"method": "percentile", "resamples": 500, "seed": 1, "confidence": 0.95}
    assert answer == await ask(metrics, "/v1/compare", COMPARED)
    within = [answer[cohort]["within_target"] for cohort in ("baseline", "comparison")]
    assert [(one["within"], one["cases"]) for one in within] == [(0, 40), (30, 31)]
    assert (answer["comparison"]["open"], answer["comparison"]["ended_otherwise"]) == (1, 9)


async def test_a_comparison_warns_of_what_makes_it_doubtful(metrics: System) -> None:
    answer = await ask(metrics, "/v1/compare", COMPARED)
    found = {(one["code"], one["about"]) for one in answer["warnings"]}
    assert found == {
        ("different_sources", "both"),
        ("mix_changed", "category"),
        ("mix_changed", "priority"),
        ("ended_otherwise_differs", "both"),
    }
    assert all(one["rule"] and one["detail"] for one in answer["warnings"])
    assert answer["like_for_like"] is None, "no case of ours has a priority"
    alike = await ask(metrics, "/v1/compare", {"baseline.source": "past", "comparison.source": "past"})
    assert alike["warnings"] == []
    assert (alike["like_for_like"]["strata"], alike["like_for_like"]["covered"]) == (2, 1)
    assert alike["like_for_like"]["mean"]["difference"] == alike["mean"]["difference"] == 0


async def test_the_intention_to_treat_counts_everybody_whatever_came_of_it(metrics: System) -> None:
    answer = await ask(metrics, "/v1/compare", COMPARED | {"comparison.pathway": "virtual"})
    assert answer["baseline"]["intention_to_treat"] is None
    told = answer["comparison"]["intention_to_treat"]
    counts = {name: (arm["cases"], arm["n"]) for name, arm in told.items()}
    assert counts == {
        "all": (40, 30),
        "eligible": (38, 28),
        "not_eligible": (2, 2),
        "offered": (30, 25),
        "not_offered": (8, 3),
        "accepted": (30, 25),
        "declined": (5, 5),
    }
    hidden = await ask(metrics, "/v1/compare", COMPARED, Role.ANALYST)
    arms = hidden["comparison"]["intention_to_treat"]
    assert {name for name, arm in arms.items() if not arm["suppressed"]} == {"all"}
    few = await ask(metrics, "/v1/compare", COMPARED | {"comparison.outcome": "no_show"}, Role.ANALYST)
    assert (few["suppressed"], few["headline"], few["baseline"]["n"], few["mean"]) == (True, None, None, None)


async def test_a_comparison_as_rows(metrics: System) -> None:
    answer = await metrics["metrics"].get("/v1/compare.csv", params=COMPARED, headers=metrics.as_(Role.ANALYST))
    rows = {row["figure"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert (rows["baseline"]["n"], rows["comparison"]["mean"]) == ("40", "36000.0")
    assert float(rows["change_of_mean"]["percent"]) == pytest.approx(-91.63, abs=0.01)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"baseline.source": "nowhere"}, "baseline.source"),
        ({"comparison.from": "yesterday"}, "comparison.from"),
        ({"baseline.pathway": "by_air"}, "baseline.pathway"),
        ({"baseline.moon": "full"}, "baseline.moon"),
        ({"moon": "full"}, "moon"),
        ({"resamples": "1"}, "resamples"),
        ({"start": "filed_at"}, "end"),
        ({"target": "-1"}, "target"),
    ],
)
async def test_what_cannot_be_compared_is_refused_by_name(metrics: System, query: Any, field: str) -> None:
    answer = await metrics["metrics"].get("/v1/compare", params=query, headers=metrics.as_(Role.ANALYST))
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
