"""What every call answers: one document, in the format that the path's suffix chose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import orjson
from fastapi import Depends, Path, Response

from vpr_intake.api.open311 import xml
from vpr_service.problems import Problem


class Format(StrEnum):
    """The suffixes that we serve."""

    XML = "xml"
    JSON = "json"

    @property
    def media_type(self) -> str:
        """The content type without its charset."""
        return "text/xml" if self is Format.XML else "application/json"


def format_of(path: str) -> Format:
    """The format in which a path asks to be answered, were it only with an error."""
    return Format.XML if path.endswith(".xml") else Format.JSON


async def _chosen(suffix: Annotated[str, Path(alias="format", json_schema_extra={"enum": list(Format)})]) -> Format:
    try:
        return Format(suffix)
    except ValueError:
        raise Problem(404, "no_such_format", "the path must end in .xml or .json") from None


Chosen = Annotated[Format, Depends(_chosen)]


@dataclass(frozen=True, slots=True)
class Document:
    """``content`` below the root element ``root``, which JSON leaves out."""

    root: str
    content: Any

    def body(self, form: Format) -> bytes:
        """On the wire."""
        return xml.document(self.root, self.content) if form is Format.XML else orjson.dumps(self.content)

    def response(self, form: Format, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        """The answer, which says its charset."""
        typed = {"Content-Type": f"{form.media_type}; charset=utf-8", **(headers or {})}
        return Response(self.body(form), status, typed)


def stamp(when: datetime) -> str:
    """ISO 8601 in UTC without fractional seconds."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
