"""Keys that a serializer is sent, looked up one by one: found, and mended by what is said."""

from __future__ import annotations

from textwrap import indent

import pytest

from queryaudit.records.findings import Finding
from tests.rules.written_modules import Run, WrittenModule, asked

pytestmark = pytest.mark.usefixtures("shop")

HEAD = """
from django.core.exceptions import ValidationError
from rest_framework import serializers

from sample_app.shop.models import Author, Book, Tag

"""
ASK = """

def ask():
    keys = list({keys})
    serializer = Basket(data={data}{many})
    serializer.is_valid(raise_exception=True)
    return str(serializer.validated_data)


def wrong(data):
    serializer = Basket(data=data{many})
    return serializer.is_valid() or str(serializer.errors)
"""
TAGS = 'Tag.objects.order_by("pk").values_list("pk", flat=True)'
NAMES = 'Tag.objects.order_by("pk").values_list("name", flat=True)'


def basket(field: str, keys: str = TAGS, data: str = '{"tags": keys}', many: str = "") -> str:
    body = indent(f"class Basket(serializers.Serializer):\n    {field}", "")
    return (
        HEAD
        + "\n"
        + body
        + ASK.replace("{keys}", keys).replace("{data}", data).replace("{many}", many)
    )


MANY = "tags = serializers.PrimaryKeyRelatedField(many=True, queryset=Tag.objects.all())"
SLUGS = (
    'tags = serializers.SlugRelatedField(slug_field="name", many=True, queryset=Tag.objects.all())'
)
ONE = "tag = serializers.PrimaryKeyRelatedField(queryset=Tag.objects.all())"


def found(run: Run) -> list[Finding]:
    return [finding for finding in run.findings if finding.rule.startswith("QA1")]


@pytest.mark.parametrize(
    ("field", "keys", "data", "many", "loop"),
    [
        (MANY, TAGS, '{"tags": keys}', "", "for each key of the field"),
        (SLUGS, NAMES, '{"tags": keys}', "", "for each key of the field"),
        (
            ONE,
            TAGS,
            '[{"tag": key} for key in keys]',
            ", many=True",
            "for each item of the validated list",
        ),
    ],
)
def test_keys_that_are_looked_up_one_by_one_are_found_and_mended(
    field: str, keys: str, data: str, many: str, loop: str
) -> None:
    module = WrittenModule(basket(field, keys, data, many))
    first = module.run(asked)
    [finding] = found(first)
    assert finding.rule == "QA103"
    assert finding.location.source == field
    name = f"Basket.{field.partition(' ')[0]}"
    assert finding.message == f"A query in {name} runs once {loop}: {finding.queries} queries."
    assert finding.fix is not None
    code = finding.fix.code
    written, _, use = code.rpartition("\n\n\n")
    mended = module.source.replace(HEAD, f"{HEAD}\n{written}\n").replace(field, use)
    second = WrittenModule(mended).run(asked)
    assert second.result == first.result
    assert second.queries < first.queries
    assert found(second) == []


@pytest.mark.parametrize(
    "data",
    ['{"tags": [0]}', '{"tags": ["x"]}', '{"tags": "12"}', '{"tags": 3}', '{"tags": [True]}',
     '{"tags": [None]}', '{"tags": [[1]]}', '{}', '{"tags": []}'],
)  # fmt: skip
def test_the_mended_field_says_of_wrong_keys_what_the_other_did(data: str) -> None:
    source = basket(MANY)
    [finding] = found(WrittenModule(source).run(asked))
    assert finding.fix is not None
    written, _, use = finding.fix.code.rpartition("\n\n\n")
    mended = source.replace(HEAD, f"{HEAD}\n{written}\n").replace(MANY, use)
    ask = f"wrong({data})"
    results = [
        WrittenModule(text).run(lambda module: eval(ask, module.__dict__)).result
        for text in (source, mended)
    ]
    assert results[0] == results[1]


@pytest.mark.parametrize(
    "source",
    [
        basket(ONE, data='{"tag": keys[0]}'),
        basket(MANY, data='{"tags": keys[:1]}'),
        basket(f"{ONE}\n    author = {ONE[6:].replace('Tag', 'Author')}",
               data='{"tag": keys[0], "author": Author.objects.first().pk}'),
        basket(ONE, data='[{"tag": keys[0]}]', many=", many=True"),
    ],
)  # fmt: skip
def test_one_key_is_looked_up_as_it_should_be(source: str) -> None:
    assert found(WrittenModule(source).run(asked)) == []
