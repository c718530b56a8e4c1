"""A resident without a browser: reads pages, fills forms as a browser without JavaScript does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx
from starlette.datastructures import FormData

from vpr_intake.city import load_city, shipped
from vpr_intake.web.draft import Draft, new_key
from vpr_intake.web.steps import steps_of

CITY = load_city(shipped()["winnipeg"])
SAFE = {"a.danger_now": "no", "a.when": "earlier", "a.suspect_here": "no", "a.weapon": "no", "a.injured": "no"}
STORY = (
    "They took \U0001f6b2 <b>my bicycle</b> & "
    "\u05d4\u05d0\u05d5\u05e4\u05e0\u05d9\u05d9\u05dd \u0627\u0644\u062f\u0631\u0627\u062c\u0629."
)
"""With an emoji, markup, and words of Hebrew and Arabic."""
THEFT = SAFE | {"category": "theft", "description": STORY, "contact_by": "any", "safe": "yes"}
"""What a resident says, by field; whatever is not here is passed over."""


def whole_form(said: Mapping[str, Any]) -> dict[str, Any]:
    """The form of the read-back, as if somebody had gone through all screens and said this."""
    draft = Draft.of(FormData([("key", new_key()), *said.items()]), CITY)
    steps = [one.id for one in steps_of(draft, CITY)]
    return {**said, "key": draft.key, "seen": steps, "at": "check", "go": "next"}


class Read(HTMLParser):
    """A page as far as the tests ask for it: the title, the heading, texts by id, hidden fields and alerts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.hidden: dict[str, list[str]] = {}
        self.ids: dict[str, str] = {}
        self.title = self.heading = self.whole = ""
        self._open: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag begins."""
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden":
            self.hidden.setdefault(str(given["name"]), []).append(given.get("value") or "")
        if tag not in {"input", "meta", "link", "br"}:
            self._open.append((tag, given.get("id")))

    def handle_endtag(self, tag: str) -> None:
        """A tag ends."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """A text."""
        self.whole += data
        for tag, name in self._open:
            if name:
                self.ids[name] = self.ids.get(name, "") + data
            if tag == "title":
                self.title += data
            if tag == "h1":
                self.heading += data


@dataclass
class Resident:
    """Whoever is before the pages; ``page`` is what they see, ``answer`` how it came."""

    client: httpx.AsyncClient
    language: str = "en"
    answer: httpx.Response = field(init=False)
    cookie: str = ""

    @property
    def page(self) -> Read:
        """What is seen."""
        return Read(self.answer.text)

    @property
    def at(self) -> str:
        """The step of the form that is seen; empty for another page."""
        return next(iter(self.page.hidden.get("at", [])), "")

    async def opens(self, path: str) -> None:
        """Go to a page."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        self.answer = await self.client.get(f"{path}?lang={self.language}", headers=headers)

    async def sends(self, path: str, **fields: Any) -> None:
        """Send a form; where it leads on, go there."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        self.answer = await self.client.post(f"{path}?lang={self.language}", data=fields, headers=headers)
        if given := self.answer.headers.get("set-cookie", ""):
            self.cookie = given.partition(";")[0]
        if self.answer.status_code == 303 and "/report/" in self.answer.headers["location"]:
            await self.opens(self.answer.headers["location"].partition("?")[0])

    async def presses(self, go: Any = "next", **said: Any) -> None:
        """Press a button of the form's screen, having said this."""
        await self.sends("/report", **{**self.page.hidden, **said, "go": go})

    async def goes_to(self, step: str, said: Mapping[str, Any]) -> None:
        """Say all this, from the first screen to this step."""
        await self.opens("/report")
        fields = set(said)
        for _ in range(60):
            if self.at == step:
                return
            names = set(re.findall(r'name="([^"]+)"', self.answer.text)) & fields - set(self.page.hidden)
            before = self.at
            await self.presses(**{name: said[name] for name in names})
            assert self.at != before, (before, self.page.whole)
        raise AssertionError(f"never at {step}, but at {self.at}")

    async def files(self, said: Mapping[str, Any]) -> tuple[str, str]:
        """Go the whole way: case number and secret."""
        await self.goes_to("check", said)
        await self.presses()
        assert self.answer.status_code == 200, self.page.whole
        return self.page.ids["number"], self.page.ids["secret"]

    async def enters(self, number: str, secret: str) -> None:
        """Open the status page."""
        await self.sends("/report/case", number=number, secret=secret)
