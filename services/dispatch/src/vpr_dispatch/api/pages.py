"""The parts of this service's cursors."""

from typing import Any


def number(part: Any) -> int:
    """A 64-bit number. Raises ValueError."""
    if not isinstance(part, int) or not -(2**63) <= part < 2**63:
        raise ValueError("not a number of ours")
    return part


def code(part: Any) -> str:
    """A text that the database can hold. Raises ValueError."""
    if not isinstance(part, str) or "\0" in part:
        raise ValueError("not a code")
    return part
