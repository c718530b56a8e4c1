"""What sending needs to be told: gateways, senders, countries, budgets."""

from email.utils import parseaddr
from typing import Annotated, Literal, Self

import phonenumbers
from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from vpr_service.addresses import Allowed
from vpr_service.outbound import Forbidden, Guard
from vpr_service.settings import ServiceSettings
from vpr_video.domain.inviting import EMAIL, SMS

DELAYS = (5.0, 30.0, 120.0)
OUTBOX = "outbox"


def _sender(text: str) -> str:
    """``Name <address>`` or an address. Raises ValueError."""
    local, _, domain = parseaddr(text)[1].rpartition("@")
    if text and not (local and domain):
        raise ValueError("must be an e-mail address, perhaps with a name before it")
    return text


Sender = Annotated[str, AfterValidator(_sender)]


class SendingSettings(ServiceSettings):
    """How invitations are sent; ``outbox`` shows them to staff instead of sending, for development only.

    ``sms_url``, ``sms_account`` and ``sms_token`` are those of a gateway that takes Twilio's form; ``sms_from`` is the
    number or name that it sends as, ``sms_from_neutral`` that of invitations without a word of police (default:
    ``sms_from``, if that is a number). ``mail_from`` and ``mail_from_neutral`` are the same of e-mail, sent through
    ``smtp_host``. ``outbound_allow`` (names, addresses, networks): what may be called although it is not public.

    ``sms_countries``: to numbers of which regions (ISO 3166) SMS go; the first is that of numbers without a country.
    ``sms_per_session`` and ``sms_per_hour``: how many at most. ``send_delays``: seconds between tries by one channel.
    ``send_within``: seconds for one try. ``intake_url``: where intake tells how to reach a reporter, and
    where the city's districts are.
    ``links_per_session``: how many new links a session's resident may ask for in an hour. ``codes_per_source`` and
    ``codes_in_all``: how many short codes may be typed in ten minutes from one address, and in all.
    """

    intake_url: str = ""
    sms: Literal["none", "twilio", "outbox"] = "none"
    sms_url: str = "https://api.twilio.com"
    sms_account: str = ""
    sms_token: SecretStr = SecretStr("")
    sms_from: str = ""
    sms_from_neutral: str = ""
    sms_countries: Annotated[tuple[str, ...], NoDecode] = ("CA",)
    sms_per_session: Annotated[int, Field(ge=0)] = 5
    sms_per_hour: Annotated[int, Field(ge=0)] = 200
    email: Literal["none", "smtp", "outbox"] = "none"
    smtp_host: str = ""
    smtp_port: Annotated[int, Field(gt=0, lt=65_536)] = 587
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    mail_from: Sender = ""
    mail_from_neutral: Sender = ""
    send_delays: tuple[Annotated[float, Field(gt=0)], ...] = DELAYS
    send_within: Annotated[float, Field(gt=0, le=50)] = 15.0
    outbound_allow: Annotated[tuple[str, ...], NoDecode] = ()
    links_per_session: Annotated[int, Field(ge=0)] = 3
    codes_per_source: Annotated[int, Field(ge=1)] = 5
    codes_in_all: Annotated[int, Field(ge=1)] = 100

    @field_validator("sms_countries", "outbound_allow", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given

    @field_validator("sms_countries")
    @classmethod
    def _countries(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not given or not set(given) <= phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("must be two-letter codes of countries, such as CA,US")
        return given

    @field_validator("outbound_allow")
    @classmethod
    def _readable(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        Allowed.of(given)
        return given

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.sms == "twilio":
            self._needs("sms", "sms_account", "sms_token", "sms_from", "intake_url")
            try:
                self.guard.check_url(self.sms_url)
            except Forbidden as error:
                raise ValueError(f"VIDEO_SMS_URL {error}") from None
        if self.email == "smtp":
            self._needs("email", "smtp_host", "mail_from", "intake_url")
        if self.shared.production and OUTBOX in {self.sms, self.email}:
            raise ValueError("VIDEO_SMS and VIDEO_EMAIL must not be outbox in production: nothing would be sent")
        if self.shared.production and self.email == "smtp" and self.smtp_tls == "none":
            raise ValueError("VIDEO_SMTP_TLS must be starttls or tls in production")
        return self

    def _needs(self, what: str, *names: str) -> None:
        given = {name: getattr(self, name) for name in names}
        told = {name: one.get_secret_value() if isinstance(one, SecretStr) else one for name, one in given.items()}
        if missing := [f"VIDEO_{name.upper()}" for name, one in told.items() if not one]:
            raise ValueError(f"VIDEO_{what.upper()} needs {', '.join(missing)}")

    @property
    def guard(self) -> Guard:
        """Which gateways may be called."""
        return Guard(Allowed.of(self.outbound_allow))

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels that are set up."""
        return tuple(name for name, how in ((SMS, self.sms), (EMAIL, self.email)) if how != "none")

    def sender_of(self, channel: str, *, neutral: bool) -> str:
        """As whom a channel sends; empty where there is no neutral sender."""
        if channel == EMAIL:
            return self.mail_from_neutral if neutral else self.mail_from
        if neutral and not self.sms_from_neutral:
            return self.sms_from if self.sms_from.startswith("+") else ""
        return self.sms_from_neutral if neutral else self.sms_from

    def can_send(self, channel: str, *, neutral: bool) -> bool:
        """Whether a channel is set up for such an invitation; an outbox needs no sender."""
        how = self.sms if channel == SMS else self.email
        return how == OUTBOX or (how != "none" and bool(self.sender_of(channel, neutral=neutral)))
