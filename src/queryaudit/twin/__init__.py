"""A server of ours that plans as production does: its schema and statistics, none of its rows."""
