"""Writes in loops: what belongs to them, what they are told to do without, what looks alike."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.db import SessionStore
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.db.models.signals import post_save
from django.forms import ModelForm
from rest_framework.serializers import ModelSerializer

import queryaudit
from queryaudit.detectors.writes.needed import is_setup
from queryaudit.records.definitions import Frame
from queryaudit.records.findings import Applicability, Finding
from queryaudit.records.kinds import FrameKind
from sample_app.shop.models import Audiobook, Book, Category, Customer, Order, Review, Tag

pytestmark = pytest.mark.usefixtures("shop")

NAMES = [f"new {number}" for number in range(4)]


def findings(work: Any) -> tuple[Finding, ...]:
    with queryaudit.audit() as audited:
        work()
    return tuple(finding for finding in audited.findings if finding.rule.startswith("QA6"))


def names() -> list[str]:
    return list(NAMES)


def creates() -> None:
    for name in names():
        Tag.objects.create(name=name)


def saves() -> None:
    for book in Book.objects.order_by("pk")[:3]:
        book.stock += 1
        book.save()


@pytest.fixture
def counting() -> Iterator[list[int]]:
    """A receiver that reads and writes for each saved row."""
    seen: list[int] = []

    def count(sender: type[Model], instance: Tag, **kwargs: object) -> None:
        seen.append(Review.objects.filter(book__tags=instance).count())
        Category.objects.create(name=instance.name)

    post_save.connect(count, sender=Tag, weak=False, dispatch_uid="counting")
    yield seen
    post_save.disconnect(sender=Tag, dispatch_uid="counting")


def test_what_a_receiver_does_belongs_to_the_write_that_it_follows(counting: list[int]) -> None:
    [finding] = findings(creates)
    assert len(counting) == len(NAMES)
    assert finding.rule == "QA601"
    assert finding.location.source == "Tag.objects.create(name=name)"
    assert finding.queries == 3 * len(NAMES)


def test_signals_that_would_not_be_sent_are_named(counting: list[int]) -> None:
    [finding] = findings(creates)
    assert finding.message.endswith("Each write runs post_save. Each round commits by itself.")
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.UNSAFE
    assert "The receivers of post_save are not called" in finding.fix.note


def _save(self: Book, *args: Any, **kwargs: Any) -> None:
    Category.objects.filter(name=self.slug).update(name=self.title)
    Model.save(self, *args, **kwargs)


def updates_by_key() -> None:
    for key in list(Book.objects.values_list("pk", flat=True)):
        Book.objects.filter(pk=key).update(stock=1)


def updates_by_condition() -> None:
    for key in list(Book.objects.values_list("pk", flat=True)):
        Review.objects.filter(book_id=key).update(rating=1)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="a call is known by its columns")
@pytest.mark.parametrize("work", [updates_by_key, updates_by_condition])
def test_what_update_leaves_out_already_is_not_named(
    work: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Book, "save", _save)
    monkeypatch.setattr(Review, "save", _save)
    [finding] = findings(transaction.atomic(work))
    assert "Each write runs" not in finding.message
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.SAFE


def test_the_save_of_users_is_named_only_where_it_does_something() -> None:
    """Django's own tells the validators of a new password, and nothing more."""
    user = get_user_model()
    for number in range(3):
        user.objects.create_user(f"user {number}", password="secret")

    def renames() -> None:
        for each in user.objects.all():
            each.first_name = each.username
            each.save()

    def resets() -> None:
        for each in user.objects.all():
            each.set_password(each.username)
            each.save()

    [renamed] = findings(renames)
    [reset] = findings(resets)
    assert renamed.fix is not None
    assert "AbstractBaseUser" not in renamed.message + renamed.fix.note
    assert reset.fix is not None
    assert "AbstractBaseUser.save() is not called" in reset.fix.note


def test_rows_that_only_count_what_they_do_not_write_can_be_written_at_once() -> None:
    def work() -> None:
        for category in Category.objects.all():
            category.name = f"{category.children.count()} below {category.pk}"
            category.save(update_fields=["name"])

    [finding] = findings(work)
    assert finding.rules == ("QA601", "QA606")


