"""What metrics takes and gives over HTTP, a file to a room."""
