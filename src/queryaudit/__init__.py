"""queryaudit: audits how a Django project uses its database, and proves what it says.

What happens, in this order; each step knows those before it, and no step knows a later one:

1. ``capture`` turns what Django does into the events of ``records``: a statement, where in the code
   it was asked, of which row of which queryset. ``trace`` writes them down and reads them back.
2. ``analysis`` hands the events to the rules in ``detectors``, adds up what they saw, and makes a
   report of it. ``sql`` says what a statement is, ``locking`` what it locks, ``advice`` what to
   write instead; ``composition`` reads how source puts a text together.
3. ``plans`` asks the database how it goes about a statement. ``proof`` tries indexes and replays
   deadlocks, on copies or on a ``twin``; ``workloads`` are statements that no trace has.
4. ``gate`` compares the report with what is accepted, and ``reports`` shows it.

The modules beside the packages put them together, each for another entrance: ``runtime`` (capture
in this process), ``judging`` (the rules of a run), ``replay`` (saved traces), ``scanning`` (source
alone), ``advising`` and ``proving`` (a database to try things on), ``conclude`` (report to exit
code). The entrances are ``cli`` with ``commands``, ``blocks``, ``middleware``, ``integrations``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["__version__", "audit", "ignore"]

if TYPE_CHECKING:
    from queryaudit.blocks import audit, ignore


def __getattr__(name: str) -> Any:
    """Import on first use: importing queryaudit imports neither Django nor rich."""
    if name in ("audit", "ignore"):
        from queryaudit import blocks

        return getattr(blocks, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
