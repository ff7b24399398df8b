"""The back office. Books show columns that nobody fetched in advance; the rest is tuned."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from sample_app.shop.models import (
    Audiobook,
    Author,
    AuthorProfile,
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


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ["title", "author_name", "house", "tag_names", "price"]
    list_filter = ["publisher"]
    list_per_page = 25
    search_fields = ["title"]
    autocomplete_fields = ["author"]

    @admin.display(description="author")
    def author_name(self, book: Book) -> str:
        return book.author.name

    @admin.display(description="author's house")
    def house(self, book: Book) -> str:
        return book.author.publisher.name

    @admin.display(description="tags")
    def tag_names(self, book: Book) -> str:
        return ", ".join(tag.name for tag in book.tags.all())


class AuthorProfileInline(admin.StackedInline):
    model = AuthorProfile


@admin.register(Author)
class AuthorAdmin(admin.ModelAdmin):
    list_display = ["name", "publisher", "book_count"]
    list_per_page = 25
    search_fields = ["name"]
    inlines = [AuthorProfileInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Author]:
        return super().get_queryset(request).annotate(_book_count=Count("books"))

    @admin.display(description="books", ordering="_book_count")
    def book_count(self, author: Author) -> int:
        return author._book_count


class OrderLineInline(admin.TabularInline):
    model = OrderLine
    raw_id_fields = ["book"]
    extra = 0


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["__str__", "customer_name", "status", "placed_at"]
    list_filter = ["status"]
    list_select_related = ["customer"]
    list_per_page = 25
    date_hierarchy = "placed_at"
    inlines = [OrderLineInline]

    @admin.display(description="customer")
    def customer_name(self, order: Order) -> str:
        return order.customer.name


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):
    list_display = ["book", "customer", "rating"]
    list_per_page = 25
    raw_id_fields = ["book", "customer"]


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "parent"]


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):
    list_display = ["body", "customer", "target"]
    list_per_page = 25
    raw_id_fields = ["customer"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Comment]:
        return super().get_queryset(request).prefetch_related("target")


admin.site.register([Audiobook, Customer, Publisher, Tag])
