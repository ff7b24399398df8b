"""The line of a model, found in its file as this is now."""

from __future__ import annotations

from pathlib import Path

import pytest

from queryaudit.model_places import ModelPlaces
from queryaudit.records.definitions import Model

SOURCE = """from django.db import models


def made():
    class Book(models.Model):
        pass


@final
class Book(models.Model):
    title = models.TextField()
"""


def model(label: str = "shop.Book", path: str | None = "shop/models.py") -> Model:
    return Model(label, "shop_book", (), (), (), None, None, (), (), path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "models.py").write_text(SOURCE, "utf-8")
    return tmp_path


def test_the_class_that_stands_at_the_top_is_the_model(root: Path) -> None:
    found = ModelPlaces(root)(model())
    assert found is not None
    assert (str(found), found.function) == ("shop/models.py:10", "Book")
    assert found.snippet is not None
    assert found.snippet.lines[0] == "class Book(models.Model):"


@pytest.mark.parametrize(
    "asked", [model("shop.Gone"), model(path="shop/gone.py"), model(path=None), model(path="shop")]
)
def test_what_is_not_there_has_no_place(root: Path, asked: Model) -> None:
    assert ModelPlaces(root)(asked) is None


@pytest.mark.parametrize("text", [b"class Book(", b"\xff\xfe\x00", b"class Book: pass\x00"])
def test_a_file_that_is_no_source_has_no_models(root: Path, text: bytes) -> None:
    (root / "shop" / "models.py").write_bytes(text)
    assert ModelPlaces(root)(model()) is None
