"""What a transaction's time went to."""

from __future__ import annotations

from queryaudit.detectors.transactions.spans import Span


def test_what_the_audit_takes_is_not_the_codes() -> None:
    span = Span(0)
    span.first, span.first_ns, span.ended_ns = (1, 2), 1_000, 9_000
    span.held_db_ns, span.held_effects_ns = 1_000, 2_000
    assert span.own_ns == 5_000
    span.ours_ns = 4_500
    assert span.own_ns == 500
    span.ours_ns = 6_000
    assert span.own_ns == 0
