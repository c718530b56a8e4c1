"""Evidence as files: received as a stream, known by their content, encrypted at rest, read back and erased."""
