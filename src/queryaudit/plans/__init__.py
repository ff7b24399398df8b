"""What the planner does with statements: asked safely, and kept without values."""
