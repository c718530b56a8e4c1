"""Independent computations that the system's own figures are compared with."""
