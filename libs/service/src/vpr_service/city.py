"""What the city is: asked of intake, which shows it to anybody. Who needs it works on without it."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import structlog
from async_lru import alru_cache

from vpr_service.http import http_client
from vpr_service.languages import Language

TIMEOUT = httpx.Timeout(5, connect=1)
KEPT = 600.0
"""Seconds for which what intake told is good."""
TRIED = 20.0
"""Seconds after which intake is asked again, when it did not answer."""

CITY, CATEGORIES, DISTRICTS = "city", "categories", "city/districts.geojson"
"""What intake shows, below ``/v1``."""

log = structlog.get_logger(__name__)


class OfCity[T]:
    """Something made of what intake, at ``url``, shows at these ``paths``; a worker. Without a url nothing is known.

    ``make`` gets the answers in the order of the paths, and raises ValueError, LookupError or TypeError for what is
    none; ``unknown`` is what is told as long as intake does not answer.
    """

    def __init__(
        self,
        url: str,
        paths: Sequence[str],
        *,
        make: Callable[[Language, Sequence[Any]], T],
        unknown: Callable[[Language], T],
    ) -> None:
        self._url, self._paths = url.rstrip("/"), paths
        self._make, self._unknown = make, unknown
        self._known = alru_cache(maxsize=4, ttl=KEPT)(self._ask)
        self._silent = alru_cache(maxsize=4, ttl=TRIED)(self._try)

    async def run(self, stop: asyncio.Event) -> None:
        """Nothing to do beside answering."""
        await stop.wait()

    async def told(self, language: Language) -> T:
        """In this language; it never fails."""
        return await self._silent(language)

    async def _try(self, language: Language) -> T:
        if not self._url:
            return self._unknown(language)
        try:
            return await self._known(language)
        except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
            log.warning("intake tells nothing of the city", error=type(error).__name__)
            return self._unknown(language)

    async def _ask(self, language: Language) -> T:
        async with http_client(timeout=TIMEOUT, params={"lang": language}, trust_env=False) as client:
            answers = [(await client.get(f"{self._url}/v1/{path}")).raise_for_status().json() for path in self._paths]
        return self._make(language, answers)