def test_an_overridden_save_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Book, "save", _save)
    found = findings(saves)
    assert {finding.rule for finding in found} == {"QA601"}
    fix = found[0].fix
    assert fix is not None
    assert fix.applicability is Applicability.UNSAFE
    assert "tests.rules.test_writes._save() is not called" in fix.note


def test_without_signals_and_overrides_nothing_is_said_of_them() -> None:
    [finding] = findings(transaction.atomic(saves))
    assert finding.fix is not None
    assert finding.fix.applicability is Applicability.SAFE
    assert "not called" not in finding.fix.note


def test_rounds_that_commit_are_not_changed_safely() -> None:
    """If one of them fails, those before it are written now."""
    [finding] = findings(saves)
    assert finding.fix is not None
    assert finding.fix.edits
    assert finding.fix.applicability is Applicability.UNSAFE


def asks_each_time() -> None:
    for name in names():
        if not Tag.objects.filter(name__contains=name).exists():
            Tag.objects.create(name=name)


def asks_in_a_generator() -> None:
    def free() -> Iterator[str]:
        for name in names():
            if name[-1] in "01" or not Tag.objects.filter(name__contains=name).exists():
                yield name

    for name in free():
        Tag.objects.create(name=name)


def asks_before() -> None:
    taken = set(Tag.objects.values_list("name", flat=True))
    for name in names():
        if name not in taken:
            Tag.objects.create(name=name)


@pytest.mark.parametrize(
    ("work", "edited"),
    [(asks_each_time, False), (asks_in_a_generator, False), (asks_before, True)],
)
def test_a_loop_that_looks_at_what_it_wrote_is_not_edited(work: Any, edited: bool) -> None:
    [finding] = [f for f in findings(transaction.atomic(work)) if f.rule == "QA601"]
    assert finding.fix is not None
    assert bool(finding.fix.edits) is edited


def writes_elsewhere() -> None:
    for name in names():
        Tag.objects.create(name=name)
        Category.objects.create(name=name)


def test_a_loop_that_writes_two_tables_is_not_changed_safely() -> None:
    found = findings(transaction.atomic(writes_elsewhere))
    fixes = [finding.fix for finding in found if finding.fix is not None]
    assert len(fixes) == 2
    assert all(fix.edits and fix.applicability is Applicability.UNSAFE for fix in fixes)


def test_a_value_that_follows_from_the_row_is_left_to_the_database() -> None:
    def work() -> None:
        for book in Book.objects.filter(pages__gt=0):
            book.stock += 2
            book.save()

    [finding] = findings(work)
    assert finding.fix is not None
    assert finding.fix.code == 'Book.objects.filter(pages__gt=0).update(stock=F("stock") + 2)'
    [edit] = finding.fix.edits
    assert edit.after[0].strip() == "from django.db.models import F"


def test_a_parent_and_its_child_are_two_writes_of_which_the_first_gives_the_key() -> None:
    def work() -> None:
        for name in names():
            parent = Category.objects.create(name=name)
            Category.objects.create(name="other", parent=parent)

    first, second = sorted(findings(work), key=lambda finding: finding.location.line)
    assert first.fix is not None
    assert second.fix is not None
    assert first.fix.applicability is Applicability.UNSAFE
    assert "it has its key only after" in first.fix.note
    assert second.fix.code.startswith("categories = []")


def test_a_loop_in_a_caller_is_where_it_can_be_written_at_once() -> None:
    def add(name: str) -> None:
        Tag.objects.create(name=name)
        Category.objects.create(name=name)

    def work() -> None:
        for name in names():
            add(name)

    found = findings(work)
    assert {finding.location.source for finding in found} == {"add(name)"}
    [finding] = found
    assert finding.queries == 2 * len(NAMES)
    assert [cause.rule for cause in finding.causes] == ["QA601", "QA601", "QA606"]


def _hide(book: Book) -> None:
    book.reviews.update(rating=1)


def _clear(book: Book) -> None:
    book.order_lines.all().delete()


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (_hide, "Review.objects.filter(book__in=[...]).update(rating=...)"),
        (_clear, "OrderLine.objects.filter(book__in=[...]).delete()"),
    ],
)
def test_rows_that_a_condition_names_are_written_by_condition(work: Any, code: str) -> None:
    """There are no rows at hand that bulk_update() could be given."""

    def loop() -> None:
        for book in Book.objects.order_by("pk")[:3]:
            work(book)

    [finding] = findings(loop)
    assert finding.fix is not None
    assert finding.fix.code == code
    assert finding.fix.note.startswith("Rows are found by condition here")


