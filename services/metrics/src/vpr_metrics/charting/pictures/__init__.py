"""From answers to pictures, a file for each answer."""
