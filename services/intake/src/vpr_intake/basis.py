"""What allows somebody to read a report's personal data."""

from enum import StrEnum


class Basis(StrEnum):
    """Why a grant stands.

    ``claim``: an officer or supervisor holds the case. ``task``: a dispatch of the report is open, for any dispatcher.
    ``invitation``: a session of the report is open, for the video service. ``break_glass``: somebody gave a reason.
    """

    CLAIM = "claim"
    TASK = "task"
    INVITATION = "invitation"
    BREAK_GLASS = "break_glass"
