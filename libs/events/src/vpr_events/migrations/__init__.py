"""The library's own tables, as frozen steps that services' migrations call."""
