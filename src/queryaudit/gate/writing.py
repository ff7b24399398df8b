"""Files of the gate are written in one step: another process sees the old one or the new one."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Raises OSError, and leaves the old file then."""
    target = path.resolve()
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(text.encode("utf-8", "backslashreplace"))
        draft.replace(target)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
