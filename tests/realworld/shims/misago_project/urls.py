"""Misago at the root, with what its pages link to."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import JavaScriptCatalog

urlpatterns = [
    path("", include("social_django.urls", namespace="social")),
    path("", include("misago.urls", namespace="misago")),
    path("django-admin/", admin.site.urls),
    path("django-i18n.js", JavaScriptCatalog.as_view(packages=["misago"]), name="django-i18n"),
]
