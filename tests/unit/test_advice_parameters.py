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


def bound(text: str, params: str = "") -> str | None:
    call = frame_of(f"«cursor.execute({text}{params})»")
    found = bind_parameters(call, frame_of(f"cursor.execute(«{text}»{params})"))
    return found.code if found is not None else None


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('"SELECT a FROM b WHERE c IN (" + ",".join(map(str, keys)) + ")"', "keys"),
        ('"SELECT a FROM b WHERE c IN (%s)" % ", ".join(str(key) for key in keys)', "keys"),
        ("f\"SELECT a FROM b WHERE c IN ({','.join([str(k) for k in keys])})\"", "keys"),
        ("\"SELECT a FROM b WHERE c IN ('{}')\".format(\"', '\".join(keys))", "keys"),
        ('"SELECT a FROM b WHERE c IN (" + ",".join(map(str, get(1))) + ")"', "values"),
    ],
)
def test_a_list_that_is_joined_gets_a_placeholder_for_each_value(text: str, values: str) -> None:
    *_, marks, last = (bound(text) or "").splitlines()
    assert marks == f'marks = ", ".join(["%s"] * len({values}))'
    assert last == f'cursor.execute(f"SELECT a FROM b WHERE c IN ({{marks}})", {values})'


@pytest.mark.parametrize(
    "text",
    [
        '"SELECT a FROM b WHERE " + " AND ".join(conditions) + ")"',
        '"SELECT a FROM b WHERE c IN (" + ",".join(key.text for key in keys) + ")"',
        '"SELECT a FROM b WHERE c IN (" + ",".join(str(k) for k in keys if k) + ")"',
        '"SELECT a FROM b WHERE c IN (" + "\',\'".join(keys) + ")"',
        '"SELECT " + ",".join(names) + " FROM b"',
    ],
)
def test_what_else_is_joined_is_left_alone(text: str) -> None:
    assert bound(text) is None


def test_a_list_beside_other_values_is_left_alone() -> None:
    text = '"SELECT a FROM b WHERE d = %s AND c IN (" + ",".join(map(str, keys)) + ")"'
    assert bound(text, ", [d]") is None


def test_the_text_is_that_around_the_list() -> None:
    text = '"SELECT a FROM b WHERE c IN (" + «",".join(map(str, keys))» + ")"'
    plain = text.replace("«", "").replace("»", "")
    found = bind_parameters(frame_of(f"«cursor.execute({plain})»"), frame_of(f"execute({text})"))
    assert found is not None
    assert found.code.endswith('(f"SELECT a FROM b WHERE c IN ({marks})", keys)')
    found = bind_parameters(frame_of("«cursor.execute(sql)»"), frame_of(f"sql = {text}"))
    assert found is not None
    assert found.code.endswith('(f"SELECT a FROM b WHERE c IN ({marks})", keys)')


def test_a_number_is_bound_as_what_it_is() -> None:
    assert bound('"SELECT a FROM b WHERE c > " + str(key)') == (
        "cursor.execute('SELECT a FROM b WHERE c > %s', [key])"
    )
    quoted = bound('"SELECT a FROM b WHERE c = \'" + str(key) + "\'"')
    assert quoted == "cursor.execute('SELECT a FROM b WHERE c = %s', [str(key)])"
