"""What requests have in common: idempotency keys, cursors, versions."""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Protocol

import orjson
from fastapi import Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, field_validator

from vpr_events.event import in_utc
from vpr_events.idempotency import IdempotencyKey
from vpr_service.problems import Problem, invalid_field

PAGE_LIMIT = 200


def storable(text: str) -> str:
    """The text, which PostgreSQL can store. Raises ValueError for one with a NUL character."""
    if "\0" in text:
        raise ValueError("must not hold a NUL character")
    return text


class Body(BaseModel):
    """Base of request bodies: an unknown field is an error, so that a misspelt one is not lost unseen."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: object) -> object:
        return storable(value) if isinstance(value, str) else value


class Scoped(Protocol):
    """Whoever idempotency keys belong to."""

    @property
    def scope(self) -> str: ...


async def fingerprint(request: Request) -> str:
    """A digest of what the request asks for: method, path and body."""
    head = f"{request.method} {request.scope['path']}\n".encode()
    return hashlib.sha256(head + await request.body()).hexdigest()


KeyHeader = Annotated[
    str | None, Header(max_length=200, description="Your own id of this request: repeats are answered alike.")
]


async def given_key(idempotency_key: KeyHeader = None) -> str:
    """The Idempotency-Key header. Raises Problem 400 without it."""
    if not idempotency_key:
        detail = "send an Idempotency-Key header, a new one for each new request"
        raise Problem(400, "idempotency_key_missing", detail, errors=[{"field": "Idempotency-Key", "detail": detail}])
    return idempotency_key


async def required_key(request: Request, idempotency_key: KeyHeader = None) -> tuple[str, str]:
    """The Idempotency-Key header and the request's fingerprint. Raises Problem 400 without the header."""
    return await given_key(idempotency_key), await fingerprint(request)


GivenKey = Annotated[str, Depends(given_key)]
"""For a request whose body is not read whole."""

RequiredKey = Annotated[tuple[str, str], Depends(required_key)]


def key_of(caller: Scoped, given: tuple[str, str]) -> IdempotencyKey:
    """The key in its owner's scope."""
    return IdempotencyKey(caller.scope, *given)


async def expected_version(
    if_match: Annotated[
        str | None, Header(max_length=40, description='The ETag of the version that was read, such as `"3"`.')
    ] = None,
) -> int:
    """The version in the If-Match header. Raises Problem 428 without one, 412 for what no version of ours can be."""
    if if_match is None:
        detail = "send the ETag that you read as If-Match, so that nobody's change is overwritten"
        raise Problem(428, "if_match_missing", detail, errors=[{"field": "If-Match", "detail": detail}])
    return version_in(if_match)


ExpectedVersion = Annotated[int, Depends(expected_version)]


def version_in(etag: str) -> int:
    """The version that an ETag of ours names. Raises Problem 412 for what is none."""
    if not (found := re.fullmatch(r'"(\d{1,9})"', etag.strip())):
        raise version_changed("If-Match is not an ETag of ours")
    return int(found[1])


def version_changed(detail: str) -> Problem:
    """The answer to a change of a version that is not the newest."""
    return Problem(412, "version_changed", detail, errors=[{"field": "If-Match", "detail": detail}])


class PageQuery(BaseModel):
    """``limit`` items from behind ``cursor``, the opaque text that the previous page's Link gave."""

    limit: Annotated[int, Query(ge=1, le=PAGE_LIMIT)] = 50
    cursor: str | None = None

    def after(self, *parts: Callable[[Any], Any]) -> list[Any] | None:
        """The sort key of the previous page's last item, each part read by its function (if given).

        Raises Problem 422.
        """
        if self.cursor is None:
            return None
        try:
            decoded = orjson.loads(urlsafe_b64decode(self.cursor))
            return [read(part) for read, part in zip(parts or [_as_it_is] * len(decoded), decoded, strict=True)]
        except (ValueError, TypeError, AttributeError):
            raise invalid_field("cursor", "not a cursor of ours") from None


def _as_it_is(part: Any) -> Any:
    return part


Page = Annotated[PageQuery, Query()]


def cursor_of(*sort_key: Any) -> str:
    """The cursor behind an item with this sort key."""
    return urlsafe_b64encode(orjson.dumps(sort_key)).decode()


def moment_of(text: str) -> datetime:
    """A moment in a cursor. Raises ValueError."""
    return in_utc(datetime.fromisoformat(text))


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Announce the next page (RFC 8288)."""
    if cursor:
        response.headers["Link"] = f'<{request.url.include_query_params(cursor=cursor)}>; rel="next"'


def private(response: Response, version: int | None = None) -> None:
    """Personal data: no cache keeps it. ``version`` becomes the ETag."""
    response.headers["Cache-Control"] = "no-store"
    if version is not None:
        response.headers["ETag"] = f'"{version}"'
