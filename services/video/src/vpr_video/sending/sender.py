"""Sending an invitation, or a reminder of it: one try, then what follows from it.

Each try makes a token of its own, whose digest is stored before the message leaves: so no token need be kept for the
next try, and whichever message arrives opens the invitation.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from vpr_events import locks, writes
from vpr_events.decider import Command
from vpr_events.effect_runner import Task, Tried
from vpr_events.event import new_id
from vpr_events.pipeline import Execution
from vpr_events.writes import Write
from vpr_service.clock import Clock
from vpr_service.languages import Language
from vpr_service.moments import told_day, told_short
from vpr_video import queries
from vpr_video.domain.commands import NoteInviteFailed, NoteInviteSent
from vpr_video.domain.inviting import EMAIL, NEUTRAL_NEEDED, SENT_BY_US, SMS
from vpr_video.domain.schedule import ASKED
from vpr_video.domain.session import session
from vpr_video.domain.state import OVER
from vpr_video.private import digest_kept
from vpr_video.sending import messages
from vpr_video.sending.appointment_messages import about
from vpr_video.sending.budget import BUDGET, over_budget
from vpr_video.sending.contacts import Contact, Contacts
from vpr_video.sending.effects import INVITATION, REMINDER
from vpr_video.sending.gateways import Gateway, Letter, NotTaken
from vpr_video.sending.messages import Message
from vpr_video.sending.numbers import number_for_sms
from vpr_video.sending.plan import Plan, Try, jittered
from vpr_video.settings import Settings
from vpr_video.tables import invite_attempts
from vpr_video.tokens import digest_of, new_token

CONTACT = "contact"
"""The "channel" of a try that ended before any gateway was asked: intake did not tell how to reach the reporter."""

_attempted = insert(invite_attempts)
NOTE_ATTEMPT = _attempted.on_conflict_do_update(
    index_elements=["id"], set_={name: _attempted.excluded[name] for name in ("ms", "error", "final", "next_at")}
)
MESSAGES = {SMS: messages.sms, EMAIL: messages.email}


@dataclass(frozen=True, slots=True)
class Sending:
    """An invitation's row, and what was tried."""

    row: Mapping[str, Any]
    tried: Sequence[Try]
    plan: Plan
    purpose: str = INVITATION

    @property
    def wanted(self) -> bool:
        """Whether it is still to be sent: neither settled, nor replaced, nor of a session that is over."""
        settled = () if self.purpose == REMINDER else ("sent_at", "failed_at")
        points = (*settled, "opened_at", "revoked_at")
        return self.row["status"] not in OVER and not any(self.row[point] for point in points)

    @property
    def until(self) -> datetime:
        """When it comes too late: a reminder with the appointment, an invitation with its own end."""
        end: datetime = self.row["scheduled_at" if self.purpose == REMINDER else "expires_at"]
        return end


