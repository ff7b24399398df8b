"""Whether the documentation is true and up to date: ``python -m docs.check``.

Generated files are made anew in memory and compared; links, commands, flags, variables and error
slugs that the pages name must exist.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from docs.commands import wrong_names
from docs.generate import ROOT, outputs, stray_pages
from docs.links import broken_links
from docs.pages import Page, pages
from docs.slugs import unexplained

GENERATE = "run: python -m docs.generate"


def stale_files() -> Iterator[str]:
    for path, text in outputs():
        name = path.relative_to(ROOT)
        if not path.is_file():
            yield f"{name} is missing; {GENERATE}"
        elif path.read_text(encoding="utf-8") != text:
            yield f"{name} is out of date; {GENERATE}"
    for path in stray_pages():
        yield f"{path.relative_to(ROOT)} is the page of no rule; {GENERATE}"


def broken_code(page: Page) -> Iterator[str]:
    """Python blocks that do not parse."""
    for block in page.blocks:
        if block.language != "python":
            continue
        try:
            ast.parse(block.text)
        except SyntaxError as error:
            line = block.line + (error.lineno or 1)
            yield f"{page.name}:{line} shows Python that does not parse: {error.msg}."


def problems() -> Iterator[str]:
    """A sentence for each thing that is wrong."""
    yield from stale_files()
    found = pages(ROOT)
    yield from broken_links(ROOT, found)
    for page in found:
        yield from wrong_names(page)
        yield from broken_code(page)
    yield from unexplained(ROOT)


def main() -> int:
    found = list(problems())
    for problem in found:
        print(problem, file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
