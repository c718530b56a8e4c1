"""docs/who-may.md as data: every endpoint, and who is let in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vpr_events.contracts import SERVICES
from vpr_events.contracts.values import Role

LET_IN = "+"
FOREIGN_KEY, FOREIGN_OFFICER = "key*", "off*"
TABLE = Path(__file__).parents[1] / "docs" / "who-may.md"
COLUMNS = ("nobody", "key", *(role[:3] for role in Role), FOREIGN_KEY, FOREIGN_OFFICER)


@dataclass(frozen=True)
class Row:
    """One endpoint: the origin that serves it, who is let in, and with which status the others are refused."""

    service: str
    method: str
    path: str
    on: str
    answers: Mapping[str, str]

    @property
    def services(self) -> tuple[str, ...]:
        """Who has it: ``each`` stands for the five services."""
        return SERVICES if self.service == "each" else (self.service,)

    def filled(self, ids: Mapping[str, str], default: str) -> str:
        """The path with these ids."""
        return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], default), self.path)


def rows() -> list[Row]:
    """The table."""
    lines = [line.strip("| \n").split("|") for line in TABLE.read_text().splitlines() if line.startswith("|")]
    names, _, *cells = [[cell.strip(" `") for cell in line] for line in lines]
    assert tuple(names) == ("service", "method", "path", "on", *COLUMNS)
    return [Row(one[0], one[1], one[2], one[3], dict(zip(COLUMNS, one[4:], strict=True))) for one in cells]
