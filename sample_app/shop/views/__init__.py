"""Pages, partials, exports and feeds."""
