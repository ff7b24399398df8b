from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "sample_app.shop"
    label = "shop"
    verbose_name = "Bookshop"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sample_app.shop import consumers, tasks  # noqa: F401
