"""Past cases from an agency's records extract: a CSV file read by a declarative YAML mapping. Makes no events."""

from vpr_intake.extracts.mapping import Mapping, MappingError, load_mapping, shipped_mappings
from vpr_intake.extracts.reader import read_extract
from vpr_intake.extracts.records import CLOCK_POINTS, CaseRecord, RowIssue

__all__ = [
    "CLOCK_POINTS",
    "CaseRecord",
    "Mapping",
    "MappingError",
    "RowIssue",
    "load_mapping",
    "read_extract",
    "shipped_mappings",
]
