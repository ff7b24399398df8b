"""What queryaudit costs, measured against bare Django in the same run. See README.md."""
