"""Plans as trees on a terminal, the path to the dearest step marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TextIO

from rich.console import Console, RenderableType
from rich.text import Text

from queryaudit.records.drawn import PlanStep, PlanSummary
from queryaudit.reports import plan_text
from queryaudit.reports.clean import clean
from queryaudit.reports.sqltext import one_line

_LONGEST_STATEMENT = 600
_LONGEST_DETAIL = 300
_WIDTH = 120
#: From this share of a plan on a step is what it is slow by.
_HEAVY = 50


def print_plans(plans: Sequence[PlanSummary], stream: TextIO, *, color: bool) -> None:
    """Every plan, the dearest first."""
    tty = stream.isatty()
    console = Console(
        file=stream,
        color_system="auto" if color and tty else None,
        width=None if tty else _WIDTH,
        emoji=False,
        highlight=False,
    )
    for plan in plans:
        for part in plan_page(plan):
            console.print(part, soft_wrap=not tty, crop=False)


def plan_page(plan: PlanSummary) -> Iterator[RenderableType]:
    """The statement, who asked it, and the tree."""
    yield Text(clean(one_line(plan.statement, _LONGEST_STATEMENT)), style="bold")
    if plan.locations:
        yield Text(f"asked at {clean(', '.join(plan.locations), 400)}", style="dim")
    yield Text(clean(plan_text.how(plan), 400), style="dim")
    for step, branch, below in zip(
        plan.steps, branches(plan.steps), _continued(plan.steps), strict=True
    ):
        yield _head(step, branch)
        if step.detail:
            yield Text(f"  {below}  {clean(step.detail, _LONGEST_DETAIL)}", style="dim")
    yield ""


def branches(steps: Sequence[PlanStep]) -> list[str]:
    """The lines that lead to each step."""
    found = []
    for index, step in enumerate(steps):
        if step.depth == 0:
            found.append("")
            continue
        bars = ["│  " if _goes_on(steps, index, depth) else "   " for depth in range(1, step.depth)]
        corner = "├─ " if _goes_on(steps, index, step.depth) else "└─ "
        found.append("".join([*bars, corner]))
    return found


def _continued(steps: Sequence[PlanStep]) -> list[str]:
    """The same lines for what is said below a step."""
    return [branch.replace("├─ ", "│  ").replace("└─ ", "   ") for branch in branches(steps)]


def _goes_on(steps: Sequence[PlanStep], index: int, depth: int) -> bool:
    """Whether a further child of the ancestor above ``depth`` follows."""
    for later in steps[index + 1 :]:
        if later.depth < depth:
            return False
        if later.depth == depth:
            return True
    return False


def _head(step: PlanStep, branch: str) -> Text:
    heavy = step.expensive and step.percent >= _HEAVY
    text = Text("> " if step.expensive else "  ", style="bold red" if step.expensive else "")
    text.append(branch, style="dim not bold")
    text.append(step.kind, style="bold red" if heavy else "bold default not dim")
    if step.target:
        text.append(f" {clean(step.target, 200)}", style="cyan not bold")
    rows = plan_text.rows(step)
    if rows:
        text.append(f"  {rows}", style="default not bold")
    weight = plan_text.weight(step)
    if weight:
        text.append(f"  ({weight})", style="bold red" if heavy else "dim not bold")
    return text
