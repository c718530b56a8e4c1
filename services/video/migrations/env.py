"""Alembic's entry for video."""

from vpr_service.migrating import run
from vpr_video.tables import metadata

run(metadata)
