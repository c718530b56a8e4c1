"""What intake decides: reports, and past cases of a records extract."""
