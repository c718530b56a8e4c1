"""What an address of the dashboard chooses."""

from typing import Any

import pytest

from vpr_metrics.web.viewing import View, viewed

ZONE = "America/Winnipeg"


def test_days_are_those_of_the_city() -> None:
    view, faults = viewed(
        {"from": "2026-01-01", "to": "2026-01-31", "category": "theft", "district": " ", "lang": "fr"}
    )
    assert faults == {}
    assert view.choice(ZONE) == {
        "source": "live", "category": "theft",
        "from": "2026-01-01T00:00:00-06:00", "to": "2026-02-01T00:00:00-06:00",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "sides"),
    [
        ({}, ({"source": "live", "pathway": "in_person"}, {"source": "live", "pathway": "virtual"})),
        ({"source": "past"}, None),
        (
            {"source": "past", "from": "2026-01-01"},
            ({"source": "past", "to": "2026-01-01T00:00:00-06:00"},
             {"source": "past", "from": "2026-01-01T00:00:00-06:00"}),
        ),
        ({"against": "source.past"}, ({"source": "past"}, {"source": "live"})),
        (
            {"against": "source.past", "from": "2026-01-01", "category": "theft", "district": "D1", "priority": "2",
             "officer_initiated": "false", "channel": "web", "pathway": "virtual"},
            ({"source": "past", "category": "theft", "district": "D1", "priority": 2, "officer_initiated": False},
             {"source": "live", "category": "theft", "district": "D1", "priority": 2, "officer_initiated": False,
              "channel": "web", "pathway": "virtual", "from": "2026-01-01T00:00:00-06:00"}),
        ),
        ({"against": "none"}, None),
        ({"against": "before"}, None),
        ({"pathway": "virtual"}, None),
    ],
)  # fmt: skip
def test_what_is_compared_suits_the_source_unless_asked(given: dict[str, str], sides: Any) -> None:
    view, faults = viewed(given)
    assert (faults, view.cohorts(ZONE)) == ({}, sides)


def test_what_cannot_be_used_is_named_and_left_out() -> None:
    view, faults = viewed({"from": "soon", "priority": "x", "colour": "red", "category": "theft"})
    assert faults == {"from": "fault_day", "priority": "fault", "colour": "fault_field"}
    assert view == View(category="theft")
    assert viewed({"from": "2026-02-01", "to": "2026-01-01"})[1] == {"to": "fault_day"}


def test_an_address_leads_to_the_same_view() -> None:
    view, _ = viewed({"source": "past", "from": "2026-01-01", "against": "before", "officer_initiated": "false"})
    query = dict(pair.split("=") for pair in view.address("fr", whole="yes").split("&"))
    assert query["lang"] == "fr"
    assert viewed(query) == (view, {})
