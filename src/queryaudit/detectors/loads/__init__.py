"""QA2: more was loaded than was needed."""
