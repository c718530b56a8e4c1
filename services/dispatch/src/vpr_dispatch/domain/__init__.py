"""What dispatch decides: dispatches, and the units that drive."""
