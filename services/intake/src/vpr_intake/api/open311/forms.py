"""Forms as clients send them: urlencoded or multipart, fields once or often, in UTF-8."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl

import orjson
from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from vpr_intake.api.open311.errors import Fault, Faulty

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_FIELDS = 1000

IN_QUERY = ("api_key", "jurisdiction_id")
"""What may also stand in the query of a POST."""

ATTRIBUTE = re.compile(r"attribute\[([^\[\]]+)\](?:\[\d*\])?")
LINKS = ("media_url", "media_url[]")


@dataclass(frozen=True, slots=True)
class Form:
    """Texts by name, none of them blank, in the order in which they came; and the names of files."""

    fields: Mapping[str, Sequence[str]]
    files: Sequence[str] = field(default=())

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]], files: Sequence[str] = ()) -> Self:
        """From pairs of name and value; blanks around a value do not count, and a blank value is none."""
        fields: dict[str, list[str]] = {}
        for name, value in pairs:
            if text := value.strip():
                fields.setdefault(name, []).append(text)
        return cls(fields, files)

    def one(self, name: str) -> str | None:
        """A field that has one value; of several the last counts."""
        values = self.fields.get(name)
        return values[-1] if values else None

    @property
    def attributes(self) -> Mapping[str, Sequence[str]]:
        """The answers by their questions' codes, in each of the forms in which clients send several."""
        found: dict[str, list[str]] = {}
        for name, values in self.fields.items():
            if named := ATTRIBUTE.fullmatch(name):
                found.setdefault(named[1], []).extend(values)
        return found

    @property
    def links(self) -> Sequence[str]:
        """Every media_url."""
        return [link for name in LINKS for link in self.fields.get(name, ())]

    @property
    def digest(self) -> str:
        """The same for the same request, in whichever order and encoding it was sent, and with whichever key."""
        told = sorted((name, list(values)) for name, values in self.fields.items() if name not in IN_QUERY)
        return hashlib.sha256(orjson.dumps(told)).hexdigest()


async def read_form(request: Request) -> Form:
    """The form of a POST. Raises Faulty for a body that is none, HTTPException for broken multipart."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name in IN_QUERY]
    match request.headers.get("Content-Type", "").partition(";")[0].strip().lower():
        case "multipart/form-data":
            return await _multipart(request, query)
        case "application/x-www-form-urlencoded":
            return Form.of([*query, *urlencoded(await request.body())])
    if await request.body():
        raise Faulty([Fault(400, f"body: must be {URLENCODED} or {MULTIPART}")])
    return Form.of(query)


def urlencoded(body: bytes) -> list[tuple[str, str]]:
    """Pairs of name and value. Raises Faulty."""
    try:
        return parse_qsl(
            body.decode(), keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=MOST_FIELDS
        )
    except UnicodeDecodeError:
        raise Faulty([Fault(400, "body: must be UTF-8")]) from None
    except ValueError:
        raise Faulty([Fault(400, f"body: has more than {MOST_FIELDS} fields")]) from None


async def _multipart(request: Request, query: Sequence[tuple[str, str]]) -> Form:
    pairs, files = list(query), []
    async with request.form() as parts:
        for name, value in parts.multi_items():
            if not isinstance(value, UploadFile):
                pairs.append((name, value))
            elif value.size or value.filename:
                files.append(name)
    return Form.of(pairs, files)


NAMES = {
    "address": "address_string",
    "category": "service_code",
    "latitude": "lat",
    "longitude": "long",
    "media_urls": "media_url",
}
"""What Open311 calls otherwise than we do."""


def faults_in(error: ValidationError, known: Collection[str]) -> list[Fault]:
    """What is wrong, by the parameters' names in Open311, without what is ``known`` already; never the values."""
    named = [
        (_name_of(one["loc"]), one["msg"].removeprefix("Value error, "))
        for one in error.errors(include_input=False, include_context=False, include_url=False)
    ]
    return [Fault(400, f"{name}: {text}") for name, text in named if name not in known]


def _name_of(location: tuple[int | str, ...]) -> str:
    names = [part for part in location if isinstance(part, str)]
    return name_of(".".join(names)) if names else "body"


def name_of(field: str) -> str:
    """What Open311 calls a field of ours, such as ``place.latitude``."""
    parent, _, last = field.rpartition(".")
    return f"attribute[{last}]" if parent == "answers" else NAMES.get(last, last)
