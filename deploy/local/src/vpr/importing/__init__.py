"""An extract on its way to intake, with a journal from which an import that was cut off goes on."""

from vpr.importing.journal import SHOWN, Busy, Journal, Tally, key_of
from vpr.importing.listing import IssueList
from vpr.importing.sending import Import

__all__ = ["SHOWN", "Busy", "Import", "IssueList", "Journal", "Tally", "key_of"]
