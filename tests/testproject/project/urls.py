from django.urls import path
from library import views

urlpatterns = [
    path("books/", views.book_list, name="books"),
    path("books/fast/", views.fast_book_list, name="books-fast"),
    path("books/<int:pk>/", views.book_detail, name="book"),
    path("books/export/", views.book_export, name="export"),
    path("live/books/", views.live_book_list, name="live-books"),
    path("broken/", views.broken, name="broken"),
]
