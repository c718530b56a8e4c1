"""What every HTTP service of VPR has."""