def test_values_that_differ_are_told_apart_by_their_condition() -> None:
    stocks = [(f"book-{number}", number) for number in range(3)]
    keys = [book.pk for book in Book.objects.all()]

    def work() -> None:
        for slug, stock in stocks:
            if slug:
                Book.objects.filter(slug=slug).update(stock=stock)

    def by_key() -> None:
        for stock, pk in enumerate(keys):
            Book.objects.filter(pk=pk).update(stock=stock)

    [finding] = findings(work)
    assert finding.fix is not None
    assert finding.fix.code == "Book.objects.filter(slug__in=[...]).update(stock=...)"
    assert "told apart by Case() and When()" in finding.fix.note
    [finding] = findings(by_key)
    assert finding.fix is not None
    assert "Case()" not in finding.fix.note


def test_reads_of_get_or_create_are_not_told_twice() -> None:
    def work() -> None:
        for name in names():
            Tag.objects.get_or_create(name=name)

    [finding] = findings(work)
    assert finding.rule == "QA602"
    assert finding.queries == 4 * len(NAMES)


def test_a_function_that_gets_or_creates_is_not_said_to_lack_the_constraint() -> None:
    def tag(name: str) -> Tag:
        return Tag.objects.get_or_create(name=name)[0]

    def work() -> None:
        for name in names():
            tag(name)

    [finding] = findings(work)
    fix = finding.fix
    assert fix is not None
    assert fix.note.startswith("Let the function return ")
    assert "Looked up by what is unique, as (name), bulk_create() with ignore_c" in fix.note
    assert "Without a unique constraint" not in fix.note


def test_a_cascade_is_told_as_the_deletion_that_takes_it_along() -> None:
    def work() -> None:
        for customer in list(Customer.objects.order_by("pk")[:3]):
            customer.delete()

    [finding] = findings(work)
    assert finding.rule == "QA603"
    assert "A Customer is deleted" in finding.message


def sessions() -> None:
    for number in range(len(names())):
        session = SessionStore()
        session["number"] = number
        session.save()


def the_same_row_by_key() -> None:
    key = Order.objects.order_by("pk")[0].pk
    for name in names():
        Order.objects.filter(pk=key).update(note=name)


def the_same_row_from_a_function() -> None:
    order = Order.objects.order_by("pk")[0]

    def note(text: str) -> None:
        order.note = text
        order.save()

    for name in names():
        note(name)


def in_sequence() -> None:
    last = Category.objects.create(name="first")
    for name in names():
        last = Category.objects.create(name=name, parent=last)


def by_condition_once() -> None:
    for name in names():
        if name.endswith("2"):
            Tag.objects.create(name=name)


def numbered() -> None:
    for name in names():
        Tag.objects.create(name=f"{Tag.objects.count()} {name}"[:40])


def saved_before_and_after() -> None:
    for order in Order.objects.order_by("pk")[:3]:
        order.note = "begun"
        order.save()
        if order.pk:
            order.note = "done"
        order.save()


def in_batches_of_a_generator() -> None:
    def batches() -> Iterator[list[Tag]]:
        rows = [Tag(name=name) for name in names()]
        for start in range(0, len(rows), 2):
            yield rows[start : start + 2]

    for batch in batches():
        Tag.objects.bulk_create(batch)


def same_values_again() -> None:
    for _name in names():
        Book.objects.filter(stock__lt=0).update(stock=0)


@pytest.mark.parametrize(
    "work",
    [
        sessions,
        the_same_row_by_key,
        the_same_row_from_a_function,
        in_sequence,
        by_condition_once,
        numbered,
        saved_before_and_after,
        in_batches_of_a_generator,
        same_values_again,
    ],
    ids=lambda work: work.__name__,
)
def test_what_only_looks_like_a_write_in_a_loop_is_silent(work: Any) -> None:
    # That each round commits may be said all the same.
    assert findings(transaction.atomic(work)) == ()


def test_a_loop_that_writes_is_told_of_its_commits_in_the_same_finding() -> None:
    [finding] = findings(creates)
    assert finding.rules == ("QA601", "QA606")
    assert finding.queries == len(NAMES)
    assert finding.fix is not None
    assert "bulk_create" in finding.fix.code
    assert finding.fix.note.endswith("put it into one `with transaction.atomic():`.")


