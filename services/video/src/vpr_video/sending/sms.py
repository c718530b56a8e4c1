"""SMS through an HTTP gateway that takes Twilio's form (its Messages resource, version 2010-04-01)."""

from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import quote, urlencode

import orjson
from pydantic import SecretStr

from vpr_service.outbound import Answer, Failed, Outbound
from vpr_video.sending.gateways import Letter, NotTaken

AGAIN = frozenset({408, 425, 429})
"""Refusals that another try may not meet; beside them whatever is the gateway's own fault (5xx)."""


@dataclass
class TwilioGateway:
    """A gateway at ``url``; ``outbound`` calls it, and public addresses only unless told otherwise."""

    outbound: Outbound
    url: str
    account: str
    token: SecretStr

    async def take(self, letter: Letter) -> None:
        """Hand it over. A gateway that knows Idempotency-Key sends no second one. Raises NotTaken."""
        where = f"{self.url.rstrip('/')}/2010-04-01/Accounts/{quote(self.account, safe='')}/Messages.json"
        form = {"To": letter.recipient, "From": letter.sender, "Body": letter.message.text}
        headers = {
            "Authorization": f"Basic {self._basic}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Idempotency-Key": str(letter.key),
        }
        try:
            answer = await self.outbound.post(where, urlencode(form).encode(), headers)
        except Failed as failed:
            raise NotTaken(failed.code, final=failed.code == "target_refused") from None
        if not 200 <= answer.status < 300:
            raise NotTaken(_code(answer), final=answer.status not in AGAIN and answer.status < 500)

    async def close(self) -> None:
        """End its connections."""
        await self.outbound.close()

    @property
    def _basic(self) -> str:
        return b64encode(f"{self.account}:{self.token.get_secret_value()}".encode()).decode()


def _code(answer: Answer) -> str:
    """The gateway's own number of the error, which its manual explains, else the status."""
    try:
        told = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        told = None
    number = told.get("code") if isinstance(told, dict) else None
    return f"gateway_{number}" if isinstance(number, int) and 0 < number < 10**6 else f"http_{answer.status}"