@dataclass
class Sender:
    """The handler of the effects that invite and remind."""

    engine: AsyncEngine
    settings: Settings
    now: Clock
    contacts: Contacts
    gateways: Mapping[str, Gateway]
    _reading: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2), init=False, repr=False)

    async def __call__(self, task: Task) -> Tried:
        """One try. An invitation that nobody waits for any more is let be."""
        sending = await self._read(UUID(str(task.data["invite"])), task.kind)
        if sending is None or not sending.wanted:
            return Tried()
        if self.now() >= sending.until:
            return self._given_up(task, sending, "expired")
        channel = sending.plan.channel(sending.tried)
        if channel is None:
            return self._given_up(task, sending, sending.plan.reason(sending.tried))
        attempt = {"id": new_id(), "invite_id": sending.row["invite_id"], "channel": channel, "at": datetime.now(UTC)}
        attempt["purpose"] = sending.purpose
        clock = time.monotonic()
        came = await self._tried(task, sending, attempt)
        attempt |= {
            "channel": came.channel if came else channel,
            "ms": round((time.monotonic() - clock) * 1000),
            "error": came.error if came else None,
            "final": came is None or came.final,
        }
        return self._failed(task, sending, came, attempt) if came else self._sent(task, sending, channel, attempt)

    async def close(self) -> None:
        """End connections."""
        await self.contacts.close()
        for gateway in self.gateways.values():
            await gateway.close()

    async def _read(self, invite: UUID, purpose: str) -> Sending | None:
        async with self._reading, self.engine.connect() as connection:
            row = await queries.one_invite(connection, invite)
            if row is None:
                return None
            attempts = await queries.attempts_of(connection, [invite], purpose)
        chosen, tried = row["channel"], [Try(one["channel"], one["error"], one["final"]) for one in attempts]
        others = sorted(SENT_BY_US - {chosen}) if row["fallback"] else []
        usable = [one for one in others if self.settings.can_send(one, neutral=row["neutral"])]
        return Sending(row, tried, Plan([chosen, *usable], self.settings.send_delays), purpose)

    async def _tried(self, task: Task, sending: Sending, attempt: Mapping[str, Any]) -> Try | None:
        """Try: None once it was taken, else what went wrong."""
        try:
            contact = await self.contacts.of(sending.row["report_id"])
        except NotTaken as error:
            return Try(CONTACT, error.code, error.final)
        if contact.discreet and not sending.row["neutral"]:
            return Try(CONTACT, NEUTRAL_NEEDED, final=True)
        channel = attempt["channel"]
        try:
            async with asyncio.timeout(self.settings.send_within):
                await self._hand_over(task, sending, attempt, contact)
        except NotTaken as error:
            return Try(channel, error.code, error.final)
        except TimeoutError:
            return Try(channel, queries.TIMEOUT, final=False)
        return None

    def _recipient(self, channel: str, contact: Contact) -> str:
        given = contact.phone if channel == SMS else contact.email
        if not given:
            raise NotTaken("no_phone" if channel == SMS else "no_email", final=True)
        return number_for_sms(given, self.settings.sms_countries) if channel == SMS else given

    async def _hand_over(self, task: Task, sending: Sending, attempt: Mapping[str, Any], contact: Contact) -> None:
        row, channel = sending.row, attempt["channel"]
        recipient, neutral = self._recipient(channel, contact), row["neutral"]
        if not self.settings.can_send(channel, neutral=neutral):
            raise NotTaken("channel_not_set_up", final=True)
        token = new_token()
        await self._begin(row, attempt, digest_of(token))
        language = contact.language if row["language"] == ASKED else row["language"]
        message = self._message(sending, channel, self.settings.link_of(token, neutral=neutral), language)
        sender = self.settings.sender_of(channel, neutral=neutral)
        await self.gateways[channel].take(Letter(task.id, sender, recipient, message, language))

    def _message(self, sending: Sending, channel: str, link: str, language: Language) -> Message:
        row, neutral = sending.row, sending.row["neutral"]
        if (at := row["scheduled_at"]) is None:
            return MESSAGES[channel](link, row["expires_at"] - self.now(), language, neutral=neutral)
        when = told_short(at, row["scheduled_zone"], language), told_day(at, row["scheduled_zone"], language)
        return about(channel, link, when, language, kind=(neutral, sending.purpose == REMINDER))

    async def _begin(self, row: Mapping[str, Any], attempt: Mapping[str, Any], digest: str) -> None:
        """Note the try and its token before the message leaves: whatever ends us now, both are known."""
        begun = {**attempt, "ms": 0, "error": queries.UNDER_WAY, "final": False}
        async with self.engine.begin() as connection:
            if attempt["channel"] == SMS:
                await locks.wait_for(connection, [BUDGET])
                if over := await over_budget(connection, row["session_id"], self.settings):
                    raise NotTaken(over, final=True)
            kept = digest_kept(row["invite_id"], row["session_id"], digest)
            await writes.run(connection, [kept, _attempt(begun, None)])

    def _sent(self, task: Task, sending: Sending, channel: str, attempt: Mapping[str, Any]) -> Tried:
        if sending.purpose == REMINDER:
            return Tried(writes=[_attempt(attempt, None)])
        command = NoteInviteSent(at=self.now(), invite_id=sending.row["invite_id"], channel=channel)
        return Tried(executions=[self._noted(task, sending, command)], writes=[_attempt(attempt, None)])

    def _failed(self, task: Task, sending: Sending, came: Try, attempt: Mapping[str, Any]) -> Tried:
        tried = [*sending.tried, came]
        again = self._until_intake(tried) if came.channel == CONTACT else sending.plan.wait(tried)
        if again is None:
            reason = came.error if came.channel == CONTACT else sending.plan.reason(tried)
            given_up = self._given_up(task, sending, reason)
            return Tried(executions=given_up.executions, writes=[_attempt(attempt, None)])
        again = jittered(again)
        next_at = attempt["at"] + timedelta(seconds=again)
        return Tried(writes=[_attempt(attempt, next_at)], again=again, error=came.error)

    def _until_intake(self, tried: Sequence[Try]) -> float | None:
        """Seconds until intake is asked again: without an end but the invitation's own, unless it knows no report."""
        if tried[-1].final:
            return None
        asked = sum(one.channel == CONTACT for one in tried)
        return self.settings.send_delays[min(asked, len(self.settings.send_delays)) - 1]

    def _given_up(self, task: Task, sending: Sending, reason: str) -> Tried:
        if sending.purpose == REMINDER:
            return Tried()
        command = NoteInviteFailed(at=self.now(), invite_id=sending.row["invite_id"], reason=reason)
        return Tried(executions=[self._noted(task, sending, command)])

    def _noted(self, task: Task, sending: Sending, command: Command) -> Execution:
        return Execution(
            decider=session,
            entity=sending.row["session_id"],
            command=command,
            correlation_id=task.correlation_id,
            causation_id=task.causation_id,
        )


def _attempt(attempt: Mapping[str, Any], next_at: datetime | None) -> Write:
    return Write(attempt["invite_id"], NOTE_ATTEMPT, {**attempt, "next_at": next_at})
