"""Django Ninja; the ``fast`` paths send the same."""

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import NinjaAPI, Schema

from sample_app.shop.models import Author, Book

NEWEST = 20

api = NinjaAPI(title="Bookshop", urls_namespace="ninja")


class AuthorOut(Schema):
    name: str
    country: str

    @staticmethod
    def resolve_country(author: Author) -> str:
        return author.publisher.country.code


class BookOut(Schema):
    title: str
    author: AuthorOut
    tags: list[str]

    @staticmethod
    def resolve_tags(book: Book) -> list[str]:
        return [tag.name for tag in book.tags.all()]


class TitleOut(Schema):
    title: str
    author: str


@api.get("/books", response=list[BookOut])
def books(request: HttpRequest) -> QuerySet[Book]:
    return Book.objects.all()[:NEWEST]


@api.get("/books/fast", response=list[BookOut])
def fast_books(request: HttpRequest) -> QuerySet[Book]:
    joined = Book.objects.select_related("author__publisher__country")
    return joined.prefetch_related("tags")[:NEWEST]


@api.get("/titles", response=list[TitleOut])
async def titles(request: HttpRequest) -> list[dict[str, str]]:
    found = []
    async for book in Book.objects.all()[:NEWEST]:
        author = await Author.objects.aget(pk=book.author_id)
        found.append({"title": book.title, "author": author.name})
    return found


@api.get("/titles/fast", response=list[TitleOut])
async def fast_titles(request: HttpRequest) -> list[dict[str, str]]:
    joined = Book.objects.select_related("author")[:NEWEST]
    return [{"title": book.title, "author": book.author.name} async for book in joined]
