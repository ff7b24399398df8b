"""Nothing here mentions queryaudit."""

SECRET_KEY = "for the documentation only"
ROOT_URLCONF = "bookshop.urls"
INSTALLED_APPS = ["bookshop"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
