"""The commands of ``queryaudit``, each in a file: its flags and what it does."""
