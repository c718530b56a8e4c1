"""Reports that were erased: their cases are worked on as others are, and nothing is noted of them any more."""

from vpr_events.erasure import Erased
from vpr_triage.tables import erased_reports

ERASED = Erased(erased_reports)
check_kept, note_erasure = ERASED.check_kept, ERASED.note
