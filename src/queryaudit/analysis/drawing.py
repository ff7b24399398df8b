"""Plans as steps: what each does by itself, and where the time goes."""

from __future__ import annotations

from queryaudit.analysis.workload import Gathered
from queryaudit.records.drawn import PlanStep, PlanSummary
from queryaudit.records.plans import Plan, PlanNode
from queryaudit.records.workload import Asked

#: Plans in a report, the dearest first.
_PLANS = 100
_LOCATIONS = 5


def drawn(gathered: Gathered) -> tuple[PlanSummary, ...]:
    """The plans of a run by what their statements cost in all."""
    if not gathered.plans:
        return ()
    workload, _ = gathered.workload()
    found = [_summary(asked, asked.plan) for asked in workload.statements if asked.plan is not None]
    found.sort(key=lambda plan: (-_work(plan), plan.database, plan.fingerprint))
    return tuple(found[:_PLANS])


def steps(plan: Plan) -> tuple[PlanStep, ...]:
    """The nodes of a plan in order, the dearest path marked."""
    own = _exclusive([_work_of(node, plan) for node in plan.nodes], plan)
    whole = sum(own) or 1.0
    path = _path(plan, own)
    blocks = _exclusive([float((n.hit or 0) + (n.read or 0)) for n in plan.nodes], plan)
    spilled = _exclusive([float(n.spilled or 0) for n in plan.nodes], plan)
    depths: list[int] = []
    found = []
    for index, node in enumerate(plan.nodes):
        depths.append(0 if node.parent is None else depths[node.parent] + 1)
        found.append(
            PlanStep(
                depth=depths[index],
                kind=node.kind,
                target=_target(node),
                detail=_detail(node),
                estimated_rows=_estimated(node, plan),
                rows=None if node.actual_rows is None else round(node.actual_rows),
                removed=None if node.removed is None else round(node.removed),
                loops=node.loops,
                own_ns=None if node.time_ns is None else round(own[index]),
                blocks=None if node.hit is None else round(blocks[index]),
                spilled=None if node.spilled is None else round(spilled[index]),
                percent=round(100 * own[index] / whole),
                expensive=index in path,
                never=node.loops == 0,
            )
        )
    return tuple(found)


def _summary(asked: Asked, plan: Plan) -> PlanSummary:
    places = sorted({f"{s.frame.path}:{s.frame.line}" for s in asked.sites})
    return PlanSummary(
        fingerprint=asked.fingerprint,
        statement=asked.statement,
        database=asked.alias,
        mode=plan.mode.name.lower(),
        reason=plan.reason,
        duration_ns=plan.duration_ns,
        calls=asked.calls,
        locations=tuple(places[:_LOCATIONS]),
        steps=steps(plan),
    )


def _work(plan: PlanSummary) -> int:
    return (plan.duration_ns or 0) * plan.calls


def _work_of(node: PlanNode, plan: Plan) -> float:
    executed = plan.nodes[0].time_ns is not None
    return float(node.time_ns or 0) if executed else node.cost * (node.loops or 1)


def _exclusive(inclusive: list[float], plan: Plan) -> list[float]:
    own = [*inclusive]
    for index, node in enumerate(plan.nodes):
        if node.parent is not None:
            own[node.parent] -= inclusive[index]
    return [max(0.0, value) for value in own]


def _path(plan: Plan, own: list[float]) -> set[int]:
    """From the root to the step that costs most by itself."""
    if not any(own):
        return set()  # SQLite tells no costs
    place: int | None = max(range(len(own)), key=lambda index: (own[index], -index))
    found = set()
    while place is not None:
        found.add(place)
        place = plan.nodes[place].parent
    return found


def _estimated(node: PlanNode, plan: Plan) -> int | None:
    is_told = plan.vendor != "sqlite" or node.estimated_rows > 0
    return round(node.estimated_rows) if is_told else None


def _target(node: PlanNode) -> str:
    if not node.relation:
        return node.name or node.using
    alias = f" {node.alias}" if node.alias and node.alias != node.relation else ""
    using = f" using {node.using}" if node.using else ""
    return f"{node.relation}{alias}{using}"


def _detail(node: PlanNode) -> str:
    found = []
    if node.condition:
        found.append(f"by {node.condition}")
    if node.filter:
        found.append(f"filter {node.filter}")
    if node.keys:
        found.append(f"on {', '.join(node.keys)}")
    if node.method:
        found.append(node.method)
    return "; ".join(found)
