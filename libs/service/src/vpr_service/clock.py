"""Business time: what services call "now". Tokens, retries and time-outs use real time instead."""

from collections.abc import Callable
from datetime import UTC, datetime

type Clock = Callable[[], datetime]


def real_time() -> datetime:
    """The present, aware, UTC."""
    return datetime.now(UTC)
