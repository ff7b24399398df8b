"""What each bad case of the rules about long, split and repeated transactions is reported as."""

from __future__ import annotations

from tests.rules.expectation import Expected

TRANSACTIONS = {
    "QA511.bad": Expected(
        "bad", "with transaction.atomic():", ("",), "with transaction.atomic(savepoint=False):"
    ),
    "QA511.bad_decorated": Expected(
        "_pack", "@transaction.atomic", ("",), "@transaction.atomic(savepoint=False)"
    ),
    "QA511.bad_chain": Expected(
        "_grow", "with transaction.atomic():", ("",), "with transaction.atomic(savepoint=False):"
    ),
}
