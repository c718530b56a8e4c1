"""A store that lost what it had: the log's folder gone or replaced by an older copy, a database set back."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from tests.faults.driver.scene import Fault, Scene
from tests.faults.driver.world import World, hasten
from tests.processes import Process
from tests.waiting import DEADLINE, until
from vpr.embedded.endpoints import role_of
from vpr.services import durables
from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role
from vpr_events.log import STREAM
from vpr_events.sealing import adopt
from vpr_events.seals import SealFolder, public_keys
from vpr_events.tables import events, outbox


async def delete_stream(scene: Scene) -> None:
    """The broker dies and its store is gone; the administrator makes stream and durables anew."""
    async with scene.world.holding("log"):
        broker = scene.world.embedded.broker
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(_empty, broker.folder)
        scene.note("log folder deleted")
        await scene.hold()
        await asyncio.to_thread(broker.start)
        await _made_anew(scene.world)


async def cut_tail(scene: Scene) -> None:
    """The broker dies, and an older copy of its store comes back."""
    async with scene.world.holding("log"):
        broker, copy = scene.world.embedded.broker, scene.world.folder / "older-log"
        await asyncio.to_thread(broker.stop)
        await asyncio.to_thread(shutil.copytree, broker.folder / "jetstream", copy)
        await asyncio.to_thread(broker.start)
        await scene.hold()
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(_empty, broker.folder)
        await asyncio.to_thread(shutil.move, copy, broker.folder / "jetstream")
        scene.note("log replaced by an older copy")
        await asyncio.to_thread(broker.start)
        await _made_anew(scene.world)


def _empty(folder: Path) -> None:
    """The folder itself may be a disk of its own."""
    shutil.rmtree(folder / "jetstream", ignore_errors=True)


async def _made_anew(world: World) -> None:
    async with world.admin_log() as log:
        await log.ensure(durables())
    await hasten(world)


async def restore_database(scene: Scene) -> None:
    """A service's database comes back as it was a while ago, and the service is recovered from the log.

    Keys and private rows since then are lost: people send nothing to it again that they had sent before.
    """
    world, name = scene.world, scene.rng.choice([one for one in SERVICES if one != "metrics"])
    async with world.holding(name), world.holding("database"), world.holding("log"):
        await _copied(world, name, role_of(name), f"{role_of(name)}_older")
        await scene.hold()
        scene.load.closed.add(name)
        await until(lambda: _published(scene, name))
        before = await _count(world, name)
        await _copied(world, name, f"{role_of(name)}_older", role_of(name))
        lost = before - await _count(world, name)
        world.restored.add(name)
        scene.load.ledger.forget_keys(name)
        scene.note("database set back")
        if lost:
            scene.note("events recovered", await _recovered(world, name))
        else:
            await _sealed_anew(world, name)
        scene.load.closed.discard(name)


async def _published(scene: Scene, name: str) -> bool:
    async with scene.world.database(name) as connection:
        waiting = (await connection.execute(select(func.count()).select_from(outbox))).scalar_one()
    return not waiting and not scene.load.on_their_way[name]


async def _count(world: World, name: str) -> int:
    async with world.database(name) as connection:
        return int((await connection.execute(select(func.count()).select_from(events))).scalar_one())


async def _sealed_anew(world: World, name: str) -> None:
    """What ``vpr adopt-seals`` does: of a database that lacks seals and nothing else."""
    async with world.database(name) as connection:
        await adopt(connection, name, SealFolder(world.home.seals / name), public_keys([world.home.seal_key]))
        await connection.commit()


async def _copied(world: World, name: str, source: str, target: str) -> None:
    """A copy of a database in place of another, while its service is down.

    Without the checkpoint a crash would set the copy's sequences back: they take over how many numbers their original
    may still give without writing to the WAL. A restored dump has no such past.
    """
    await asyncio.to_thread(world.processes[name].kill)
    await world.admin(
        f'drop database if exists "{target}" with (force)',
        f'create database "{target}" template "{source}" owner {role_of(name)}',
        f'revoke all on database "{target}" from public',
        "checkpoint",
    )
    await asyncio.to_thread(_start_unready, world.processes[name])


def _start_unready(process: Process) -> None:
    """A service whose log is ahead lives, and is not ready until it is recovered."""
    usual, process.ready_path = process.ready_path, "/healthz"
    try:
        process.start()
    finally:
        process.ready_path = usual


async def _recovered(world: World, name: str) -> int:
    """What ``vpr recover`` does: the durable anew, and then the service takes back what the log has."""
    async with world.admin_log() as log:
        await log._client.jetstream().delete_consumer(STREAM, name)
    await _made_anew(world)
    path = world.processes[name].url + "/v1/recovery"
    headers = {"Authorization": f"Bearer {world.home.issuer().token([Role.ADMIN])}"}
    async with httpx.AsyncClient(timeout=DEADLINE, headers=headers) as client:

        async def begun() -> bool:
            """It is refused until the service has seen that it lacks something."""
            return (await client.post(path)).status_code == httpx.codes.ACCEPTED

        async def state() -> Any:
            found = (await client.get(path)).raise_for_status().json()
            return found if found["stage"] != "running" else None

        await until(begun)
        ended = await until(state)
    assert ended["stage"] == "done", ended
    return int(ended["recovered"])


FAULTS = (
    Fault("log-deleted", delete_stream),
    Fault("log-cut", cut_tail, (0.5, 1.5)),
    Fault("database-restored", restore_database, (0.5, 1.5)),
)
