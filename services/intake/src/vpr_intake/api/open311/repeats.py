"""No twins: clients of Open311 send no Idempotency-Key, and send again what they saw no answer to (decision 20)."""

from datetime import timedelta

from vpr_events.idempotency import IdempotencyKey
from vpr_intake import queries
from vpr_intake.api.callers import Caller
from vpr_service.runtime import Runtime

LIFETIME = timedelta(hours=24)
LAST = 99_999_999


async def key_of_form(runtime: Runtime, caller: Caller, digest: str, given: str | None) -> IdempotencyKey:
    """The client's own key if it sent one; else the key of this form, a new one once a day has passed.

    Two requests at the same moment find the same, so that they get the same key.
    """
    if given:
        return IdempotencyKey(caller.scope, given, digest)
    scope = f"{caller.scope}:open311"
    async with runtime.reading() as connection:
        last = await queries.last_filing(connection, scope, _key(digest, 0), _key(digest, LAST), LIFETIME)
    number = int(last.key.rpartition(":")[2]) + last.old if last else 0
    return IdempotencyKey(scope, _key(digest, number), digest)


def _key(digest: str, number: int) -> str:
    """Keys of equal length: they sort by their number, under whichever collation."""
    return f"{digest}:{number:08d}"
