"""Figures to quote: an answer that is frozen under an id, and computed again from the log when it is doubted."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vpr_client.problems import Altered

if TYPE_CHECKING:
    from vpr_client.questions import Asks

FIGURES = "/metrics/v1/figures"


@dataclass(frozen=True)
class Figure:
    """A frozen figure. ``told`` is what the system says of it: question, definition, place in the log, digests."""

    asks: Asks
    told: dict[str, Any]

    @property
    def id(self) -> str:
        """Under which it stays."""
        return str(self.told["id"])

    @property
    def citation(self) -> str:
        """The line to quote."""
        return str(self.told["citation"])

    @property
    def sha256(self) -> str:
        """The digest of the answer's bytes."""
        return str(self.told["sha256"])

    @property
    def withdrawn(self) -> bool:
        """Whether it is not to be quoted any more, as far as is known here."""
        return self.told["withdrawn"] is not None

    def verify(self) -> bytes:
        """The answer's bytes, which are those that were frozen. Raises Altered where they have another digest."""
        answer = self.asks.answer("GET", f"{self._path}/answer").content
        if (found := hashlib.sha256(answer).hexdigest()) != self.sha256:
            raise Altered(f"the answer of figure {self.id} has the digest {found}, not {self.sha256}")
        return answer

    def answer(self) -> dict[str, Any]:
        """The answer, verified."""
        told: dict[str, Any] = json.loads(self.verify())
        return told

    def reproduce(self) -> dict[str, Any]:
        """The system computes it again from its log as it was: ``identical``, and ``differences`` if there are any."""
        told: dict[str, Any] = self.asks.answer("GET", f"{self._path}/reproduction").json()
        return told

    def withdraw(self, reason: str, superseded_by: str | None = None) -> Figure:
        """Say that it is not to be quoted any more; ``reason`` is a code. It stays, marked: so it is given back."""
        body = {"reason": reason} | ({"superseded_by": superseded_by} if superseded_by else {})
        return Figure(self.asks, self.asks.answer("POST", f"{self._path}/withdrawal", body=body).json())

    @property
    def _path(self) -> str:
        return f"{FIGURES}/{self.id}"
