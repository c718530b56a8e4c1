"""video service."""
