"""Names of files as senders give them: they name nothing of ours, and are personal."""

import re
import unicodedata

LIMIT = 200

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Control characters, and those that turn text around or cannot be seen."""


def tidy(name: str | None) -> str | None:
    """A file's name without its path; None when nothing is left of it."""
    last = re.split(r"[/\\]", name or "")[-1]
    clean = UNPRINTABLE.sub("", unicodedata.normalize("NFC", last)).strip(" .")
    return clean[-LIMIT:] or None


def with_suffix(name: str, suffix: str) -> str:
    """The name with this end (``.jpg``), unless it has one that says the same."""
    known = {suffix[1:], "jpeg"} if suffix == ".jpg" else {suffix[1:]}
    return name if name.lower().rpartition(".")[2] in known else name + suffix
