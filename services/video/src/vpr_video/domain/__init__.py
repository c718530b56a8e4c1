"""What video decides: sessions."""
