"""E-mail by SMTP."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime, parseaddr
from typing import Literal

import aiosmtplib
from pydantic import SecretStr

from vpr_video.sending.gateways import Letter, NotTaken


@dataclass(frozen=True)
class MailGateway:
    """A mail server. ``within``: seconds for each step of the conversation with it."""

    host: str
    port: int
    user: str
    password: SecretStr
    tls: Literal["starttls", "tls", "none"]
    within: float

    async def take(self, letter: Letter) -> None:
        """Hand it over; the Message-ID is the same at every try. Raises NotTaken."""
        try:
            await aiosmtplib.send(
                written(letter),
                sender=parseaddr(letter.sender)[1],
                recipients=[letter.recipient],
                hostname=self.host,
                port=self.port,
                username=self.user or None,
                password=self.password.get_secret_value() or None,
                use_tls=self.tls == "tls",
                start_tls=self.tls == "starttls",
                timeout=self.within,
            )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _refused(refused.recipients[0].code) from None
        except aiosmtplib.SMTPResponseException as refused:
            raise _refused(refused.code) from None
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            raise NotTaken("timeout", final=False) from None
        except (aiosmtplib.SMTPException, OSError):
            raise NotTaken("connection", final=False) from None

    async def close(self) -> None:
        """Nothing stays open."""


def written(letter: Letter) -> EmailMessage:
    """The e-mail: text alone, which scanners and old programs show as it is."""
    mail = EmailMessage(SMTP)
    mail["From"], mail["To"] = letter.sender, letter.recipient
    mail["Subject"], mail["Date"] = letter.message.subject, localtime()
    mail["Message-ID"] = f"<{letter.key}@{parseaddr(letter.sender)[1].rpartition('@')[2]}>"
    mail["Auto-Submitted"], mail["Content-Language"] = "auto-generated", letter.language
    mail.set_content(letter.message.text)
    return mail


def _refused(code: int) -> NotTaken:
    return NotTaken(f"smtp_{code}", final=code >= 500)
