"""ffmpeg as a child process: with limits, without a network, and (for copies) on files that are in memory alone."""

import asyncio
import os
import re
import resource
import shutil
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import orjson

from vpr_video.evidence.edits import Source

FFMPEG, FFPROBE = "ffmpeg", "ffprobe"
INPUTS = {
    "video/webm": "matroska",
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "image/png": "png_pipe",
    "image/jpeg": "jpeg_pipe",
    "image/webp": "webp_pipe",
}
"""The demuxer of each type that can be copied: no other one is let near it."""

CHANGING = {"video/webm"}
"""Browsers change the size of a picture in the middle of a recording: the graph, which makes all pictures of one size,
must stand through that, or its clock would begin anew. These are never turned, for which it would have to be new."""

SHOWN, PIXEL = re.compile(r"#dimensions 0: (\d+)x(\d+)"), re.compile(r"#sar 0: (\d+)/(\d+)")
"""What ffmpeg says of a picture: its size, and the shape of its pixels."""

MEMORY = 3 * 1024**3
READ = 1024 * 1024
BOUNDS = ("-hide_banner", "-v", "error", "-protocol_whitelist", "file")


class Failed(Exception):
    """ffmpeg did not do it: it cannot read the item, or ran into its limits. ``code`` tells."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def missing() -> str | None:
    """What is missing for copies; None for nothing."""
    if not hasattr(os, "memfd_create"):
        return "copies need Linux: elsewhere a file cannot be kept in memory alone"
    absent = [name for name in (FFMPEG, FFPROBE) if shutil.which(name) is None]
    return f"{' and '.join(absent)} cannot be found: install the package ffmpeg" if absent else None


@contextmanager
def in_memory(name: str) -> Iterator[int]:
    """A file that is on no disk: its descriptor."""
    descriptor = os.memfd_create(name)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


async def fill(descriptor: int, content: AsyncIterable[bytes]) -> None:
    """Put content into a file."""
    async for part in content:
        view = memoryview(part)
        while view:
            view = view[os.write(descriptor, view) :]


async def drain(descriptor: int) -> AsyncIterator[bytes]:
    """The content of a file, from its beginning."""
    at = 0
    while part := os.pread(descriptor, READ, at):
        yield part
        at += len(part)


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs ffmpeg for ``within`` at most; an output has at most ``most`` bytes."""

    within: timedelta
    most: int

    async def probe(self, source: int, media_type: str) -> Source:
        """What an item holds. Raises Failed."""
        shown = ("-show_entries", "stream=codec_type", "-of", "json")
        told = await self.run(FFPROBE, (*BOUNDS, "-f", INPUTS[media_type], *shown, _place(source)), source)
        streams = orjson.loads(told).get("streams", ())
        held = {one.get("codec_type") for one in streams}
        if held.isdisjoint({"video", "audio"}):
            raise Failed("copy_unreadable")
        width, height = await self._shown(source, media_type) if "video" in held else (0, 0)
        return Source(width, height, "audio" in held)

    async def _shown(self, source: int, media_type: str) -> tuple[int, int]:
        """The size at which the first picture is shown: turned as its file says, its pixels made square.

        It is ffmpeg itself that shows it, so that regions lie where they will be looked for.
        """
        words = ("-nostdin", *BOUNDS, "-f", INPUTS[media_type], "-i", _place(source), "-map", "0:v:0")
        told = (await self.run(FFMPEG, (*words, "-frames:v", "1", "-f", "framecrc", "pipe:1"), source)).decode()
        size, pixel = SHOWN.search(told), PIXEL.search(told)
        if size is None:
            raise Failed("copy_unreadable")
        across, down = (int(pixel[1]), int(pixel[2])) if pixel else (1, 1)
        return round(int(size[1]) * (across or 1) / (down or 1)), int(size[2])

    async def convert(self, source: int, media_type: str, target: int, words: Sequence[str]) -> None:
        """Write ``target`` from ``source`` as these words of ffmpeg's say. Raises Failed."""
        steady = ("-reinit_filter", "0") if media_type in CHANGING else ()
        given = ("-nostdin", *BOUNDS, *steady, "-f", INPUTS[media_type], "-i", _place(source), "-map_metadata", "-1")
        await self.run(FFMPEG, (*given, *words, "-fflags", "+bitexact", "-y", _place(target)), source, target)

    async def run(self, program: str, words: Sequence[str], *descriptors: int) -> bytes:
        """What a program wrote, which may use these open files. Raises Failed."""
        child = await asyncio.create_subprocess_exec(
            program,
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,  # it may name what is in the item
            pass_fds=descriptors,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            cwd="/",
        )
        try:
            self._limit(child.pid)
            async with asyncio.timeout(self.within.total_seconds()):
                told, _ = await child.communicate()
        except TimeoutError:
            raise Failed("copy_took_too_long") from None
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode:
            raise Failed("copy_unreadable")
        return told

    def _limit(self, process: int) -> None:
        seconds = int(self.within.total_seconds()) + 1
        limits = {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CPU: 4 * seconds, resource.RLIMIT_FSIZE: self.most}
        limits |= {resource.RLIMIT_CORE: 0}
        for limit, most in limits.items():
            with suppress(ProcessLookupError):  # it is done already
                resource.prlimit(process, limit, (most, most))


def _place(descriptor: int) -> str:
    return f"file:/dev/fd/{descriptor}"
