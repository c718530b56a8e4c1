"""VPR on one machine."""
