"""Published figures as answers."""

from collections.abc import Mapping
from typing import Any

import orjson

from vpr_events.contracts.figure import FigureKind
from vpr_metrics.api.freezing import Kept, path_of
from vpr_metrics.positions import Heads
from vpr_metrics.published import Row
from vpr_metrics.schemas.published import InputTold, LogPosition, PublishedFigure, Withdrawn
from vpr_metrics.suppressing import is_small


def shown(row: Row) -> PublishedFigure:
    """A figure's row as it is given, without the answer."""
    withdrawn = None
    if row["withdrawn_at"]:
        withdrawn = Withdrawn(
            at=row["withdrawn_at"],
            by=row["withdrawn_by"],
            reason=row["reason"],
            superseded_by=row["superseded_by"],
        )
    same = ("id", "kind", "parameters", "asked_at", "zone", "definition_version", "code_version", "libraries", "as_of",
            "input_sha256", "sha256", "published_at", "published_by")  # fmt: skip
    return PublishedFigure(
        **{name: row[name] for name in same},
        citation=citation(row),
        question=path_of(row["kind"], row["parameters"]) if row["parameters"] is not None else None,
        position=LogPosition(sequence=row["position"] or 0, heads=row["heads"]),
        inputs=[_input(cohort, told) for cohort, told in row["inputs"].items()] if row["inputs"] else None,
        withdrawn=withdrawn,
    )


def citation(row: Row) -> str:
    """The line to quote: it names the figure, what it means, how far the log counts, and the answer's digest."""
    withdrawn = ", withdrawn" if row["withdrawn_at"] else ""
    return (
        f"VPR figure {row['id']}, definition {row['definition_version']}, log position {row['position']}, "
        f"{row['published_at']:%Y-%m-%d}, SHA-256 {row['sha256']}{withdrawn}"
    )


def _input(cohort: str, told: Mapping[str, Any]) -> InputTold:
    return InputTold(
        cohort=cohort,
        records=_many(told["records"]),
        sha256=told["sha256"],
        exclusions={reason: _many(count) for reason, count in told["exclusions"].items()},
    )


def _many(count: int) -> int | None:
    return None if is_small(count) else count


def whole(row: Row) -> bytes:
    """A figure with its answer, whose bytes are those that were frozen."""
    told = shown(row).model_dump_json().encode()
    return told[:-1] + b',"answer":' + bytes(row["answer"]) + b"}"


def kept_of(row: Row) -> Kept | None:
    """What is needed to compute it again; None where the database lost it."""
    if row["parameters"] is None:
        return None
    return Kept(
        kind=FigureKind(row["kind"]),
        definition_version=row["definition_version"],
        code_version=row["code_version"],
        heads=Heads(row["position"], row["heads"]),
        parameters=row["parameters"],
        asked_at=row["asked_at"],
        zone=row["zone"],
        inputs=row["inputs"],
        answer=bytes(row["answer"]),
    )


def digest_of_question(kind: str, parameters: Mapping[str, Any]) -> bytes:
    """What the digest of a question is of: its kind and parameters, keys in order."""
    return orjson.dumps({"kind": kind, "parameters": dict(parameters)}, option=orjson.OPT_SORT_KEYS)
