"""What goes wrong, as exceptions."""

from dataclasses import dataclass

import httpx

ROOT = "urn:vpr:problem:"


class ClientError(Exception):
    """Anything that keeps the client from giving an answer."""


class Unreachable(ClientError):
    """The system did not answer, tried again as often as the client may."""


class Altered(ClientError):
    """A frozen answer is not the one that was frozen."""


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of the question."""

    field: str
    detail: str


class ProblemError(ClientError):
    """The system's own answer that it cannot do this: ``status`` of HTTP, a stable ``code``, and ``detail`` in words.

    ``errors`` names the fields that are wrong, if it is about fields; ``field`` is the first of them.
    """

    def __init__(self, status: int, code: str, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(f"{code}: {detail}")
        self.status, self.code, self.detail, self.errors = status, code, detail, errors

    @property
    def field(self) -> str | None:
        """The first field that is wrong."""
        return self.errors[0].field if self.errors else None

    @classmethod
    def of(cls, answer: httpx.Response) -> "ProblemError":
        """What an answer tells; one that is no problem document, such as a proxy's, has the code ``http_<status>``."""
        try:
            told = answer.json()
            code = str(told["type"]).removeprefix(ROOT)
            errors = tuple(FieldError(str(one["field"]), str(one["detail"])) for one in told.get("errors") or ())
            return cls(answer.status_code, code, str(told["detail"]), errors)
        except (ValueError, KeyError, TypeError):
            return cls(answer.status_code, f"http_{answer.status_code}", answer.reason_phrase or "no reason given")
