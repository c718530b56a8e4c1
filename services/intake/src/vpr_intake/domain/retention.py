"""How long personal data is kept: so many days after a report's end, by its category."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """``code`` is recorded with each erasure; ``kept`` is counted from the end, in days of 24 hours."""

    code: str
    kept: timedelta


@dataclass(frozen=True, slots=True)
class Retention:
    """The rule of each category that has its own, and the ``default`` of all others, also of those that are gone.

    A report that has not ended is kept; one that is open for longer than ``unclosed`` raises an alarm.
    """

    default: RetentionRule
    categories: Mapping[str, RetentionRule]
    unclosed: timedelta

    def of(self, category: str) -> RetentionRule:
        """The rule of a category."""
        return self.categories.get(category, self.default)

    def due_at(self, category: str, ended_at: datetime | None) -> datetime | None:
        """From when on (inclusive) a report is to be erased; None while it has not ended, or beyond the calendar."""
        try:
            return None if ended_at is None else ended_at + self.of(category).kept
        except OverflowError:
            return None
