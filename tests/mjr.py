"""Files as Janus records them (MJR00002), of RTP packets: some seconds of sound, and of pictures."""

import json
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.waiting import DEADLINE

SILENCE = b"\xf8\xff\xfe"
"""20 ms of Opus."""

PACKET = 1000
"""Bytes of a picture in one packet."""


def write_sound(path: Path, began: float, seconds: float) -> None:
    """A file of silence that began at this time (seconds of the epoch)."""
    packets = (
        (number * 20, _rtp(111, number, number * 960, SILENCE, marker=not number))
        for number in range(round(seconds * 50))
    )
    _write(path, {"t": "a", "c": "opus"}, began, packets)


def write_pictures(path: Path, began: float, seconds: float) -> None:
    """A file of moving pictures, 10 a second, 64 pixels wide and 48 high."""
    _write(path, {"t": "v", "c": "vp8"}, began, _pictures(seconds))


def write_nothing(path: Path) -> None:
    """A file for which no packet came."""
    path.write_bytes(b"MJR00002")


def _pictures(seconds: float) -> Iterator[tuple[int, bytes]]:
    source = f"testsrc=duration={seconds}:size=64x48:rate=10"
    words = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libvpx", "-f", "ivf", "-"]
    ivf, sequence = subprocess.run(words, check=True, capture_output=True, timeout=DEADLINE).stdout[32:], 0
    for number in range(round(seconds * 10)):
        size = int.from_bytes(ivf[:4], "little")
        frame, ivf = ivf[12 : 12 + size], ivf[12 + size :]
        for start in range(0, size, PACKET):
            descriptor = b"\x00" if start else b"\x10"  # RFC 7741: the first packet begins a partition
            content = descriptor + frame[start : start + PACKET]
            yield number * 100, _rtp(96, sequence, number * 9000, content, marker=start + PACKET >= size)
            sequence += 1


def _rtp(kind: int, sequence: int, timestamp: int, content: bytes, *, marker: bool) -> bytes:
    return struct.pack("!BBHII", 0x80, kind | (0x80 if marker else 0), sequence, timestamp, 1) + content


def _write(path: Path, told: dict[str, str], began: float, packets: Iterator[tuple[int, bytes]]) -> None:
    header = json.dumps(told | {"s": int(began * 1e6), "u": int(began * 1e6)}).encode()
    frames = (b"MEET" + struct.pack("!IH", at, len(packet)) + packet for at, packet in packets)
    path.write_bytes(b"MJR00002" + struct.pack("!H", len(header)) + header + b"".join(frames))
