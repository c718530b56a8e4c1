"""Of family ``session``: sessions at a time that was agreed."""

from uuid import UUID

from vpr_events.event import Code, Event, Instant


class SessionScheduled(Event, name="session.scheduled"):
    """The session is to take place at ``starts_at``, told again whenever that is moved.

    The resident may come in from ``opens_at``, is reminded at ``remind_at`` (absent: not), and has not come at
    ``missed_at``; the session waits until ``expires_at``. ``zone`` is whose wall clock the resident goes by,
    ``told_by`` the version of the case's event that says so.
    """

    starts_at: Instant
    zone: Code
    opens_at: Instant
    missed_at: Instant
    expires_at: Instant
    told_by: int
    remind_at: Instant | None = None


class SessionReminderDue(Event, name="session.reminder_due"):
    """The resident, invited by ``channel`` and not there yet, is to be reminded of the time."""

    invite_id: UUID
    channel: Code


class SessionOfficerAbsent(Event, name="session.officer_absent"):
    """No officer had come some minutes after the session's time; ``resident_came`` tells whether somebody waited."""

    resident_came: bool
