"""Carrying a delivery out: signed (Standard Webhooks 1.0.0), once more until it is taken or its tries are used up."""

import asyncio
import math
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Uuid, bindparam, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine
from standardwebhooks import Webhook

from vpr_events.effect_runner import Task, Tried
from vpr_events.event import in_utc, new_id
from vpr_events.writes import Write, inserting
from vpr_intake.announcing import PING
from vpr_intake.pausing import FAILED, HOLD, PAUSE, RELEASE, RESUME, apart, pause
from vpr_intake.sealed_secrets import KeyMissing, Sealed
from vpr_intake.settings import DELAYS
from vpr_intake.tables import deliveries, delivery_attempts, webhook_secrets, webhooks
from vpr_service.outbound import Answer, Failed, Outbound

JITTER = 0.1
LONGEST_WAIT = 86_400.0
"""How long a receiver's Retry-After may put a try off."""
GONE = 410

INSERT_ATTEMPT = inserting(delivery_attempts, exists().where(deliveries.c.id == bindparam("delivery_id", type_=Uuid)))
"""Nothing for a delivery that is gone with its webhook."""
MOVE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("delivery"))
    .values(
        state=bindparam("now_is"),
        begun_at=func.coalesce(deliveries.c.begun_at, bindparam("tried_at")),
        finished_at=bindparam("ended_at"),
    )
)
_webhook = update(webhooks).where(webhooks.c.id == bindparam("webhook"))
SWITCH_OFF = _webhook.where(webhooks.c.enabled).values(
    enabled=False, disabled_reason=bindparam("why"), version=webhooks.c.version + 1
)
SWITCH_OFF_FAILING = SWITCH_OFF.where(
    (webhooks.c.last_success_at.is_(None)) | (webhooks.c.last_success_at < bindparam("since"))
)


@dataclass(frozen=True, slots=True)
class Message:
    """A delivery with where it goes."""

    id: UUID
    webhook_id: UUID
    url: str
    enabled: bool
    type: str
    body: bytes
    begun_at: datetime | None
    failing_since: datetime | None
    sealed: Sequence[bytes]

    @property
    def is_test(self) -> bool:
        """Whether somebody tries the webhook out: that is sent in any case, and once."""
        return self.type == PING


def body_of(row: Any) -> bytes:
    """What is sent: ids and status, nothing about people. The same bytes at every try."""
    if row.type == PING:
        data = {"webhook_id": str(row.webhook_id)}
    else:
        data = {"report_id": str(row.report_id), "status": row.status}
    moment = row.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return orjson.dumps({"type": row.type, "timestamp": moment, "data": data})


