"""Random faults on the whole system under load, and what must stand afterwards. ``python -m tests.faults --help``."""
