"""What intake does about others' events: it only follows them (see projections), and issues no command."""

from vpr_events.inbox import Consumer
from vpr_intake.projections import GRANTS, POINTS, project_grant, project_progress, project_status

consumer = Consumer(handles=frozenset({*POINTS, *GRANTS}), projectors=(project_progress, project_grant, project_status))
