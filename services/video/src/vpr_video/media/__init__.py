"""Calls through a media server: what is asked of Janus, and what each participant sends and receives by it."""
