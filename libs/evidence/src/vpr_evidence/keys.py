"""Keys: every item has one of its own, which is stored only wrapped by a key from the settings.

Whoever destroys the wrapped key has erased the item, wherever copies of its bytes may still be.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BYTES = 32
NONCE = 12


class KeyMissing(Exception):
    """None of our keys opens this item's key."""


def new_master_key() -> str:
    """A key for the settings: 32 random bytes in URL-safe base64."""
    return urlsafe_b64encode(secrets.token_bytes(BYTES)).decode()


class MasterKeys:
    """Wraps with the first key, unwraps with any: so that keys can be changed.

    A wrapped key belongs to its item: it opens no other one. Raises ValueError for a key that is not 32 bytes in
    URL-safe base64.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._ciphers = [AESGCM(_bytes_of(key)) for key in keys]

    def wrap(self, item: UUID, key: bytes) -> bytes:
        """An item's key as it is stored. Raises KeyMissing without any key of ours."""
        if not self._ciphers:
            raise KeyMissing("there is no key to wrap with")
        nonce = secrets.token_bytes(NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, key, item.bytes)

    def unwrap(self, item: UUID, wrapped: bytes) -> bytes:
        """An item's key. Raises KeyMissing."""
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(wrapped[:NONCE], wrapped[NONCE:], item.bytes)
            except InvalidTag:
                continue
        raise KeyMissing("none of our keys wrapped this one")


def new_item_key() -> bytes:
    """A fresh key of an item."""
    return secrets.token_bytes(BYTES)


def _bytes_of(key: str) -> bytes:
    raw = urlsafe_b64decode(key.encode())
    if len(raw) != BYTES:
        raise ValueError(f"a key must be {BYTES} bytes in URL-safe base64")
    return raw
