"""An edit uses a name as its file knows it, or comes with the line that imports it."""

from __future__ import annotations

import ast

import pytest

from queryaudit.advice.file_names import FileNames, Wanted, wanted_by
from queryaudit.advice.naming import name_calls
from queryaudit.records.definitions import Frame, Model
from queryaudit.records.kinds import FrameKind
from queryaudit.records.sources import FileHead

COUNT = Wanted("django.db.models", "Count")
REVIEW = Wanted("shop.models", "Review")


def head(*lines: str, path: str = "shop/views.py", names: tuple[str, ...] = ()) -> FileNames:
    return FileNames(FileHead(path, 1, lines, names))


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("from django.db.models import Count", "Count"),
        ("from django.db.models import Avg, Count as Number", "Number"),
        ("from django.db import models", "models.Count"),
        ("from django.db import models as m", "m.Count"),
        ("import django.db.models as orm", "orm.Count"),
        ("try:\n    from django.db.models import Count\nexcept ImportError: pass", "Count"),
        ("import django", None),
        ("from django.db.models import *", None),
        ("from other import Count", None),
        ("if TYPE_CHECKING:\n    from django.db.models import Count", None),
    ],
)  # fmt: skip
def test_a_name_is_known_by_what_was_imported(line: str, known: str | None) -> None:
    assert head(*line.split("\n")).local(COUNT) == known


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("from shop.models import Review", "Review"),
        ("from .models import Review as R", "R"),
        ("from shop import models", "models.Review"),
        ("from . import models", "models.Review"),
        ("from blog.models import Review", None),
        ("from .forms import Review", None),
    ],
)
def test_a_model_is_known_by_whatever_package_it_comes_from(line: str, known: str | None) -> None:
    assert head(line).local(REVIEW) == known
    inner = Wanted("shop.models.reviews", "Review")
    assert head(line.replace(" import models", " import other")).local(inner) == (
        known if known != "models.Review" else None
    )


def test_a_model_of_the_file_itself_is_known() -> None:
    names = head(path="src/shop/models.py", names=("Review",))
    assert names.local(REVIEW) == "Review"
    assert head(path="blog/models.py", names=("Review",)).local(REVIEW) is None


def imported(names: FileNames, *wanted: Wanted) -> list[str] | None:
    edits = names.importing(wanted)
    if edits is None:
        return None
    lines = [*names.head.lines]
    for edit in edits:
        assert tuple(lines[edit.first_line - 1 : edit.last_line]) == edit.before
        lines[edit.first_line - 1 : edit.last_line] = edit.after
    ast.parse("\n".join(lines))
    return lines


def test_a_name_goes_into_the_statement_of_its_module_in_order() -> None:
    names = head("from django.db.models import Avg, Q", "from shop.models import Book")
    assert imported(names, COUNT) == [
        "from django.db.models import Avg, Count, Q",
        "from shop.models import Book",
    ]


def test_a_name_goes_into_a_statement_of_several_lines() -> None:
    names = head("from django.db.models import (", "    Avg,", "    Q,", ")")
    assert imported(names, COUNT) == [
        "from django.db.models import (", "    Avg,", "    Count,", "    Q,", ")",
    ]  # fmt: skip


def test_a_name_gets_a_line_beside_those_of_its_package() -> None:
    names = head("import json", "", "from django.contrib import admin", "", "from .models import B")
    assert imported(names, COUNT) == [
        "import json",
        "",
        "from django.contrib import admin",
        "from django.db.models import Count",
        "",
        "from .models import B",
    ]


def test_a_model_is_imported_as_its_neighbours_are() -> None:
    names = head("from django.http import HttpResponse", "from .models import Author, Tag")
    assert imported(names, REVIEW) == [
        "from django.http import HttpResponse",
        "from .models import Author, Review, Tag",
    ]


def test_a_file_without_imports_gets_its_first() -> None:
    names = FileNames(FileHead("shop/views.py", 4, (), ()))
    [edit] = names.importing([COUNT]) or ()
    assert (edit.first_line, edit.last_line, edit.before) == (4, 3, ())
    assert edit.after == ("from django.db.models import Count",)


def test_a_name_that_means_something_else_is_not_imported() -> None:
    assert imported(head("from collections import Counter as Count"), COUNT) is None
    assert imported(head("import json", names=("Count",)), COUNT) is None


def test_models_do_not_import_models() -> None:
    """Those may import them."""
    names = head("from django.db import transaction", path="blog/models.py")
    assert imported(names, REVIEW) is None
    assert imported(names, COUNT) is not None


def test_a_star_and_the_future_take_no_names() -> None:
    lines = ("from __future__ import annotations", "from django.db.models import *")
    assert imported(head(*lines), COUNT) == [*lines, COUNT.line]


# Calls


def model(label: str, module: str) -> Model:
    return Model(label, "", (), (), (), None, None, (), (), module=module)


FRAME = Frame(
    FrameKind.PROJECT, "shop/views.py", 9, None, None, None, "view", None, None, 9,
    ("    authors = Author.objects.all()",),
)  # fmt: skip
CALL = '.prefetch_related(Prefetch("books", queryset=Book.objects.filter(stock=0)))'


def test_calls_use_the_names_that_are_there_and_bring_the_others() -> None:
    lines = ("from django.db import models as orm", "from .models import Author")
    names = FileNames(FileHead("shop/views.py", 1, lines, ()), (model("shop.Book", "shop.models"),))
    imports = ["from django.db.models import Prefetch"]
    found = name_calls(FRAME, [CALL], imports, ["shop.Book"], "shop.Author", names)
    assert found.calls == (CALL.replace("Prefetch(", "orm.Prefetch("),)
    assert found.imports == ("from shop.models import Book",)
    [edit] = found.edits
    assert edit.after == ("from .models import Author, Book",)


def test_calls_with_a_model_from_nowhere_make_no_edit() -> None:
    names = FileNames(FileHead("shop/views.py", 1, ("import json",), ()))
    found = name_calls(FRAME, [CALL], [], ["shop.Book"], "shop.Author", names)
    assert found.calls is None


def test_the_names_of_an_import_statement_are_wanted() -> None:
    assert wanted_by(["from django.db.models import Count, Q"]) == [
        COUNT,
        Wanted("django.db.models", "Q"),
    ]
