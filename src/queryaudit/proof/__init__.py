"""Tries a proposed change on the same data, before and after."""
