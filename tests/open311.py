"""Hands for tests of Open311: clients, forms, and catalogues with questions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4
from xml.etree.ElementTree import Element, fromstring

import httpx
import pytest

from tests.examples import NARRATIVE
from tests.system import System
from vpr_events.contracts.values import Role
from vpr_intake.catalogue import Category, Kind, Question

V2 = "/open311/v2"

ASKED = (
    Question("LOCKED", Kind.SINGLE, "Was it locked?", required=True, options=(("yes", "Yes"), ("no", "No"))),
    Question("TAKEN", Kind.MULTIPLE, "What was taken?", options=(("bike", "A bicycle"), ("bag", "A bag"))),
    Question("SERIAL", Kind.STRING, "Which serial number?", hint="as engraved"),
)
"""Questions of a category, one of each manner."""


ASKING = Category("theft", "Theft", "Something was stolen.", "property", ("stolen", "gone"), ASKED)
"""A category that asks them."""


@dataclass(frozen=True)
class Client:
    """A 311 system in front of intake."""

    system: System
    key: str

    @classmethod
    async def admitted(cls, system: System) -> "Client":
        """One that was never there before."""
        name = {"name": uuid4().hex}
        answer = await system["intake"].post("/v1/clients", json=name, headers=system.as_(Role.ADMIN))
        assert answer.status_code == 201, answer.text
        return cls(system, str(answer.json()["api_key"]))

    async def get(self, path: str, **query: str) -> httpx.Response:
        """Read, with the key."""
        return await self.system["intake"].get(f"{V2}/{path}", params={"api_key": self.key, **query})

    async def rows(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Read a list in JSON."""
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.text
        listed: list[dict[str, Any]] = answer.json()
        return listed

    async def post(self, path: str = "requests.json", *, files: Any = None, **changes: Any) -> httpx.Response:
        """Send a good form with these changes; None leaves a field out."""
        return await self.system["intake"].post(f"{V2}/{path}", data=form(self.key, **changes), files=files)

    async def filed(self, **changes: Any) -> str:
        """The id of a request that is filed."""
        answer = await self.post(**changes)
        assert answer.status_code == 200, answer.text
        return str(answer.json()[0]["service_request_id"])


def form(key: str, **changes: Any) -> dict[str, Any]:
    """The form of a good request."""
    fields = {"api_key": key, "service_code": "theft", "description": NARRATIVE, "lat": "49.8951", "long": "-97.1384"}
    return {name: value for name, value in (fields | changes).items() if value is not None}


def errors_of(answer: httpx.Response) -> list[tuple[int, str]]:
    """Code and description of every error, from either format."""
    if answer.headers["Content-Type"] == "text/xml; charset=utf-8":
        root = fromstring(answer.content)
        assert root.tag == "errors"
        return [(int(text(one, "code")), text(one, "description")) for one in root]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    return [(one["code"], one["description"]) for one in answer.json()]


def text(element: Element, path: str) -> str:
    """The text of an element's descendant; empty for an empty one."""
    found = element.find(path)
    assert found is not None, path
    return found.text or ""


@contextmanager
def catalogue(patch: pytest.MonkeyPatch, system: System, *categories: Category) -> Iterator[None]:
    """While these are all the categories there are."""
    settings = system.runtime("intake").settings
    with patch.context() as patching:
        city = replace(settings.city, categories={one.code: one for one in categories})  # type: ignore[attr-defined]
        patching.setattr(settings, "city", city)
        yield
