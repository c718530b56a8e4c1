"""What triage decides: cases."""
