"""Loops rewritten so that all rows are written at once, and loops that are left alone."""

from __future__ import annotations

import ast
import textwrap

import pytest

from queryaudit.advice.function_source import FunctionSource
from queryaudit.advice.loop_text import names_around
from queryaudit.advice.row_fixes import fix_row_write
from queryaudit.advice.row_writes import RowWrite
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Fix
from queryaudit.records.kinds import FrameKind

INSERT = RowWrite(
    verb="INSERT",
    model="Tag",
    table="shop_tag",
    method="create",
    fields=("name", "author"),
    signals=(),
    override=None,
    unique=(("name",),),
    parent="",
    link=False,
    inherits=False,
    free=True,
    alone=True,
    atomic=True,
    untried=True,
)
UPDATE = INSERT._replace(
    verb="UPDATE", method=None, model="Book", fields=("title", "stock", "seen", "author", "data")
)
DELETE = INSERT._replace(verb="DELETE", method="delete", model="Book")
LINK = INSERT._replace(method="add", model="Book_tags", link=True)


def fix_of(source: str, write: RowWrite) -> tuple[Fix, str | None]:
    """The fix for the statement marked ``# here``, and the function once it is in."""
    lines = textwrap.dedent(source).strip("\n").split("\n")
    at = next(index for index, line in enumerate(lines) if line.endswith("# here"))
    lines[at] = lines[at].removesuffix("  # here")
    tree = ast.parse("\n".join(lines))
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For | ast.AsyncFor | ast.While)]
    loop = max((n for n in loops if n.lineno <= at + 1 <= (n.end_lineno or 0)), key=_line)
    header = ast.unparse(loop).split("\n")[0].rstrip(":")
    source_lines = tuple(lines[loop.lineno - 1 : loop.end_lineno])
    frame = Frame(
        FrameKind.PROJECT, "shop/imports.py", at + 10, None, None, None, "work",
        loop.lineno + 9, header, at + 10, (lines[at],), source_lines,
    )  # fmt: skip
    known = names_around(FunctionSource(10, tuple(lines)), loop.lineno + 9, len(source_lines))
    fix = fix_row_write(frame, write._replace(names=known), direct=True)
    if not fix.edits:
        return fix, None
    [edit] = fix.edits
    assert lines[edit.first_line - 10 : edit.last_line - 9] == list(edit.before)
    lines[edit.first_line - 10 : edit.last_line - 9] = edit.after
    return fix, "\n".join(lines) + "\n"


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 0)


def edited(source: str, write: RowWrite) -> str | None:
    return fix_of(source, write)[1]


def text(source: str) -> str:
    return textwrap.dedent(source).lstrip("\n")


def test_rows_are_made_in_the_loop_and_written_after_it() -> None:
    assert edited(
        """
        def work(rows):
            for row in rows:
                # Names are short.
                name = row["name"][:40]
                if not name:
                    continue
                Tag.objects.create(  # here
                    name=name,
                    author=row["author"],
                )
                count += 1
            return count
        """,
        INSERT,
    ) == text(
        """
        def work(rows):
            tags = []
            for row in rows:
                # Names are short.
                name = row["name"][:40]
                if not name:
                    continue
                tags.append(Tag(
                    name=name,
                    author=row["author"],
                ))
                count += 1
            Tag.objects.bulk_create(tags, batch_size=500)
            return count
        """
    )


def test_a_loop_that_does_nothing_else_is_one_call() -> None:
    assert edited(
        """
        def work(rows):
            for row in rows:
                Tag.objects.create(name=row)  # here
        """,
        INSERT,
    ) == text(
        """
        def work(rows):
            Tag.objects.bulk_create(
                [Tag(name=row) for row in rows],
                batch_size=500,
            )
        """
    )


def test_what_the_loop_leaves_behind_and_names_in_use_are_kept() -> None:
    new = edited(
        """
        def work(rows, tags):
            for row in rows:
                Tag.objects.create(name=row)  # here
            return row, tags
        """,
        INSERT,
    )
    assert new is not None
    assert "for row in rows:\n        new_tags.append(Tag(name=row))\n    Tag" in new


def test_the_parent_of_a_related_manager_is_given() -> None:
    new = edited(
        """
        def work(author, rows):
            for row in rows:
                name = row.strip()
                author.tags.create(  # here
                    name=name,
                )
            return Tag.objects.count()
        """,
        INSERT._replace(parent="author"),
    )
    assert new is not None
    assert "tags.append(Tag(\n            author=author,\n            name=name,\n        ))" in new


