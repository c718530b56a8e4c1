"""By when a report is likely to be closed: from what metrics measures for its category, asked now and then."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog

from vpr_events.working import resting
from vpr_service.clock import Clock
from vpr_service.http import http_client
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime
from vpr_service.service_tokens import TokenSource

ENOUGH = 5
"""How many cases must have ended before one is foretold from them."""
SEEN = timedelta(days=90)
"""How far back cases count, by when they were filed."""
TIMEOUT = httpx.Timeout(10, connect=2)
ASK_AGAIN = 10.0
"""Seconds until the next try while metrics does not answer."""
FORGET_AFTER = timedelta(days=1)
"""How long figures are believed that cannot be renewed."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Span:
    """How long cases of one category took from filing to closing."""

    median: timedelta
    p90: timedelta


@dataclass
class Expectations:
    """What metrics measured last; ``url`` is where metrics answers, and without one nothing is known."""

    url: str
    tokens: TokenSource
    every: float
    now: Clock
    spans: Mapping[str, Span] = field(default_factory=dict, init=False)
    asked_at: datetime | None = field(default=None, init=False)

    async def run(self, stop: asyncio.Event) -> None:
        """Ask metrics now and then, until ``stop``."""
        while self.url and not stop.is_set():
            await resting(stop, self.every if await self._renewed() else ASK_AGAIN)

    def of(self, category: str, filed_at: datetime) -> datetime | None:
        """When a report that is open now is likely to be closed; None where that is not known.

        The median of its category, or its 90th percentile once that has passed; beyond it nothing is foretold.
        """
        now, span = self.now(), self.spans.get(category)
        if span is None or self.asked_at is None or now - self.asked_at > FORGET_AFTER:
            return None
        return next((filed_at + one for one in (span.median, span.p90) if filed_at + one > now), None)

    async def _renewed(self) -> bool:
        try:
            self.spans, self.asked_at = spans_in(await self._measured()), self.now()
        except (httpx.HTTPError, Problem) as error:
            log.warning("metrics does not tell how long cases take", error=type(error).__name__)
            return False
        return True

    async def _measured(self) -> Mapping[str, Any]:
        asked = {"interval": "resolution", "by": "category", "from": (self.now() - SEEN).isoformat()}
        async with http_client(timeout=TIMEOUT) as http:
            headers = await self.tokens.headers()
            answer = await http.get(f"{self.url.rstrip('/')}/v1/timings", params=asked, headers=dict(headers))
        answer.raise_for_status()
        told: Mapping[str, Any] = answer.json()
        return told


def spans_in(answer: Mapping[str, Any]) -> Mapping[str, Span]:
    """What an answer of metrics' ``/v1/timings`` tells, by category; categories with few ended cases are left out."""
    groups = answer["intervals"][0]["groups"]
    return {
        str(group["key"]): Span(timedelta(seconds=group["median"]), timedelta(seconds=group["p90"]))
        for group in groups
        if group["n"] >= ENOUGH
    }


def expected_at(row: Mapping[str, Any], runtime: Runtime) -> datetime | None:
    """When this report, which its row tells of, is likely to be closed; None where it is, or where nobody knows."""
    known = runtime.worker_if_any(Expectations)
    ended = row["withdrawn_at"] or row["closed_at"]
    return known.of(row["category"], row["filed_at"]) if known and not ended else None
