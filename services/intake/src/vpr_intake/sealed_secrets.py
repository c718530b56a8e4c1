"""Webhooks' secrets at rest: encrypted with a key from the settings, which the database never sees."""

import secrets
from base64 import b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

PREFIX = "whsec_"
BYTES = 32


class KeyMissing(Exception):
    """None of our keys opens a secret."""


def new_secret() -> str:
    """A secret as its receiver is shown it: ``whsec_`` and base64 of 32 random bytes (Standard Webhooks 1.0.0)."""
    return PREFIX + b64encode(secrets.token_bytes(BYTES)).decode()


class Sealed:
    """Encrypts with the first key, decrypts with any: so that keys can be changed. Raises ValueError for a bad key."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._box = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def encrypt(self, secret: str) -> bytes:
        """The secret as it is stored. Raises KeyMissing without any key."""
        if self._box is None:
            raise KeyMissing("INTAKE_WEBHOOK_KEYS is missing")
        return self._box.encrypt(secret.encode())

    def decrypt(self, stored: bytes) -> str:
        """The secret. Raises KeyMissing."""
        try:
            if self._box is not None:
                return self._box.decrypt(stored).decode()
        except InvalidToken as error:
            raise KeyMissing("INTAKE_WEBHOOK_KEYS lacks the key that encrypted this") from error
        raise KeyMissing("INTAKE_WEBHOOK_KEYS is missing")
