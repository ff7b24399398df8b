"""Django's own machinery asks in patterns of its own. None of it is the project's to mend."""

from __future__ import annotations

import django
import pytest
from django import forms
from django.contrib.auth import authenticate, get_user_model
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.contrib.sitemaps import GenericSitemap
from django.contrib.syndication.views import Feed
from django.core import serializers
from django.core.management import call_command
from django.core.paginator import Paginator
from django.db import models, transaction
from django.db.models.signals import post_delete, post_save
from django.forms import inlineformset_factory, modelform_factory, modelformset_factory
from django.test import Client, RequestFactory
from django.utils import timezone

import queryaudit
from queryaudit.blocks import Audit
from sample_app.shop.models import (
    Author,
    Book,
    Category,
    Comment,
    Customer,
    Order,
    OrderLine,
    Publisher,
    Review,
    Tag,
)

pytestmark = pytest.mark.usefixtures("shop")


def silent(audited: Audit) -> None:
    assert audited.queries > 0
    assert audited.findings == (), str(audited)


# The admin


ADMIN = [
    "/admin/",
    "/admin/shop/",
    "/admin/shop/author/",
    "/admin/shop/author/?q=a&o=1",
    "/admin/shop/order/",
    "/admin/shop/order/?status__exact=open",
    "/admin/shop/review/",
    "/admin/shop/comment/",
    "/admin/shop/customer/",
    "/admin/shop/book/add/",
    "/admin/shop/order/add/",
    "/admin/auth/user/",
    "/admin/auth/group/add/",
    "/admin/password_change/",
]
CHANGED = [Author, Book, Order, Review, Category, Comment, Customer, Publisher, Tag]


@pytest.mark.parametrize("path", ADMIN)
def test_admin_pages(admin_client: Client, path: str) -> None:
    with queryaudit.audit() as audited:
        assert admin_client.get(path).status_code == 200
    silent(audited)


@pytest.mark.parametrize("model", CHANGED, ids=lambda model: model.__name__)
def test_admin_forms_with_their_inlines(admin_client: Client, model: type[models.Model]) -> None:
    name = model._meta.model_name
    row = model._default_manager.order_by("pk").last()
    assert row is not None
    with queryaudit.audit() as audited:
        path = f"/admin/shop/{name}/{row.pk}/"
        assert admin_client.get(f"{path}change/").status_code == 200
        assert admin_client.get(f"{path}history/").status_code == 200
        assert admin_client.get(f"{path}delete/").status_code == 200
    silent(audited)


def test_admin_saves_a_form_with_inlines(admin_client: Client) -> None:
    order = Order.objects.filter(lines__isnull=False).distinct()[0]
    lines = list(order.lines.all())
    data = {
        "customer": order.customer_id,
        "status": order.status,
        "placed_at_0": "2024-01-01",
        "placed_at_1": "10:00:00",
        "note": "changed",
        "lines-TOTAL_FORMS": len(lines),
        "lines-INITIAL_FORMS": len(lines),
    }
    for number, line in enumerate(lines):
        data |= {
            f"lines-{number}-id": line.pk,
            f"lines-{number}-order": order.pk,
            f"lines-{number}-book": line.book_id,
            f"lines-{number}-quantity": line.quantity + 1,
            f"lines-{number}-unit_price": line.unit_price,
        }
    with queryaudit.audit() as audited:
        response = admin_client.post(f"/admin/shop/order/{order.pk}/change/", data)
    assert response.status_code == 302
    silent(audited)


def test_admin_actions(admin_client: Client) -> None:
    tags = [tag.pk for tag in Tag.objects.all()]
    data = {"action": "delete_selected", "_selected_action": tags}
    with queryaudit.audit() as audited:
        assert admin_client.post("/admin/shop/tag/", data).status_code == 200
        assert admin_client.post("/admin/shop/tag/", data | {"post": "yes"}).status_code == 302
    silent(audited)


