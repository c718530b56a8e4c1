"""The event library of VPR."""
