"""QA1: the same question asked once per row."""
