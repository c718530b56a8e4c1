"""The officer's map has the city's districts, as intake tells them; without intake it has none."""

from collections.abc import AsyncIterator

import pytest

from tests.sockets import listening
from tests.system import Servers, System
from vpr_events.contracts.values import Role
from vpr_video.districts import Districts, Outlines


@pytest.fixture
async def system(servers: Servers) -> AsyncIterator[System]:
    """Intake behind a port, and video that knows it."""
    await servers.fresh_log(["intake", "video"])
    running = System(servers)
    async with (
        servers.database("intake") as reports,
        servers.database("video") as sessions,
        running.service("intake", reports) as intake,
        listening(intake) as url,
        running.service("video", sessions, intake_url=url.replace("ws://", "http://")),
    ):
        yield running


async def test_districts_are_those_of_the_city(system: System) -> None:
    told = await system["video"].get("/v1/districts", headers=system.as_(Role.OFFICER))
    assert told.status_code == 200, told.text
    shown = (await system["intake"].get("/v1/city/districts.geojson")).json()
    assert len(shown["features"]) > 1
    assert told.json() == shown


async def test_none_are_known_while_intake_is_away_or_tells_something_else(system: System) -> None:
    assert await Districts("").told("en") == Outlines()
    assert await Districts("http://127.0.0.1:1").told("fr") == Outlines()
    async with listening(system.apps["video"]) as url:
        assert await Districts(url.replace("ws://", "http://")).told("en") == Outlines(), "404: it is not intake"
