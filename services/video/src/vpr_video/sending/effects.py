"""Which events are invitations to be sent: the effect is written in the transaction that issues one, with ids only."""

from collections.abc import Iterable

from vpr_events.contracts.session import SessionInviteIssued
from vpr_events.effects import LANE, Effect
from vpr_events.event import Recorded

INVITATION = "invitation"
"""The kind of the effects."""


def send_invitation(event: Recorded) -> Iterable[Effect]:
    """An invitation that goes through a gateway; those of one channel share their places."""
    if isinstance(event.data, SessionInviteIssued):
        yield Effect(INVITATION, {"invite": str(event.data.invite_id), LANE: event.data.channel})