def test_a_loop_in_a_transaction_commits_once() -> None:
    [finding] = findings(transaction.atomic(creates))
    assert finding.rules == ("QA601",)
    assert "commits" not in finding.message


@pytest.mark.parametrize(
    ("path", "silent"),
    [
        ("shop/factories.py", True),
        ("shop/migrations/0004_names.py", True),
        ("conftest.py", True),
        ("shop/imports.py", False),
        ("shop/factories_of_cars.py", False),
    ],
)
def test_factories_and_migrations_make_rows_as_they_like(path: str, silent: bool) -> None:
    frame = Frame(FrameKind.PROJECT, path, 1, None, None, None, "f", None, None, None, ())
    assert is_setup([frame]) is silent


class TagForm(ModelForm):
    class Meta:
        model = Tag
        fields = ["name"]


class TagSerializer(ModelSerializer):
    class Meta:
        model = Tag
        fields = ["name"]


def saves_forms() -> None:
    for name in names():
        form = TagForm({"name": name})
        if form.is_valid():
            form.save()


def saves_forms_and_goes_on() -> None:
    for name in names():
        form = TagForm({"name": name})
        assert form.is_valid()
        tag = form.save()
        assert tag.pk


def saves_bound_forms() -> None:
    forms = [TagForm({"name": f"{tag.name} more"}, instance=tag) for tag in Tag.objects.all()]
    for form in forms:
        form.save()


def saves_serializers() -> None:
    for name in names():
        serializer = TagSerializer(data={"name": name})
        serializer.is_valid(raise_exception=True)
        serializer.save()


@pytest.mark.parametrize(
    ("work", "code"),
    [
        (saves_forms, "    tags.append(form.save(commit=False))\n"),
        (saves_forms_and_goes_on, "    tag = form.save(commit=False)\n    tags.append(tag)\n"),
        (saves_serializers, "    tags.append(Tag(**serializer.validated_data))\n"),
        (saves_bound_forms, "Tag.objects.bulk_update(tags"),
    ],
)
def test_what_a_form_or_a_serializer_saves_is_no_row_itself(work: Any, code: str) -> None:
    [finding] = [found for found in findings(work) if found.rule == "QA601"]
    assert finding.fix is not None
    assert code in finding.fix.code
    assert not finding.fix.edits


def creates_elsewhere() -> None:
    for name in names():
        Tag.objects.using("default").create(name=name)


def caught_in_the_round() -> None:
    for name in names():
        try:
            with transaction.atomic():
                Tag.objects.create(name=name)
        except IntegrityError:
            continue


def caught_in_a_function() -> None:
    for name in names():
        _create(name)


def _create(name: str) -> None:
    try:
        Tag.objects.create(name=name)
    except IntegrityError:
        return


def caught_around_the_loop() -> None:
    try:
        for name in names():
            Tag.objects.create(name=name)
    except IntegrityError:
        return


def ended_in_the_round() -> None:
    for name in names():
        try:
            Tag.objects.create(name=name)
        finally:
            name.upper()


@pytest.mark.parametrize(
    ("work", "caught"),
    [
        (caught_in_the_round, True),
        (caught_in_a_function, True),
        (caught_around_the_loop, False),
        (ended_in_the_round, False),
        (creates, False),
    ],
)
def test_a_round_that_may_fail_alone_is_not_written_with_others_unsaid(
    work: Any, caught: bool
) -> None:
    [finding] = [each for each in findings(transaction.atomic(work)) if each.rule == "QA601"]
    assert finding.fix is not None
    assert ("A round that fails is left out by itself now." in finding.fix.note) is caught
    if caught:
        assert finding.fix.edits == ()
        assert finding.fix.applicability is Applicability.DISPLAY_ONLY


def test_rows_are_written_to_the_database_that_the_loop_names() -> None:
    [finding] = findings(creates_elsewhere)
    assert finding.fix is not None
    assert finding.fix.code.startswith('Tag.objects.using("default").bulk_create(')


def creates_asynchronously() -> None:
    async def feed() -> None:
        async for book in Book.objects.order_by("pk")[:3]:
            await Tag.objects.acreate(name=f"asynchronous {book.pk}")

    async_to_sync(feed)()