def test_admin_autocomplete(admin_client: Client) -> None:
    query = "?app_label=shop&model_name=book&field_name=author&term=a"
    with queryaudit.audit() as audited:
        assert admin_client.get(f"/admin/autocomplete/{query}").status_code == 200
    silent(audited)


def test_the_columns_of_a_project_are_its_own(admin_client: Client) -> None:
    """The other way round: what the shop's own admin class reads a row is found."""
    with queryaudit.audit() as audited:
        admin_client.get("/admin/shop/book/")
    assert {rule for finding in audited.findings for rule in finding.rules} == {"QA101", "QA102"}


def test_a_column_that_may_be_empty_is_joined_since_django_6_1(admin_client: Client) -> None:
    """Before, the change list joined by ``select_related()``, which leaves nullable keys out."""
    with queryaudit.audit() as audited:
        admin_client.get("/admin/shop/category/")
    assert len(audited.findings) == (0 if django.VERSION >= (6, 1) else 1)
    fixes = [finding.fix for finding in audited.findings]
    assert all(fix and fix.code == 'list_select_related = ["parent"]' for fix in fixes)


# Accounts


def test_logging_in_and_out(django_user_model: type[User]) -> None:
    django_user_model.objects.create_user("ann", password="secret")
    with queryaudit.audit() as audited:
        client = Client()
        assert client.login(username="ann", password="secret")
        for _ in range(3):
            client.get("/admin/login/")
        client.logout()
        assert authenticate(username="ann", password="wrong") is None
    silent(audited)


def test_permissions_of_a_user_are_asked_for_once(django_user_model: type[User]) -> None:
    user = django_user_model.objects.create_user("ann")
    group = Group.objects.create(name="staff")
    group.permissions.set(Permission.objects.all()[:5])
    user.groups.add(group)
    with queryaudit.audit() as audited:
        found = [user.has_perm(f"shop.{verb}_book") for verb in ("add", "change", "delete", "view")]
        user.get_all_permissions()
    assert len(found) == 4
    silent(audited)


def test_sessions() -> None:
    client = Client()
    with queryaudit.audit() as audited:
        for number in range(3):
            session = client.session
            session["number"] = number
            session.save()
        assert Session.objects.count() == 1
    silent(audited)


# Forms


def test_a_form_with_two_keys_to_one_model() -> None:
    class Pair(forms.Form):
        first = forms.ModelChoiceField(Customer.objects.all())
        second = forms.ModelChoiceField(Customer.objects.all())
        third = forms.ModelChoiceField(Customer.objects.all(), required=False)

    keys = list(Customer.objects.values_list("pk", flat=True)[:2])
    with queryaudit.audit() as audited:
        form = Pair({"first": keys[0], "second": keys[1], "third": ""})
        assert form.is_valid()
        form.as_p()
    silent(audited)


def test_a_model_form_checks_its_keys_and_its_uniqueness() -> None:
    form_class = modelform_factory(Book, fields=["title", "slug", "author", "publisher", "tags"])
    book = Book.objects.order_by("pk")[0]
    data = {
        "title": "x",
        "slug": "x-y",
        "author": book.author_id,
        "publisher": book.publisher_id,
        "tags": list(Tag.objects.values_list("pk", flat=True)[:3]),
    }
    with queryaudit.audit() as audited:
        form = form_class(data, instance=book)
        assert form.is_valid(), form.errors
        form.save()
    silent(audited)


def test_a_formset_validates_and_renders_each_form() -> None:
    formset_class = modelformset_factory(Review, fields=["rating", "text"], extra=2)
    with queryaudit.audit() as audited:
        formset = formset_class(queryset=Review.objects.order_by("pk")[:4])
        str(formset)
    silent(audited)


