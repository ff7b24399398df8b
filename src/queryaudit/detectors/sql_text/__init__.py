"""QA3: text that should have been a parameter."""
