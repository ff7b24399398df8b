"""Where is my parcel?"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from sample_app.shop.models import Shipment


def track(request: HttpRequest, code: str) -> HttpResponse:
    """Looks for a code by reading all shipments: the column has no index."""
    found = Shipment.objects.filter(tracking_code=code).values_list("status", flat=True)
    return HttpResponse(", ".join(found) or "unknown", content_type="text/plain")


def heaviest(request: HttpRequest) -> HttpResponse:
    """Sorts all shipments for the first ten."""
    found = Shipment.objects.order_by("-weight").values_list("tracking_code", flat=True)[:10]
    return HttpResponse("\n".join(found) or "none", content_type="text/plain")
