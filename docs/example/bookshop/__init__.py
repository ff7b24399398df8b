"""A bookshop of four files, for the documentation."""
