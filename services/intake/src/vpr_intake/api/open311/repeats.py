"""No twins: clients of Open311 send no Idempotency-Key, and send again what they saw no answer to (decision 20)."""

from datetime import timedelta

from vpr_events.idempotency import IdempotencyKey
from vpr_intake.api.callers import Caller

LIFETIME = timedelta(hours=24)


def key_of_form(caller: Caller, digest: str, given: str | None) -> IdempotencyKey:
    """The client's own key if it sent one; else this form is its own key, for a day."""
    if given:
        return IdempotencyKey(caller.scope, given, digest)
    return IdempotencyKey(f"{caller.scope}:open311", digest, digest, LIFETIME)