def test_an_asynchronous_loop_awaits_one_call() -> None:
    new = edited(
        """
        async def work(rows):
            async for row in rows:
                await Tag.objects.acreate(name=row)  # here
        """,
        INSERT,
    )
    assert new is not None
    assert "async for row in rows:\n        tags.append(Tag(name=row))\n" in new
    assert new.endswith("    await Tag.objects.abulk_create(tags, batch_size=500)\n")


def test_rows_that_are_changed_one_by_one_are_updated_after_the_loop() -> None:
    source = """
        def work():
            for book in Book.objects.filter(stock__gt=1):
                if book.title:
                    book.stock = len(book.title)
                    book.save(update_fields=["stock"])  # here
        """
    fix, new = fix_of(source, UPDATE)
    assert fix.applicability is Applicability.SAFE
    assert new == text(
        """
        def work():
            books = []
            for book in Book.objects.filter(stock__gt=1):
                if book.title:
                    book.stock = len(book.title)
                    books.append(book)
            Book.objects.bulk_update(books, ["stock"], batch_size=500)
        """
    )
    # A join can give a row twice, and the last change would not be the one that stays.
    fix, new = fix_of(source.replace("stock__gt", "tags__name"), UPDATE)
    assert new is not None
    assert fix.applicability is Applicability.UNSAFE


def test_one_value_for_all_rows_is_one_update() -> None:
    source = """
        def work():
            for book in Book.objects.filter(stock__gt=1):
                book.stock = 0
                book.save()  # here
            return 1
        """
    assert edited(source, UPDATE) == text(
        """
        def work():
            Book.objects.filter(stock__gt=1).update(stock=0)
            return 1
        """
    )
    counted = edited(source.replace("= 0", "-= 1"), UPDATE)
    assert counted is not None
    assert 'F("stock") - 1' in counted
    assert "from django.db.models import F" in counted
    fix, _ = fix_of(source.replace("= 0", "-= 1"), UPDATE._replace(null=("stock",)))
    assert fix.applicability is Applicability.UNSAFE


@pytest.mark.parametrize(
    ("value", "applicability"),
    [
        ("0", Applicability.SAFE),
        ("Decimal('0')", Applicability.SAFE),
        ("timezone.now()", Applicability.UNSAFE),
        ("token_hex()", None),
        ("key.rank", None),
    ],
)
def test_a_value_that_each_round_asks_for_anew_is_not_asked_for_once(
    value: str, applicability: Applicability | None
) -> None:
    source = f"""
        def work(keys):
            for key in keys:
                Book.objects.filter(pk=key).update(stock={value})  # here
        """
    fix, new = fix_of(source, UPDATE._replace(method="update"))
    assert (fix.applicability if new else None) is applicability


def test_rows_that_are_read_a_few_at_a_time_are_said_to_stay_in_memory() -> None:
    fix, new = fix_of(
        """
        def work():
            for row in Row.objects.iterator():
                name = row.name
                Tag.objects.create(name=name)  # here
        """,
        INSERT,
    )
    assert new is not None
    assert fix.applicability is Applicability.UNSAFE
    assert "in memory until the loop ends" in fix.note


def test_code_does_not_empty_the_list_that_the_loop_goes_over() -> None:
    fix, new = fix_of(
        """
        def work(tags):
            for tag in tags:
                other = Tag.objects.create(name=tag)  # here
                send(other)
        """,
        INSERT,
    )
    assert new is None
    assert fix.code.startswith("new_tags = []\nfor tag in tags:")


def test_a_comment_in_the_loop_is_not_lost() -> None:
    new = edited(
        """
        def work():
            for book in Book.objects.all():
                # Nothing is left.
                book.stock = 0
                book.save()  # here
        """,
        UPDATE,
    )
    assert new is not None
    assert "# Nothing is left." in new


SAVE = "for book in Book.objects.all():\n        book.stock = 0\n        book.save()  # here"


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (UPDATE._replace(signals=("post_save",)), "receivers of post_save are not called"),
        (UPDATE._replace(override="shop.Book.save"), "shop.Book.save() is not called"),
        (UPDATE._replace(renewed=("seen",)), "seen, which each save() sets, is not set"),
        (UPDATE._replace(atomic=False), "If one row can't be written, none is"),
        (UPDATE._replace(alone=False), ""),
    ],
)
def test_what_is_different_makes_an_edit_unsafe_and_is_named(write: RowWrite, said: str) -> None:
    fix, new = fix_of(f"def work():\n    {SAVE}", write)
    assert new is not None
    assert fix.applicability is Applicability.UNSAFE
    assert said in fix.note