def test_an_inline_formset_saves_what_changed() -> None:
    order = Order.objects.filter(lines__isnull=False).distinct()[0]
    formset_class = inlineformset_factory(Order, OrderLine, fields=["quantity"], extra=0)
    lines = list(order.lines.all())
    data = {"lines-TOTAL_FORMS": len(lines), "lines-INITIAL_FORMS": len(lines)}
    for number, line in enumerate(lines):
        data |= {
            f"lines-{number}-id": line.pk,
            f"lines-{number}-order": order.pk,
            f"lines-{number}-quantity": line.quantity + 1,
        }
    with queryaudit.audit() as audited:
        formset = formset_class(data, instance=order)
        assert formset.is_valid(), formset.errors
        formset.save()
    silent(audited)


# What comes in batches, pages and parts


def test_pages_and_their_counts() -> None:
    with queryaudit.audit() as audited:
        pages = Paginator(Review.objects.order_by("pk"), 3)
        for number in pages.page_range:
            page = pages.page(number)
            list(page.object_list)
            page.has_next()
    silent(audited)


def test_a_sitemap() -> None:
    class Books(GenericSitemap):
        limit = 3

    with queryaudit.audit() as audited:
        sitemap = Books({"queryset": Book.objects.order_by("pk"), "date_field": "published_on"})
        for number in sitemap.paginator.page_range:
            list(sitemap.paginator.page(number).object_list)
    silent(audited)


def test_a_feed() -> None:
    class Newest(Feed):
        title = "Newest"
        link = "/"
        description = ""

        def items(self) -> list[Book]:
            return list(Book.objects.select_related("author").order_by("-published_on")[:5])

        def item_author_name(self, item: Book) -> str:
            return item.author.name

        def item_description(self, item: Book) -> str:
            return item.title

    with queryaudit.audit() as audited:
        response = Newest()(RequestFactory().get("/feed/"))
        assert b"<item>" in response.content
    silent(audited)


def test_dumping_and_loading_fixtures() -> None:
    with queryaudit.audit() as audited:
        text = serializers.serialize("json", Author.objects.order_by("pk"))
        for found in serializers.deserialize("json", text):
            found.save()
    # The loop is the test's own.
    assert {finding.rule for finding in audited.findings} == {"QA601"}


def test_serializing_natural_keys_and_relations() -> None:
    with queryaudit.audit() as audited:
        books = Book.objects.prefetch_related("tags")
        serializers.serialize("json", books, use_natural_foreign_keys=True)
    silent(audited)


def test_management_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with queryaudit.audit() as audited:
        call_command("migrate", "--check", "--plan", verbosity=0)
        call_command("showmigrations", verbosity=0)
        call_command("clearsessions")
        call_command("remove_stale_contenttypes", "--no-input")
    silent(audited)


def test_content_types_of_many_models() -> None:
    ContentType.objects.clear_cache()
    with queryaudit.audit() as audited:
        kinds = [ContentType.objects.get_for_model(type(row)) for row in _one_of_each()]
        ContentType.objects.get_for_models(Author, Book, Order)
        [kind.model_class() for kind in kinds]
    silent(audited)


def _one_of_each() -> list[models.Model | None]:
    return [
        Author.objects.first(),
        Book.objects.first(),
        Order.objects.first(),
        Customer.objects.first(),
    ]


# Writing


def test_cascades_ask_for_each_table_below() -> None:
    publisher = Customer.objects.order_by("pk")[0]
    with queryaudit.audit() as audited:
        publisher.delete()
    silent(audited)


def test_deleting_a_tree_goes_level_by_level() -> None:
    Book.objects.update(category=None)
    with queryaudit.audit() as audited:
        Category.objects.filter(parent=None).delete()
    silent(audited)


def test_setting_many_to_many_rows() -> None:
    book = Book.objects.order_by("pk")[0]
    with queryaudit.audit() as audited:
        book.tags.set(Tag.objects.all())
        book.tags.clear()
        book.tags.add(*Tag.objects.all()[:3])
        book.tags.remove(*Tag.objects.all()[:2])
    silent(audited)


