"""A rule's docstring as text for the terminal and as a page of the documentation."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from queryaudit.records.rules import HEADINGS, Rule


def rule_list(rules: Sequence[Rule]) -> str:
    """One line for each rule, by code."""
    width = max((len(rule.name) for rule in rules), default=0)
    return "\n".join(f"{rule.code}  {rule.name:<{width}}  {rule.summary}" for rule in rules)


def rule_page(rule: Rule) -> str:
    """The rule explained, for a terminal."""
    return f"{rule.code} {rule.name} ({rule.severity.label})\n\n{inspect.cleandoc(rule.doc)}"


def rule_markdown(rule: Rule, cases: Sequence[tuple[str, str]] = ()) -> str:
    """The rule's page of the documentation; ``cases`` are (title, source) of its case."""
    lead = inspect.cleandoc(rule.doc).split("\n\n", 1)[0]
    parts = [f"# {rule.code} {rule.name}", f"*{rule.severity.label}.* {lead}"]
    sections = rule.sections()
    for heading in HEADINGS:
        parts += [f"## {heading}", _markdown(sections[heading])]
    for title, source in cases:
        parts += [f"## {title}", f"```python\n{source.rstrip()}\n```"]
    return "\n\n".join(parts) + "\n"


def _markdown(text: str) -> str:
    """reStructuredText as the docstrings use it: literal blocks and double backticks."""
    out: list[str] = []
    code: list[str] | None = None
    for line in [*text.splitlines(), ""]:
        if code is not None:
            if not line or line.startswith("    "):
                code.append(line[4:])
                continue
            out += _fenced(code)
            code = None
        if line.rstrip() == "::" or line.endswith("::"):
            if line.rstrip() != "::":
                out.append(line[:-1])
            code = []
        else:
            out.append(line)
    if code is not None:
        out += _fenced(code)
    return "\n".join(out).strip()


def _fenced(code: list[str]) -> list[str]:
    body = "\n".join(code).strip("\n")
    language = "toml" if body.startswith("[tool.") else "python"
    return ["", f"```{language}", body, "```", ""]
