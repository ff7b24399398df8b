"""Rules about tasks and threads that share what they should not."""
