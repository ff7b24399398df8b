"""Plans that a server wrote without VERBOSE, which names neither schemas nor a column's table."""

from __future__ import annotations

from queryaudit.records.plans import Plan, PlanMode, PlanNode


def is_verbose(plan: Plan) -> bool:
    return all(node.schema for node in plan.nodes if node.relation)


def verbose(plan: Plan, again: Plan | None) -> Plan:
    """``plan``, worded as ``again``, which is planned now; that one itself if it is another."""
    if again is None or again.mode is PlanMode.REFUSED:
        return plan
    if [*map(_step, plan.nodes)] != [*map(_step, again.nodes)]:
        return again
    return plan._replace(
        nodes=tuple(
            node._replace(
                schema=now.schema,
                condition=now.condition,
                filter=now.filter,
                keys=now.keys,
                needs=now.needs,
            )
            for node, now in zip(plan.nodes, again.nodes, strict=True)
        )
    )


def _step(node: PlanNode) -> tuple[object, ...]:
    return (node.parent, node.kind, node.relation, node.alias, node.using)