def test_signals_that_ask_once_for_what_was_saved() -> None:
    seen: list[int] = []

    def count(sender: type, instance: Review, **kwargs: object) -> None:
        seen.append(Review.objects.filter(book_id=instance.book_id).count())

    review = Review.objects.order_by("pk")[0]
    post_save.connect(count, sender=Review)
    post_delete.connect(count, sender=Review)
    try:
        with queryaudit.audit() as audited:
            review.save()
            review.delete()
    finally:
        post_save.disconnect(count, sender=Review)
        post_delete.disconnect(count, sender=Review)
    assert len(seen) == 2
    silent(audited)


def test_bulk_writes_come_in_batches() -> None:
    with queryaudit.audit() as audited:
        tags = [Tag(name=f"tag {number}") for number in range(9)]
        Tag.objects.bulk_create(tags, batch_size=3)
        for tag in tags:
            tag.name = f"{tag.name}!"
        Tag.objects.bulk_update(Tag.objects.filter(name__startswith="tag "), ["name"], batch_size=3)
    silent(audited)


def test_locks_and_savepoints() -> None:
    with queryaudit.audit() as audited, transaction.atomic():
        rows = list(Book.objects.select_for_update().order_by("pk"))
        for book in rows:
            with transaction.atomic():
                book.stock += 1
                book.save(update_fields=["stock"])
    # The loop is the test's own.
    assert {finding.rule for finding in audited.findings} == {"QA601"}


# What only looks like a loop over rows


def test_polling_until_something_changes() -> None:
    with queryaudit.audit() as audited:
        for _ in range(4):
            if Order.objects.filter(status="nowhere").exists():
                break
    silent(audited)


def test_refreshing_one_row_again_and_again() -> None:
    book = Book.objects.order_by("pk")[0]
    with queryaudit.audit() as audited:
        for _ in range(4):
            book.refresh_from_db()
            book.refresh_from_db(fields=["stock"])
    silent(audited)


def test_one_row_through_many_functions() -> None:
    def labels(book: Book) -> list[str]:
        return [book.author.name, book.publisher.name, str(book.category)]

    with queryaudit.audit() as audited:
        for _ in range(3):
            labels(Book.objects.select_related("category").get(pk=Book.objects.earliest("pk").pk))
    silent(audited)


def test_keyset_pages_backwards() -> None:
    with queryaudit.audit() as audited:
        last = None
        while True:
            page = Review.objects.order_by("-pk")
            if last is not None:
                page = page.filter(pk__lt=last)
            rows = list(page[:4])
            if not rows:
                break
            last = rows[-1].pk
    silent(audited)


def test_slugs_that_are_tried_until_one_is_free() -> None:
    """Each candidate follows from the failure of the one before."""
    taken = Book.objects.order_by("pk")[0].slug
    with queryaudit.audit() as audited:
        slug, number = taken, 1
        while Book.objects.filter(slug=slug).exists() and number < 5:
            number += 1
            slug = f"{taken}-{number}"
    silent(audited)


def test_tables_counted_one_by_one() -> None:
    with queryaudit.audit() as audited:
        counts = {
            model._meta.label: model._default_manager.count()
            for model in (Author, Book, Order, Review)
        }
    assert len(counts) == 4
    silent(audited)


def test_statistics_of_fixed_periods() -> None:
    with queryaudit.audit() as audited:
        for days in (1, 7, 30, 365):
            since = timezone.now() - timezone.timedelta(days=days)
            Order.objects.filter(placed_at__gte=since).count()
    silent(audited)


def test_columns_searched_one_after_another() -> None:
    with queryaudit.audit() as audited:
        for field in ("title", "slug", "description"):
            list(Book.objects.filter(**{f"{field}__icontains": "a"}))
    silent(audited)


def test_the_user_model_by_its_natural_key() -> None:
    get_user_model().objects.create_user("ann")
    with queryaudit.audit() as audited:
        for _ in range(3):
            get_user_model().objects.get_by_natural_key("ann")
    silent(audited)
