import pytest
from library.models import Book, City, Writer


@pytest.fixture
def books(db):
    for number in range(4):
        city = City.objects.create(name=f"City {number}")
        writer = Writer.objects.create(name=f"Writer {number}", city=city)
        Book.objects.create(title=f"Book {number}", writer=writer)
    assert len([book.writer for book in Book.objects.all()]) == 4