def test_a_column_that_a_named_save_leaves_alone_is_not_missed() -> None:
    source = f"def work():\n    {SAVE}".replace("save()", 'save(update_fields=["stock"])')
    fix, _ = fix_of(source, UPDATE._replace(fields=("stock",), renewed=("seen",)))
    assert fix.applicability is Applicability.SAFE


def test_rows_that_are_deleted() -> None:
    source = """
        def work():
            for book in Book.objects.filter(stock=0):
                book.delete()  # here
        """
    fix, new = fix_of(source, DELETE)
    assert fix.applicability is Applicability.SAFE
    assert new == "def work():\n    Book.objects.filter(stock=0).delete()\n"
    fix, _ = fix_of(source, DELETE._replace(override="shop.Book.delete"))
    assert fix.applicability is Applicability.UNSAFE


@pytest.mark.parametrize(
    ("null", "applicability"),
    [((), Applicability.SAFE), (("author",), Applicability.UNSAFE)],
)
def test_no_value_is_asked_for_in_another_way(
    null: tuple[str, ...], applicability: Applicability
) -> None:
    fix, new = fix_of(
        """
        def work(authors):
            for author in authors:
                Book.objects.filter(author=author).delete()  # here
        """,
        DELETE._replace(by=("author",), null=null),
    )
    assert new is not None
    assert fix.applicability is applicability


def test_relations_are_added_with_one_call() -> None:
    source = """
        def work(book, tags):
            for tag in tags:
                book.tags.add(tag)  # here
        """
    assert edited(source, LINK) == "def work(book, tags):\n    book.tags.add(*tags)\n"
    more = source.replace("(tag)", "(tag, through_defaults={'rank': 1})")
    assert edited(more, LINK) is None


def test_rows_that_may_be_there_are_never_written_safely() -> None:
    source = """
        def work(names):
            for name in names:
                Tag.objects.get_or_create(name=name)  # here
        """
    write = INSERT._replace(method="get_or_create")
    fix, new = fix_of(source, write)
    assert fix.applicability is Applicability.UNSAFE
    assert new is not None
    assert "ignore_conflicts=True" in new
    fix, new = fix_of(source, write._replace(unique=()))
    assert new is None


def test_rows_of_what_the_loop_finds_out_are_put_together_in_it() -> None:
    fix, new = fix_of(
        """
        def work(rows):
            for row in rows:
                author = find(row)
                Tag.objects.get_or_create(name=row.name, author=author)  # here
        """,
        INSERT._replace(method="get_or_create"),
    )
    assert new is None
    assert fix.code == text(
        """
        tags = []
        for row in rows:
            ...
            tags.append(Tag(name=row.name, author=author))
        Tag.objects.bulk_create(tags, ignore_conflicts=True, batch_size=500)
        """
    ).rstrip("\n")


def test_rows_that_are_looked_up_under_a_condition_stay_under_it() -> None:
    fix, new = fix_of(
        """
        def work(names, action):
            for name in names:
                if action == "add":
                    Tag.objects.get_or_create(name=name)  # here
        """,
        INSERT._replace(method="get_or_create"),
    )
    assert new is None
    assert fix.code == text(
        """
        tags = []
        for name in names:
            if action == 'add':
                tags.append(Tag(name=name))
        Tag.objects.bulk_create(tags, ignore_conflicts=True, batch_size=500)
        """
    ).rstrip("\n")


CHANGED = """
    def work(names, author):
        for name in names:
            tag, created = Tag.objects.get_or_create(name=name, defaults={"author": author})  # here
            if not created:
                tag.author = author
                tag.save()
    """


def test_rows_that_are_changed_if_they_were_there_are_updated_by_the_conflict() -> None:
    fix, _ = fix_of(CHANGED, INSERT._replace(method="get_or_create"))
    assert "ignore_conflicts" not in fix.code
    assert 'unique_fields=["name"]' in fix.code
    assert 'update_fields=["author"]' in fix.code


