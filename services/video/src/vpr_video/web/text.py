"""What a page says."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """A page's heading and its paragraphs."""

    title: str
    lines: tuple[str, ...]
