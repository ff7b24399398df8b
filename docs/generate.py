"""Writes all that is generated in the documentation: ``python -m docs.generate``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from docs import example_report, generate_rules
from docs.blocks import replaced
from docs.generate_configuration import PAGE, page
from queryaudit.reports import schema

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
EXTENDING = ROOT / "docs/extending.md"
RULE = ROOT / "docs/example_rule.py"
#: Published beside the documentation, and shipped in the package.
SCHEMAS = (ROOT / "docs/report.schema.json", ROOT / "src/queryaudit/reports/report.schema.json")


def outputs() -> Iterator[tuple[Path, str]]:
    """Each generated file, with the text that it should have."""
    yield PAGE, page()
    yield from generate_rules.pages()
    for path in SCHEMAS:
        yield path, schema.dump()
    yield EXTENDING, with_rule(EXTENDING.read_text(encoding="utf-8"))
    if example_report.can_run():
        yield README, example_report.readme(README.read_text(encoding="utf-8"))


def with_rule(current: str) -> str:
    """The page on extending, with the example's source."""
    source = RULE.read_text(encoding="utf-8").partition("\n\n")[2].rstrip()
    return replaced(current, "rule", f"```python\n{source}\n```")


def main() -> int:
    for path, text in outputs():
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"wrote {path.relative_to(ROOT)}")
    for path in stray_pages():
        path.unlink()
        print(f"removed {path.relative_to(ROOT)}")
    return 0


def stray_pages() -> list[Path]:
    """Pages of rules that are no more."""
    wanted = {path for path, _ in generate_rules.pages()}
    return sorted(set(generate_rules.FOLDER.glob("*.md")) - wanted)


if __name__ == "__main__":
    sys.exit(main())
