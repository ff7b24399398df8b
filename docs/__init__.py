"""Generators and checks: ``python -m docs.generate``, ``python -m docs.check``."""