def headers_of(message_id: UUID, body: bytes, at: datetime, keys: Sequence[str]) -> dict[str, str]:
    """The signed headers; each of the secrets that are valid signs."""
    signatures = [Webhook(key).sign(str(message_id), at, body.decode()) for key in keys]
    return {
        "content-type": "application/json",
        "user-agent": "VPR-Webhooks/1",
        "webhook-id": str(message_id),
        "webhook-timestamp": str(math.floor(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def wait_asked_for(answer: Answer, now: datetime) -> float:
    """Seconds that Retry-After asks to wait, a day at most; 0 without one that can be read."""
    given = answer.headers.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return min(float(given[:9]), LONGEST_WAIT)
    try:
        until = in_utc(parsedate_to_datetime(given)) if given else now
    except ValueError:
        return 0.0
    return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT)


def jittered(delay: float) -> float:
    """Up to a tenth longer, so that what failed together does not come again together."""
    return delay * (1 + JITTER * secrets.randbelow(1000) / 1000)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a try."""

    at: datetime
    ms: int
    answer: Answer | None
    error: str | None

    @property
    def taken(self) -> bool:
        """Whether the receiver has it: 2xx, nothing else."""
        return self.answer is not None and 200 <= self.answer.status < 300

    @property
    def code(self) -> str | None:
        """Why not, for the log."""
        if self.error or self.taken or self.answer is None:
            return self.error
        return f"http_{self.answer.status}"


@dataclass
class Deliverer:
    """The handler of webhooks' effects. ``delays``: seconds between tries; real time, whatever business time is."""

    engine: AsyncEngine
    outbound: Outbound
    sealed: Sealed
    delays: Sequence[float] = DELAYS
    _reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2), init=False, repr=False)

    async def __call__(self, task: Task) -> Tried:
        """One try. Without the delivery (its webhook was deleted) there is nothing to do."""
        message = await self._read(task.id)
        if message is None:
            return Tried()
        if not message.enabled and not message.is_test:
            return self._over(message, Result(datetime.now(UTC), 0, None, "webhook_disabled"))
        return self._settled(message, await self._send(message), task.attempt)

    async def close(self) -> None:
        """End the connections to receivers."""
        await self.outbound.close()

    async def _read(self, delivery: UUID) -> Message | None:
        now_valid = (webhook_secrets.c.valid_until.is_(None)) | (webhook_secrets.c.valid_until > func.now())
        told = deliveries.join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
        query = select(deliveries, webhooks.c.url, webhooks.c.enabled, webhooks.c.failing_since).select_from(told)
        keys = select(webhook_secrets.c.encrypted).where(now_valid)
        async with self._reading, self.engine.connect() as connection:
            row = (await connection.execute(query.where(deliveries.c.id == delivery))).one_or_none()
            if row is None:
                return None
            mine = keys.where(webhook_secrets.c.webhook_id == row.webhook_id).order_by(
                webhook_secrets.c.created_at.desc()
            )
            found = (await connection.execute(mine)).scalars().all()
        return Message(
            row.id, row.webhook_id, row.url, row.enabled, row.type, body_of(row), row.begun_at, row.failing_since, found
        )

    async def _send(self, message: Message) -> Result:
        now, started = datetime.now(UTC), time.monotonic()
        answer, error = None, None
        try:
            keys = [self.sealed.decrypt(one) for one in message.sealed]
            answer = await self.outbound.post(
                message.url, message.body, headers_of(message.id, message.body, now, keys)
            )
        except Failed as failed:
            error = failed.code
        except KeyMissing:
            error = "secret_unreadable"
        return Result(now, round((time.monotonic() - started) * 1000), answer, error)

    def _settled(self, message: Message, result: Result, attempt: int) -> Tried:
        """The webhook's rows come before its deliveries', as when it is deleted: so neither waits for the other."""
        if result.taken:
            return self._over(message, result)
        if result.answer and result.answer.status == GONE:
            return self._over(message, result, switch_off="gone")
        if message.is_test or attempt > len(self.delays):
            return self._over(message, result, switch_off=None if message.is_test else "failing")
        asked = wait_asked_for(result.answer, result.at) if result.answer else 0.0
        rest = max(pause(message.failing_since, result.at, self.delays), timedelta(seconds=asked))
        again = max(jittered(self.delays[attempt - 1]), rest.total_seconds())
        paused = _paused(message, result, rest, apart(self.delays))
        written = [*paused, *self._noted(message, result, "pending", again)]
        return Tried(writes=written, again=again, error=result.code)

    def _over(self, message: Message, result: Result, switch_off: str | None = None) -> Tried:
        told = {"webhook": message.webhook_id, "tried_at": result.at}
        written = [Write(message.webhook_id, RELEASE, {"webhook": message.webhook_id})] if result.taken else []
        written.append(Write(message.webhook_id, RESUME if result.taken else FAILED, told))
        why = {"webhook": message.webhook_id, "why": switch_off}
        if switch_off == "gone":
            written.append(Write(message.webhook_id, SWITCH_OFF, why))
        elif switch_off:
            since = {"since": message.begun_at or result.at}
            written.append(Write(message.webhook_id, SWITCH_OFF_FAILING, why | since))
        return Tried(writes=[*written, *self._noted(message, result, "delivered" if result.taken else "failed", None)])

    def _noted(self, message: Message, result: Result, state: str, again: float | None) -> list[Write]:
        next_at = result.at + timedelta(seconds=again) if again is not None else None
        attempt = {
            "id": new_id(),
            "delivery_id": message.id,
            "at": result.at,
            "ms": result.ms,
            "status_code": result.answer.status if result.answer else None,
            "error": result.code,
            "next_at": next_at,
        }
        ended = datetime.now(UTC) if again is None else None
        moved = {"delivery": message.id, "now_is": state, "tried_at": result.at, "ended_at": ended}
        return [Write(message.id, INSERT_ATTEMPT, attempt), Write(message.id, MOVE, moved)]


def _paused(message: Message, result: Result, rest: timedelta, spacing: timedelta) -> Iterable[Write]:
    """Nothing more to this webhook meanwhile."""
    until = datetime.now(UTC) + rest
    told = {"webhook": message.webhook_id, "tried_at": result.at, "until": until}
    yield Write(message.webhook_id, PAUSE, told | {"since": message.failing_since or result.at})
    yield Write(message.webhook_id, HOLD, {"webhook": message.webhook_id, "until": until, "apart": spacing})
