"""What each bad case of QA6 must be reported as."""

# ruff: noqa: E501 - source lines, quoted as they are

from __future__ import annotations

from tests.rules.expectation import Expected

WRITES = {
    "QA601.bad": Expected("bad", "Tag.objects.create(name=name)", ("",)),
    "QA601.bad_counted_loop": Expected(
        "bad_counted_loop", 'Tag.objects.create(name=f"shelf {number}")', ("",)
    ),
    "QA601.bad_counted_comprehension": Expected(
        "bad_counted_comprehension",
        'tags = [Tag.objects.create(name=f"shelf {number}") for number in range(1, 21)]',
        ("",),
    ),
    "QA601.bad_save_of_new_rows": Expected(
        "bad_save_of_new_rows", "tag.save()", ("",), "Tag.objects.bulk_create(tags, batch_size=500)"
    ),
    "QA601.bad_comprehension": Expected(
        "bad_comprehension", "tags = [Tag.objects.create(name=name) for name in _names()]", ("",)
    ),
    "QA601.bad_save": Expected("bad_save", "book.save()", ("",), "Book.objects.update(stock=7)"),
    "QA601.bad_save_of_one_field": Expected(
        "bad_save_of_one_field",
        'book.save(update_fields=["stock"])',
        ("",),
        'Book.objects.bulk_update(books, ["stock"], batch_size=500)',
    ),
    "QA601.bad_update_by_key": Expected(
        "bad_update_by_key",
        "Book.objects.filter(pk=book_id).update(stock=0)",
        ("",),
        "Book.objects.filter(pk__in=book_ids).update(stock=0)",
    ),
    "QA601.bad_add": Expected("bad_add", "book.tags.add(tag)", ("",), "book.tags.add(*tags)"),
    "QA601.bad_lines_of_an_order": Expected(
        "bad_lines_of_an_order", "order.lines.create(book=book, unit_price=book.price)", ("",)
    ),
    "QA601.bad_insert_by_cursor": Expected(
        "bad_insert_by_cursor",
        'cursor.execute("INSERT INTO shop_tag (name) VALUES (%s)", [name])',
        ("",),
        'cursor.executemany("INSERT INTO shop_tag (name) VALUES (%s)", [[name] for name in names])',
    ),
    "QA601.bad_update_by_cursor": Expected(
        "bad_update_by_cursor",
        'cursor.execute("UPDATE shop_book SET stock = 0 WHERE id = %s", [book_id])',
        ("",),
        'cursor.executemany("UPDATE shop_book SET stock = 0 WHERE id = %s", [[book_id] for book_id in book_ids])',
    ),
    "QA601.bad_function": Expected(
        "bad_function", "_add_tag(name)", ("",), "Tag.objects.bulk_create(tags, batch_size=500)"
    ),
    "QA602.bad": Expected("bad", "Tag.objects.get_or_create(name=name)", ("",)),
    "QA602.bad_update_or_create": Expected(
        "bad_update_or_create", "Publisher.objects.update_or_create(", ("",)
    ),
    "QA602.bad_tags_of_a_book": Expected(
        "bad_tags_of_a_book",
        "tag, _created = Tag.objects.get_or_create(name=name)",
        ("",),
        'tags = Tag.objects.in_bulk(names, field_name="name")',
    ),
    "QA602.bad_no_constraint": Expected(
        "bad_no_constraint", "Author.objects.get_or_create(name=name, publisher=publisher)", ("",)
    ),
    "QA602.bad_through_a_parent": Expected(
        "bad_through_a_parent", "book.reviews.get_or_create(", ("",)
    ),
    "QA602.bad_all_there": Expected("bad_all_there", "Tag.objects.get_or_create(name=name)", ("",)),
    "QA603.bad": Expected(
        "bad", "order.delete()", ("",), "Order.objects.filter(status=Order.Status.OPEN).delete()"
    ),
    "QA603.bad_condition": Expected(
        "bad_condition",
        "review.delete()",
        ("",),
        "Review.objects.filter(pk__in=[review.pk for review in Review.objects.all() if _is_dull(review)]).delete()",
    ),
    "QA603.bad_filter": Expected(
        "bad_filter",
        "Review.objects.filter(book_id=book_id).delete()",
        ("",),
        "Review.objects.filter(book_id__in=book_ids).delete()",
    ),
    "QA603.bad_with_cascades": Expected(
        "bad_with_cascades",
        "customer.delete()",
        ("",),
        "Customer.objects.filter(pk__in=[customer.pk for customer in list(Customer.objects.all())]).delete()",
    ),
    "QA603.bad_by_cursor": Expected(
        "bad_by_cursor",
        'cursor.execute("DELETE FROM shop_comment WHERE id = %s", [comment_id])',
        ("",),
        'cursor.executemany("DELETE FROM shop_comment WHERE id = %s", [[comment_id] for comment_id in comment_ids])',
    ),
    "QA603.bad_function": Expected(
        "bad_function", "_drop(review)", ("",), "Review.objects.filter(pk__in=[...]).delete()"
    ),
    "QA603.bad_remove": Expected(
        "bad_remove", "book.tags.remove(tag)", ("",), "book.tags.remove(*tags)"
    ),
    "QA605.bad": Expected(
        "count_view",
        'Book.objects.filter(slug__gt="").update(stock=F("stock") + 1)',
        ("",),
    ),
    "QA605.bad_delete": Expected(
        "drop",
        "Review.objects.filter(rating=1).delete()",
        ("", ""),
    ),
    "QA605.bad_insert": Expected("log", "Tag.objects.create(name=request.path)", ("",)),
}
