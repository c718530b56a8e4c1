"""How often strangers may try: by the source they come from, and by the case that they want to see."""

from dataclasses import dataclass, field
from typing import Self, cast

import limits
from fastapi import Request

from vpr_intake.settings import Settings
from vpr_service.rates import source_of
from vpr_service.tries import Tries


@dataclass(frozen=True)
class Budgets:
    """What is left of each budget."""

    filings: limits.RateLimitItem
    sign_ins: limits.RateLimitItem
    per_case: limits.RateLimitItem
    _tries: Tries = field(default_factory=Tries)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        parsed = limits.parse
        return cls(parsed(settings.web_filings), parsed(settings.sign_ins), parsed(settings.sign_ins_per_case))

    def file(self, request: Request) -> None:
        """One more report from this source. Raises Problem 429."""
        self._tries.spend(self.filings, "file", source_of(request.scope))

    def sign_in(self, request: Request, number: str) -> None:
        """One more attempt from this source, at this case number. Raises Problem 429."""
        self._tries.spend(self.sign_ins, "source", source_of(request.scope))
        self._tries.spend(self.per_case, "case", number)


def budgets_of(request: Request) -> Budgets:
    """The budgets of this app."""
    return cast("Budgets", request.app.state.budgets)
