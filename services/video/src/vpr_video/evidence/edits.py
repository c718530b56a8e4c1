"""What a redacted copy leaves out, and how ffmpeg is told: regions blurred, spans cut, spans silenced.

Blurring keeps four by four colours of a region: nothing can be read back from it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vpr_video.evidence.schemas import Edits, Region, Span

CELLS = 4


class NothingLeft(Exception):
    """All of it would be cut, or a region lies outside of the picture."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is edited: the size in pixels at which its picture is shown first (0: it has none), whether it has sound.

    Regions are places in a picture of this size, whatever size it has later.
    """

    width: int
    height: int
    sound: bool


def graph_of(edits: Edits, source: Source) -> tuple[str, list[str]]:
    """The filter graph, and the labels of its outputs. Raises NothingLeft."""
    steps: list[str] = []
    outputs: list[str] = []
    kept = kept_spans(edits.cut)
    if source.width:
        steps += _blurred(edits.blur, source)
        outputs.append("video")
    if source.sound:
        steps.append(f"[0:a]{_silenced(edits.mute)}[sound]")
        outputs.append("audio")
    steps += _joined(kept, source)
    return ";".join(steps), [f"[{label}]" for label in outputs]


def kept_spans(cut: Sequence[Span]) -> list[tuple[float, float | None]]:
    """What stays when these spans are cut, in seconds; None: to the end."""
    kept: list[tuple[float, float | None]] = []
    at = 0.0
    for span in sorted(cut, key=lambda one: one.start):
        if span.start > at:
            kept.append((at, span.start))
        at = max(at, span.end)
    return [*kept, (at, None)]


def _blurred(regions: Sequence[Region], source: Source) -> Iterator[str]:
    """A picture whose regions are coarse; a region is as large as asked, or by a pixel larger."""
    yield f"[0:v]scale={source.width}:{source.height},format=yuv420p,setsar=1[v0]"
    for number, region in enumerate(regions):
        x, y, width, height = _within(region, source)
        shown = f":enable='between(t,{region.start},{region.end})'" if region.end is not None else ""
        if region.end is None and region.start:
            shown = f":enable='gte(t,{region.start})'"
        coarse = f"scale={CELLS}:{CELLS}:flags=area,scale={width}:{height}:flags=neighbor"
        yield f"[v{number}]split[a{number}][b{number}]"
        yield f"[b{number}]crop={width}:{height}:{x}:{y},{coarse}[c{number}]"
        yield f"[a{number}][c{number}]overlay={x}:{y}{shown}[v{number + 1}]"
    yield f"[v{len(regions)}]null[picture]"


def _within(region: Region, source: Source) -> tuple[int, int, int, int]:
    left, top = max(0, region.x) // 2 * 2, max(0, region.y) // 2 * 2
    right = min(source.width, -(-(region.x + region.width) // 2) * 2)
    bottom = min(source.height, -(-(region.y + region.height) // 2) * 2)
    if right - left < 1 or bottom - top < 1:
        raise NothingLeft("a region lies outside of the picture")
    return left, top, right - left, bottom - top


def _silenced(spans: Sequence[Span]) -> str:
    if not spans:
        return "anull"
    silent = "+".join(f"between(t,{span.start},{span.end})" for span in spans)
    return f"volume=0:enable='{silent}'"


def _joined(kept: Sequence[tuple[float, float | None]], source: Source) -> Iterator[str]:
    """The spans that stay, one behind the other."""
    streams = [("picture", "video", "trim", "setpts")] if source.width else []
    streams += [("sound", "audio", "atrim", "asetpts")] if source.sound else []
    count = len(kept)
    for label, output, trim, stamps in streams:
        kind = "v" if output == "video" else "a"
        split = "split" if kind == "v" else "asplit"
        yield f"[{label}]{split}={count}" + "".join(f"[{label}{place}]" for place in range(count))
        for place, (start, end) in enumerate(kept):
            until = f":end={end}" if end is not None else ""
            yield f"[{label}{place}]{trim}=start={start}{until},{stamps}=PTS-STARTPTS[{label}k{place}]"
        joined = "".join(f"[{label}k{place}]" for place in range(count))
        yield f"{joined}concat=n={count}:v={int(kind == 'v')}:a={int(kind == 'a')}[{output}]"
