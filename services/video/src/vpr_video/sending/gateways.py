"""A gateway takes a message to somebody, or says in a code why not."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from vpr_service.languages import Language
from vpr_video.sending.messages import Message


class NotTaken(Exception):
    """The message was not taken. ``code`` says why, without a word of whom it was for.

    ``final``: another try by the same channel would come to the same.
    """

    def __init__(self, code: str, *, final: bool) -> None:
        super().__init__(code)
        self.code, self.final = code, final


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """A message with its sender and its recipient. ``key`` is the same at every try."""

    key: UUID
    sender: str
    recipient: str
    message: Message
    language: Language


class Gateway(Protocol):
    """What sends by one channel."""

    async def take(self, letter: Letter) -> None:
        """Hand it over. Raises NotTaken."""

    async def close(self) -> None:
        """Let go of connections."""
