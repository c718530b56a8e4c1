"""Waiting in tests: asked again and again, with one deadline for all, long enough for a machine that does much else."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

DEADLINE = 120.0
"""Seconds. Nothing should take so long: it only says when a test gives up."""


def wait_for[T](question: Callable[[], T], what: str = "") -> T:
    """Ask until the answer is true; fail with the last answer and ``what`` was waited for when the deadline passes."""
    end = time.monotonic() + DEADLINE
    while not (answer := question()):
        assert time.monotonic() < end, f"still {answer!r} after {DEADLINE} s: {what}"
        time.sleep(0.02)
    return answer


async def until[T](question: Callable[[], Awaitable[T]], deadline: float = DEADLINE) -> T:
    """The same of a question that is awaited, with a deadline of its own if need be."""
    end = time.monotonic() + deadline
    while not (answer := await question()):
        assert time.monotonic() < end, f"still {answer!r} after {deadline} s"
        await asyncio.sleep(0.02)
    return answer


async def lock_waits(engine: AsyncEngine) -> int:
    """How many sessions of this database wait for a lock."""
    query = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    async with engine.connect() as connection:
        return int((await connection.execute(text(query))).scalar_one())
