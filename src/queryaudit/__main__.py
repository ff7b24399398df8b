"""``python -m queryaudit``."""

from __future__ import annotations

import sys

from queryaudit.cli import main

sys.exit(main())
