"""``/open311/v2``: GeoReport v2 in XML and JSON. Services are public; requests need an api_key and show only one's own.

What each call takes and answers is told in ``docs/guide-311.md``.
"""

from vpr_intake.api.open311 import discovery, filing, reading, services, updates
from vpr_intake.api.open311.errors import Outside

__all__ = ["Outside", "routers"]

routers = (discovery.router, services.router, filing.router, reading.router, updates.router)
