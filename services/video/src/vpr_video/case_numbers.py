"""The number under which a resident knows their report: asked of intake, kept nowhere here."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

import httpx
import structlog
from fastapi import Depends, Request

from vpr_service.http import http_client
from vpr_service.problems import Problem
from vpr_service.service_tokens import TokenSource

TIMEOUT = httpx.Timeout(5, connect=2)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class CaseNumbers:
    """Asks intake at ``url``, as the video service."""

    url: str
    tokens: TokenSource

    async def of(self, report_id: UUID) -> str | None:
        """The case number, to be read out; None for a report without a receipt, or while intake does not tell."""
        try:
            headers = dict(await self.tokens.headers())
            async with http_client(timeout=TIMEOUT, trust_env=False) as client:
                asked = f"{self.url.rstrip('/')}/v1/reports/{report_id}/case-number"
                answer = (await client.get(asked, headers=headers)).raise_for_status()
            number = answer.json()["case_number"]
        except (httpx.HTTPError, Problem, ValueError, KeyError, TypeError) as error:
            log.warning("intake tells no case number", error=type(error).__name__)
            return None
        return str(number) if number else None


async def _numbers(request: Request) -> CaseNumbers:
    numbers: CaseNumbers = request.app.state.case_numbers
    return numbers


Numbers = Annotated[CaseNumbers, Depends(_numbers)]
