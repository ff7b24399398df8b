"""Who proposes indexes: each a function from a ``Task`` to proposals."""
