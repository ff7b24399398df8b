"""Management commands, with ``queryaudit`` in INSTALLED_APPS."""
