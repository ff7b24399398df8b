"""What each bad case must be reported as."""

# ruff: noqa: E501 - source lines, quoted as they are

from __future__ import annotations

from tests.rules.expectation import Expected
from tests.rules.expected_concurrency import CONCURRENCY
from tests.rules.expected_duplicates import DUPLICATES
from tests.rules.expected_full_rows import FULL_ROWS
from tests.rules.expected_indexes import INDEXES
from tests.rules.expected_loads import LOADS
from tests.rules.expected_python_side import PYTHON_SIDE
from tests.rules.expected_sql_text import SQL_TEXT
from tests.rules.expected_transactions import TRANSACTIONS
from tests.rules.expected_writes import WRITES

EXPECTED = (
    CONCURRENCY
    | DUPLICATES
    | FULL_ROWS
    | INDEXES
    | LOADS
    | SQL_TEXT
    | TRANSACTIONS
    | WRITES
    | {
        "QA101.bad": Expected(
            "bad",
            "for book in Book.objects.all():",
            ("author",),
            'Book.objects.select_related("author")',
        ),
        "QA101.bad_only_the_key": Expected(
            "bad_only_the_key",
            'for book in Book.objects.order_by("pk"):',
            ("author",),
            "book.author_id",
        ),
        "QA101.bad_key_and_name": Expected(
            "bad_key_and_name",
            'return [(book.author.pk, book.author.name) for book in Book.objects.order_by("pk")]',
            ("author",),
            'Book.objects.select_related("author")',
        ),
        "QA101.bad_prefetched_row_by_row": Expected(
            "bad_prefetched_row_by_row",
            'for book in Book.objects.order_by("pk"):',
            ("author",),
            'Book.objects.select_related("author")',
        ),
        "QA101.bad_three_levels": Expected(
            "bad_three_levels",
            "return [book.author.publisher.country.code for book in Book.objects.all()]",
            (
                "author",
                "author__publisher",
                "author__publisher__country",
            ),
            'Book.objects.select_related("author__publisher__country")',
        ),
        "QA101.bad_two_relations": Expected(
            "bad_two_relations",
            "return [(book.author.name, book.publisher.name) for book in Book.objects.all()]",
            (
                "author",
                "publisher",
            ),
            'Book.objects.select_related("author", "publisher")',
        ),
        "QA101.bad_reverse_one_to_one": Expected(
            "bad_reverse_one_to_one",
            "return [author.profile.website for author in Author.objects.all()]",
            ("profile",),
            'Author.objects.select_related("profile")',
        ),
        "QA101.bad_access_in_function": Expected(
            "bad_access_in_function",
            "return [_byline(book) for book in Book.objects.all()]",
            ("author",),
        ),
        "QA101.bad_custom_manager": Expected(
            "bad_custom_manager",
            "return [book.author.name for book in ON_SHELF.all()]",
            ("author",),
        ),
        "QA101.bad_method_of_manager": Expected(
            "bad_method_of_manager",
            "books = ON_SHELF.thick()",
            ("author",),
        ),
        "QA101.bad_loop_in_manager": Expected(
            "authors",
            "return [book.author.name for book in self.filter(pages__gt=2)]",
            ("author",),
        ),
        "QA101.bad_rows_of_related_manager": Expected(
            "bad_rows_of_related_manager",
            "publisher = Publisher.objects.filter(books__isnull=False).first()",
            ("books__author",),
        ),
        "QA101.bad_rows_of_prefetch": Expected(
            "bad_rows_of_prefetch",
            'authors = Author.objects.prefetch_related("books")',
            ("books__publisher",),
        ),
        "QA101.bad_rows_of_named_prefetch": Expected(
            "bad_rows_of_named_prefetch",
            "authors = Author.objects.prefetch_related(stocked)",
            ("stocked__publisher",),
            'Author.objects.prefetch_related("stocked__publisher")',
        ),
        "QA101.bad_rows_of_join": Expected(
            "bad_rows_of_join",
            'return [line.book.author.name for line in OrderLine.objects.select_related("book")]',
            ("book__author",),
        ),
        "QA101.bad_iterator": Expected(
            "bad_iterator",
            "return [book.author.name for book in Book.objects.iterator(chunk_size=100)]",
            ("author",),
        ),
        "QA101.bad_self_relation": Expected(
            "bad_self_relation",
            "referred = Customer.objects.filter(referred_by__isnull=False)",
            ("referred_by",),
            'Customer.objects.select_related("referred_by")',
        ),
        "QA102.bad": Expected(
            "bad",
            "for author in Author.objects.all():",
            ("books",),
            'Author.objects.prefetch_related("books")',
        ),
        "QA102.bad_many_to_many": Expected(
            "bad_many_to_many",
            "return [[tag.name for tag in book.tags.all()] for book in Book.objects.all()]",
            ("tags",),
        ),
        "QA102.bad_many_to_many_reversed": Expected(
            "bad_many_to_many_reversed",
            "return [len(tag.books.all()) for tag in Tag.objects.all()]",
            ("books",),
        ),
        "QA102.bad_two_levels": Expected(
            "bad_two_levels",
            "for publisher in Publisher.objects.all():",
            (
                "authors__books",
                "authors",
            ),
            'Publisher.objects.prefetch_related("authors__books")',
        ),
        "QA102.bad_filtered": Expected(
            "bad_filtered",
            "[book.title for book in author.books.filter(stock__gt=0)] for author in Author.objects.all()",
            ("books",),
        ),
        "QA102.bad_sorted": Expected(
            "bad_sorted",
            "for author in Author.objects.all()",
            ("books",),
        ),
        "QA102.bad_values": Expected(
            "bad_values",
            'return [list(book.tags.values_list("name", flat=True)) for book in Book.objects.all()]',
            ("tags",),
        ),
        "QA102.bad_through_lazy_parent": Expected(
            "bad_through_lazy_parent",
            "return [len(order.customer.orders.all()) for order in Order.objects.all()]",
            (
                "customer",
                "customer__orders",
            ),
            'Order.objects.select_related("customer").prefetch_related("customer__orders")',
        ),
        "QA102.bad_access_in_function": Expected(
            "bad_access_in_function",
            "return [_tag_line(book) for book in Book.objects.all()]",
            ("tags",),
        ),
        "QA102.bad_prefetched_row_by_row": Expected(
            "bad_prefetched_row_by_row",
            'for author in Author.objects.order_by("pk"):',
            ("books",),
            'Author.objects.prefetch_related("books")',
        ),
        "QA102.bad_prefetched_row_by_row_in_a_way": Expected(
            "bad_prefetched_row_by_row_in_a_way",
            'for author in Author.objects.order_by("pk"):',
            ("in_stock",),
        ),
        "QA103.bad": Expected(
            "bad",
            "book = Book.objects.get(pk=book_id)",
            ("",),
        ),
        "QA103.bad_filter_first": Expected(
            "bad_filter_first",
            'Review.objects.filter(book_id=book_id).order_by("-created_at", "-pk").first()',
            ("",),
        ),
        "QA103.bad_beside_fixed_list": Expected(
            "bad_beside_fixed_list",
            'best += Review.objects.filter(book_id=book_id, rating__in=(4, 5)).order_by("pk")[:1]',
            ("",),
        ),
        "QA103.bad_foreign_key_by_hand": Expected(
            "bad_foreign_key_by_hand",
            "customer = Customer.objects.get(pk=order.customer_id)",
            ("",),
        ),
        "QA103.bad_children_by_hand": Expected(
            "bad_children_by_hand",
            "return [len(OrderLine.objects.filter(order=order)) for order in Order.objects.all()]",
            ("",),
        ),
        "QA103.bad_raw": Expected(
            "bad_raw",
            "titles += [book.title for book in rows]",
            ("",),
        ),
        "QA103.bad_cursor": Expected(
            "bad_cursor",
            'cursor.execute("SELECT title FROM shop_book WHERE id = %s", [book_id])',
            ("",),
        ),
        "QA103.bad_query_in_function": Expected(
            "_title",
            'return Book.objects.values_list("title", flat=True).get(pk=book_id)',
            ("",),
        ),
        "QA103.bad_deep_below_loop": Expected(
            "_layer_8",
            'return [Book.objects.values_list("title", flat=True).get(pk=book_id)]',
            ("",),
        ),
        "QA103.bad_while": Expected(
            "bad_while",
            "titles.append(Book.objects.get(pk=waiting.pop()).title)",
            ("",),
        ),
        "QA103.bad_gather": Expected(
            "titles",
            "books = await asyncio.gather(*[Book.objects.aget(pk=book_id) for book_id in book_ids])",
            ("",),
        ),
        "QA103.bad_tasks": Expected(
            "_stars",
            'best = await Review.objects.filter(book_id=book_id).order_by("-rating", "pk").afirst()',
            ("",),
        ),
        "QA103.bad_gathered_later": Expected(
            "_first_review",
            'return await Review.objects.filter(book_id=book_id).order_by("pk").afirst()',
            ("",),
        ),
        "QA103.bad_map": Expected(
            "bad_map",
            "return list(map(lambda book_id: Book.objects.get(pk=book_id).title, _popular_book_ids()))",
            ("",),
        ),
        "QA103.bad_mapped_function": Expected(
            "_price",
            'return Book.objects.values_list("price", flat=True).get(pk=book_id)',
            ("",),
        ),
        "QA103.bad_sort_key": Expected(
            "bad_sort_key",
            'key=lambda book_id: Book.objects.values_list("title", flat=True).get(pk=book_id),',
            ("",),
        ),
        "QA103.bad_last_order_of_each": Expected(
            "bad_last_order_of_each",
            'Order.objects.filter(customer=customer).order_by("-placed_at").values("placed_at").first()',
            ("",),
        ),
        "QA104.bad": Expected(
            "bad",
            "for author in Author.objects.all():",
            ("books",),
            'Author.objects.annotate(books_count=Count("books"))',
        ),
        "QA104.bad_exists": Expected(
            "bad_exists",
            "return [author.name for author in Author.objects.all() if author.books.exists()]",
            ("books",),
        ),
        "QA104.bad_average": Expected(
            "bad_average",
            'return [book.reviews.aggregate(mean=Avg("rating"))["mean"] for book in Book.objects.all()]',
            ("reviews",),
            'Book.objects.annotate(reviews_total=Avg("reviews__rating"))',
        ),
        "QA104.bad_filtered_count": Expected(
            "bad_filtered_count",
            "return [author.books.filter(stock__gt=0).count() for author in Author.objects.all()]",
            ("books",),
            'Author.objects.annotate(filtered_books_count=Count("books", filter=Q(books__stock__gt=0)))',
        ),
        "QA104.bad_many_to_many_count": Expected(
            "bad_many_to_many_count",
            "return [book.tags.count() for book in Book.objects.all()]",
            ("tags",),
        ),
        "QA104.bad_count_by_hand": Expected(
            "bad_count_by_hand",
            "return [Review.objects.filter(book=book).count() for book in Book.objects.all()]",
            ("",),
        ),
        "QA104.bad_count_beside_fixed_list": Expected(
            "bad_count_beside_fixed_list",
            "return [Review.objects.filter(book=book, rating__in=[4, 5]).count() for book in books]",
            ("",),
        ),
        "QA104.bad_exists_by_key": Expected(
            "bad_exists_by_key",
            "return [pk for pk in book_ids if OrderLine.objects.filter(book_id=pk).exists()]",
            ("",),
        ),
        "QA104.bad_sum_by_hand": Expected(
            "bad_sum_by_hand",
            'totals.append(lines.aggregate(copies=Sum("quantity"))["copies"])',
            ("",),
        ),
        "QA104.bad_months": Expected(
            "bad_months",
            "months = [Book.objects.filter(published_on__month=month).count() for month in range(1, 13)]",
            ("",),
        ),
        "QA104.bad_condition_of_the_row": Expected(
            "bad_condition_of_the_row",
            'authors = Author.objects.order_by("pk")',
            ("books",),
            'Author.objects.annotate(filtered_books_count=Count("books", filter=Q(...)))',
        ),
        "QA105.bad": Expected(
            "bad",
            'for author in Author.objects.prefetch_related("books"):',
            ("books",),
            'Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.filter(stock__gt=0), to_attr="filtered_books"))',
        ),
        "QA105.bad_in_a_variable": Expected(
            "bad_in_a_variable",
            'for author in Author.objects.prefetch_related("books"):',
            ("books",),
            'Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.filter(stock__gt=0)'
            '.order_by("price"), to_attr="filtered_books"))',
        ),
        "QA105.bad_order_by": Expected(
            "bad_order_by",
            'for author in Author.objects.prefetch_related("books")',
            ("books",),
            'Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.order_by("-price", "pk"), to_attr="filtered_books"))',
        ),
        "QA105.bad_latest": Expected(
            "bad_latest",
            'books = Book.objects.prefetch_related("reviews").filter(reviews__isnull=False).distinct()',
            ("reviews",),
        ),
        "QA105.bad_values_list": Expected(
            "bad_values_list",
            'for book in Book.objects.prefetch_related("tags")',
            ("tags",),
        ),
        "QA105.bad_many_to_many": Expected(
            "bad_many_to_many",
            'book.tags.filter(name="classic").exists() for book in Book.objects.prefetch_related("tags")',
            ("tags",),
            'Book.objects.annotate(has_filtered_tags=Exists(Book.objects.filter(pk=OuterRef("pk"), tags__name="classic")))',
        ),
        "QA105.bad_aggregate": Expected(
            "bad_aggregate",
            'for book in Book.objects.prefetch_related("reviews")',
            ("reviews",),
        ),
        "QA105.bad_second_level": Expected(
            "bad_second_level",
            'for publisher in Publisher.objects.prefetch_related("authors__books"):',
            ("authors__books",),
        ),
        "QA106.bad": Expected(
            "bad",
            'for book in Book.objects.only("title"):',
            ("price",),
            'Book.objects.only(..., "price")',
        ),
        "QA106.bad_defer": Expected(
            "bad_defer",
            'return [len(book.description) for book in Book.objects.defer("description")]',
            ("description",),
            "Book.objects.all()",
        ),
        "QA106.bad_defer_one_of_two": Expected(
            "bad_defer_one_of_two",
            'books = Book.objects.defer("description", "metadata").order_by("pk")',
            ("description",),
            'Book.objects.defer("metadata")',
        ),
        "QA106.bad_defer_in_prefetch": Expected(
            "bad_defer_in_prefetch",
            'authors = Author.objects.prefetch_related(Prefetch("books", books))',
            ("books__pages",),
            'Author.objects.prefetch_related(Prefetch("books", queryset=Book.objects.defer("metadata")))',
        ),
        "QA106.bad_two_fields": Expected(
            "bad_two_fields",
            'return [(book.price, book.pages) for book in Book.objects.only("title")]',
            (
                "pages",
                "price",
            ),
        ),
        "QA106.bad_foreign_key_column": Expected(
            "bad_foreign_key_column",
            'return [book.author_id for book in Book.objects.only("title")]',
            ("author_id",),
        ),
        "QA106.bad_behind_join": Expected(
            "bad_behind_join",
            'books = Book.objects.select_related("author").only("title", "author__born")',
            ("author__name",),
        ),
        "QA106.bad_in_prefetch": Expected(
            "bad_in_prefetch",
            'authors = Author.objects.prefetch_related(Prefetch("books", Book.objects.only("author")))',
            ("books__pages",),
        ),
        "QA106.bad_access_in_function": Expected(
            "bad_access_in_function",
            'return [_excerpt(review) for review in Review.objects.only("rating")]',
            ("text",),
        ),
        "QA107.bad": Expected(
            "bad",
            "for comment in Comment.objects.all():",
            (
                "target",
                "target",
            ),
            'Comment.objects.prefetch_related("target")',
        ),
        "QA107.bad_one_kind": Expected(
            "bad_one_kind",
            "return [str(comment.target) for comment in Comment.objects.filter(content_type=books)]",
            ("target",),
        ),
        "QA107.bad_collection": Expected(
            "bad_collection",
            "return [[comment.body for comment in book.comments.all()] for book in Book.objects.all()]",
            ("comments",),
            'Book.objects.prefetch_related("comments")',
        ),
        "QA107.bad_filtered_collection": Expected(
            "bad_filtered_collection",
            "for book in Book.objects.all()",
            ("comments",),
        ),
        "QA107.bad_access_in_function": Expected(
            "bad_access_in_function",
            "return [_label(attachment) for attachment in Attachment.objects.all()]",
            (
                "target",
                "target",
            ),
        ),
        "QA107.bad_collection_of_joined_row": Expected(
            "bad_collection_of_joined_row",
            'return [len(review.book.comments.all()) for review in Review.objects.select_related("book")]',
            ("book__comments",),
        ),
        "QA108.bad": Expected(
            "bad",
            "return [(root.name, branch(root)) for root in Category.objects.filter(parent=None)]",
            ("children",),
        ),
        "QA108.bad_by_key": Expected(
            "_names_below",
            "for category in Category.objects.filter(parent_id=parent_id):",
            ("",),
        ),
        "QA108.bad_upwards": Expected(
            "bad_upwards",
            "return [_trail(category) for category in Category.objects.all()]",
            ("parent",),
            "nodes.get(node.parent_id)",
        ),
        "QA108.bad_referrals": Expected(
            "bad_referrals",
            "return sum(count(customer) for customer in Customer.objects.filter(referred_by=None))",
            ("referrals",),
        ),
        "QA108.bad_depth": Expected(
            "bad_depth",
            "return max(depth(root) for root in Category.objects.filter(parent=None))",
            ("children",),
        ),
        "QA201.bad": Expected(
            "bad",
            "return [str(line) for line in OrderLine.objects.all()]",
            ("",),
        ),
        "QA201.bad_list": Expected(
            "bad_list",
            "return list(Review.objects.filter(rating__gte=1))",
            ("",),
        ),
        "QA201.bad_values": Expected(
            "bad_values",
            'return list(OrderLine.objects.values_list("book_id", "quantity"))',
            ("",),
        ),
        "QA201.bad_template": Expected(
            "bad_template",
            'return Engine().from_string(text).render(Context({"lines": OrderLine.objects.all()}))',
            ("",),
        ),
        "QA201.bad_raw": Expected(
            "bad_raw",
            'return len(list(OrderLine.objects.raw("SELECT * FROM shop_orderline")))',
            ("",),
        ),
        "QA201.bad_cursor": Expected(
            "bad_cursor",
            'cursor.execute("SELECT id FROM shop_orderline")',
            ("",),
        ),
        "QA701.bad": Expected(
            "bad",
            'price = Book.objects.order_by("-published_on", "-pk").first().price',
            ("",),
        ),
        "QA701.bad_helper_called_twice": Expected(
            "_first_customer",
            'return Customer.objects.order_by("pk")[0]',
            ("",),
        ),
        "QA701.bad_loop_invariant": Expected(
            "bad_loop_invariant",
            'cheapest = Book.objects.order_by("price", "pk").first()',
            ("",),
        ),
        "QA701.bad_property_read_twice": Expected(
            "total",
            'return sum(Book.objects.values_list("price", flat=True), Decimal(0))',
            ("",),
        ),
        "QA701.bad_related_rows_asked_twice": Expected(
            "bad_related_rows_asked_twice",
            "return copies, [line.book_id for line in order.lines.all()]",
            ("lines",),
        ),
        "QA701.bad_cursor": Expected(
            "bad_cursor",
            'cursor.execute("SELECT max(price) FROM shop_book WHERE stock > %s", [0])',
            ("",),
        ),
        "QA701.bad_counted_twice": Expected(
            "bad_counted_twice",
            'return f"{Author.objects.count()} authors"',
            ("",),
        ),
        "QA701.bad_choices_of_formset": Expected(
            "bad_choices_of_formset",
            'return Engine().from_string(_FORMS).render(Context({"formset": _moves()}))',
            ("",),
            '    form.fields["book"].choices = choices',
        ),
        "QA701.bad_choices_of_inline": Expected(
            "field[book]",
            "class _Lines(admin.TabularInline):  # type: ignore[type-arg]",
            ("",),
            "    return field",
        ),
        "QA701.bad_choices_of_list": Expected(
            "field[author]",
            "class _Titles(admin.ModelAdmin):  # type: ignore[type-arg]",
            ("",),
            "    return field",
        ),
        "QA901.bad": Expected(
            "bad",
            "return [model.objects.count() for model in MODELS]",
            ("",),
        ),
        "QA202.bad": Expected(
            "bad",
            "return [book.title for book in Book.objects.all()]",
            ("", "", ""),
            'Book.objects.defer("description", "metadata")',
        ),
        "QA202.bad_one_wide_column": Expected(
            "bad_one_wide_column",
            'return [(book.title, book.metadata.get("edition")) for book in Book.objects.all()]',
            ("", ""),
            'Book.objects.defer("description")',
        ),
        "QA202.bad_in_helper": Expected(
            "_cheap_books",
            'return list(Book.objects.order_by("price"))',
            ("", "", ""),
        ),
        "QA203.bad": Expected(
            "bad",
            'return [book.title for book in Book.objects.select_related("publisher")]',
            ("publisher",),
            '# take "publisher" out of select_related() or prefetch_related()',
        ),
        "QA203.bad_prefetch": Expected(
            "bad_prefetch",
            'return [author.name for author in Author.objects.prefetch_related("books")]',
            ("books",),
        ),
        "QA203.bad_many_to_many": Expected(
            "bad_many_to_many",
            'return [book.title for book in Book.objects.prefetch_related("tags")]',
            ("tags",),
        ),
        "QA203.bad_end_of_a_path": Expected(
            "bad_end_of_a_path",
            'books = Book.objects.select_related("author__publisher")',
            ("author__publisher",),
            '# take "author__publisher" out of select_related() or prefetch_related()',
        ),
        "QA203.bad_whole_path": Expected(
            "bad_whole_path",
            'books = Book.objects.select_related("author__publisher")',
            ("author",),
        ),
        "QA203.bad_key_is_enough": Expected(
            "bad_key_is_enough",
            'return [book.author_id for book in Book.objects.select_related("author")]',
            ("author",),
        ),
        "QA401.bad": Expected(
            "bad",
            'return list(Shipment.objects.filter(tracking_code=CODE).values_list("pk", flat=True))',
            ("",),
        ),
        "QA401.bad_state": Expected(
            "bad_state",
            "return Shipment.objects.filter(delivered_at__isnull=True).count()",
            ("",),
        ),
        "QA401.bad_state_in_order": Expected(
            "bad_state_in_order",
            'return list(waiting.order_by("weight").values_list("weight", flat=True)[:5])',
            ("",),
        ),
        "QA401.bad_either": Expected(
            "bad_either",
            'return list(found.values_list("weight", flat=True))',
            ("",),
        ),
        "QA401.bad_either_half_indexed": Expected(
            "bad_either_half_indexed",
            'return Shipment.objects.filter(Q(recipient="Person 77") | Q(tracking_code=CODE)).count()',
            ("",),
        ),
        "QA401.bad_two_columns": Expected(
            "bad_two_columns",
            'return Shipment.objects.filter(status="open", carrier="dove").count()',
            ("",),
        ),
        "QA401.bad_range": Expected(
            "bad_range",
            'return list(Shipment.objects.filter(weight__gt=99_900).values_list("weight", flat=True))',
            ("",),
        ),
        "QA401.bad_list": Expected(
            "bad_list",
            'return Shipment.objects.filter(tracking_code__in=["T7x1", "T14x2", "T21x3"]).count()',
            ("",),
        ),
        "QA401.bad_json": Expected(
            "bad_json",
            'return Shipment.objects.filter(details__contains={"fragile": True}).count()',
            ("",),
        ),
        "QA401.bad_prefix": Expected(
            "bad_prefix",
            'return Shipment.objects.filter(tracking_code__startswith="T7x").count()',
            ("",),
        ),
        "QA401.bad_update": Expected(
            "bad_update",
            'return Shipment.objects.filter(tracking_code="no such code").update(note="lost")',
            ("",),
        ),
        "QA402.bad": Expected(
            "bad",
            "return depot.shipments.count()",
            ("",),
        ),
        "QA402.bad_joined": Expected(
            "bad_joined",
            'return Shipment.objects.filter(depot__name="Depot 7").count()',
            ("",),
        ),
        "QA403.bad": Expected(
            "bad",
            "return Shipment.objects.filter(sent_at__date=DAY).count()",
            ("",),
        ),
        "QA403.bad_any_case": Expected(
            "bad_any_case",
            'return Shipment.objects.filter(recipient__iexact="PERSON 77").count()',
            ("",),
        ),
        "QA403.bad_inside": Expected(
            "bad_inside",
            'return Shipment.objects.filter(recipient__contains="n 1234").count()',
            ("",),
        ),
        "QA404.bad": Expected(
            "bad",
            'return list(Shipment.objects.order_by("-weight").values_list("weight", flat=True)[:10])',
            ("",),
        ),
        "QA404.bad_of_one_carrier": Expected(
            "bad_of_one_carrier",
            'return list(rows.values_list("weight", flat=True)[:10])',
            ("",),
        ),
        "QA405.bad": Expected(
            "bad",
            "return rows.count()",
            ("",),
        ),
        "QA405.bad_of_any_case": Expected(
            "bad_of_any_case",
            'return Shipment.objects.filter(carrier__iexact="DOVE", depot__name__gte="D").count()',
            ("",),
        ),
        "QA406.bad": Expected(
            "bad",
            'return len(Shipment.objects.order_by("note").values_list("pk", "note", "recipient", "lane"))',
            ("",),
        ),
        "QA407.bad": Expected(
            "bad",
            "return Trip.objects.filter(depot=pk).count()",
            ("",),
        ),
        "QA501.bad": Expected(
            "_charge",
            "with urllib.request.urlopen(GATEWAY) as answer:",
            ("",),
        ),
        "QA501.bad_decorated": Expected("_tell", "message.send()", ("",)),
        "QA501.bad_process": Expected(
            "bad_process",
            'return subprocess.run([sys.executable, "-c", ""], check=True).returncode',
            ("",),
        ),
        "QA501.bad_file": Expected(
            "_store",
            'return str(FileSystemStorage(folder).save("invoice.pdf", ContentFile(content)))',
            ("",),
            note=True,
        ),
        "QA501.bad_asyncio_sleep": Expected("wait", "await asyncio.sleep(0.001)", ("",)),
        "QA501.bad_sleep": Expected("bad_sleep", "time.sleep(0.001)", ("",)),
        "QA507.bad": Expected(
            "_publish",
            'async_to_sync(LAYER.send)("orders", {"type": "paid", **message})',
            ("",),
        ),
        "QA507.bad_updated": Expected(
            "_pay",
            'async_to_sync(LAYER.send)("orders", {"type": "paid", "order": str(order.pk)})',
            ("",),
            'transaction.on_commit(partial(async_to_sync(LAYER.send), "orders", {"type": "paid", "order": str(order.pk)}))',
        ),
        "QA504.bad": Expected("bad", "return sorted(book.title for book in books)", ("",)),
        "QA504.bad_all": Expected(
            "bad_all",
            "return len(Customer.objects.order_by().select_for_update(no_key=True))",
            ("",),
        ),
        "QA505.bad": Expected(
            "bad",
            'book = Book.objects.select_related("author").select_for_update().earliest("pk")',
            ("",),
        ),
        "QA505.bad_whole_table": Expected(
            "bad_whole_table",
            'books = list(Book.objects.select_for_update().order_by("pk"))',
            ("",),
            note=True,
        ),
        "QA505.bad_filtered": Expected(
            "bad_filtered",
            "return Book.objects.filter(pk=books[0].pk).update(stock=1)",
            ("",),
        ),
        "QA509.bad": Expected(
            "bad",
            'book.save(update_fields=["stock"])',
            ("",),
            'Book.objects.filter(pk=book.pk).update(stock=F("stock") - 1)',
        ),
        "QA509.bad_in_a_transaction": Expected(
            "bad_in_a_transaction", 'book.save(update_fields=["stock"])', ("",)
        ),
        "QA513.bad": Expected(
            "bad", "titles.append(Book.objects.select_for_update().get(pk=key).title)", ("",)
        ),
        "QA513.bad_in_function": Expected(
            "_locked", "return Book.objects.select_for_update().get(pk=key)", ("",)
        ),
        "QA515.bad": Expected(
            "bad", 'cursor.execute("LOCK TABLE shop_order IN EXCLUSIVE MODE")', ("",)
        ),
        "QA503.bad": Expected(
            "_customer", 'Customer.objects.filter(pk=1).update(name="C.")', ("",)
        ),
        "QA510.bad": Expected(
            "bad",
            'Author.objects.get_or_create(name="New", defaults={"publisher": house})',
            ("",),
            'models.UniqueConstraint(fields=["name"], name="author_name")',
        ),
        "QA510.bad_exists": Expected(
            "bad_exists",
            'Customer.objects.create(name="New", email="new@example.com", joined_on=date(2024, 1, 1))',
            ("",),
        ),
        "QA503.bad_arguments": Expected(
            "_swap", "list(Customer.objects.select_for_update().filter(pk=other))", ("",)
        ),
        "QA503.bad_rows_of_one": Expected(
            "bad_rows_of_one", 'Customer.objects.filter(pk=1).update(name="R.")', ("",)
        ),
        "QA503.bad_one_against_others": Expected(
            "bad_one_against_others", 'Customer.objects.filter(pk=1).update(name="O.")', ("",)
        ),
        "QA503.bad_locked": Expected(
            "_customer", 'Customer.objects.filter(pk=1).update(name="C.")', ("",)
        ),
    }
)

EXPECTED |= PYTHON_SIDE
