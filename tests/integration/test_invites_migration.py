"""Invitations of before they had rows of their own: the migration tells of them what the events say."""

from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.integration.test_invites_sending import listed
from tests.integration.test_video_life import Meeting
from tests.system import Servers, System
from vpr_service.migrating import config_for, upgrade
from vpr_video.app import MIGRATIONS

BEFORE = "0003"


def _downgrade(connection: Connection) -> None:
    config = config_for(MIGRATIONS)
    config.attributes["connection"] = connection
    command.downgrade(config, BEFORE)


async def test_invitations_that_were_there_are_told_of_as_before(servers: Servers) -> None:
    await servers.fresh_log(["video"])
    async with servers.database("video") as url:
        system = System(servers)
        async with system.service("video", url):
            meeting = await Meeting.arranged(system)
            replaced, used, good = [await meeting.token() for _ in range(3)]
            other = await Meeting.arranged(system)
            opened = await other.token()
            assert (await other.join(opened)).status_code == 200
            before = [await listed(meeting), await listed(other)]
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(_downgrade)
            digests = (await connection.execute(text("select count(token_digest) from invites"))).scalar_one()
        await engine.dispose()
        assert digests == 4
        await upgrade(MIGRATIONS, url)
        async with system.service("video", url):
            assert [await listed(meeting), await listed(other)] == before
            states = [one["state"] for one in before[0]]
            assert states == ["sent", "revoked", "revoked"]
            assert [(await meeting.join(one)).status_code for one in (replaced, used, good)] == [410, 410, 200]
            assert (await other.join(opened)).status_code == 409
