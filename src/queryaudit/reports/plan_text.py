"""Words about plans, for every reporter that draws them."""

from __future__ import annotations

from queryaudit.records.drawn import PlanStep, PlanSummary
from queryaudit.reports.wording import count

_MODES = {
    "analyzed": "executed again",
    "planned": "planned only",
    "refused": "not planned",
}

_GENERIC = "for any values: skew does not show"


def how(plan: PlanSummary) -> str:
    """``executed again in 20.7 ms; asked 12 times``."""
    text = _MODES.get(plan.mode, plan.mode)
    if plan.mode == "generic":
        place = f" {plan.reason}" if plan.reason else ""
        return f"planned{place} {_GENERIC}; asked {count(plan.calls, 'time')}"
    if plan.mode == "analyzed" and plan.reason:
        took = f", in {milliseconds(plan.duration_ns)}" if plan.duration_ns is not None else ""
        return f"executed {plan.reason}{took}; asked {count(plan.calls, 'time')}"
    if plan.duration_ns is not None:
        text += f" in {milliseconds(plan.duration_ns)}"
    if plan.reason:
        text += f", as {plan.reason}"
    return f"{text}; asked {count(plan.calls, 'time')}"


def rows(step: PlanStep) -> str:
    """``1,000 rows of 100,000 read, 87 expected``."""
    if step.rows is None:
        if step.estimated_rows is None:
            return ""
        return f"{count(step.estimated_rows, 'row')} expected"
    if step.never:
        return "never executed"
    text = count(step.rows, "row")
    if step.removed:
        text += f" of {step.rows + step.removed:,} read"
    loops = step.loops or 1
    expected = (step.estimated_rows or 0) * loops
    if expected != step.rows:
        text += f", {expected:,} expected"
    return text if loops == 1 else f"{text}, {loops:,} loops"


def weight(step: PlanStep) -> str:
    """What a step costs by itself."""
    parts = []
    if step.own_ns is not None and not step.never:
        parts.append(milliseconds(step.own_ns))
    if step.percent:
        parts.append(f"{step.percent}%")
    if step.blocks:
        parts.append(count(step.blocks, "block"))
    if step.spilled:
        parts.append(f"{count(step.spilled, 'block')} to disk")
    return ", ".join(parts)


def milliseconds(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:,.1f} ms"
