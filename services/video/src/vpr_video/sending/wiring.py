"""Sending, put together for a running service."""

from collections.abc import Mapping
from typing import cast

from vpr_service.outbound import Outbound
from vpr_service.runtime import Runtime
from vpr_service.service_tokens import TokenSource
from vpr_video.domain.inviting import EMAIL, SMS
from vpr_video.sending.contacts import Contacts
from vpr_video.sending.gateways import Gateway
from vpr_video.sending.mail import MailGateway
from vpr_video.sending.outbox import Outbox, OutboxGateway
from vpr_video.sending.sender import Sender
from vpr_video.sending.settings import OUTBOX
from vpr_video.sending.sms import TwilioGateway
from vpr_video.settings import Settings


def settings_of(runtime: Runtime) -> Settings:
    """Video's own settings."""
    return cast("Settings", runtime.settings)


def sender(runtime: Runtime) -> Sender:
    """The handler of invitations."""
    settings = settings_of(runtime)
    contacts = Contacts(settings.intake_url, TokenSource.of("video", settings))
    return Sender(runtime.engine, settings, runtime.now, contacts, _gateways(settings, runtime))


def _gateways(settings: Settings, runtime: Runtime) -> Mapping[str, Gateway]:
    shown = {channel: OutboxGateway(channel, lambda: outbox_of(runtime)) for channel in (SMS, EMAIL)}
    return {
        SMS: shown[SMS] if settings.sms == OUTBOX else _twilio(settings),
        EMAIL: shown[EMAIL] if settings.email == OUTBOX else _mail(settings),
    }


def _twilio(settings: Settings) -> TwilioGateway:
    outbound = Outbound(settings.guard, settings.send_within)
    return TwilioGateway(outbound, settings.sms_url, settings.sms_account, settings.sms_token)


def _mail(settings: Settings) -> MailGateway:
    return MailGateway(
        settings.smtp_host, settings.smtp_port, settings.smtp_user, settings.smtp_password, settings.smtp_tls,
        settings.send_within,
    )  # fmt: skip


def outbox_of(runtime: Runtime) -> Outbox | None:
    """What would have been sent, where a channel is shown instead; None elsewhere."""
    settings = settings_of(runtime)
    if OUTBOX not in {settings.sms, settings.email}:
        return None
    return runtime.worker_if_any(Outbox)
