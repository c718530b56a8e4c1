"""How to reach a reporter: asked of intake for each try, which records it, and kept nowhere here."""

from dataclasses import dataclass, field
from uuid import UUID

import httpx

from vpr_service.http import http_client
from vpr_service.languages import LANGUAGES, Language
from vpr_service.problems import Problem
from vpr_service.service_tokens import TokenSource
from vpr_video.sending.gateways import NotTaken

TIMEOUT = httpx.Timeout(10, connect=2)
PURPOSE = "invitation"


@dataclass(frozen=True, slots=True, repr=False)
class Contact:
    """What intake knows; empty where the reporter gave none. ``discreet``: they asked for neutral words.

    ``language`` is that of their report.
    """

    phone: str
    email: str
    discreet: bool = False
    language: Language = "en"


@dataclass
class Contacts:
    """Asks intake at ``url``, as the video service."""

    url: str
    tokens: TokenSource
    _client: httpx.AsyncClient | None = field(default=None, init=False, repr=False)

    async def of(self, report_id: UUID) -> Contact:
        """How to reach a report's reporter. Raises NotTaken while intake does not tell.

        Right after a session's beginning intake may not know of it yet (403).
        """
        try:
            headers = dict(await self.tokens.headers(purpose=PURPOSE))
            answer = await self._opened().get(f"{self.url.rstrip('/')}/v1/reports/{report_id}/contact", headers=headers)
            answer.raise_for_status()
            told = answer.json()
            language = next((one for one in LANGUAGES if one == told.get("language")), LANGUAGES[0])
            return Contact(str(told["phone"] or ""), str(told["email"] or ""), bool(told.get("discreet")), language)
        except httpx.HTTPStatusError as refused:
            status = refused.response.status_code
            raise NotTaken(f"intake_{status}", final=status == httpx.codes.NOT_FOUND) from None
        except (httpx.HTTPError, Problem, ValueError, KeyError, TypeError):
            raise NotTaken("intake_unavailable", final=False) from None

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = http_client(timeout=TIMEOUT, trust_env=False)
        return self._client

    async def close(self) -> None:
        """End its connections."""
        client, self._client = self._client, None
        if client:
            await client.aclose()
