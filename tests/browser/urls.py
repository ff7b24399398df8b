"""The addresses of the tests' views, with the toolbar's own."""

from django.urls import include, path

from tests.browser import views

urlpatterns = [
    path("__debug__/", include("debug_toolbar.urls")),
    path("page/books/", views.books),
    path("page/authors/", views.authors),
    path("", include("tests.integration.urls")),
]
