"""A small bookshop: what queryaudit is tried on, shown with and documented by."""
