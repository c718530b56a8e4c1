"""Forms as clients send them: urlencoded or multipart, fields once or often, in UTF-8."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

import orjson
from fastapi import Request
from pydantic import ValidationError

from vpr_evidence.receiving import Empty, NotTaken
from vpr_intake.api.open311.asking import caller_of
from vpr_intake.api.open311.errors import Fault, Faulty
from vpr_intake.attaching import Incoming, Uploads
from vpr_intake.settings import settings_of
from vpr_service.api_keys import KeyScope
from vpr_service.multipart import Part, parts_of
from vpr_service.problems import Problem
from vpr_service.runtime import Runtime

URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
MOST_FIELDS = 1000

IN_QUERY = ("api_key", "jurisdiction_id")
"""What may also stand in the query of a POST."""

ATTRIBUTE = re.compile(r"attribute\[([^\[\]]+)\](?:\[\d*\])?")
LINKS = ("media_url", "media_url[]")
FILES = ("media", "media[]")


@dataclass(frozen=True, slots=True)
class Form:
    """Texts by name, none of them blank, in the order in which they came; names and hashes of the files that were
    received with them, and what is wrong with those that were not.
    """

    fields: Mapping[str, Sequence[str]]
    files: Sequence[tuple[str, str]] = field(default=())
    faults: Sequence[Fault] = field(default=())

    @classmethod
    def of(
        cls,
        pairs: Iterable[tuple[str, str]],
        files: Sequence[tuple[str, str]] = (),
        faults: Sequence[Fault] = (),
    ) -> Self:
        """From pairs of name and value; blanks around a value do not count, and a blank value is none."""
        fields: dict[str, list[str]] = {}
        for name, value in pairs:
            if text := value.strip():
                fields.setdefault(name, []).append(text)
        return cls(fields, files, faults)

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
        return hashlib.sha256(orjson.dumps([told, sorted(self.files)] if self.files else told)).hexdigest()


def with_files(form: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a form that may have files."""
    file = {"type": "string", "format": "binary"}
    return {**form, "properties": {**form["properties"], "media": {"type": "array", "items": file}}}


async def read_form(request: Request, uploads: Uploads) -> Form:
    """The form of a POST, whose files go to ``uploads``. Raises Faulty or Problem for a body that is none."""
    query = [(name, value) for name, value in request.query_params.multi_items() if name in IN_QUERY]
    match request.headers.get("Content-Type", "").partition(";")[0].strip().lower():
        case "multipart/form-data":
            return await _multipart(request, query, uploads)
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


async def _multipart(request: Request, query: Sequence[tuple[str, str]], uploads: Uploads) -> Form:
    pairs, room = list(query), settings_of(uploads.runtime).max_body_bytes
    files: list[tuple[str, str]] = []
    faults: dict[str, Fault] = {}
    async for part in parts_of(request):
        if part.file_name is None:
            pairs.append((part.name, text := await part.text(room)))
            room -= len(text)
            continue
        if not files:
            await _check_key_so_far(pairs, uploads.runtime)
        taken = await _file(part, len(files), uploads)
        if isinstance(taken, Fault):
            faults[taken.description] = taken
        elif taken:
            files.append((part.name, taken))
    return Form.of(pairs, files, list(faults.values()))


async def _check_key_so_far(pairs: Iterable[tuple[str, str]], runtime: Runtime) -> None:
    """Nothing is stored for who has not shown a good key before the file. Raises Problem 403."""
    key = dict(pairs).get("api_key", "")
    if not key:
        raise Problem(403, "api_key_missing", "api_key: must stand before the files")
    await caller_of(runtime, key, KeyScope.WRITE)


async def _file(part: Part, before: int, uploads: Uploads) -> str | Fault | None:
    """The hash of a file that is stored, or what is wrong with it; None for a field that was left empty."""
    settings = settings_of(uploads.runtime)
    if part.name not in FILES or not settings.takes_files:
        empty = not part.file_name and not [piece async for piece in part.content()]
        hint = "; send media_url" if part.name in FILES else ""
        return None if empty else Fault(400, f"{part.name}: no files are taken here{hint}")
    if before == settings.attachments_most:
        return Fault(400, f"{part.name}: at most {settings.attachments_most} files are taken")
    try:
        return (await uploads.receive(Incoming(part.content(), part.content_type, part.file_name))).sha256
    except Empty as empty_file:
        return Fault(400, f"{part.name}: {empty_file}") if part.file_name else None
    except NotTaken as refused:
        return Fault(400, f"{part.name}: {refused}")


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
