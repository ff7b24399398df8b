"""What varies between executions of a statement does not show in its normalised form."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryaudit.sql.fingerprint import fingerprint
from queryaudit.sql.normalise import normalise
from queryaudit.sql.tokens import LEX_LIMIT, TokenKind, tokenise

SQL_PIECES = st.sampled_from(
    [
        *[
            "SELECT",
            "FROM",
            "WHERE",
            "IN",
            "VALUES",
            "CASE",
            "WHEN",
            "THEN",
            "ELSE",
            "END",
            "SAVEPOINT",
            "TO",
            "ROLLBACK",
        ],
        *[
            "a",
            "b.c",
            '"q"',
            "`t`",
            "'x'",
            "''",
            "E'\\''",
            "$$d$$",
            "$1",
            "%s",
            "%(n)s",
            "?",
            ":n",
            "1",
            "-2",
            "1.5e3",
            "0x1F",
        ],
        *[
            "(",
            ")",
            "[",
            "]",
            ",",
            ".",
            "::",
            ":",
            "=",
            "<",
            ">",
            "<>",
            "-",
            "+",
            "*",
            "/",
            "->",
            "->>",
            "?|",
            "||",
            ";",
            "--",
            "/*",
            "*/",
            "%",
            "%%",
            "'",
            '"',
            "$",
        ],
        " ",
        "\n",
        "_django_curs_12_sync_1",
        "ARRAY",
    ]
)
SQL_LIKE = st.lists(SQL_PIECES, max_size=40).flatmap(
    lambda pieces: st.sampled_from([" ".join(pieces), "".join(pieces)])
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select  1", "select ?"),
        ("SELECT a\n  FROM t -- why\n WHERE b = %s", "SELECT a FROM t WHERE b = ?"),
        ("SELECT a FROM t WHERE b=%s", "SELECT a FROM t WHERE b = ?"),
        ("SELECT /* x /* y */ z */ a", "SELECT a"),
        ("a = 'it''s' AND b = E'it\\'s'", "a = ? AND b = ?"),
        ("a = $tag$ it's $$ $tag$", "a = ?"),
        ("a = $1 AND b = :name AND c = %(name)s", "a = ? AND b = ? AND c = ?"),
        ("a = -1 AND b > - 2", "a = ? AND b > ?"),
        ("a - 1", "a - ?"),
        ("a IN (%s, %s, %s)", "a IN (?)"),
        ("a IN (1,2)", "a IN (?)"),
        ("a NOT IN ('x', NULL)", "a NOT IN (?)"),
        ("a IN (%s::uuid, %s::uuid)", "a IN (?::uuid)"),
        ("(a, b) IN ((%s, %s), (%s, %s))", "(a, b) IN ((?, ?))"),
        ("a IN (SELECT b, c FROM t)", "a IN (SELECT b, c FROM t)"),
        ("a = ANY(ARRAY[1, 2, 3])", "a = ANY(ARRAY[?])"),
        ("INSERT INTO t (a) VALUES (1), (2), (3)", "INSERT INTO t (a) VALUES (?)"),
        (
            "INSERT INTO t (a) VALUES (f(%s), (%s)), (f(%s), (%s)) RETURNING t.id",
            "INSERT INTO t (a) VALUES (f(?), (?)) RETURNING t.id",
        ),
        (
            "CASE WHEN (a = 1) THEN 2 WHEN (a = 3) THEN 4 ELSE NULL END",
            "CASE WHEN (a = ?) THEN ? ELSE NULL END",
        ),
        (
            "CASE WHEN a = 1 THEN b WHEN a = 2 THEN c END",
            "CASE WHEN a = ? THEN b WHEN a = ? THEN c END",
        ),
        ('SAVEPOINT "s139_x1"', "SAVEPOINT ?"),
        ('RELEASE SAVEPOINT "s139_x1"', "RELEASE SAVEPOINT ?"),
        ('ROLLBACK TO SAVEPOINT "s139_x1"', "ROLLBACK TO SAVEPOINT ?"),
        (
            'DECLARE "_django_curs_140_sync_3" NO SCROLL CURSOR FOR SELECT a',
            'DECLARE "_django_curs_" NO SCROLL CURSOR FOR SELECT a',
        ),
        ('SELECT U0."id" FROM "t" U0, T3', 'SELECT U0."id" FROM "t" U0, T3'),
        ("SELECT COUNT(*) FROM t;", "SELECT COUNT(*) FROM t"),
        ('"data" ->> %s', '"data" ->> ?'),
        ('"data" ?| %s', '"data" ?| ?'),
        ("a::text = %s", "a::text = ?"),
        ('SELECT "a;b" FROM t', 'SELECT "a;b" FROM t'),
        ("", ""),
        ("'unterminated", "?"),
        ("/* unterminated", ""),
        ('0 SELECT -0 SAVEPOINT "a"', '? SELECT ? SAVEPOINT "a"'),
    ],
)
def test_a_statement_is_normalised(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_case_counts_only_inside_quotes() -> None:
    assert fingerprint("select A from T") == fingerprint("SELECT a FROM t")
    assert fingerprint('SELECT "A" FROM t') != fingerprint('SELECT "a" FROM t')


def test_a_fingerprint_is_sixteen_hexadecimal_characters() -> None:
    assert len(fingerprint("SELECT 1")) == 16
    assert int(fingerprint("SELECT 1"), 16) >= 0


def test_the_length_of_a_list_does_not_change_the_fingerprint() -> None:
    texts = [f"SELECT a FROM t WHERE b IN ({', '.join(['%s'] * n)}) LIMIT 3" for n in (1, 2, 500)]
    assert len({fingerprint(text) for text in texts}) == 1


def test_a_numeric_operator_is_not_a_string() -> None:
    kinds = [token.kind for token in tokenise("a ->> 'b'").items]
    assert kinds == [TokenKind.WORD, TokenKind.OPERATOR, TokenKind.STRING]


def test_a_quoted_name_loses_its_quotes() -> None:
    assert tokenise('"a""b"').items[0].name == 'a"b'


def test_a_long_text_is_truncated_and_says_so() -> None:
    assert tokenise("a " * LEX_LIMIT).truncated
    assert not tokenise("a " * 10).truncated


@given(st.text() | SQL_LIKE)
@settings(max_examples=400, deadline=None)
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert fingerprint(once) == fingerprint(text)


@given(st.text() | SQL_LIKE)
@settings(max_examples=200, deadline=None)
def test_tokens_cover_the_text_in_order(text: str) -> None:
    position = 0
    for token in tokenise(text).items:
        position = text.index(token.text, position) + len(token.text)


@pytest.mark.parametrize(
    "piece",
    [
        "'", '"', "$$", "$a$", "/*", "(", "IN (", "IN (1, ", "VALUES (", "CASE WHEN ", ";", "-",
        "SELECT 1 FROM (", "%s, ", "E'\\", "\x00", "WHEN a THEN b ", "WITH a AS (", "é",
    ],
)  # fmt: skip
def test_hostile_text_of_ten_megabytes_takes_linear_time(piece: str) -> None:
    text = piece * (10_000_000 // len(piece))
    start = time.process_time()
    fingerprint(text)
    # Quadratic work on this much text takes minutes, on any machine.
    assert time.process_time() - start < 10
