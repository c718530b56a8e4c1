"""Whether two addresses or numbers reach the same person, however they are written."""

SHORTEST = 7
"""Digits that a number has at least, to say anything."""


def same_contact(one: str, other: str) -> bool:
    """Whether two e-mail addresses are the same, or two telephone numbers but for their prefixes."""
    if "@" in one or "@" in other:
        return one.strip().casefold() == other.strip().casefold()
    shorter, longer = sorted((_digits(one), _digits(other)), key=len)
    return len(shorter) >= SHORTEST and longer.endswith(shorter)


def _digits(number: str) -> str:
    return "".join(sign for sign in number if sign.isdecimal()).lstrip("0")
