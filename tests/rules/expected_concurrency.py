"""What each bad case of the rules about tasks that share a connection is reported as."""

from __future__ import annotations

from tests.rules.expectation import Expected

_BLOCK = Expected("_pay", "async with AsyncAtomic():", ("",), "        ...")

CONCURRENCY = {
    "QA802.bad": _BLOCK,
    "QA802.bad_block": _BLOCK,
    "QA802.bad_read": _BLOCK,
    "QA802.bad_both_in_blocks": _BLOCK,
    "QA802.bad_entered_by_hand": Expected(
        "_entered_by_hand", "await sync_to_async(block.__enter__)()", ("",), "        ..."
    ),
}
