"""Where the client's bearer tokens come from."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from vpr_client.problems import ProblemError, Unreachable

EARLY = 30.0
"""So many seconds before its end a token is no longer used."""

type Token = str | Callable[[], str]
"""A bearer token, or what gives one whenever it is needed."""


@dataclass
class ClientCredentials:
    """Signs in at the issuer by itself, as an OAuth 2.0 client (client_credentials), and again before a token ends.

    For scripts that run without a person. People sign in at the issuer and give ``Client`` the token they get there.
    Raises ProblemError where the issuer refuses, Unreachable where it does not answer.
    """

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    timeout: float = 30.0
    _token: str = field(default="", init=False, repr=False)
    _until: float = field(default=0.0, init=False, repr=False)

    def __call__(self) -> str:
        """A token that is good for a while."""
        if time.monotonic() >= self._until:
            told = self._signed_in()
            self._token = str(told["access_token"])
            self._until = time.monotonic() + float(told.get("expires_in", 60)) - EARLY
        return self._token

    def _signed_in(self) -> dict[str, Any]:
        form = {"grant_type": "client_credentials"}
        try:
            answer = httpx.post(
                self.token_url, data=form, auth=(self.client_id, self.client_secret), timeout=self.timeout
            )
        except httpx.TransportError as error:
            raise Unreachable(f"{self.token_url} does not answer ({type(error).__name__})") from error
        if not answer.is_success:
            raise ProblemError(answer.status_code, "sign_in_refused", f"{self.token_url} refused the client")
        told: dict[str, Any] = answer.json()
        return told
