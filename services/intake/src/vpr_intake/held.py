"""What intake holds about a report: everything that an export shows of it."""

from typing import Any

from sqlalchemy import BindParameter, Select, Table, Text, bindparam, cast, func, select

from vpr_intake.tables import (
    accesses,
    alarm_texts,
    alarms,
    annotations,
    answers,
    attachment_files,
    attachments,
    call_requests,
    deliveries,
    details,
    dispositions,
    erasure_approvals,
    holds,
    particulars,
    progress,
    reports,
    residents,
    screenings,
    statements,
    status_changes,
    updates,
)
from vpr_service.held import Holdings

REPORT: BindParameter[Any] = bindparam("report")


def _all(table: Table, *without: str) -> Select[Any]:
    shown = (column for column in table.c if column.name not in {"report_id", *without})
    return select(*shown).where(table.c.report_id == REPORT)


SALT = func.encode(statements.c.salt, "hex").label("salt")
TEXT = select(alarm_texts.c.text).where(alarm_texts.c.alarm_id == alarms.c.id).scalar_subquery().label("text")

FILES = (
    select(attachment_files.c.file_name, attachment_files.c.facts)
    .add_columns(*(column for column in attachments.c if column.name not in {"report_id", "added_by"}))
    .join_from(attachment_files, attachments, attachment_files.c.attachment_id == attachments.c.id)
    .where(attachment_files.c.report_id == REPORT)
    .order_by(attachments.c.added_at)
)
"""What there is; the files themselves are read one by one, each reading recorded."""

HOLDINGS = Holdings(
    parts={
        "report": select(*(column for column in reports.c if column.name not in {"client_id", "filed_by"})).where(
            reports.c.id == REPORT
        ),
        "screening": _all(screenings),
        "progress": _all(progress),
        "status_changes": _all(status_changes, "id").order_by(status_changes.c.at),
        "particulars": _all(particulars),
        "answers": _all(answers),
        "details": _all(details),
        "statements": _all(statements, "salt", "taken_by", "confirmed_by")
        .add_columns(SALT)
        .order_by(statements.c.taken_at),
        "updates": _all(updates).order_by(updates.c.received_at),
        "files": FILES,
        "resident": _all(residents),
        "call_requests": _all(call_requests),
        "annotations": _all(annotations, "annotated_by").order_by(annotations.c.annotated_at),
        "alarms": _all(alarms, "id", "caused_by", "acknowledged_by").add_columns(TEXT).order_by(alarms.c.raised_at),
        "readings": _all(accesses, "id", "reader_id", "acting_for", "item_id").order_by(accesses.c.at),
        "holds": _all(holds, "id", "placed_by", "lifted_by").order_by(holds.c.placed_at),
        "erasure_approvals": _all(erasure_approvals, "approver_id").order_by(erasure_approvals.c.approved_at),
        "disposition": _all(dispositions, "version"),
        "deliveries": _all(deliveries, "id", "webhook_id").order_by(deliveries.c.created_at),
    },
    streams=select("report/" + cast(reports.c.id, Text)).where(reports.c.id == REPORT),
)
