"""A page of a call alone in a browser: the service behind it is the test, which answers when it wants to, in any order.

So two things that mostly come one after the other come the other way round. Pages, scripts, browser are the real ones.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route, WebSocketRoute

from tests.calls import PEERS
from tests.waiting import DEADLINE, wait_for
from vpr_video.guidance import load_guidance
from vpr_video.web import STATIC
from vpr_video.web.call_neutral_texts import resident_texts
from vpr_video.web.call_pages import _json, templates
from vpr_video.web.call_texts import PEOPLE
from vpr_video.web.evidence_texts import ITEMS
from vpr_video.web.guest_texts import INVITING
from vpr_video.web.officer_texts import OFFICER
from vpr_video.web.third_texts import THIRD

ADDRESS = "http://localhost/"
SCRIPTS = "/video/static/"
OWN, OTHER, THIRDS = (f"00000000-0000-4000-8000-00000000000{number}" for number in (2, 1, 3))
MARK = "fetch('/video/mark').then(() => null)"


def officer_page() -> str:
    """The officer's page."""
    t, people, items, guests = OFFICER["en"], PEOPLE["en"], ITEMS["en"], INVITING["en"]
    texts = _json(t["script"] | items | guests["script"] | people)
    checklists = list(load_guidance().checklists.values())
    return _rendered(
        "officer.html", t=t, texts=texts, people=people, guests=guests, checklists=checklists, wanted="officer"
    )


def resident_page() -> str:
    """The resident's page."""
    t = resident_texts("en", neutral=False)
    return _rendered("call.html", t=t, texts=_json(t["script"]), advice=[], sender="", emergency="", exit_url="/")


def guest_page() -> str:
    """An interpreter's page, who has no account."""
    t = THIRD["en"]
    return _rendered("third.html", t=t, texts=_json(t["script"] | PEOPLE["en"]), kind="interpreter", guest=True)


def _rendered(template: str, **values: Any) -> str:
    session = {"id": OTHER, "case_id": OTHER, "ended_at": None}
    shared = {"language": "en", "root": "/video", "appointment": "", "csrf_token": "", "session": session}
    return templates.get_template(template).render(**shared, **values)


def person(id_: str, kind: str, *, admitted: bool = True, consents: tuple[str, ...] = ()) -> dict[str, Any]:
    """Somebody as views tell of them."""
    return {"id": id_, "kind": kind, "name": None, "admitted": admitted, "consents": consents, "online": True}


def view(you: dict[str, Any], *others: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The session as somebody is told of it."""
    told = {"status": "joined", "mode": None, "media": "peer", "media_run": "1", "records": "page", "recording": False}
    acts = you["kind"] == "officer"
    mine, nothing = {**you, "present": True, "acts": acts}, {"served_recording": None, "place": None}
    return {"type": "session", "you": mine, "people": [you, *others], **nothing, **told, **more}


@dataclass
class Alone:
    """The page, what it asked and waits for, and what it said by its connection."""

    page: Page
    html: str
    held: list[Route] = field(default_factory=list)
    sockets: list[WebSocketRoute] = field(default_factory=list)
    said: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.add_init_script(PEERS)
        self.page.route("**/*", self._asked)
        self.page.route_web_socket("**/socket*", self._opened)
        self.page.goto(ADDRESS)

    def _asked(self, route: Route) -> None:
        path = urlsplit(route.request.url).path
        if path == "/":
            route.fulfill(body=self.html, content_type="text/html")
        elif path.startswith(SCRIPTS):
            file = STATIC / path.removeprefix(SCRIPTS)
            route.fulfill(path=file) if file.suffix == ".js" else route.fulfill(body="", content_type="text/css")
        else:
            self.held.append(route)

    def _opened(self, socket: WebSocketRoute) -> None:
        socket.on_message(lambda text: self.said.append(json.loads(text)))
        self.sockets.append(socket)

    def until[T](self, question: Callable[[], T], what: str) -> T:
        """The answer, once it is true; what the page does meanwhile is heard."""
        answer: T = wait_for(lambda: self.page.evaluate("1") and question(), what)
        return answer

    def waiting(self, method: str, end: str) -> list[Route]:
        """What of this the page waits for; whatever it asked before is seen."""
        self.page.evaluate(f"void {MARK}")
        mark = self.until(lambda: [one for one in self.held if one.request.url.endswith("/mark")], "a mark")[0]
        self.held.remove(mark)
        mark.fulfill(json={})
        return [
            one for one in self.held if one.request.method == method and urlsplit(one.request.url).path.endswith(end)
        ]

    def asks(self, method: str, end: str) -> Route:
        """The first of this that the page waits for, once there is one."""
        route = self.until(lambda: self.waiting(method, end), f"{method} {end}")[0]
        self.held.remove(route)
        return route

    def answers(self, method: str, end: str, told: Any = None, status: int = 200) -> Any:
        """Answer the first of this, once it is asked: the body that came."""
        route = self.asks(method, end)
        route.fulfill(status=status, json=told if told is not None else {})
        return route.request.post_data_json if route.request.post_data else None

    def tells(self, *messages: dict[str, Any]) -> None:
        """Tell the page by its newest connection, once there is one."""
        self.until(lambda: self.sockets, "a connection")
        for message in messages:
            self.sockets[-1].send(json.dumps(message))

    def says(self, **wanted: Any) -> dict[str, Any]:
        """The first that the page says of this, once it does."""

        def like() -> list[dict[str, Any]]:
            return [one for one in self.said if all(one.get(name) == value for name, value in wanted.items())]

        return self.until(like, str(wanted))[0]

    def at(self, step: str) -> None:
        """The page is at this step."""
        self.page.locator(f"body[data-at={step}]").wait_for()


@contextmanager
def alone(browser: Browser, html: str, script: str = "") -> Iterator[Alone]:
    """A page of its own, before which this script runs."""
    place = {"latitude": 49.8951, "longitude": -97.1384, "accuracy": 25}
    context = browser.new_context(geolocation=place, permissions=["geolocation"], locale="en-CA")  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.set_default_timeout(DEADLINE * 1000)
        page.add_init_script(script)
        yield Alone(page, html)
    finally:
        context.close()
