"""QA107: a generic relation followed from row after row."""

from __future__ import annotations

from collections import defaultdict

import django
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Model, Prefetch

from sample_app.shop.models import Attachment, Author, Book, Comment, Review


def bad() -> list[str]:
    """One query for the comments, then one for what each is about."""
    lines = []
    for comment in Comment.objects.all():
        lines.append(f"{comment.body} (on {comment.target})")
    return lines


def good() -> list[str]:
    """One query for each kind of target."""
    lines = []
    for comment in Comment.objects.prefetch_related("target"):
        lines.append(f"{comment.body} (on {comment.target})")
    return lines


def bad_one_kind() -> list[str]:
    """All targets are books, fetched one by one."""
    books = ContentType.objects.get_for_model(Book)
    return [str(comment.target) for comment in Comment.objects.filter(content_type=books)]


def bad_collection() -> list[list[str]]:
    """The comments of each book."""
    return [[comment.body for comment in book.comments.all()] for book in Book.objects.all()]


def bad_filtered_collection() -> list[list[str]]:
    """Some of the comments of each book."""
    return [
        [comment.body for comment in book.comments.filter(customer__isnull=False)]
        for book in Book.objects.all()
    ]


def bad_access_in_function() -> list[str]:
    """The loop is here, the target is read in a function that it calls."""
    return [_label(attachment) for attachment in Attachment.objects.all()]


def _label(attachment: Attachment) -> str:
    return f"{attachment.name}: {attachment.target}"


def bad_collection_of_joined_row() -> list[int]:
    """The comments on the book of each review."""
    return [len(review.book.comments.all()) for review in Review.objects.select_related("book")]


def good_one_row() -> str:
    """One comment, then what it is about."""
    return str(Comment.objects.first().target)


def good_one_collection() -> list[str]:
    """One book, then its comments."""
    return [comment.body for comment in Book.objects.first().comments.all()]


def good_prefetched_collection() -> list[list[str]]:
    """Two queries for all comments of all books."""
    books = Book.objects.prefetch_related("comments")
    return [[comment.body for comment in book.comments.all()] for book in books]


def good_prefetched_with_filter() -> list[list[str]]:
    """The prefetch filters, the loop reads a list."""
    signed = Comment.objects.filter(customer__isnull=False)
    books = Book.objects.prefetch_related(Prefetch("comments", signed, to_attr="signed"))
    return [[comment.body for comment in book.signed] for book in books]


def good_prefetched_behind_join() -> list[int]:
    """The books by join, their comments by prefetch."""
    reviews = Review.objects.select_related("book").prefetch_related("book__comments")
    return [len(review.book.comments.all()) for review in reviews]


def good_generic_prefetch() -> list[str]:
    """Each kind of target with a queryset of its own (Django 5.0 or later)."""
    attachments = Attachment.objects.all()
    if django.VERSION < (5, 0):
        return [str(attachment.target) for attachment in attachments.prefetch_related("target")]
    from django.contrib.contenttypes.prefetch import GenericPrefetch

    querysets = [Book.objects.select_related("author"), Author.objects.all()]
    attachments = attachments.prefetch_related(GenericPrefetch("target", querysets))
    return [str(attachment.target) for attachment in attachments]


def good_fetched_by_kind() -> list[str]:
    """By hand: one query for each kind of target."""
    comments = list(Comment.objects.all())
    keys: dict[int, set[int]] = defaultdict(set)
    for comment in comments:
        keys[comment.content_type_id].add(comment.object_id)
    targets: dict[tuple[int, int], Model] = {}
    for type_id, ids in keys.items():
        model = ContentType.objects.get_for_id(type_id).model_class()
        for pk, target in model.objects.in_bulk(ids).items():
            targets[type_id, pk] = target
    return [str(targets[comment.content_type_id, comment.object_id]) for comment in comments]


def good_key_only() -> list[tuple[int, int]]:
    """Kind and key of the target are columns of the comment."""
    return [(comment.content_type_id, comment.object_id) for comment in Comment.objects.all()]


def good_kinds() -> list[str]:
    """``get_for_id`` keeps what it has found, for all later calls."""
    return [
        ContentType.objects.get_for_id(comment.content_type_id).model
        for comment in Comment.objects.all()
    ]


def good_joined() -> list[str]:
    """``related_query_name`` makes the generic relation part of a filter."""
    return [comment.body for comment in Comment.objects.filter(book__stock__gt=0)]


def good_counted() -> list[int]:
    """A generic relation can be counted by the database."""
    return [book.comment_count for book in Book.objects.annotate(comment_count=Count("comments"))]


def good_same_target_for_all() -> list[str]:
    """The target is known before the loop."""
    book = Book.objects.first()
    return [f"{book}: {comment.body}" for comment in book.comments.all()]


def good_one_of_many_rows() -> str:
    """All comments are looked at, the target of one is read."""
    shortest = min(Comment.objects.all(), key=lambda comment: (len(comment.body), comment.pk))
    return str(shortest.target)


def good_same_row_twice() -> list[str]:
    """The target of one comment, again after a refresh."""
    comment = Comment.objects.first()
    bodies = [str(comment.target)]
    comment.refresh_from_db()
    return [*bodies, str(comment.target)]


def good_two_collections_of_one_row() -> int:
    """Two generic relations of one book."""
    book = Book.objects.first()
    return len(book.comments.all()) + len(book.attachments.all())
