"""triage service."""
