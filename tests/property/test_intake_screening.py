"""Any rules on any facts, judged by a second evaluator; and any point, judged by counting crossings."""

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import cast

from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, union_all
from shapely.geometry import shape

from vpr_intake.city import District, Districts, load_city, shipped
from vpr_intake.domain.screening import (
    All,
    Answered,
    AnyOf,
    Condition,
    Equals,
    Facts,
    Greater,
    In,
    Not,
    Outcome,
    Rule,
    RuleSet,
    screen,
)

NAMES = st.sampled_from(["weapon", "value", "hit"])
WORDS = st.sampled_from(["yes", "no", "12", "-3", "nan", "inf", "", "7e2"])
FACTS = st.dictionaries(NAMES, WORDS | st.lists(WORDS, max_size=3), max_size=3)
LEAVES = st.one_of(
    st.builds(Equals, NAMES, WORDS),
    st.builds(In, NAMES, st.frozensets(WORDS, max_size=3)),
    st.builds(Greater, NAMES, st.sampled_from([12.0, -3.0, 700.0]) | st.floats(allow_nan=False)),
    st.builds(Answered, NAMES),
)


def deeper(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.builds(All, several) | st.builds(AnyOf, several) | st.builds(Not, parts)


CONDITIONS: st.SearchStrategy[Condition] = st.recursive(LEAVES, deeper, max_leaves=8)
RULES = st.lists(st.tuples(st.sampled_from(Outcome), CONDITIONS), max_size=6).map(
    lambda pairs: RuleSet("v1", tuple(Rule(f"r{n}", *pair) for n, pair in enumerate(pairs)))
)


def judged(condition: Condition, facts: Facts) -> bool:
    """The same by plain Python text: each leaf is asked of every word, the rest is Python's own and, or, not."""
    match condition:
        case All(parts):
            return not [part for part in parts if not judged(part, facts)]
        case AnyOf(parts):
            return bool([part for part in parts if judged(part, facts)])
        case Not(part):
            return judged(part, facts) is False
    known = facts.get(condition.fact)
    words = [] if known is None else [known] if isinstance(known, str) else list(known)
    match condition:
        case Equals(_, word):
            return words.count(word) > 0
        case In(_, wanted):
            return len(wanted & set(words)) > 0
        case Greater(_, number):
            return any(float(one) > number for one in words if one not in {"yes", "no", ""})
    return words != []


@given(RULES, FACTS)
def test_the_gravest_rule_that_fires_decides_and_all_that_fire_are_named(rules: RuleSet, facts: Facts) -> None:
    screening = screen(rules, facts)
    fired = [rule for rule in rules.rules if judged(rule.when, facts)]
    outcomes = {rule.outcome for rule in fired} or {Outcome.ELIGIBLE}
    assert screening.outcome == min(outcomes, key=list(Outcome).index)
    assert sorted(screening.reasons) == sorted(rule.code for rule in fired)
    by_code = {rule.code: list(Outcome).index(rule.outcome) for rule in fired}
    assert all(by_code[first] <= by_code[second] for first, second in pairwise(screening.reasons))
    assert screening.version == "v1"


WARDS = json.loads((shipped()["winnipeg"] / "districts.geojson").read_text())["features"]
CITY = load_city(shipped()["winnipeg"])


def test_a_number_is_above_another_only_when_it_is() -> None:
    rules = RuleSet("v1", (Rule("high", Outcome.OFFICER_REVIEW, Greater("value", 5000)),))
    fired = [word for word in ("4999.99", "5000", "5000.01", "much") if screen(rules, {"value": word}).reasons]
    assert fired == ["5000.01"]


ANSWERS = st.fixed_dictionaries(
    {"category": st.sampled_from(sorted(CITY.categories))},
    optional={
        question.code: st.sampled_from(sorted(question.keys))
        for question in CITY.categories["hit_and_run"].questions
        if question.options
    },
)
SIGNS = {"danger_now": "yes", "when": "now", "suspect_here": "yes", "weapon": "yes", "injured": "yes"}


@given(ANSWERS)
def test_no_sign_of_an_emergency_is_overseen_in_the_sample_city(facts: dict[str, str]) -> None:
    outcome = screen(CITY.rules.rule_set, facts).outcome
    if any(facts.get(name) == word for name, word in SIGNS.items()):
        assert outcome is Outcome.EMERGENCY
    if not SIGNS.keys() <= facts.keys():
        assert outcome is not Outcome.ELIGIBLE


type Point = tuple[int, int]

GRID = [(x, y) for x in range(3) for y in range(3)]
SQUARES = {District(f"d{x}{y}", "square"): Polygon([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]) for x, y in GRID}
TOWN = Districts(SQUARES)
QUARTERS = st.integers(-4, 16).map(lambda count: count / 4)


@given(QUARTERS, QUARTERS)
def test_every_point_of_a_grid_has_one_district_and_on_a_border_the_first(longitude: float, latitude: float) -> None:
    holding = [f"d{x}{y}" for x, y in GRID if x <= longitude <= x + 1 and y <= latitude <= y + 1]
    found = TOWN.at(latitude, longitude)
    assert (found.code if found else None) == min(holding, default=None)


def crossings(point: Point, corners: Sequence[Point]) -> int | None:
    """How often a ray to the east crosses the outline, in exact arithmetic; None for a point on it."""
    count, (x, y) = 0, point
    for (ax, ay), (bx, by) in pairwise([*corners, corners[0]]):
        cross = (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        if cross == 0 and min(ax, bx) <= x <= max(ax, bx) and min(ay, by) <= y <= max(ay, by):
            return None
        if (ay > y) != (by > y):
            count += x < ax + Fraction((y - ay) * (bx - ax), by - ay)
    return count


COORDINATES = st.tuples(st.integers(-8, 8), st.integers(-8, 8))
OUTLINES = st.lists(COORDINATES, min_size=3, max_size=7, unique=True).filter(lambda them: Polygon(them).is_valid)


@given(OUTLINES, COORDINATES)
def test_a_point_within_is_one_whose_ray_crosses_the_outline_an_odd_number_of_times(
    corners: list[Point], point: Point
) -> None:
    town = Districts({District("d", "d"): Polygon(corners)})
    count = crossings(point, corners)
    if count is not None:
        assert (town.at(float(point[1]), float(point[0])) is not None) == (count % 2 == 1)


CITY_AREA = cast("Polygon", union_all([shape(one["geometry"]) for one in WARDS]))
HOLES = [Polygon(hole).representative_point() for hole in CITY_AREA.interiors]


def test_whoever_is_in_a_gap_between_simplified_boundaries_is_in_the_nearest_district() -> None:
    assert len(HOLES) == 61
    for point in HOLES:
        found = CITY.districts.at(point.y, point.x)
        assert found
        [ward] = [one for one in WARDS if one["properties"]["number"] == found.code]
        assert shape(ward["geometry"]).distance(point) < 0.002
