#!/usr/bin/env python3
"""Verify a bag of evidence of a video call: `python3 verify.py [folder]`. Needs Python 3.9 and nothing else.

It checks that every file is as the manifests say and none is missing or added (BagIt 1.0, RFC 8493), that the custody
log's chain of hashes is whole, and that each item is what the custody log says was captured. It names each fault and
ends with 1 if there is one. What it cannot check stands in statement.txt.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
import re
import sys
from typing import Any

LINE = re.compile(r"([0-9a-f]+) [ *]?(.+)")
ATTRIBUTES = ("id", "stream", "version", "type", "correlation_id", "causation_id", "occurred_at", "recorded_at")
READ = 1024 * 1024


def digest_of(path: pathlib.Path, algorithm: str) -> str:
    """The file's digest in hexadecimal."""
    digest = hashlib.new(algorithm)
    with path.open("rb") as file:
        while part := file.read(READ):
            digest.update(part)
    return digest.hexdigest()


def files_in(folder: pathlib.Path) -> set[str]:
    """Every file below a folder, as the manifests name it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def listed_in(manifest: pathlib.Path) -> tuple[dict[str, str], list[str]]:
    """The paths that a manifest names with their digests, and its faults."""
    listed: dict[str, str] = {}
    faults: list[str] = []
    for number, line in enumerate(manifest.read_text("utf-8").splitlines(), 1):
        found = LINE.fullmatch(line)
        if not found:
            faults.append(f"{manifest.name}, line {number}: cannot be read")
            continue
        digest, path = found.groups()
        parts = pathlib.PurePosixPath(path)
        if parts.is_absolute() or ".." in parts.parts or "\\" in path:
            faults.append(f"{manifest.name}, line {number}: {path!r} leads out of the bag")
        elif path in listed:
            faults.append(f"{manifest.name}: {path} is named twice")
        else:
            listed[path] = digest
    return listed, faults


def manifest_faults(bag: pathlib.Path, name: str, algorithm: str, expected: set[str]) -> list[str]:
    """What is wrong with the files that this manifest must name: exactly those that are expected."""
    manifest = bag / f"{name}-{algorithm}.txt"
    if not manifest.is_file():
        return [f"{manifest.name} is missing"]
    listed, faults = listed_in(manifest)
    for path in sorted(listed.keys() | expected):
        if path not in listed:
            faults.append(f"{path} is not named in {manifest.name}")
        elif not (bag / path).is_file():
            faults.append(f"{path} is missing, and named in {manifest.name}")
        elif digest_of(bag / path, algorithm) != listed[path]:
            faults.append(f"{path} is not what {manifest.name} says")
    return faults


def hash_of(previous: str, event: dict[str, Any]) -> str:
    """The hash that chains an event to the one before it: over its attributes and the exact text of its body."""
    lines = [previous, *(f"{name}={event[name]}" for name in ATTRIBUTES)]
    return hashlib.sha256("\n".join(lines).encode() + b"\n\n" + event["body"].encode()).hexdigest()


def custody_faults(bag: pathlib.Path) -> tuple[list[dict[str, Any]], list[str]]:
    """The events of the custody log, and what is wrong with their chain."""
    log = bag / "data" / "custody.jsonl"
    if not log.is_file():
        return [], ["data/custody.jsonl is missing"]
    events: list[dict[str, Any]] = []
    faults: list[str] = []
    previous = ""
    for number, line in enumerate(log.read_text("utf-8").splitlines(), 1):
        try:
            event = json.loads(line)
            computed = hash_of(previous, event)
        except (ValueError, KeyError, TypeError, AttributeError):
            return events, [*faults, f"data/custody.jsonl, line {number}: cannot be read"]
        if event["version"] != number:
            faults.append(f"data/custody.jsonl, line {number}: event {event['version']} stands where {number} must")
        if event.get("hash") != computed:
            faults.append(f"data/custody.jsonl, line {number}: {event['type']} is not what was chained")
        events.append(event)
        previous = event.get("hash", "")
    return events, faults


def item_faults(bag: pathlib.Path, events: list[dict[str, Any]]) -> list[str]:
    """Items that are not what the custody log says was captured."""
    items = bag / "data" / "items.json"
    if not items.is_file():
        return ["data/items.json is missing"]
    try:
        told = json.loads(items.read_text("utf-8"))
        shown = {item["id"]: item for item in told["items"]}
        bodies = [
            json.loads(event["body"]) for event in events if event["type"].startswith("session.evidence_captured.")
        ]
    except (ValueError, KeyError, TypeError):
        return ["data/items.json or the custody log cannot be read"]
    captured = {body["evidence_id"]: body for body in bodies}
    faults = []
    for identity, item in sorted(shown.items()):
        path, body = bag / str(item.get("path")), captured.get(identity)
        if body is None:
            faults.append(f"{item.get('path')}: the custody log tells of no such item")
        elif item.get("sha256") != body["sha256"]:
            faults.append(f"{item.get('path')}: items.json says another hash than the custody log")
        elif not path.is_file():
            faults.append(f"{item.get('path')} is missing, and captured by the custody log")
        elif (path.stat().st_size, digest_of(path, "sha256")) != (body["size"], body["sha256"]):
            faults.append(f"{item.get('path')} is not what the custody log says was captured")
    return faults


def faults_of(bag: pathlib.Path) -> list[str]:
    """Everything that is wrong with a bag."""
    declaration = bag / "bagit.txt"
    if not declaration.is_file():
        return [f"{bag} is no bag: bagit.txt is missing"]
    faults = []
    if declaration.read_text("utf-8").splitlines()[:1] != ["BagIt-Version: 1.0"]:
        faults.append("bagit.txt names another version than 1.0")
    there = files_in(bag)
    payload = {path for path in there if path.startswith("data/")}
    tags = {path for path in there - payload if not path.startswith("tagmanifest-")}
    for algorithm in ("sha256", "sha512"):
        faults += manifest_faults(bag, "manifest", algorithm, payload)
        faults += manifest_faults(bag, "tagmanifest", algorithm, tags)
    events, broken = custody_faults(bag)
    return faults + broken + item_faults(bag, events)


def main() -> int:
    """Name the faults: 1 if there are any."""
    bag = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    faults = faults_of(bag)
    summary = f"{len(faults)} faults" if faults else "whole: every file, the custody log and every item agree"
    sys.stdout.write("".join(f"{line}\n" for line in (*faults, summary)))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
