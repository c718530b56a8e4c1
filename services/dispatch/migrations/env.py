"""Alembic's entry for dispatch."""

from vpr_dispatch.tables import metadata
from vpr_service.migrating import run

run(metadata)
