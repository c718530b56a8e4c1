"""Credentials for TURN that end by themselves: what coturn calls ``use-auth-secret``."""

import hmac
from base64 import b64encode
from datetime import datetime
from hashlib import sha1


def turn_credentials(secret: str, user: str, expires_at: datetime) -> tuple[str, str]:
    """Username and password that a TURN server with this secret takes until then.

    SHA-1 is the protocol's choice, and HMAC with it is not broken. ``user`` only tells callers apart in the logs.
    """
    username = f"{int(expires_at.timestamp())}:{user}"
    return username, b64encode(hmac.digest(secret.encode(), username.encode(), sha1)).decode()
