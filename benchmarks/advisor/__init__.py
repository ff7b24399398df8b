"""Which indexes pay: queryaudit beside the rules of other advisors, on one server in one run."""
