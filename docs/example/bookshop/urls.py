"""Where the page is."""

from django.urls import path

from bookshop.views import book_list

urlpatterns = [path("books/", book_list)]
