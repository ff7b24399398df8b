"""SQL text to facts: the only package that reads SQL. Pure, standard library only."""
