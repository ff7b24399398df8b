from __future__ import annotations

from django.db import connection, models


class Publisher(models.Model):
    name = models.CharField(max_length=100)


class Author(models.Model):
    name = models.CharField(max_length=100)
    publisher = models.ForeignKey(Publisher, models.CASCADE)


class Book(models.Model):
    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    pages = models.IntegerField(default=100)
    published = models.DateField(null=True)
    summary = models.TextField(default="")


def fill(books: int) -> None:
    """Create the tables if need be, and ``books`` books, each of its own author."""
    with connection.schema_editor() as editor:
        for model in (Publisher, Author, Book):
            if model._meta.db_table not in connection.introspection.table_names():
                editor.create_model(model)
    publisher = Publisher.objects.create(name="Publisher")
    authors = Author.objects.bulk_create(
        Author(id=number, name=f"Author {number}", publisher=publisher)
        for number in range(1, books + 1)
    )
    Book.objects.bulk_create(
        Book(id=author.id, title=f"Book {author.id}", author=author) for author in authors
    )
