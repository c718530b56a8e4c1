"""Tokens of join links: shown once, stored as a digest, never logged and never in an event."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, fit for a URL."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """What is stored of a token: with 256 random bits one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()
