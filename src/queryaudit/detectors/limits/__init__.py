"""QA9: limits that the project set for itself."""
