"""A report as Open311 shows it."""

from typing import Any

from vpr_intake import queries
from vpr_intake.api.filing import city_of
from vpr_intake.api.open311.documents import stamp
from vpr_intake.catalogue import Category
from vpr_intake.city import City
from vpr_intake.expecting import expected_at
from vpr_service.runtime import Runtime

ENDED = {"closed", "withdrawn"}

TEXTS = {
    "for_triage": "The report waits for an officer.",
    "investigating": "An officer looks into the report.",
    "in_progress": "An officer meets the resident, by video or on the scene.",
    "planned": "A unit will be sent.",
    "action_scheduled": "A unit is assigned.",
    "fixed": "The report is resolved.",
    "closed": "The report is closed.",
    "internal_referral": "The report was passed on to others.",
    "no_further_action": "Nothing more will be done.",
    "cancelled": "The report was taken back.",
    "duplicate": "The incident was reported before.",
}
"""What a change of status means; platforms show it where they have no text of their own."""


def shown(row: dict[str, Any], runtime: Runtime) -> dict[str, Any]:
    """A request, from a report's row with its particulars; a sensitive one is open, whatever became of it."""
    row = queries.for_client(row)
    category = category_shown(row["category"], city_of(runtime))
    expected = expected_at(row, runtime)
    status = queries.status_of(row)
    changes = (row["filed_at"], row["withdrawn_at"], row["updated_at"])
    return {
        "service_request_id": str(row["id"]),
        "status": "closed" if status in ENDED else "open",
        "status_notes": status.replace("_", " "),
        "service_name": category.name,
        "service_code": category.code,
        "description": row["description"],
        "agency_responsible": None,
        "service_notice": None,
        "requested_datetime": stamp(row["filed_at"]),
        "updated_datetime": stamp(max(when for when in changes if when)),
        "expected_datetime": stamp(expected) if expected else None,
        "address": row["address"],
        "address_id": row["address_id"],
        "zipcode": None,
        "lat": row["latitude"],
        "long": row["longitude"],
        "media_url": row["media_url"],
    }


def category_shown(code: str, city: City) -> Category:
    """The category of a report; one that is no longer offered is named by its code."""
    return city.categories.get(code) or Category(code, code, "", "")


async def extended(rows: list[dict[str, Any]], runtime: Runtime) -> list[dict[str, Any]]:
    """Requests with what the specification does not have: attributes, extended_attributes and notes."""
    city = city_of(runtime)
    async with runtime.reading() as connection:
        changes = await queries.status_changes_of(connection, [row["id"] for row in rows])
    return [
        shown(row, runtime)
        | {
            "attributes": _attributes(row, city),
            "extended_attributes": _more(row),
            "notes": [_note(change) for change in changes if change["report_id"] == row["id"]],
        }
        for row in rows
    ]


def _attributes(row: dict[str, Any], city: City) -> list[dict[str, Any]]:
    questions = {question.code: question for question in category_shown(row["category"], city).questions}
    told = []
    for code, answer in (row.get("answers") or {}).items():
        keys = answer if isinstance(answer, list) else [answer]
        names = dict(questions[code].options) if code in questions else {}
        values = [{"key": key, "name": names.get(key, key)} for key in keys]
        told.append({"code": code, "label": questions[code].text if code in questions else code, "values": values})
    return told


def _more(row: dict[str, Any]) -> dict[str, Any]:
    return {"channel": row["channel"], "district": row["district"], "media_urls": row["media_urls"] or []}


def _note(change: dict[str, Any]) -> dict[str, Any]:
    return {"datetime": stamp(change["at"]), "status": change["status"], "summary": TEXTS[change["status"]]}
