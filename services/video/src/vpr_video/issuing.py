"""Making an invitation: for an officer, or for a resident who asks for a new link."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self, cast
from uuid import UUID

from vpr_events.contracts.session import SessionInviteIssued, SessionInviteSent
from vpr_events.event import new_id
from vpr_events.pipeline import Execution, Outcome
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime
from vpr_video import queries
from vpr_video.domain.commands import IssueInvite
from vpr_video.domain.inviting import SENT_BY_US, SMS
from vpr_video.domain.session import session
from vpr_video.private import digest_kept
from vpr_video.sending.budget import OF_SESSION, over_budget
from vpr_video.settings import Settings
from vpr_video.tokens import digest_of, digest_of_code, new_code, new_token

CODE = "code"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How somebody is to be invited."""

    channel: str
    language: str
    neutral: bool
    fallback: bool

    @classmethod
    def again(cls, invite: Mapping[str, Any]) -> Self:
        """As before."""
        return cls(invite["channel"], invite["language"], invite["neutral"], invite["fallback"])


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """An invitation to be issued, with what the officer is shown of it."""

    execution: Execution
    link: str | None = None
    code: str | None = None


async def check_channel(wanted: Wanted, session_id: UUID, runtime: Runtime, settings: Settings) -> None:
    """Whether it can be sent now. Raises Problem 409 or 429; none tells anything of the resident."""
    if wanted.channel not in SENT_BY_US:
        return
    if wanted.channel not in settings.channels:
        raise Problem(409, "channel_not_set_up", f"this system sends no {wanted.channel}: choose another channel")
    if not settings.can_send(wanted.channel, neutral=wanted.neutral):
        raise Problem(409, "no_neutral_sender", f"{wanted.channel} has no neutral sender here: choose another channel")
    if wanted.channel == SMS:
        async with runtime.reading() as connection:
            over = await over_budget(connection, session_id, settings)
        if over:
            whose = "this session" if over == OF_SESSION else "this hour"
            raise Problem(429, over, f"all SMS of {whose} are used up: choose another channel, or pass a link on")


async def new_invite(
    wanted: Wanted,
    session_row: Mapping[str, Any],
    runtime: Runtime,
    settings: Settings,
    *,
    instead_of: UUID | None = None,
) -> Made:
    """The command that issues it; a link to an appointment is good until after it.

    What we send gets its token when it is sent, so that none waits anywhere.
    """
    now = runtime.now()
    lifetime = settings.code_lifetime if wanted.channel == CODE else settings.invite_lifetime
    begins = now if wanted.channel == CODE else max(now, session_row["scheduled_at"] or now)
    command = IssueInvite(
        at=now,
        invite_id=new_id(),
        channel=wanted.channel,
        expires_at=min(begins + lifetime, session_row["expires_at"]),
        language=wanted.language,
        neutral=wanted.neutral,
        fallback=wanted.fallback,
        instead_of=instead_of,
    )
    execution = Execution(
        decider=session, entity=session_row["id"], command=command, correlation_id=session_row["report_id"]
    )
    if wanted.channel in SENT_BY_US:
        return Made(execution)
    if wanted.channel == CODE:
        code, digest = await _fresh_code(runtime)
        return Made(_keeping(execution, command, digest), code=code)
    token = new_token()
    return Made(_keeping(execution, command, digest_of(token)), settings.link_of(token, neutral=wanted.neutral))


def _keeping(execution: Execution, command: IssueInvite, digest: str) -> Execution:
    return replace(execution, private=[digest_kept(command.invite_id, execution.entity, digest)])


async def _fresh_code(runtime: Runtime) -> tuple[str, str]:
    """A code that was never used before, with its digest."""
    while True:
        code = new_code()
        digest = await digest_of_code(code)
        async with runtime.reading() as connection:
            if await queries.invite_of(connection, digest) is None:
                return code, digest


def issued(outcome: Outcome) -> SessionInviteIssued | SessionInviteSent:
    """The event that tells of an invitation that was made."""
    return cast("SessionInviteIssued | SessionInviteSent", outcome.events[0].data)
