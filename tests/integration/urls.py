"""Addresses of the views of these tests."""

from django.urls import include, path

from tests.integration import views

urlpatterns = [
    path("plain/", views.plain),
    path("lazy/", views.lazy),
    path("async/", views.asynchronous),
    path("gathered/", views.gathered),
    path("insensitive/", views.insensitive),
    path("streamed/", views.streamed),
    path("streamed-async/", views.streamed_asynchronously),
    path("endless/", views.endless),
    path("failing/", views.failing),
    path("failing-stream/", views.failing_stream),
    path("file/", views.file),
    path("timed/", views.timed),
    path("redirected/", views.redirected),
    path("one-book/<int:pk>/", views.OneBook.as_view()),
    path("same-book/<int:pk>/", views.SameBook.as_view()),
    path("tags/", views.TagList.as_view()),
    path("authors/", views.AuthorList.as_view()),
    path("", include("sample_app.urls")),
]
