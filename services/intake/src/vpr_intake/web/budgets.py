"""How often strangers may try: by the source they come from, and by the case that they want to see.

Counted in this process alone; the budgets of several processes add up.
"""

from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Self, cast

import limits
from fastapi import Request
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from vpr_intake.settings import Settings
from vpr_service.problems import Problem


@dataclass(frozen=True)
class Budgets:
    """What is left of each budget."""

    filings: limits.RateLimitItem
    sign_ins: limits.RateLimitItem
    per_case: limits.RateLimitItem
    _window: MovingWindowRateLimiter = field(default_factory=lambda: MovingWindowRateLimiter(MemoryStorage()))

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say."""
        parsed = limits.parse
        return cls(parsed(settings.web_filings), parsed(settings.sign_ins), parsed(settings.sign_ins_per_case))

    def file(self, request: Request) -> None:
        """One more report from this source. Raises Problem 429."""
        self._spend(self.filings, "file", source_of(request))

    def sign_in(self, request: Request, number: str) -> None:
        """One more attempt from this source, at this case number. Raises Problem 429."""
        self._spend(self.sign_ins, "source", source_of(request))
        self._spend(self.per_case, "case", number)

    def _spend(self, budget: limits.RateLimitItem, *whose: str) -> None:
        if not self._window.hit(budget, *whose):
            seconds = str(budget.get_expiry())
            raise Problem(429, "too_often", "too many attempts, try later", headers={"Retry-After": seconds})


def budgets_of(request: Request) -> Budgets:
    """The budgets of this app."""
    return cast("Budgets", request.app.state.budgets)


def source_of(request: Request) -> str:
    """Where a request comes from: its address; of IPv6 the network, since one household has many addresses."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host
