"""Call sites of raw SQL, half of them harmless, asked by benign requests alone."""
