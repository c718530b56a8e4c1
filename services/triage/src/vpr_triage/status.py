"""Where a case stands."""

from enum import StrEnum


class Status(StrEnum):
    """Where a case stands for those who work on it. ``assessed`` lasts until the end, whoever holds the case."""

    OPEN = "open"
    CLAIMED = "claimed"
    ASSESSED = "assessed"
    CLOSED = "closed"
