"""Which locks statements take, and which transactions can come to wait for each other; pure."""
