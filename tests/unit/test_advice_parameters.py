"""Values that stand in SQL text, as parameters."""

from __future__ import annotations

import pytest

from queryaudit.advice.parameters import bind_parameters
from queryaudit.records.definitions import Frame
from queryaudit.records.kinds import FrameKind


def frame_of(code: str) -> Frame:
    """A frame whose range stands between the guillemets."""
    start, end = code.index("«"), code.index("»") - 1
    return Frame(
        kind=FrameKind.PROJECT,
        path="shop/views.py",
        line=10,
        end_line=10,
        column=start,
        end_column=end,
        function="view",
        loop_line=None,
        loop_text=None,
        snippet_line=10,
        snippet=(code.replace("«", "").replace("»", ""),),
    )


@pytest.mark.parametrize(
    "text",
    [
        '"SELECT a FROM b WHERE c IN (%s)" % keys',
        'f"SELECT a FROM b WHERE c IN ({keys})"',
        '"SELECT a FROM b WHERE c in ( {} ) ORDER BY a".format(keys)',
    ],
)
def test_a_text_of_several_values_is_not_bound_as_one(text: str) -> None:
    call = frame_of(f"«cursor.execute({text})»")
    built = frame_of(f"cursor.execute(«{text}»)")
    assert bind_parameters(call, built) is None


def test_a_value_among_others_is_bound() -> None:
    text = 'f"SELECT a FROM b WHERE c IN (1, {key})"'
    bound = bind_parameters(frame_of(f"«cursor.execute({text})»"), frame_of(f"execute(«{text}»)"))
    assert bound is not None
    assert bound.code.endswith('WHERE c IN (1, %s)"\ncursor.execute(sql, [key])')
