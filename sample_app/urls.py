"""All addresses of the shop."""

from django.apps import apps
from django.contrib import admin
from django.urls import include, path

from sample_app.shop.api.ninja import api
from sample_app.shop.api.viewsets import router

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/rest/", include(router.urls)),
    path("api/ninja/", api.urls),
    path("", include("sample_app.shop.urls")),
]

if apps.is_installed("debug_toolbar"):
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))
