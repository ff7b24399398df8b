"""QA7: the same was asked again."""
