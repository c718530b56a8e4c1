"""From the files of Janus to one WebM: janus-pp-rec puts packets in order, ffmpeg puts both in one container.

Nothing is encoded anew. Sound and picture begin when their first packets came, as the files tell.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from vpr_video.evidence.ffmpeg import FFMPEG, Failed, Runner
from vpr_video.media.recordings import Part

JANUS_PP_REC = "janus-pp-rec"
TYPE = "video/webm"
HEAD = 65_536
PACKET = b"MEET"
"""What stands before each packet in a file of Janus."""

VERSION = re.compile(r"\d+(?:\.\d+)+")
WORKING = "working-"
"""How the names of folders begin in which files are put together."""


@dataclass(frozen=True, slots=True)
class Track:
    """Sound or picture of a part: the file, and when its first packet came."""

    file: Path
    began: datetime
    suffix: str


@dataclass(frozen=True, slots=True)
class Remuxed:
    """A WebM, and when it began."""

    file: Path
    began: datetime


@dataclass(frozen=True, slots=True)
class Remuxer:
    """Works in ``folder``, where as much room is needed as a recording takes twice."""

    runner: Runner
    folder: Path

    async def made_with(self) -> tuple[str, ...]:
        """Both programs with their versions, as codes. Raises Failed."""
        janus = await self.runner.run(JANUS_PP_REC, ("--file-extensions",))
        ffmpeg = await self.runner.run(FFMPEG, ("-version",))
        return (f"{JANUS_PP_REC}/{_version(janus)}", f"{FFMPEG}/{_version(ffmpeg)}")

    @asynccontextmanager
    async def webm(self, part: Part, until: datetime | None) -> AsyncIterator[Remuxed | None]:
        """A part as WebM, as long as the block lasts, without what came after ``until``; None where nothing came.

        Raises Failed.
        """
        wanted = ((part.sound, ".opus"), (part.picture, ".webm"))
        tracks = [await self._track(file, suffix) for file, suffix in wanted if file and _holds_packets(file)]
        began = min((track.began for track in tracks), default=None)
        if began is None or (until is not None and until <= began):
            yield None
            return
        with TemporaryDirectory(prefix=WORKING, dir=self.folder) as working:
            yield Remuxed(await self._joined(tracks, began, until, Path(working)), began)

    async def _track(self, file: Path, suffix: str) -> Track:
        told = await self.runner.run(JANUS_PP_REC, ("--debug-level=0", "--json", str(file)))
        try:
            began = datetime.fromtimestamp(orjson.loads(told)["u"] / 1e6, UTC)
        except (ValueError, LookupError, TypeError):
            raise Failed("recording_unreadable") from None
        return Track(file, began, suffix)

    async def _joined(self, tracks: Sequence[Track], began: datetime, until: datetime | None, working: Path) -> Path:
        words: list[str] = []
        for track in tracks:
            ordered = working / f"track{track.suffix}"
            await self.runner.run(JANUS_PP_REC, ("--debug-level=0", str(track.file), str(ordered)))
            if not ordered.exists():
                raise Failed("recording_unreadable")
            words += ("-itsoffset", f"{(track.began - began).total_seconds():.6f}", "-i", str(ordered))
        for number in range(len(tracks)):
            words += ("-map", str(number))
        if until is not None:
            words += ("-t", f"{(until - began).total_seconds():.6f}")
        whole = working / "whole.webm"
        quiet = ("-nostdin", "-hide_banner", "-v", "error", "-protocol_whitelist", "file")
        kept = ("-map_metadata", "-1", "-c", "copy", "-fflags", "+bitexact", "-f", "webm", str(whole))
        await self.runner.run(FFMPEG, (*quiet, *words, *kept))
        return whole


def _holds_packets(file: Path) -> bool:
    with file.open("rb") as content:
        return PACKET in content.read(HEAD)


def _version(told: bytes) -> str:
    found = VERSION.search(told.decode(errors="replace"))
    return found[0] if found else "unknown"
