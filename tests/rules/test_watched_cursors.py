"""What a project puts around its statements is not where they are asked."""

from __future__ import annotations

import pytest

from tests.rules.written_modules import WrittenModule, asked

pytestmark = pytest.mark.usefixtures("shop")

SOURCE = """
from django.db import connection

from sample_app.shop.models import Book


def watch(execute, sql, params, many, context):
    return execute(sql, params, many, context)


def ask():
    with connection.execute_wrapper(watch):
        return [book.author.name for book in Book.objects.order_by("pk")]
"""

BY_HAND = (
    SOURCE[: SOURCE.index("def ask")]
    + """
def ask():
    found = []
    with connection.execute_wrapper(watch), connection.cursor() as cursor:
        for pk in range(1, 12):
            cursor.execute("SELECT title FROM shop_book WHERE id = %s", [pk])
            found.append(cursor.fetchone())
    return found
"""
)


def test_a_relation_is_seen_through_a_wrapper_of_the_project() -> None:
    finding = WrittenModule(SOURCE).run(asked).of("QA101")
    assert finding.location.function == "ask"
    assert finding.location.source.startswith("return [book.author.name")


def test_a_statement_stands_where_it_was_sent_and_not_in_the_wrapper() -> None:
    finding = WrittenModule(BY_HAND).run(asked).of("QA103")
    assert finding.location.function == "ask"


HELPER = """
from django.db import connection

TITLE = "SELECT title FROM shop_book WHERE id = %s"


def rows(sql, params=None):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall()


"""


def test_who_gives_a_function_its_text_asks_in_the_loop() -> None:
    source = (
        HELPER
        + """
def titles(keys):
    return [rows(TITLE, [key]) for key in keys]


def ask():
    return titles(list(range(1, 12)))
"""
    )
    finding = WrittenModule(source).run(asked).of("QA103")
    assert finding.location.function == "titles"
    assert finding.location.source == "return [rows(TITLE, [key]) for key in keys]"


def test_who_gives_a_function_its_text_asks_twice() -> None:
    source = (
        HELPER
        + """
def head():
    return rows("SELECT COUNT(*) FROM shop_book")


def foot():
    return rows("SELECT COUNT(*) FROM shop_book")


def ask():
    return head() + foot()
"""
    )
    finding = WrittenModule(source).run(asked).of("QA701")
    assert finding.location.function == "foot"
    assert finding.evaluated is not None
    assert finding.evaluated.function == "head"


@pytest.mark.parametrize(
    "changed",
    [
        # The text is the function's own in part.
        ("cursor.execute(sql, params)", 'cursor.execute(sql + " LIMIT 1", params)'),
        ("    with connection", "    sql = sql.strip()\n    with connection"),
    ],
)
def test_a_function_that_does_more_is_where_its_statements_stand(changed: tuple[str, str]) -> None:
    source = (
        HELPER.replace(*changed)
        + """
def ask():
    return [rows(TITLE, [key]) for key in list(range(1, 12))]
"""
    )
    assert WrittenModule(source).run(asked).of("QA103").location.function == "rows"


def test_a_function_that_loops_itself_is_where_its_statements_stand() -> None:
    source = (
        HELPER
        + """
def all_rows(sql, keys):
    found = []
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute(sql, [key])
            found += cursor.fetchall()
    return found


def ask():
    return all_rows(TITLE, list(range(1, 12)))
"""
    )
    assert WrittenModule(source).run(asked).of("QA103").location.function == "all_rows"
