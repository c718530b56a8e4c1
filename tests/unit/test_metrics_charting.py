"""Pictures out of answers: what they say, what they draw, and that they tell nothing of few cases."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from string import Formatter
from typing import Any
from uuid import UUID

import pytest

from vpr_events.contracts.case import CloseReason
from vpr_events.contracts.values import Channel
from vpr_metrics import definitions, flow
from vpr_metrics.charting.drawing import specification
from vpr_metrics.charting.picture import MOST_ROWS, Kind, Picture
from vpr_metrics.charting.pictures import comparing, open_cases, survival, timings
from vpr_metrics.charting.speech import Speech, Unit
from vpr_metrics.charting.words_en import EN
from vpr_metrics.charting.words_fr import FR
from vpr_metrics.charting.worker import described
from vpr_metrics.city import drawable
from vpr_metrics.records import PATHWAYS
from vpr_metrics.schemas.comparing import Comparison
from vpr_metrics.schemas.figures import GROUPINGS, AsOf, Figures, Group, IntervalTimings, TimingQuery, Timings
from vpr_metrics.schemas.open_cases import AgeBand, OpenCases, OpenCasesQuery
from vpr_metrics.schemas.survival import CurveStep, Survival, SurvivalQuery, Survivals
from vpr_metrics.web import texts_en, texts_fr
from vpr_service.problems import Problem

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
AS_OF = AsOf(event_id=UUID(int=1), recorded_at=NOON)
HOUR = 3600.0
NOTHING: dict[str, Any] = dict.fromkeys(Figures.model_fields) | {"percentiles": {}, "suppressed": True}
SQUARE = [[[0.0, 50.0], [1.0, 50.0], [1.0, 51.0], [0.0, 51.0], [0.0, 50.0]]]
SHAPES = drawable(
    [{"properties": {"code": "7", "name": "Seven"}, "geometry": {"type": "Polygon", "coordinates": SQUARE}}]
)


def figures(hours: float, n: int = 12, **more: Any) -> dict[str, Any]:
    times = {"mean": hours * HOUR, "median": hours * HOUR / 2, "p90": hours * HOUR * 2}
    return NOTHING | times | {"n": n, "open": 3, "excluded": 1, "invalid": 0, "suppressed": False} | more


def answer(by: Sequence[str], groups: dict[tuple[str, ...], dict[str, Any]], interval: str = "headline") -> Timings:
    """Timings by these groups."""
    made = [Group(key=" / ".join(keys), keys=dict(zip(by, keys, strict=True)), **own) for keys, own in groups.items()]
    one = definitions.INTERVALS[interval]
    timed = IntervalTimings(
        interval=interval, start=one.start, end=one.end, groups=made, total=Figures(**figures(9, 100))
    )
    return Timings(
        source="live", by=",".join(by) or "none", groupings=list(by), gravest=[], zone="America/Winnipeg", as_of=AS_OF,
        until=None, records=100, intervals=[timed],
    )  # fmt: skip


def asked(**query: Any) -> TimingQuery:
    return TimingQuery.model_validate({"interval": "headline"} | query)


def drawn(by: str, groups: dict[str, dict[str, Any]], speech: Speech | None = None, /, **query: Any) -> Picture:
    told = answer([by], {(key,): own for key, own in groups.items()})
    return timings.picture(asked(by=[by], **query), told, speech or Speech(), SHAPES)


def curves(**more: Any) -> Survivals:
    one = definitions.INTERVALS["headline"]
    nobody: dict[str, Any] = {"at_risk": None, "ended": None, "low": 0.0, "high": 1.0}
    steps = [CurveStep(time=HOUR * hour, survival=round(1 - hour / 1000, 3), **nobody) for hour in range(1, 1000)]
    total = Survival(**({"n": 1000, "open": 3, "curve": steps, "incidences": {}} | more))
    return Survivals(
        source="live", interval="headline", start=one.start, end=one.end, zone="UTC", groupings=[], confidence=0.95,
        as_of=AS_OF, until=None, observed_until=NOON, groups=[], total=total,
    )  # fmt: skip


def waiting(**more: Any) -> OpenCases:
    one = definitions.INTERVALS["headline"]
    return OpenCases(
        source="live", interval="headline", start=one.start, end=one.end, zone="UTC", as_of=None, until=None,
        observed_until=NOON, **more,
    )  # fmt: skip


PICTURES = {
    Kind.DOTS: drawn("category", {"theft": figures(5), "fraud": NOTHING}),
    Kind.TREND: drawn("week", {"2026-W01": figures(5), "2026-W02": NOTHING, "2026-W05": figures(7)}),
    Kind.HEAT: drawn("hour_of_week", {"1-08": figures(5), "7-23": NOTHING}),
    Kind.MAP: drawn("district", {"7": figures(5)}, chart="map"),
    Kind.CURVES: survival.picture(SurvivalQuery(), curves(), Speech()),
    Kind.BARS: open_cases.picture(
        OpenCasesQuery(), waiting(n=9, ages=[AgeBand(least=0, below=HOUR, n=9)]), Speech("fr")
    ),
}


@pytest.mark.parametrize(("english", "french"), [(EN, FR), (texts_en.EN, texts_fr.FR)])
def test_both_languages_say_the_same_with_the_same_blanks(english: dict[str, str], french: dict[str, str]) -> None:
    assert english.keys() == french.keys()
    for key, words in english.items():
        blanks = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (words, french[key])]
        assert blanks[0] == blanks[1], key


def test_every_code_of_an_answer_has_words() -> None:
    needed = [f"interval_{name}" for name in definitions.INTERVALS]
    needed += [f"sentence_{name}" for name in definitions.INTERVALS]
    needed += [f"point_{point}" for point in (*definitions.POINTS, *flow.MILESTONES)]
    needed += [f"end_{name}" for name in definitions.ENDS] + [f"cause_{name}" for name in definitions.CAUSES]
    needed += [f"by_{name}" for name in GROUPINGS[1:]] + [f"pathway_{name}" for name in PATHWAYS]
    needed += [f"channel_{name}" for name in Channel] + [f"outcome_{name}" for name in CloseReason]
    assert [key for key in needed if key not in EN] == []


def test_every_picture_states_definition_n_filters_and_moment() -> None:
    bound: dict[str, Any] = {"from": "2026-01-01T06:00:00Z"}
    picture = drawn("category", {"theft": figures(5)}, district="7", **bound)
    assert picture.title == "Filed to dispatched, by category"
    assert picture.lines == [
        "From the filing until the first unit is assigned.",
        "n = 100, 3 open, 1 left out",
        "Source live, filed from 2026-01-01 00:00 (America/Winnipeg), district 7",
        "As of 2026-05-04 07:00 (America/Winnipeg), definition version 2",
    ]


def test_french_says_numbers_and_names_as_the_city_does() -> None:
    picture = drawn("category", {"theft": figures(5.5, 1234)}, Speech("fr", {"theft": "Vol"}))
    assert picture.numbers.heads[:2] == ("Groupe", "n")
    assert picture.numbers.rows == [["Vol", "1\u202f234", "5,5 h", "2,8 h", "11,0 h", "3"]]


@pytest.mark.parametrize("kind", [Kind.DOTS, Kind.TREND, Kind.HEAT])
def test_of_a_group_of_few_nothing_but_that_is_in_the_picture(kind: Kind) -> None:
    picture = PICTURES[kind]
    few = [row for row in picture.rows if row.get("few")]
    assert few
    assert all(row.get("value") is None and not row.get("n") for row in few)
    assert any("fewer than 5" in cell for row in picture.numbers.rows for cell in row)


def test_a_suppressed_answer_is_a_picture_of_words() -> None:
    one: dict[str, Any] = {"chosen": {}, "as_of": None, "observed_until": NOON}
    told = Comparison.model_validate(
        {"interval": "headline", "start": "filed_at", "end": "dispatched_at", "target": None, "suppressed": True}
        | {"baseline": one, "comparison": one, "bootstrap": {"resamples": 100, "seed": 1, "confidence": 0.95}}
    )
    for picture in (
        comparing.picture(told, "UTC", Speech()),
        open_cases.picture(OpenCasesQuery(), waiting(suppressed=True), Speech()),
        survival.picture(SurvivalQuery(), curves(suppressed=True, n=None, curve=None), Speech()),
    ):
        spec = json.dumps(specification(picture.told))
        assert "fewer than 5 cases: not shown" in spec
        assert not any(row.get("value") for row in picture.rows)


@pytest.mark.parametrize("kind", Kind)
def test_what_is_drawn_is_whole_and_names_no_address(kind: Kind) -> None:
    spec = specification(PICTURES[kind].told, 420)
    assert spec["width"] == 420
    assert "url" not in json.dumps({key: value for key, value in spec.items() if key != "$schema"})
    assert spec["title"]["text"]
    assert "title" not in specification(PICTURES[kind].told, titled=False)


def test_a_trend_is_broken_where_there_were_no_cases() -> None:
    median = [row for row in PICTURES[Kind.TREND].rows if row["series"] == "Median"]
    assert {row["time"]: row["value"] for row in median} == {
        "2025-12-29": 2.5, "2026-01-05": None, "2026-01-12": None, "2026-01-19": None, "2026-01-26": 3.5,
    }  # fmt: skip


@pytest.mark.parametrize("by", ["category", "week"])
def test_a_p90_that_is_withheld_is_left_out_and_the_picture_says_so(by: str) -> None:
    key = "theft" if by == "category" else "2026-W01"
    told = answer([by], {(key,): figures(5, p90=None)}).model_copy(update={"withheld": "a rule"})
    picture = timings.picture(asked(by=[by]), told, Speech(), SHAPES)
    assert {row["series"]: row["value"] for row in picture.rows if row["value"] is not None} == {
        "Mean": 5.0, "Median": 2.5,
    }  # fmt: skip
    assert EN["withheld"] in picture.lines
    assert specification(picture.told)
    seen = timings.picture(asked(by=[by]), answer([by], {(key,): figures(5)}), Speech(), SHAPES)
    assert EN["withheld"] not in seen.lines


def test_long_curves_are_thinned_and_end_where_nearly_nobody_waits() -> None:
    rows = PICTURES[Kind.CURVES].rows
    assert len(rows) == 301
    assert (rows[0]["value"], rows[-1]["value"]) == (1.0, pytest.approx(0.01))


def test_of_many_groups_the_largest_are_drawn_and_it_says_so() -> None:
    many = {f"c{number}": figures(5, n=10 + number) for number in range(MOST_ROWS + 5)}
    picture = drawn("category", many)
    assert len(picture.numbers.rows) == MOST_ROWS
    assert picture.lines[-1] == f"The first {MOST_ROWS} of {MOST_ROWS + 5} are drawn."
    assert picture.numbers.rows[0][0] == f"c{MOST_ROWS + 4}"


@pytest.mark.parametrize(
    ("by", "query", "field"),
    [
        (["hour_of_week", "category"], {}, "by"),
        (["week"], {"interval": "all"}, "interval"),
        (["category"], {"chart": "map"}, "chart"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_its_field(by: list[str], query: dict[str, Any], field: str) -> None:
    told = answer(by, {})
    if query.get("interval") == "all":
        told.intervals.append(told.intervals[0])
    with pytest.raises(Problem) as refused:
        timings.picture(asked(by=by, **query), told, Speech(), SHAPES)
    assert (refused.value.status, (refused.value.errors or [])[0]["field"]) == (422, field)


def test_another_citys_districts_are_neither_named_nor_mapped_though_some_codes_are_the_same() -> None:
    groups: dict[tuple[str, ...], dict[str, Any]] = {("7",): figures(5), ("123",): figures(6)}
    told = answer(["district"], groups).model_copy(update={"source": "elsewhere"})
    speech = Speech(districts={"7": "Seven"})
    assert {row["group"].partition(" (")[0] for row in timings.picture(asked(by=["district"]), told, speech).rows} == {
        "7", "123",
    }  # fmt: skip
    with pytest.raises(Problem) as refused:
        timings.picture(asked(by=["district"], chart="map"), told, speech, SHAPES)
    assert (refused.value.status, (refused.value.errors or [])[0]["field"]) == (422, "chart")
    ours = told.model_copy(update={"source": "live"})
    assert any("Seven" in row["group"] for row in timings.picture(asked(by=["district"]), ours, speech).rows)


def test_a_map_needs_to_know_where_the_districts_are() -> None:
    with pytest.raises(Problem) as refused:
        timings.picture(asked(by=["district"], chart="map"), answer(["district"], {}), Speech())
    assert (refused.value.status, refused.value.code) == (503, "no_map")


def test_districts_are_drawn_as_wide_as_they_are_and_named_in_their_middle() -> None:
    [shape] = SHAPES
    assert shape["at"] == (pytest.approx(0.5 * 0.6361, abs=1e-3), pytest.approx(50.5))


def test_an_svg_is_one_image_with_one_description_and_names_of_its_own() -> None:
    plain = '<svg width="1"><g role="x" aria-label="y" clip-path="url(#clip0)"/><clipPath id="clip0"/></svg>'
    found = described(plain, "A & B")
    assert found.startswith('<svg width="1" role="img" aria-label="A &amp; B"><title>A &amp; B</title><g clip-path=')
    assert found.count("clip0") == 2
    assert 'id="clip0"' not in found


@pytest.mark.parametrize(
    ("longest", "name"), [(90, "s"), (3600, "min"), (5 * HOUR, "h"), (400 * HOUR, "d"), (None, "s")]
)
def test_times_are_told_in_a_unit_that_suits_the_longest(longest: float | None, name: str) -> None:
    assert Unit.fit(longest, None).name == name
