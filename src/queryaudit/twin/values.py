"""Takes the values out of statistics: the most common ones, and the bounds of histograms. Pure."""

from __future__ import annotations

import re

#: Arguments of pg_restore_attribute_stats that hold values, or mean nothing without them.
_HOLDING = (
    "most_common_vals",
    "most_common_freqs",
    "histogram_bounds",
    "most_common_elems",
    "most_common_elem_freqs",
    "elem_count_histogram",
    "range_length_histogram",
    "range_empty_frac",
    "range_bounds_histogram",
)
_LITERAL = r"(?:[Ee]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')(?:::[a-z_ ]+(?:\[\])?)?"
_ARGUMENT = re.compile(rf",\s*'(?:{'|'.join(_HOLDING)})',\s*{_LITERAL}", re.DOTALL)


def without_values(dump: str) -> str:
    """``dump`` with what columns are like, and no value of them: number, width, nulls, order."""
    return _ARGUMENT.sub("", dump)
