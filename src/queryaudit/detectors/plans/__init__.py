"""Rules about what the planner does with statements, and about the indexes that it has."""
