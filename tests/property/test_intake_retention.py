"""Any rules, any category, any end: what is open is never due, and what has ended is due when its rule says so."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from vpr_intake.domain.retention import Retention, RetentionRule

CODES = st.sampled_from(["theft", "assault", "fraud", "gone"])
RULES = st.builds(RetentionRule, st.sampled_from("abc"), st.integers(1, 36_500).map(lambda days: timedelta(days=days)))
RETENTIONS = st.builds(Retention, RULES, st.dictionaries(CODES, RULES), st.just(timedelta(days=365)))
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(RETENTIONS, CODES)
def test_what_has_not_ended_is_never_due(retention: Retention, category: str) -> None:
    assert retention.due_at(category, None) is None


@given(RETENTIONS, CODES, TIMES)
def test_a_report_is_kept_exactly_as_long_as_its_rule_says(
    retention: Retention, category: str, ended_at: datetime
) -> None:
    due = retention.due_at(category, ended_at)
    assert due
    assert due - ended_at == retention.of(category).kept
    assert retention.of(category) == retention.categories.get(category, retention.default)


@given(RETENTIONS, CODES, TIMES, TIMES)
def test_who_ended_later_is_kept_longer(retention: Retention, category: str, one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    earlier, later = retention.due_at(category, first), retention.due_at(category, second)
    assert earlier
    assert later
    assert earlier <= later


@given(RETENTIONS, CODES)
def test_beyond_the_calendar_nothing_is_due(retention: Retention, category: str) -> None:
    assert retention.due_at(category, datetime.max.replace(tzinfo=UTC)) is None
