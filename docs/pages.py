"""The Markdown pages of the repository, taken apart into prose and code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

#: Folders whose Markdown is no page of ours.
_FOREIGN = frozenset({"golden", "node_modules", "reports", "build", "dist", "realworld"})
_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<language>[\w-]*)")
_INLINE = re.compile(r"(?P<ticks>`+)(?P<code>.+?)(?P=ticks)", re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block. ``line`` is that of its fence, from 1."""

    language: str
    line: int
    text: str


@dataclass(frozen=True)
class Page:
    """``prose`` has the page's lines with those of blocks empty; ``name`` is its path."""

    name: str
    prose: str
    blocks: tuple[Block, ...]

    @property
    def inline(self) -> list[tuple[int, str]]:
        """Inline code with its line."""
        return [
            (self.prose.count("\n", 0, match.start()) + 1, match["code"].strip())
            for match in _INLINE.finditer(self.prose)
        ]

    @property
    def anchors(self) -> set[str]:
        """Anchors as GitHub makes them from headings."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}


def _anchor(heading: str) -> str:
    words = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return words.replace(" ", "-")


def pages(root: Path) -> list[Page]:
    """All pages below ``root``, by name."""
    found = []
    for path in sorted(root.rglob("*.md")):
        parts = path.relative_to(root).parts
        if _FOREIGN.isdisjoint(parts) and not any(part.startswith(".") for part in parts):
            found.append(parsed("/".join(parts), path.read_text(encoding="utf-8")))
    return found


def parsed(name: str, text: str) -> Page:
    prose: list[str] = []
    blocks: list[Block] = []
    fence, language, start, indent = "", "", 0, 0
    body: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _FENCE.match(line)
        if fence:
            if match and match["fence"].startswith(fence) and not match["language"]:
                blocks.append(Block(language, start, "\n".join(body)))
                fence, body = "", []
            else:
                body.append(line[indent:])
        elif match:
            fence, language, start = match["fence"], match["language"], number
            indent = len(match["indent"])
        prose.append("" if fence or match else line)
    return Page(name, "\n".join(prose), tuple(blocks))
