import pytest
from asgiref.sync import async_to_sync
from django.test import TestCase
from library.models import Book, City, Writer


def writers_of_all_books():
    return [book.writer.name for book in Book.objects.all()]


@pytest.mark.parametrize("path", ["/books/", "/books/fast/"])
def test_the_list_names_every_writer(client, books, path):
    assert b"Writer 3" in client.get(path).content


def test_the_detail_page_names_the_writer(client, books):
    book = Book.objects.first()
    assert b"Writer 0" in client.get(f"/books/{book.pk}/").content


def test_the_export_is_streamed(client, books):
    assert b"".join(client.get("/books/export/").streaming_content).count(b"\n") == 4


def test_the_live_list_is_asynchronous(async_client, books):
    response = async_to_sync(async_client.get)("/live/books/")
    assert len(response.json()["titles"]) == 4


def test_an_error_of_the_view_is_the_same_error(client, books):
    with pytest.raises(RuntimeError, match="broken after 4 books"):
        client.get("/broken/")


def test_a_function_of_the_project_without_a_request(books):
    assert writers_of_all_books() == [f"Writer {number}" for number in range(4)]


@pytest.mark.django_db
def test_an_empty_library(client):
    assert client.get("/books/").status_code == 200


def test_without_a_database():
    assert Book(title="Draft").title == "Draft"


class LibraryTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        city = City.objects.create(name="Graz")
        for number in range(3):
            writer = Writer.objects.create(name=f"Writer {number}", city=city)
            Book.objects.create(title=f"Book {number}", writer=writer)

    def test_the_list(self):
        self.assertContains(self.client.get("/books/"), "Graz", count=3)

    def test_the_number_of_queries(self):
        with self.assertNumQueries(4):
            writers_of_all_books()
