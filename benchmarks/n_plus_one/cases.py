"""The shapes that the tests of other tools label, written anew, and what each of them is.

``repeats_`` functions ask once for each row, ``unused_`` load what nothing reads, ``once_`` do
neither. The order of parts is that of the tools' own tests.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable

from django.db.models import prefetch_related_objects

from benchmarks.n_plus_one.models import Article, Card, Comment, Label, Member

Case = Callable[[], object]


# django-zeal: forward and reverse, with and without iterator()


def repeats_forward_key() -> None:
    for article in Article.objects.all():
        _ = article.author.name


def repeats_forward_key_of_iterator() -> None:
    for article in Article.objects.all().iterator(chunk_size=2):
        _ = article.author.name


def once_forward_key_joined() -> None:
    for article in Article.objects.select_related("author"):
        _ = article.author.name


def once_forward_key_prefetched() -> None:
    for article in Article.objects.prefetch_related("author"):
        _ = article.author.name


def once_forward_key_of_single_rows() -> None:
    first = Article.objects.filter(pk=1).first()
    second = Article.objects.filter(pk=2)[0]
    third = Article.objects.get(pk=3)
    assert first is not None
    _ = first.author
    _ = second.author
    _ = third.author


def repeats_reverse_key() -> None:
    for member in Member.objects.all():
        _ = list(member.articles.all())


def repeats_reverse_key_of_iterator() -> None:
    for member in Member.objects.all().iterator(chunk_size=2):
        _ = list(member.articles.all())


def once_reverse_key_prefetched() -> None:
    for member in Member.objects.prefetch_related("articles"):
        _ = list(member.articles.all())


def once_reverse_key_read_twice() -> None:
    articles = Member.objects.get(pk=1).articles.all()
    _ = list(articles)
    _ = list(articles)


def once_reverse_key_on_different_lines() -> None:
    [first, second, *_] = Member.objects.all()
    _ = list(first.articles.all())
    _ = list(second.articles.all())


def repeats_forward_one_to_one() -> None:
    for card in Card.objects.all():
        _ = card.member.name


def repeats_forward_one_to_one_of_iterator() -> None:
    for card in Card.objects.all().iterator(chunk_size=2):
        _ = card.member.name


def once_forward_one_to_one_joined() -> None:
    for card in Card.objects.select_related("member"):
        _ = card.member.name


def once_forward_one_to_one_prefetched() -> None:
    for card in Card.objects.prefetch_related("member"):
        _ = card.member.name


def repeats_reverse_one_to_one() -> None:
    for member in Member.objects.all():
        _ = member.card.number


def repeats_reverse_one_to_one_of_iterator() -> None:
    for member in Member.objects.all().iterator(chunk_size=2):
        _ = member.card.number


def once_reverse_one_to_one_joined() -> None:
    for member in Member.objects.select_related("card"):
        _ = member.card.number


def once_reverse_one_to_one_of_single_rows() -> None:
    first = Member.objects.filter(pk=1).first()
    second = Member.objects.filter(pk=2)[0]
    third = Member.objects.get(pk=3)
    assert first is not None
    _ = first.card
    _ = second.card
    _ = third.card


def repeats_many_to_many() -> None:
    for member in Member.objects.all():
        _ = list(member.friends.all())


def repeats_many_to_many_of_iterator() -> None:
    for member in Member.objects.iterator(chunk_size=2):
        _ = list(member.friends.all())


def repeats_reverse_many_to_many() -> None:
    for member in Member.objects.all():
        _ = list(member.admirers.all())


def repeats_reverse_many_to_many_of_iterator() -> None:
    for member in Member.objects.iterator(chunk_size=2):
        _ = list(member.admirers.all())


def repeats_many_to_many_without_related_name() -> None:
    for member in Member.objects.all():
        _ = list(member.muted.all())


def repeats_reverse_many_to_many_without_related_name() -> None:
    for member in Member.objects.all():
        _ = list(member.member_set.all())


def once_many_to_many_prefetched() -> None:
    for member in Member.objects.prefetch_related("friends", "admirers", "member_set"):
        _ = [*member.friends.all(), *member.admirers.all(), *member.member_set.all()]


def once_many_to_many_of_single_rows() -> None:
    first = Member.objects.get(pk=1)
    second = Member.objects.get(pk=2)
    _ = first.friends.first()
    _ = second.friends.first()
    _ = first.admirers.all()[0]
    _ = second.admirers.all()[0]


def repeats_deferred_field() -> None:
    for article in Article.objects.select_related("author").only("author__id"):
        _ = article.author.name


def repeats_deferred_field_of_iterator() -> None:
    for article in Article.objects.select_related("author").only("author__id").iterator():
        _ = article.author.name


def once_field_that_is_loaded() -> None:
    for article in Article.objects.select_related("author").only("author__name"):
        _ = article.author.name


def repeats_get() -> None:
    for number in [card.number for card in Card.objects.all()]:
        _ = Card.objects.get(number=number)


def once_get_on_different_lines() -> None:
    _ = Member.objects.get(pk=1)
    _ = Member.objects.get(pk=2)


def repeats_generic_relation() -> None:
    for member in Member.objects.all():
        _ = list(member.labels.all())


def repeats_generic_relation_of_iterator() -> None:
    for member in Member.objects.iterator(chunk_size=2):
        _ = list(member.labels.all())


def once_generic_relation_prefetched() -> None:
    for member in Member.objects.prefetch_related("labels"):
        _ = list(member.labels.all())


def repeats_generic_key() -> None:
    for label in Label.objects.exclude(object_id=None):
        _ = label.on


def repeats_generic_key_of_iterator() -> None:
    for label in Label.objects.exclude(object_id=None).iterator(chunk_size=2):
        _ = label.on


def once_generic_key_prefetched() -> None:
    for label in Label.objects.prefetch_related("on"):
        _ = label.on


def once_generic_key_of_nothing() -> None:
    for label in Label.objects.filter(object_id=None):
        _ = label.on


def repeats_prefetch_of_each_row() -> None:
    for member in list(Member.objects.all()):
        prefetch_related_objects([member], "articles")


def repeats_prefetch_of_the_key_of_each_row() -> None:
    for article in list(Article.objects.all()):
        prefetch_related_objects([article], "author")


def repeats_prefetch_of_the_one_to_one_of_each_row() -> None:
    for member in list(Member.objects.all()):
        prefetch_related_objects([member], "card")


def repeats_prefetch_of_the_many_to_many_of_each_row() -> None:
    for member in list(Member.objects.all()):
        prefetch_related_objects([member], "friends")


def repeats_prefetch_of_the_generic_relation_of_each_row() -> None:
    for member in list(Member.objects.all()):
        prefetch_related_objects([member], "labels")


def repeats_prefetch_of_each_row_of_iterator() -> None:
    for member in Member.objects.iterator(chunk_size=1):
        prefetch_related_objects([member], "articles")


def once_prefetch_of_all_rows() -> None:
    members = list(Member.objects.all())
    prefetch_related_objects(members, "articles")


def once_prefetch_of_single_rows() -> None:
    prefetch_related_objects([Member.objects.get(pk=1)], "articles")
    prefetch_related_objects([Member.objects.get(pk=2)], "articles")


# django-auto-prefetch: what it would have loaded for all rows at once


def repeats_two_keys_in_a_row() -> None:
    for comment in Comment.objects.all():
        _ = comment.article.author.name


def repeats_one_to_one_that_is_not_there() -> None:
    Card.objects.all().delete()
    for member in Member.objects.all():
        _ = getattr(member, "card", None)


def repeats_same_row_for_all() -> None:
    Article.objects.update(author=1)
    for article in Article.objects.all():
        _ = article.author.name


def repeats_key_of_pickled_rows() -> None:
    for article in Article.objects.all():
        _ = pickle.loads(pickle.dumps(article)).author.name


def once_key_of_the_only_row() -> None:
    for article in Article.objects.filter(pk=1):
        _ = article.author.name


def once_values() -> None:
    for _, _ in Article.objects.values_list("pk", "author__name"):
        pass


# nplusone: lists whose first row only is looked at, and what is loaded in vain


def once_key_of_the_first_of_a_list() -> None:
    articles = list(Article.objects.all())
    _ = articles[0].author


def once_many_to_many_of_the_first_of_a_list() -> None:
    members = list(Member.objects.all())
    _ = list(members[0].friends.all())


def once_row_that_is_in_a_list_too() -> None:
    member = Member.objects.get(pk=1)
    _ = list(Member.objects.all())
    _ = list(member.friends.all())


def once_prefetched_of_the_first() -> None:
    members = Member.objects.prefetch_related("friends")
    _ = members[0].friends.all()[0]


def unused_prefetched_one_to_one() -> None:
    for member in Member.objects.prefetch_related("card"):
        _ = member.name


def unused_prefetched_many_to_many() -> None:
    for member in Member.objects.prefetch_related("friends"):
        _ = member.name


def unused_joined_one_to_one() -> None:
    for member in Member.objects.select_related("card"):
        _ = member.name


def unused_joined_key() -> None:
    for article in list(Article.objects.select_related("author")):
        _ = article.title


def unused_nested_prefetch() -> None:
    for comment in list(Comment.objects.prefetch_related("article__author")):
        _ = comment.text


def unused_nested_join() -> None:
    for comment in list(Comment.objects.select_related("article__author")):
        _ = comment.text


def once_nested_join_that_is_used() -> None:
    for comment in list(Comment.objects.select_related("article__author")):
        _ = comment.article.author.name


CASES: dict[str, Case] = {
    name: case
    for name, case in globals().items()
    if name.startswith(("repeats_", "unused_", "once_"))
}
