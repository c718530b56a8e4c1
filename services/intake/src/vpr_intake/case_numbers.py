"""Case numbers and secrets that people read out on the phone.

31 characters: digits and capital letters without I, L, O, U and V, which look or sound like others. 31 is a prime, so
a check character by weights (as in an ISBN-10) finds every single wrong character, and every two that changed places.
"""

import hmac
import secrets
from hashlib import scrypt, sha256

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTWXYZ"
BASE = len(ALPHABET)
LOOK_ALIKES = str.maketrans("OIL", "011", " -\u2010\u2011\u2013\u2014\u00a0")
NUMBER_LENGTH = 9
"""Eight characters by chance (39 bits), and the check character."""
SECRET_LENGTH = 12
"""59 bits."""
GROUP = 3


def new_number() -> str:
    """A case number by chance."""
    return with_check("".join(secrets.choice(ALPHABET) for _ in range(NUMBER_LENGTH - 1)))


def with_check(body: str) -> str:
    """The characters with their check character behind them: the weighted sum of all is then divisible by 31."""
    rest = _sum(body) % BASE
    return body + ALPHABET[rest * pow(-NUMBER_LENGTH, -1, BASE) % BASE]


def _sum(text: str) -> int:
    return sum(place * ALPHABET.index(one) for place, one in enumerate(text, start=1))


def plain(written: str) -> str:
    """What somebody wrote, as we do: capital letters without gaps, look-alikes as the digits that they look like."""
    return written.strip().upper().translate(LOOK_ALIKES)


def is_number(text: str) -> bool:
    """Whether this (plain) can be a case number: a slip of the pen cannot."""
    return len(text) == NUMBER_LENGTH and set(text) <= set(ALPHABET) and _sum(text) % BASE == 0


def spoken(text: str) -> str:
    """In groups, to be read out."""
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))


def secret_of(form_key: str) -> str:
    """The secret of the report that was filed by this form: the same one, should the form be sent twice."""
    drawn = int.from_bytes(hmac.digest(form_key.encode(), b"vpr receipt", sha256))
    characters = []
    for _ in range(SECRET_LENGTH):
        drawn, rest = divmod(drawn, BASE)
        characters.append(ALPHABET[rest])
    return "".join(characters)


def hash_of(number: str, secret: str) -> bytes:
    """What is stored of a secret; slow on purpose (some 50 ms): run it in a thread."""
    return scrypt(secret.encode(), salt=f"vpr {number}".encode(), n=2**14, r=8, p=1, dklen=32)
