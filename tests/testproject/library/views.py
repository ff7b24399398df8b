from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render

from library.models import Book


def book_list(request):
    return render(request, "library/book_list.html", {"books": Book.objects.all()})


def fast_book_list(request):
    books = Book.objects.select_related("writer__city")
    return render(request, "library/book_list.html", {"books": books})


def book_detail(request, pk):
    book = get_object_or_404(Book, pk=pk)
    return HttpResponse(f"{book.title} by {book.writer.name}")


def book_export(request):
    return StreamingHttpResponse(f"{book.writer.name}\n" for book in Book.objects.all())


async def live_book_list(request):
    titles = [book.title async for book in Book.objects.all()]
    return JsonResponse({"titles": titles})


def broken(request):
    names = [book.writer.name for book in Book.objects.all()]
    raise RuntimeError(f"broken after {len(names)} books")
