"""``manage.py queryaudit``."""
