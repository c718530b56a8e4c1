"""Securing evidence in a call of real browsers: what there is, and what is done with it."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator

from tests.calls import Desk, Side
from tests.evidence import sha256, unpacked, verified
from tests.residents import THEFT, Read, whole_form
from tests.scenario import session_of
from tests.waiting import wait_for
from vpr_events.contracts.values import Role


def reported_on_the_web(desk: Desk, **said: Any) -> tuple[str, str]:
    """A session about a report that a resident filed on our pages, and the number on its receipt."""
    url, before = desk.people.url("intake") + "/report?lang=en", _open_cases(desk)
    answer = desk.people.client.post(url, data=whole_form(THEFT | said))
    assert answer.status_code == 200, answer.text
    number = Read(answer.text).ids["number"]
    [case] = wait_for(lambda: _open_cases(desk) - before)
    return session_of(desk.people, case), number


def _open_cases(desk: Desk) -> set[str]:
    found = desk.people.get(Role.OFFICER, "triage", "/v1/cases", status="open", limit="200")
    return {one["id"] for one in found}


def items(desk: Desk, session: str) -> list[dict[str, Any]]:
    """Every item of a session."""
    found: list[dict[str, Any]] = desk.people.get(Role.OFFICER, "video", f"/v1/sessions/{session}/evidence")
    return found


def captured(desk: Desk, session: str, kind: str, many: int = 1) -> list[dict[str, Any]]:
    """The captured items of a kind, once there are so many."""

    def enough() -> list[dict[str, Any]]:
        found = [one for one in items(desk, session) if one["kind"] == kind and one["state"] == "captured"]
        return found if len(found) >= many else []

    return list(wait_for(enough, f"{many} of {kind}"))


def tick(side: Side, scope: str) -> None:
    """Change what is allowed, in the call."""
    side.page.locator(f"#allow-form input[data-scope={scope}]").evaluate("box => box.click()")


def row(side: Side, kind: str) -> Locator:
    """An item in the officer's list."""
    return side.page.locator("#evidence-list li").filter(has_text=kind)


def write(side: Side, other: Side, words: str) -> None:
    """One writes, and both see it."""
    side.page.locator("#chat [name=text]").fill(words)
    side.page.locator("#chat form button").click()
    for one in (side, other):
        one.page.locator("#chat [data-list]").get_by_text(words).wait_for()


def handed_over(desk: Desk, session: str, folder: Path, chat: dict[str, Any]) -> list[str]:
    """What was written, as the document in a bag that its own program finds whole."""
    url, headers = desk.people.url("video"), dict(desk.people.headers(Role.OFFICER))
    body = {"purpose": "prosecution"}
    answer = desk.people.client.post(f"{url}/v1/sessions/{session}/export", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    bag = unpacked(answer.content, folder) / f"evidence-{session}"
    assert verified(bag) == (0, "whole: every file, the custody log and every item agree\n")
    told = json.loads((bag / "data" / "items.json").read_text())["items"]
    [document] = [(bag / one["path"]).read_bytes() for one in told if one["id"] == chat["id"]]
    assert sha256(document) == chat["sha256"]
    return [one["text"] for one in json.loads(document)["messages"]]
