"""Past cases from an agency's records extract, CSV or Parquet, read by a declarative YAML mapping. Makes no events."""

from vpr_intake.extracts.files import Table, open_table
from vpr_intake.extracts.mapping import Mapping, MappingError, load_mapping, shipped_mappings
from vpr_intake.extracts.reader import Place, Reading, read_extract
from vpr_intake.extracts.records import CLOCK_POINTS, CaseRecord, RowIssue
from vpr_intake.extracts.rows import Parsed
from vpr_intake.extracts.seen import Seen

__all__ = [
    "CLOCK_POINTS",
    "CaseRecord",
    "Mapping",
    "MappingError",
    "Parsed",
    "Place",
    "Reading",
    "RowIssue",
    "Seen",
    "Table",
    "load_mapping",
    "open_table",
    "read_extract",
    "shipped_mappings",
]
