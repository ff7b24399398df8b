"""QA5: what transactions hold, for how long, and what gets in their way."""
