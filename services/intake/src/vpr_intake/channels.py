"""On which channels every process of the service is told what changed."""

ALARMS = "alarms"
