"""Workloads that were not recorded by us: a server's statistics of statements, and its log."""
