"""File names for traces: one for each process, with nothing about the machine in them."""

from __future__ import annotations

import re
from pathlib import Path

SUFFIXES = (".qatrace", ".qatrace.gz")
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


def trace_name(pid: int, token: str, *, compressed: bool = False) -> str:
    """``queryaudit-<pid>-<token>.qatrace``; ``token`` is the caller's random text."""
    suffix = SUFFIXES[1] if compressed else SUFFIXES[0]
    return f"queryaudit-{pid}-{_UNSAFE.sub('', token)}{suffix}"


def is_trace_name(name: str) -> bool:
    return name.endswith(SUFFIXES)


def trace_path(target: Path, pid: int, token: str) -> Path:
    """Where a process writes if ``target`` was asked for: a file as named, or one in a folder.

    Only a name that ends as a trace's is a file: ``traces/run.qatrace.gz``, not ``traces/run``.
    """
    return target if is_trace_name(target.name) else target / trace_name(pid, token)