@pytest.mark.parametrize(
    ("what", "by"),
    [
        ("tag.author = author", "tag.other = author"),
        ("tag.author = author", "touch(tag)"),
        ("not created", "created"),
        ("if not created", "print(created)\n            if not created"),
        ("if not created", "if name"),
    ],
)
def test_what_else_is_done_for_rows_that_were_there_is_told_in_words(what: str, by: str) -> None:
    source = CHANGED.replace(what, by)
    source = source.replace("if name", "assert created\n            if name")
    fix, new = fix_of(source, INSERT._replace(method="get_or_create"))
    assert new is None
    assert fix.code == ""
    assert "which rows were there" in fix.note


def test_the_rows_that_are_read_back_have_a_name_of_their_own() -> None:
    fix, _ = fix_of(
        """
        def work(tags):
            for tag in tags:
                found, created = Tag.objects.get_or_create(name=tag)  # here
                print(found)
        """,
        INSERT._replace(method="get_or_create"),
    )
    assert 'tags_by_name = Tag.objects.in_bulk(tags, field_name="name")' in fix.code


def test_update_or_create_without_anything_to_update() -> None:
    """bulk_create() refuses to update no field."""
    _, new = fix_of(
        """
        def work(names):
            for name in names:
                Tag.objects.update_or_create(name=name)  # here
        """,
        INSERT._replace(method="update_or_create"),
    )
    assert new is not None
    assert "ignore_conflicts=True" in new
    assert "update_fields" not in new


CREATE = "Tag.objects.create(name=row)  # here"
LEFT_ALONE = {
    "the round ends early": f"if not row:\n            return\n        {CREATE}",
    "errors are handled": f"try:\n            {CREATE}\n        except E:\n            pass",
    "a block of its own": f"with lock(row):\n            {CREATE}",
    "the row is used": "tag = Tag.objects.create(name=row)  # here\n        send(tag)",
    "the row is kept": "tags[row] = Tag.objects.create(name=row)  # here",
    "a generator": f"{CREATE}\n        yield row",
    "a function of the round": f"f = lambda: row\n        {CREATE}",
    "another class": "Tag.make(row).others.create(name=row)  # here",
    "arguments that are not named": "Tag.objects.create(row)  # here",
    "a row with a key": "tag = Tag(pk=row)\n        tag.save()  # here",
    "a row that is given a key": "tag = Tag()\n        tag.id = row\n        tag.save()  # here",
    "a row from elsewhere": "tag = make(row)\n        tag.save()  # here",
    "used after it was saved": "tag = Tag(name=row)\n        tag.save()  # here\n        p(tag.pk)",
    "another database": "tag = Tag(name=row)\n        tag.save(using='b')  # here",
}


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_a_loop_that_is_not_simple_is_left_alone(name: str) -> None:
    source = f"def work(rows):\n    for row in rows:\n        {LEFT_ALONE[name]}\n"
    assert edited(source, INSERT) is None


@pytest.mark.parametrize(
    "change",
    [
        "book.stock = 1\n        fill(book)",
        "book.recount()",
        "book.stock = 1\n        book.note = 2",
        "book.stock = 1\n        book.data.update(a=1)",
        "book.stock = 1\n        other = book",
        "setattr(book, name, 1)",
        "del book.stock",
    ],
)
def test_a_row_of_which_not_all_changes_are_seen_is_left_alone(change: str) -> None:
    loop = (
        "def work():\n    for book in books:\n        {}\n        book.save()  # here\n    Book()"
    )
    write = UPDATE._replace(mutable=("data",))
    assert edited(loop.format(change), write) is None
    assert edited(loop.format("book.stock = 1"), write) is not None


@pytest.mark.parametrize(
    "write",
    [
        INSERT._replace(free=False),
        INSERT._replace(inherits=True),
    ],
)
def test_rows_that_a_round_asks_for_or_that_lie_in_two_tables_are_left_alone(
    write: RowWrite,
) -> None:
    source = f"def work(rows):\n    for row in rows:\n        {CREATE}\n"
    assert edited(source, write) is None
    assert edited(source, INSERT) is not None


def test_a_loop_with_an_else_or_with_a_while_is_left_alone() -> None:
    for header, rest in (("for row in rows", "    else:\n        done()\n"), ("while rows", "")):
        assert edited(f"def work(rows):\n    {header}:\n        {CREATE}\n{rest}", INSERT) is None


def test_loops_in_loops_are_written_after_the_one_that_was_seen_to_turn() -> None:
    new = edited(
        """
        def work(rows):
            for row in rows:
                for name in row:
                    Tag.objects.create(name=name)  # here
        """,
        INSERT,
    )
    assert new is not None
    assert "        Tag.objects.bulk_create(" in new
