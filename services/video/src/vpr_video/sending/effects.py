"""Which events are invitations and reminders to be sent: their effects, with ids only, are written with the events."""

from collections.abc import Iterable

from vpr_events.contracts.scheduled import SessionReminderDue
from vpr_events.contracts.session import SessionInviteIssued
from vpr_events.effects import LANE, Effect
from vpr_events.event import Recorded

INVITATION, REMINDER = "invitation", "reminder"
"""The kinds of the effects."""


def send_invitation(event: Recorded) -> Iterable[Effect]:
    """What goes through a gateway; invitations by one channel share their places, and so do reminders."""
    if isinstance(event.data, SessionInviteIssued):
        yield Effect(INVITATION, {"invite": str(event.data.invite_id), LANE: event.data.channel})
    if isinstance(event.data, SessionReminderDue):
        yield Effect(REMINDER, {"invite": str(event.data.invite_id), LANE: event.data.channel})
