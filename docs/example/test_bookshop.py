"""An ordinary test: it passes, and says nothing about queries."""

import pytest
from bookshop.models import Author, Book, Publisher, Review


@pytest.fixture
def shop(db):
    for number in range(20):
        publisher = Publisher.objects.create(name=f"Publisher {number}")
        author = Author.objects.create(name=f"Author {number}", publisher=publisher)
        book = Book.objects.create(title=f"Book {number}", author=author)
        Review.objects.create(book=book, text="Read it twice.")


def test_the_page_names_every_author(client, shop):
    page = client.get("/books/").content.decode()
    assert all(f"Author {number}," in page for number in range(20))
