"""The least that the tests of graphene-django need; its release has no settings for them."""

from __future__ import annotations

SECRET_KEY = "tests"
USE_TZ = True
ROOT_URLCONF = "graphene_django.tests.urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "graphene_django",
    "graphene_django.rest_framework",
    "graphene_django.tests",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
STATIC_URL = "/static/"
GRAPHENE = {"SCHEMA": "graphene_django.tests.schema_view.schema"}
