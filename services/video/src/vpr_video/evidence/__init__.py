"""Evidence of calls: taken in chunks, closed, given out."""
