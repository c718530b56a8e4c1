"""What the other services hold about a report, asked of them with intake's own token."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import httpx
import structlog
from pydantic import ValidationError

from vpr_intake.settings import Settings
from vpr_service.held import Held
from vpr_service.http import http_client
from vpr_service.problems import Problem
from vpr_service.service_tokens import TokenSource

TIMEOUT = httpx.Timeout(30, connect=2)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Elsewhere:
    """The services that hold something about reports, and where they answer. Metrics holds ids and times alone."""

    urls: Mapping[str, str]
    tokens: TokenSource

    @classmethod
    def of(cls, settings: Settings) -> "Elsewhere":
        """As the settings say."""
        urls = {"triage": settings.triage_url, "video": settings.video_url, "dispatch": settings.dispatch_url}
        return cls(urls, TokenSource.of("intake", settings))

    async def held(self, report_id: UUID, acting_for: UUID, purpose: str) -> Mapping[str, Held]:
        """The part of each service. Raises Problem 503 that names one which does not give its part."""
        for service, url in self.urls.items():
            if not url:
                raise _missing(service, f"INTAKE_{service.upper()}_URL does not say where")
        headers = dict(await self.tokens.headers(acting_for=acting_for, purpose=purpose))
        async with http_client(timeout=TIMEOUT, headers=headers) as http:
            parts = await asyncio.gather(*(self._part(http, service, report_id) for service in self.urls))
        return dict(zip(self.urls, parts, strict=True))

    async def _part(self, http: httpx.AsyncClient, service: str, report_id: UUID) -> Held:
        try:
            answer = await http.get(f"{self.urls[service].rstrip('/')}/v1/reports/{report_id}/held")
            return Held.model_validate_json(answer.raise_for_status().content)
        except (httpx.HTTPError, ValidationError) as error:
            log.warning("a part of an export is missing", holder=service, error=type(error).__name__)
            raise _missing(service, "it does not answer as it should") from None


def _missing(service: str, why: str) -> Problem:
    detail = f"{service} does not give its part ({why}): nothing is exported without it"
    return Problem(503, "part_missing", detail, headers={"Retry-After": "10"})
