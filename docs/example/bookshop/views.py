"""One page."""

from django.shortcuts import render

from bookshop.models import Book


def book_list(request):
    books = Book.objects.all()
    return render(request, "bookshop/book_list.html", {"books": books})
