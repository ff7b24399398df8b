"""Rows written one at a time, or where nothing should be written."""
