"""What queryaudit and other tools find of the repeated queries that the other tools label."""
