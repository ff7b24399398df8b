"""Which values of a sample a statement is tried with."""

from __future__ import annotations

from datetime import date

from queryaudit.proof.samples import above, parts, spread, words


def test_a_common_value_is_tried_and_a_rare_one() -> None:
    assert spread(["done"] * 90 + ["back"] * 9 + ["lost"]) == ["done", "back", "lost"]
    assert spread([True] * 3 + [False]) == [True, False]
    assert spread([]) == []
    assert spread([{"a": 1}, {"a": 1}, {"a": 2}]) == [{"a": 1}, {"a": 2}]


def test_a_range_holds_some_of_the_rows() -> None:
    days = [date.fromordinal(700_000 + n) for n in range(1_000)]
    assert above([days[0], days[500], days[999]], days) == [days[5], days[505], days[999]]
    assert above([7], [7]) == [7]


def test_what_is_looked_for_in_a_document_is_what_tells_documents_apart() -> None:
    documents = [{"kind": "a", "campaign": f"c{n}"} for n in range(9)]
    assert parts(documents[:2], documents) == ['{"campaign": "c0"}', '{"campaign": "c1"}']
    assert parts([{}], [{}]) == []
    assert parts([[1, 2]], [[1, 2], {"a": 1}]) == ["[1, 2]"]


def test_what_is_looked_for_in_a_text_is_a_word() -> None:
    vectors = ["'all':1 'it''s':3A", "'all':1 'rare':2", "'all':1 'it''s':2"]
    assert words(vectors) == ["all", "it's", "rare"]
    assert words([""]) == []


def test_what_is_looked_for_in_an_array_is_one_element() -> None:
    assert parts([["red", "blue"], []], [["red", "blue"], []]) == [["red"]]