def test_an_asynchronous_loop_is_awaited_in_the_code_that_is_shown() -> None:
    [finding] = findings(creates_asynchronously)
    assert finding.fix is not None
    assert "async for book in" in finding.message
    assert "async for book in" in finding.fix.code
    assert finding.fix.code.endswith("await Tag.objects.abulk_create(tags, batch_size=500)")


class Noted(Model):
    """Its method is lent to books."""

    def save(self, *args: Any, **kwargs: Any) -> None:
        Model.save(self, *args, **kwargs)
        Category.objects.create(name=f"saved {self.pk}")

    class Meta:
        abstract = True


def test_what_an_overridden_save_writes_besides_goes_with_the_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Book, "save", Noted.save)
    [finding] = findings(saves)
    assert finding.message.startswith("A Book is updated in each round")
    assert finding.fix is not None
    assert "Category" not in finding.fix.code


def test_a_row_in_two_tables_is_that_of_the_model_which_inherits() -> None:
    [finding] = findings(_saves_audiobooks)
    assert finding.rule == "QA601"
    assert "Audiobook is updated" in finding.message
    fix = finding.fix
    assert fix is not None
    assert "bulk_update() refuses" in fix.note
    assert not fix.code


def test_what_stays_in_its_loop_still_runs_its_receivers() -> None:
    post_save.connect(_nothing, sender=Audiobook, dispatch_uid="nothing")
    try:
        [finding] = findings(_saves_audiobooks)
    finally:
        post_save.disconnect(sender=Audiobook, dispatch_uid="nothing")
    assert finding.fix is not None
    assert "atomic()" in finding.fix.note
    assert "are not called" not in finding.fix.note
    assert finding.fix.applicability is Applicability.DISPLAY_ONLY


def _nothing(**kwargs: object) -> None: ...


def _saves_audiobooks() -> None:
    for audiobook in Audiobook.objects.order_by("pk")[:3]:
        audiobook.minutes += 1
        audiobook.save()


class _Form:
    """A form of the project, whose ``save()`` is its own."""

    def __init__(self, instance: Book) -> None:
        self.instance = instance

    def save(self) -> None:
        self.instance.save()


def test_forms_are_no_rows() -> None:
    def work() -> None:
        forms = [_Form(book) for book in Book.objects.order_by("pk")[:3]]
        for form in forms:
            form.instance.stock += 1
            form.save()

    [finding] = findings(work)
    assert finding.fix is not None
    assert "forms" not in finding.fix.code


def test_a_new_list_has_a_name_of_its_own() -> None:
    def work() -> None:
        books = list(Book.objects.order_by("pk")[:3])
        for number, book in enumerate(books):
            book.stock = number
            book.save()

    [finding] = findings(work)
    assert finding.fix is not None
    assert finding.fix.code.startswith("changed_books = []\nfor number, book in enumerate(books):")
    assert "Book.objects.bulk_update(changed_books, " in finding.fix.code


def makes_some() -> None:
    made = []
    for book in Book.objects.order_by("pk"):
        if book.pk < 0:
            continue
        made.append(book.title)
        if book.pages and book.stock >= 0:
            Tag.objects.create(name=f"{book.pk} of {len(made)}")


def saves_some() -> None:
    for tag in list(Tag.objects.order_by("pk")) + list(Tag.objects.order_by("-pk")[:2]):
        if not tag.name:
            tag = Tag(name="none")
        else:
            tag = Tag(name=f"{tag.name} again {id(tag)}")
            tag.save()


@pytest.mark.parametrize(
    ("work", "lines"),
    [
        (
            makes_some,
            [
                "    if book.pk < 0:",
                "        continue",
                "    if book.pages and book.stock >= 0:",
                "        tags.append(Tag(name=",
            ],
        ),
        (saves_some, ["    if tag.name:"]),
    ],
)
def test_rows_that_a_condition_lets_through_are_made_under_it(work: Any, lines: list[str]) -> None:
    with queryaudit.audit() as audited:
        work()
    [finding] = [f for f in audited.findings if f.rule == "QA601"]
    assert finding.fix is not None
    assert "\n".join(lines) in finding.fix.code, finding.fix.code
