"""Relative links: their files and anchors must exist."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from docs.pages import Page

_LINK = re.compile(r"\[[^\]]*\]\(<?(?P<target>[^)\s>]+)>?(?: +\"[^\"]*\")?\)")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def broken_links(root: Path, pages: Sequence[Page]) -> Iterator[str]:
    anchors = {page.name: page.anchors for page in pages}
    for page in pages:
        prose = re.sub(r"`[^`\n]*`", lambda code: "x" * len(code[0]), page.prose)
        for match in _LINK.finditer(prose):
            target = match["target"]
            line = prose.count("\n", 0, match.start()) + 1
            if _SCHEME.match(target):
                continue
            path, _, anchor = target.partition("#")
            name = _resolved(page.name, path)
            if name not in anchors and not (root / name).exists():
                yield f"{page.name}:{line} links to {target}, which does not exist."
            elif anchor and anchor not in anchors.get(name, set()):
                yield f"{page.name}:{line} links to {target}, but no heading there is #{anchor}."


def _resolved(page: str, path: str) -> str:
    """``path`` as seen from ``page``, relative to the root; the page itself if empty."""
    return os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
