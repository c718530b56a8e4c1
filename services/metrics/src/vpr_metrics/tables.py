"""Metrics's tables. ``PERSONAL`` names those that hold personal data: nothing outside them may."""

from sqlalchemy import MetaData, Table

from vpr_events import tables as library

metadata = MetaData()
library.add_to(metadata)

PERSONAL: tuple[Table, ...] = ()
