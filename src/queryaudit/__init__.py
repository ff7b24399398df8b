"""queryaudit: audits how a Django project uses its database, and proves what it says."""

from __future__ import annotations

__version__ = "0.1.0"
