"""How browsers find a way to each other. Credentials for TURN end by themselves: coturn's ``use-auth-secret``."""

import hmac
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha1

from vpr_video.schemas import IceConfiguration, IceServer
from vpr_video.seats import Seat
from vpr_video.settings import Settings


def turn_credentials(secret: str, user: str, expires_at: datetime) -> tuple[str, str]:
    """Username and password that a TURN server with this secret takes until then.

    SHA-1 is the protocol's choice, and HMAC with it is not broken. ``user`` only tells callers apart in the logs.
    """
    username = f"{int(expires_at.timestamp())}:{user}"
    return username, b64encode(hmac.digest(secret.encode(), username.encode(), sha1)).decode()


def ice_configuration(seat: Seat, settings: Settings) -> IceConfiguration:
    """STUN and TURN servers, for a participant who was let in and nobody else."""
    expires_at = datetime.now(UTC) + settings.turn_lifetime  # the TURN server goes by real time
    return IceConfiguration(
        ice_servers=_servers(settings, str(seat.participant_id), expires_at),
        ice_transport_policy=settings.ice_policy,
        expires_at=expires_at,
    )


def _servers(settings: Settings, user: str, expires_at: datetime) -> list[IceServer]:
    plain = [url for url in settings.turn_urls if url.startswith("stun")]
    relays = [url for url in settings.turn_urls if url.startswith("turn")]
    servers = [IceServer(urls=plain)] if plain else []
    if relays:
        username, password = turn_credentials(settings.turn_secret.get_secret_value(), user, expires_at)
        servers.append(IceServer(urls=relays, username=username, credential=password))
    return servers
