"""The clock of the audit, which goes on where tests freeze time.

freezegun replaces the functions of ``time`` in every module that names them; it does not know this
one, which is another object. Half of a duration would else come from a clock that stands still.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from time import perf_counter_ns

#: Nanoseconds from some moment on; never goes back.
now_ns: Callable[[], int] = partial(perf_counter_ns)
