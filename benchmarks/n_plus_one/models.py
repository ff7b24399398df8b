"""Every kind of relation that a row can follow, once."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Member(models.Model):
    name = models.CharField(max_length=50)
    friends = models.ManyToManyField("self", symmetrical=False, related_name="admirers")
    muted = models.ManyToManyField("self", symmetrical=False)
    labels = GenericRelation("Label")


class Card(models.Model):
    member = models.OneToOneField(Member, models.CASCADE, related_name="card")
    number = models.CharField(max_length=20)


class Article(models.Model):
    author = models.ForeignKey(Member, models.CASCADE, related_name="articles")
    title = models.CharField(max_length=50)


class Comment(models.Model):
    article = models.ForeignKey(Article, models.CASCADE)
    text = models.CharField(max_length=50)


class Label(models.Model):
    text = models.CharField(max_length=20)
    content_type = models.ForeignKey(ContentType, models.CASCADE, null=True)
    object_id = models.PositiveBigIntegerField(null=True)
    on = GenericForeignKey()


def fill(members: int) -> None:
    """Each member has a card, an article with two comments, a friend, somebody muted, a label."""
    made = Member.objects.bulk_create(Member(name=f"Member {n}") for n in range(members))
    Card.objects.bulk_create(Card(member=m, number=f"no. {m.pk}") for m in made)
    articles = Article.objects.bulk_create(Article(author=m, title=f"by {m.pk}") for m in made)
    Comment.objects.bulk_create(Comment(article=a, text=t) for a in articles for t in "ab")
    content_type = ContentType.objects.get_for_model(Member)
    for member, next_one in zip(made, [*made[1:], made[0]], strict=True):
        member.friends.add(next_one)
        member.muted.add(next_one)
        Label.objects.create(text="new", content_type=content_type, object_id=member.pk)
    Label.objects.create(text="of nothing")
    Label.objects.create(text="of nothing either")
