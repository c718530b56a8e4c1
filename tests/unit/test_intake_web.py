"""What the resident's pages make of dates and numbers; every text in both languages."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpr_intake.city import load_city, shipped
from vpr_intake.web.draft import as_number
from vpr_intake.web.moments import span_of, told_span, with_offset
from vpr_intake.web.steps import urgent_questions
from vpr_intake.web.texts import TEXTS
from vpr_service.moments import told

ZONE = "America/Winnipeg"
NOW = datetime(2026, 5, 4, 17, 30, tzinfo=UTC)
"""12:30 in Winnipeg."""


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("given_", "start", "end"),
    [
        ({}, None, None),
        ({"date_from": "2026-05-03"}, at(2026, 5, 3, 5), at(2026, 5, 4, 4, 59)),
        ({"date_from": "2026-05-04"}, at(2026, 5, 4, 5), NOW),
        ({"date_from": "2026-05-03", "time_from": "20:15"}, at(2026, 5, 4, 1, 15), at(2026, 5, 4, 1, 15)),
        ({"date_from": "2026-05-01", "date_to": "2026-05-02"}, at(2026, 5, 1, 5), at(2026, 5, 3, 4, 59)),
        ({"date_from": "2026-05-01", "date_to": "2026-05-04"}, at(2026, 5, 1, 5), NOW),
        ({"date_from": "2026-01-01", "time_from": "12:00"}, at(2026, 1, 1, 18), at(2026, 1, 1, 18)),
        (
            {"date_from": "2026-05-03", "time_from": "20:00", "date_to": "2026-05-03", "time_to": "21:00"},
            at(2026, 5, 4, 1), at(2026, 5, 4, 2),
        ),
    ],
)  # fmt: skip
def test_dates_and_times_become_a_span_in_the_citys_zone(
    given_: dict[str, str], start: datetime | None, end: datetime | None
) -> None:
    span = span_of(given_, ZONE, NOW)
    assert (span.start, span.end, span.faults) == (start, end, {})


@pytest.mark.parametrize(
    ("given_", "faults"),
    [
        ({"date_from": "2026-05-05"}, {"date_from": "future"}),
        ({"date_from": "2026-05-04", "time_from": "12:31"}, {"date_from": "future"}),
        ({"date_from": "2026-05-04", "date_to": "2026-05-05"}, {"date_to": "future"}),
        ({"date_from": "2026-05-04", "date_to": "2026-05-03"}, {"date_to": "before"}),
        ({"date_from": "1899-12-31"}, {"date_from": "no_day"}),
        ({"date_from": "9999-12-31"}, {"date_from": "no_day"}),
        ({"date_from": "4 May"}, {"date_from": "no_day"}),
        ({"date_from": "2026-05-03", "time_from": "25:00"}, {"time_from": "no_time"}),
        ({"time_from": "20:00"}, {"date_from": "day_missing"}),
        ({"date_to": "2026-05-03"}, {"date_from": "day_missing"}),
        ({"date_from": "2026-05-03", "time_to": "20:00"}, {"date_to": "day_missing"}),
    ],
)
def test_a_date_that_cannot_be_is_named(given_: dict[str, str], faults: dict[str, str]) -> None:
    assert span_of(given_, ZONE, NOW).faults == faults


@given(st.dictionaries(st.sampled_from(["date_from", "time_from", "date_to", "time_to"]), st.text(max_size=12)))
def test_anything_written_as_a_date_is_a_span_or_a_fault(written: dict[str, str]) -> None:
    span = span_of(written, ZONE, NOW)
    assert span.faults or not span.start or (span.end and span.start <= span.end <= NOW)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("250", "250"), ("1,500", "1500"), ("1,500.50", "1500.50"), ("1 500,50 $", "1500.50"), ("$20", "20"),
        ("12,5", "12.5"), ("much", "much"), ("1,2,3", "1,2.3"), ("", ""),
    ],
)  # fmt: skip
def test_a_number_is_taken_as_people_write_it(written: str, number: str) -> None:
    assert as_number(written) == number


def test_moments_are_told_in_the_readers_language() -> None:
    assert told(at(2026, 5, 4, 1, 5), ZONE, "en") == "3 May 2026, 20:05"
    assert told(at(2026, 5, 1, 17, 5), ZONE, "fr") == "1er mai 2026, 12 h 05"
    assert told_span(NOW, NOW, ZONE, "en") == "4 May 2026, 12:30"
    assert told_span(at(2026, 5, 1, 17), NOW, ZONE, "fr") == "entre le 1er mai 2026, 12 h 00 et le 4 mai 2026, 12 h 30"


def test_a_browsers_time_gets_the_citys_offset() -> None:
    assert with_offset("2026-05-04T20:30", ZONE) == "2026-05-04T20:30:00-05:00"
    assert with_offset("2026-05-04T20:30:00+02:00", ZONE) == "2026-05-04T20:30:00+02:00"
    assert with_offset("tomorrow", ZONE) == "tomorrow"


def test_every_text_stands_in_both_languages_with_the_same_gaps() -> None:
    assert TEXTS["fr"].keys() == TEXTS["en"].keys()
    for name, english in TEXTS["en"].items():
        assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", TEXTS["fr"][name])), name


def test_the_emergency_check_asks_what_the_rules_need_and_every_category_asks() -> None:
    city = load_city(shipped()["winnipeg"])
    assert list(urgent_questions(city)) == ["danger_now", "when", "suspect_here", "weapon", "injured"]


def test_a_sensitive_report_is_one_of_the_citys_condition() -> None:
    rules = load_city(shipped()["winnipeg"]).rules
    assert rules.is_sensitive({"category": "threats"})
    assert rules.is_sensitive({"category": "theft", "domestic": "yes"})
    assert not rules.is_sensitive({"category": "theft", "domestic": "no"})
