"""Loops that stand in a call: what is written there, and what is told to do instead."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import async_to_sync

import queryaudit
from queryaudit.records.findings import Finding
from sample_app.shop.models import Author, Tag

pytestmark = pytest.mark.usefixtures("shop")

NAMES = [f"new {number}" for number in range(4)]


def the_finding(audited: queryaudit.audit, rule: str) -> Finding:  # type: ignore[valid-type]
    findings: tuple[Finding, ...] = audited.findings  # type: ignore[attr-defined]
    [finding] = [f for f in findings if rule in f.rules]
    return finding


async def gathered(names: list[str]) -> list[Tag]:
    return [*await asyncio.gather(*[Tag.objects.acreate(name=name) for name in names])]


async def collected(names: list[str]) -> list[Tag]:
    todo = []
    for name in names:
        todo.append(Tag.objects.acreate(name=name))
    return [*await asyncio.gather(*todo)]


async def in_tasks(names: list[str]) -> list[Tag]:
    todo = []
    for name in names:
        todo.append(asyncio.create_task(Tag.objects.acreate(name=name)))
    return [await task for task in todo]


@pytest.mark.parametrize("work", [gathered, collected, in_tasks])
def test_writes_that_something_else_awaits_are_left_as_they_are(work: object) -> None:
    with queryaudit.audit() as audited:
        async_to_sync(work)(NAMES)  # type: ignore[type-var]
    finding = the_finding(audited, "QA601")
    assert finding.causes[0].loop == "for name in names"
    assert finding.fix is not None
    assert "bulk_create(" in finding.fix.code
    assert not finding.fix.edits  # the call gets coroutines, and would get rows


def test_a_count_of_each_row_that_is_gathered_belongs_to_the_rows() -> None:
    async def counts(authors: list[Author]) -> list[int]:
        return [*await asyncio.gather(*[author.books.acount() for author in authors])]

    with queryaudit.audit() as audited:
        async_to_sync(counts)(list(Author.objects.all()))
    assert "books.count() is loaded once per Author row" in the_finding(audited, "QA104").message


def test_the_loop_of_gathered_questions_is_named() -> None:
    async def known(names: list[str]) -> list[bool]:
        return [*await asyncio.gather(*[Tag.objects.filter(name=n).aexists() for n in names])]

    with queryaudit.audit() as audited:
        async_to_sync(known)(NAMES)
    assert the_finding(audited, "QA104").causes[0].loop == "for n in names"
