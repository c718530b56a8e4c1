"""Alembic's entry for intake."""

from vpr_intake.tables import metadata
from vpr_service.migrating import run

run(metadata)
