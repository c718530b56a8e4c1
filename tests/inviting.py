"""What invitations go through, as real servers of the test's own: intake's answers, an SMS gateway, a mail server."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs

import orjson
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr

from tests.examples import PERSON
from tests.receivers import Came, Receiver, Reply
from tests.system import System
from vpr_events.effect_runner import EffectRunner
from vpr_service.oidc import IssuerClient
from vpr_service.service_tokens import TokenSource
from vpr_video.sending.effects import INVITATION
from vpr_video.sending.sender import Sender

PHONE = "+12045550142"
"""PERSON's number in E.164."""
LINK = re.compile(r"http://localhost:8000/video/join/([\w-]{22})")
TAKEN = Reply(201, body=b'{"sid": "SM1", "status": "queued"}')
MAIL_TAKEN = "250 OK"


def json_of(value: object, status: int = 200) -> Reply:
    """An answer in JSON."""
    return Reply(status, {"content-type": "application/json"}, orjson.dumps(value))


@dataclass
class MailServer:
    """A mail server: what came, and how it answers whom."""

    answering: Callable[[str], str] = lambda _: MAIL_TAKEN
    came: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator["MailServer"]:
        """A mail server on a free port of the loopback."""
        one, loop = cls(), asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(one, loop=loop), "127.0.0.1", 0)
        one.port = server.sockets[0].getsockname()[1]
        try:
            yield one
        finally:
            server.close()
            await server.wait_closed()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        """Whether it takes mail for this address."""
        answer = self.answering(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 - the same
        """Take a mail."""
        content = envelope.content
        assert isinstance(content, bytes)
        self.came.append(message_from_bytes(content, policy=policy.default))
        return MAIL_TAKEN


def text_of(mail: EmailMessage) -> str:
    """A mail's text."""
    content: str = mail.get_content()
    return content


@dataclass
class Town:
    """The servers, and what intake tells of everybody."""

    intake: Receiver
    gateway: Receiver
    mail: MailServer
    contact: dict[str, str | bool | None] = field(default_factory=lambda: dict(PERSON))
    city: dict[str, Any] = field(default_factory=lambda: {"zone": "America/Winnipeg", "opening_hours": {}})
    refusing: Callable[[int], int | None] = lambda _: None
    asked: list[Came] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator["Town"]:
        """All of them."""
        async with AsyncExitStack() as stack:
            intake = await stack.enter_async_context(Receiver.listening())
            gateway = await stack.enter_async_context(Receiver.listening(lambda _: TAKEN))
            town = cls(intake, gateway, await stack.enter_async_context(MailServer.listening()))
            intake.answering = town.tells
            yield town

    def tells(self, one: Came) -> Reply:
        """As issuer and as intake."""
        if one.path.endswith("openid-configuration"):
            own = self.intake.url
            return json_of({"issuer": own, "authorization_endpoint": own, "token_endpoint": f"{own}/token"})
        if one.path == "/token":
            return json_of({"access_token": "video", "expires_in": 600})
        if one.path.startswith("/v1/city"):
            return json_of(self.city)
        assert one.headers["authorization"] == "Bearer video"
        self.asked.append(one)
        if status := self.refusing(len(self.asked)):
            return Reply(status)
        return json_of(self.contact)

    def options(self, **others: Any) -> dict[str, Any]:
        """Settings of a video service that sends through these."""
        sms = {
            "sms": "twilio", "sms_url": self.gateway.url, "sms_account": "AC1", "sms_token": SecretStr("north"),
            "sms_from": "+12045550100", "outbound_allow": ("127.0.0.0/8",),
        }  # fmt: skip
        mail = {
            "email": "smtp", "smtp_host": "127.0.0.1", "smtp_port": self.mail.port, "smtp_tls": "none",
            "mail_from": "City Police <police@city.example>", "mail_from_neutral": "Calls <calls@meet.example>",
        }  # fmt: skip
        return {"intake_url": self.intake.url, "send_delays": (0.05, 0.05), **sms, **mail, **others}

    def joins(self, system: System) -> System:
        """Have the service's tokens from here too."""
        sender_of(system).contacts.tokens = TokenSource(IssuerClient(self.intake.url, "video", SecretStr("secret")))
        return system

    @property
    def sms(self) -> list[dict[str, str]]:
        """What the gateway was given, as fields of its form."""
        return [{key: value[0] for key, value in parse_qs(one.body.decode()).items()} for one in self.gateway.came]


def sender_of(system: System) -> Sender:
    """The handler of invitations."""
    runner = system.runtime("video").worker(EffectRunner)
    sender = runner.handlers[INVITATION]
    assert isinstance(sender, Sender)
    return sender


def token_in(text: str) -> str:
    """The token of the link in a message."""
    found = LINK.search(text)
    assert found, text
    return found[1]
