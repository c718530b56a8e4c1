"""Tokens of join links and short codes: shown or sent once, stored as a digest, never logged and never in an event."""

import asyncio
import hashlib
import secrets
from typing import Final

ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without look-alikes: no 0 and O, no 1, I and L, no U that is read as V."""
CODE_LENGTH: Final = 6
_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}


def new_token(size: int = 16) -> str:
    """``size`` random bytes (128 bits), fit for a URL."""
    return secrets.token_urlsafe(size)


def digest_of(token: str) -> str:
    """What is stored of a token: with 128 random bits one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_code() -> str:
    """A short code, to be said on the telephone and typed."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def code_in(typed: str) -> str | None:
    """The code that somebody typed, in capitals and without gaps; None for what is none."""
    code = "".join(typed.split()).replace("-", "").upper()
    return code if len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) else None


async def digest_of_code(code: str) -> str:
    """What is stored of a code, slowly made (tens of milliseconds): whoever reads the table has minutes to guess.

    The salt is one for all, since a code is looked up by its digest.
    """
    made = await asyncio.to_thread(hashlib.scrypt, code.encode(), salt=b"vpr join code", **_SCRYPT)
    return made.hex()
