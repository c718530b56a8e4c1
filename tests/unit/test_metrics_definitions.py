"""The definitions that every figure is printed with."""

from vpr_events.contracts import CONTRACTS
from vpr_events.contracts.history import HistoryCaseRecorded
from vpr_metrics.definitions import INTERVALS, VERSION
from vpr_metrics.projections import (
    AMENDED_POINTS,
    FIRST_POINTS,
    LAST_POINTS,
    OCCURRED,
    POINTS,
    TOLD_POINTS,
    TRAITS,
)

VERSION_2 = {
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


def test_version_2_measures_these_intervals() -> None:
    assert VERSION == 2
    assert {one.name: (one.start, one.end) for one in INTERVALS.values()} == VERSION_2


def test_every_interval_lies_between_points_that_some_event_tells() -> None:
    told = {*AMENDED_POINTS, *FIRST_POINTS, *LAST_POINTS}
    assert all({one.start, one.end} <= told for one in INTERVALS.values())


def test_every_definition_has_a_sentence_of_its_own() -> None:
    sentences = [one.sentence for one in INTERVALS.values()]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith(".") for sentence in sentences)


def test_every_clock_point_of_a_past_case_is_taken_over() -> None:
    moments = {name for name in HistoryCaseRecorded.model_fields if name.endswith(("_at", "_from", "_to"))}
    assert {*TOLD_POINTS[HistoryCaseRecorded], *OCCURRED} == moments


def test_traits_are_fields_of_their_contracts() -> None:
    assert all(set(fields) <= set(contract.model_fields) for contract, fields in TRAITS.items())
    assert {*POINTS, *TRAITS} <= set(CONTRACTS.values())
