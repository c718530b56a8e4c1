"""What intake decides: reports, who reads them, and past cases of a records extract."""
